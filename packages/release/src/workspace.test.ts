import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { execute } from './execute'
import { PUBLISHED, ROOT, manifestIn } from './packages'

const tool = (path: string, ...args: string[]) =>
  execute(process.execPath, [join(ROOT, 'node_modules', path), ...args], {
    cwd: ROOT,
    env: { NX_DAEMON: 'false', NO_COLOR: '1' }
  })

it('knip finds no unused file, export or dependency', async () => {
  expect(await tool('knip/bin/knip.js', '--no-progress')).toMatchObject({ status: 0, stdout: '' })
})

it('nx release would give every published package the next version, whatever the commits since the last are', async () => {
  const { stdout: tags } = await execute('git', ['tag', '--list', 'v*'], { cwd: ROOT })
  const { status, stdout, stderr } = await tool(
    'nx/dist/bin/nx.js',
    'release',
    'patch',
    '--dry-run',
    '--skip-publish',
    ...(tags === '' ? ['--first-release'] : [])
  )
  const said = stdout + stderr
  expect(status, said).toBe(0)
  const [major, minor, patch] = manifestIn(ROOT).version.split('.').map(Number) as [number, number, number]
  const next = /Previewing an entry in CHANGELOG\.md for v(\S+)/.exec(said)?.[1]
  expect(next, said).toBe(`${major}.${minor}.${patch + 1}`)
  for (const name of PUBLISHED) expect(said).toContain(`UPDATE packages/${name}/package.json [dry-run]`)
  expect(said).toContain(`+     "@sohu-match/sdk-node": "${next}"`) // cli follows the SDK
  expect(said).toContain('UPDATE CHANGELOG.md')
})

it("the README's table of bundlers has the versions that bundlers.test.ts and consumers.test.ts build with", () => {
  const { dependencies = {} } = manifestIn(join(ROOT, 'packages/release/consumers'))
  const { devDependencies = {} } = manifestIn(join(ROOT, 'packages/release'))
  const versions = {
    Vite: devDependencies.vite,
    webpack: dependencies.webpack,
    'Next.js, app router': dependencies.next,
    Rollup: dependencies.rollup,
    esbuild: dependencies.esbuild,
    Parcel: dependencies.parcel,
    "Angular's application builder": dependencies['@angular/build']
  }
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
  for (const [name, version] of Object.entries(versions))
    expect(readme).toContain(`| ${name} | ${version!.split('.').slice(0, 2).join('.')} |`)
})
