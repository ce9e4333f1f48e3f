import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, expect, inject, it } from 'vitest'
import { logged, openChromium } from './browser'
import { consumersFolder } from './consumers-folder'
import { environment, execute } from './execute'
import { ROOT } from './packages'

let folder: string
const program = (path: string): string => join(folder, 'node_modules', path)

const PACKAGES = ['@sohu-match/sdk-node', 'onnxruntime-node']
const PAIR = "'临溪马拉松三万人开跑', '周日早晨，三万名跑者从临溪体育场出发', 'B-ss'"
const MODEL = JSON.stringify(join(inject('project'), 'node_modules/@sohu-match/model-zh/model'))

function write(path: string, text: string): string {
  const file = join(folder, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file
}

beforeAll(async () => {
  folder = await consumersFolder()
})

it('works under jest, with require', async () => {
  const config = write('jest/jest.config.json', '{}')
  write(
    'jest/match.test.js',
    `const { createMatcher } = require('@sohu-match/sdk-node')
test('matches, and refuses invalid input', async () => {
  const matcher = await createMatcher({ model: ${MODEL} })
  expect((await matcher.match(${PAIR})).score).toBeGreaterThan(0)
  await expect(matcher.match(1, 2, 'B-ss')).rejects.toMatchObject({ code: 'input-invalid' })
  await matcher.dispose()
}, 120_000)
`
  )
  const { status, stderr } = await execute(process.execPath, [program('jest/bin/jest.js'), '--config', config], {
    cwd: dirname(config)
  })
  expect({ status, stderr }).toMatchObject({ status: 0, stderr: expect.stringContaining('1 passed') })
})

it('works in a webpack bundle that leaves it external, and says what to do in one that does not', async () => {
  write(
    'webpack/main.mjs',
    `import { createMatcher } from '@sohu-match/sdk-node'
const matcher = await createMatcher({ model: ${MODEL} })
console.log((await matcher.match(${PAIR})).task)
await matcher.dispose()
`
  )
  const build = write(
    'webpack/build.mjs',
    `import webpack from 'webpack'
const [filename, ...external] = process.argv.slice(2)
const externals = Object.fromEntries(external.map((name) => [name, 'module ' + name]))
const output = { filename, module: true, chunkFormat: 'module' }
const settings = { mode: 'production', target: 'node20', context: import.meta.dirname, entry: './main.mjs', externals, output }
webpack({ ...settings, experiments: { outputModule: true } }, (error, stats) => {
  if (error ?? stats.hasErrors()) throw error ?? new Error(stats.toString('errors-only'))
})
`
  )
  const cwd = dirname(build)
  const bundle = async (name: string, external: readonly string[]) => {
    expect(await execute(process.execPath, [build, name, ...external], { cwd })).toMatchObject({
      status: 0,
      stderr: ''
    })
    return execute(process.execPath, [join('dist', name)], { cwd })
  }
  expect(await bundle('external.mjs', PACKAGES)).toEqual({ status: 0, stdout: 'B-ss\n', stderr: '' })
  expect((await bundle('whole.mjs', ['onnxruntime-node'])).stderr).toContain(
    `mark ${PACKAGES.join(' and ')} as external`
  )
})

it('works in a route of a Next.js server, and in a page with the React hook', async () => {
  const root = JSON.stringify(inject('project'))
  write(
    'next/next.config.mjs',
    `export default {
  serverExternalPackages: ${JSON.stringify(PACKAGES)},
  turbopack: { root: ${root} },
  outputFileTracingRoot: ${root},
  typescript: { ignoreBuildErrors: true }
}
`
  )
  write(
    'next/app/layout.js',
    'export default ({ children }) => <html><head><link rel="icon" href="data:," /></head><body>{children}</body></html>\n'
  )
  const route = write(
    'next/app/match/route.js',
    `import { createMatcher } from '@sohu-match/sdk-node'
let matcher
export async function POST(request) {
  const { a, b, task } = await request.json()
  matcher ??= createMatcher({ model: ${MODEL} })
  return Response.json(await (await matcher).match(a, b, task))
}
`
  )
  const cwd = join(dirname(route), '../..')
  write('next/use-matcher.ts', readFileSync(join(ROOT, 'examples/browser/use-matcher.ts'), 'utf8'))
  write(
    'next/app/page.js',
    `'use client'
import { useEffect } from 'react'
import { useMatcher } from '../use-matcher'

export default function Page() {
  const state = useMatcher('/model/')
  useEffect(() => {
    if (state.status === 'failed') console.error(state.error)
    if (state.status === 'ready') state.matcher.match(${PAIR}).then(({ task }) => console.log(task), console.error)
  }, [state])
  return state.status === 'loading' ? <progress value={state.share} /> : <p>{state.status}</p>
}
`
  )
  cpSync(JSON.parse(MODEL) as string, join(cwd, 'public/model'), { recursive: true })
  const next = program('next/dist/bin/next')
  const env = { ...environment, NEXT_TELEMETRY_DISABLED: '1' }
  const built = await execute(process.execPath, [next, 'build'], { cwd, env })
  expect(built.status, built.stdout + built.stderr).toBe(0)
  const server = spawn(process.execPath, [next, 'start', '--port', '0'], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let said = ''
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (data) => void (said += String(data)))
  try {
    while (!/localhost:\d+[\s\S]*Ready/.test(said)) {
      expect(server.exitCode, said).toBe(null)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const origin = `http://localhost:${/localhost:(\d+)/.exec(said)![1]}`
    const body = JSON.stringify({ a: '临溪马拉松三万人开跑', b: '三万名跑者出发', task: 'B-ss' })
    const answer = await fetch(`${origin}/match`, { method: 'POST', body })
    expect(await answer.json(), said).toMatchObject({ task: 'B-ss', score: expect.any(Number) })
    const chromium = await openChromium()
    try {
      const page = await chromium.context.newPage()
      expect(await logged(page, () => page.goto(origin))).toBe('B-ss')
    } finally {
      await chromium.close()
    }
  } finally {
    server.kill()
    await once(server, 'exit')
  }
})
