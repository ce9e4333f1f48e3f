import { readFileSync } from 'node:fs'
import path from 'node:path'
import { ROOT } from './root.mjs'
import { run } from '../../packages/trainer/setup/run.mjs'
import { timed } from '../../packages/trainer/setup/say.mjs'

const readLock = (...parts) => {
  try {
    return JSON.parse(readFileSync(path.join(ROOT, ...parts), 'utf8')).packages
  } catch {
    return undefined
  }
}

/**
 * The first package of `wanted` (package-lock.json) that is missing from `installed` (npm's own record in node_modules) or has another version there.
 * Optional packages count only if both have them: many are for other systems.
 */
export function firstDifference(wanted, installed) {
  return Object.keys(wanted).find((name) => {
    if (!name.includes('node_modules/')) return false // the workspaces themselves; their links are under node_modules/
    const [want, have] = [wanted[name], installed[name]]
    if (!have) return !want.optional && !want.devOptional && !want.peer
    return (
      have.version !== want.version ||
      have.integrity !== want.integrity ||
      (have.resolved !== want.resolved && Boolean(want.link))
    )
  })
}

/** npm's error message, without the usage that npm prints after it. */
export function npmError(output) {
  const lines = output
    .split('\n')
    .filter((line) => line.startsWith('npm error'))
    .map((line) => line.slice('npm error'.length).trim())
  const usage = lines.indexOf('Clean install a project')
  return lines
    .slice(0, usage < 0 ? undefined : usage)
    .filter(Boolean)
    .slice(0, 12)
    .join('\n')
}

/** The npm packages of package-lock.json. */
export const packages = {
  name: 'packages',

  missing() {
    const wanted = readLock('package-lock.json')
    const installed = readLock('node_modules', '.package-lock.json')
    if (!installed) return 'not installed'
    const name = firstDifference(wanted ?? {}, installed)
    return name && `${name.replace(/^.*node_modules\//, '')} differs from package-lock.json`
  },

  ready: () =>
    `${Object.keys(readLock('node_modules', '.package-lock.json')).length} npm packages as in package-lock.json`,

  work: () =>
    timed('packages', 'installing what package-lock.json lists (npm ci)', async () => {
      // onnxruntime-node would fetch CUDA libraries; scripts are off as in .npmrc, and test tools are needed whatever NODE_ENV is.
      const args = ['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--no-fund', '--no-audit']
      const options = { cwd: ROOT, env: { ONNXRUNTIME_NODE_INSTALL: 'skip' }, shorten: npmError }
      const npm = process.env.npm_execpath
      if (npm?.endsWith('npm-cli.js')) await run(process.execPath, [npm, ...args], options)
      else await run('npm', args, options)
      return packages.ready()
    })
}
