import { existsSync } from 'node:fs'
import path from 'node:path'
import { cacheFolder, ROOT } from './places.mjs'
import { run } from './run.mjs'
import { timed } from './say.mjs'

/** Public weights that `train:sohu --init` knows by `name`, in the folder of large downloads; the training package fetches and verifies them. */
export const weights = (name) => {
  const folder = path.join(cacheFolder(), 'weights', name)
  return {
    name: 'weights',

    // origin.json is written last, so a folder that has it is whole; training verifies the files at each start
    missing: () => (existsSync(path.join(folder, 'origin.json')) ? undefined : `${name} is not in ${cacheFolder()}`),

    ready: () => `${name} in ${folder}`,

    work: () =>
      timed('weights', `fetching ${name}`, async () => {
        const nx = path.join(ROOT, 'node_modules', 'nx', 'bin', 'nx.js')
        const env = { SOHU_MATCH_CACHE: cacheFolder(), NX_DAEMON: 'false' }
        await run(process.execPath, [nx, 'run', 'train:weights', '--', name], { cwd: ROOT, env, shorten: errorOf })
        return folder
      })
  }
}

/** The one line of the command that says what went wrong, without what Nx prints around it. */
export function errorOf(output) {
  const line = output.split('\n').find((text) => text.startsWith('Error ['))
  return line ?? output.trim().split('\n').slice(-5).join('\n')
}
