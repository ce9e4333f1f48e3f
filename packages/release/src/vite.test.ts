import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createServer, build } from 'vite'
import { beforeAll, expect, inject, it } from 'vitest'
import { execute } from './execute'

const project = inject('project')
const app = join(project, 'ssr')

/** A page rendered on a server, with the parts of the SDK that work there. e2e/tests/packed.spec.ts covers the browser. */
beforeAll(() => {
  mkdirSync(app)
  writeFileSync(join(app, 'package.json'), '{ "type": "module" }')
  writeFileSync(
    join(app, 'entry-server.js'),
    `import { createMatcher, TASKS } from '@sohu-match/sdk-web'
export const render = () => \`<p>\${TASKS.join(' ')} \${typeof createMatcher}</p>\`
`
  )
})

const RENDERED = '<p>A-ss B-ss A-sl B-sl A-ll B-ll function</p>'

it.each([
  ["beside the server's code", undefined],
  ['bundled into it', true]
] as const)('a Vite SSR build renders with the SDK %s, which does nothing there', async (_form, noExternal) => {
  const outDir = `dist-${noExternal ? 'bundled' : 'external'}`
  await build({
    root: app,
    logLevel: 'error',
    build: { ssr: 'entry-server.js', outDir },
    ssr: noExternal ? { noExternal } : {}
  })
  const script = `const names = () => Object.getOwnPropertyNames(globalThis).sort().join()
    const before = names()
    const { render } = await import('./${outDir}/entry-server.js')
    if (names() !== before) throw new Error('globals changed')
    process.stdout.write(render())`
  expect(await execute(process.execPath, ['--input-type=module', '-e', script], { cwd: app })).toEqual({
    status: 0,
    stdout: RENDERED,
    stderr: ''
  })
})

it("Vite's development server renders with the SDK", async () => {
  const server = await createServer({
    root: app,
    logLevel: 'error',
    appType: 'custom',
    server: { middlewareMode: true, ws: false }
  })
  try {
    const { render } = (await server.ssrLoadModule('/entry-server.js')) as { render: () => string }
    expect(render()).toBe(RENDERED)
  } finally {
    await server.close()
  }
})
