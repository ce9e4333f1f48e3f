import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import { execute } from './execute'
import { PUBLISHED, ROOT, manifestIn, nameOf, type Published } from './packages'

const tarballs = inject('tarballs')
const installed = (name: Published): string => join(inject('project'), 'node_modules/@sohu-match', nameOf(name))
const text = (...path: string[]): string => readFileSync(join(...path), 'utf8')

/** Packages whose code esbuild put into a bundled package, with their versions. */
function bundled(name: Published): string[] {
  const { outputs } = JSON.parse(
    text(ROOT, 'packages', name, name === 'trainer' ? 'dist/lib' : 'dist', 'metafile-esm.json')
  ) as { outputs: Record<string, { inputs: Record<string, { bytesInOutput: number }> }> }
  const inputs = Object.values(outputs).flatMap(({ inputs }) =>
    Object.keys(inputs).filter((path) => inputs[path]!.bytesInOutput > 0)
  )
  const names = new Set(
    inputs
      .map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(path)?.[1])
      .filter((found) => found !== undefined)
  )
  return [...names].map((found) => `${found} ${manifestIn(join(ROOT, 'node_modules', found)).version}`).sort()
}

describe.each(PUBLISHED)('the tarball of %s', (name) => {
  const manifest = manifestIn(installed(name))

  it('has the recorded files', async () => {
    const { stdout } = await execute('tar', ['-tzf', tarballs[name]], { cwd: ROOT })
    const files = stdout
      .split('\n')
      .filter(Boolean)
      .map((path) => path.replace('package/', ''))
      .sort()
    await expect(`${files.join('\n')}\n`).toMatchFileSnapshot(`../api/${name}.files.txt`)
  })

  it('has the fields that registries and bundlers need', () => {
    expect(manifest).toMatchObject({
      version: manifestIn(ROOT).version,
      license: 'MIT',
      type: 'module',
      private: false,
      engines: manifestIn(ROOT).engines,
      publishConfig: { access: 'public', provenance: true },
      sideEffects: expect.anything()
    })
  })

  it('depends only on published packages, in exact versions', () => {
    const needed = { ...manifest.dependencies, ...manifest.peerDependencies }
    for (const [dependency, version] of Object.entries(needed)) {
      expect(version, dependency).toMatch(/^\d+\.\d+\.\d+$/)
      if (dependency.startsWith('@sohu-match/'))
        expect(PUBLISHED.map(nameOf)).toContain(dependency.replace('@sohu-match/', ''))
    }
  })

  it('has the license, and a notice of everything bundled', () => {
    expect(text(installed(name), 'LICENSE')).toBe(text(ROOT, 'LICENSE'))
    if (name === 'model-zh') return // its notice is that of the weights, below
    const others =
      name === 'sdk-web'
        ? [...bundled(name), `onnxruntime-web ${manifestIn(join(ROOT, 'node_modules/onnxruntime-web')).version}`].sort()
        : bundled(name)
    const notices =
      others.length === 0
        ? []
        : [...text(installed(name), 'NOTICE').matchAll(/^- (\S+ \d\S+)[ ,]/gm)]
            .map(([, notice]) => notice!.replace(/,$/, ''))
            .sort()
    expect(notices).toEqual(others)
  })

  it('passes publint --strict', async () => {
    const { status, stdout } = await execute(
      join(ROOT, 'node_modules/.bin/publint'),
      ['run', tarballs[name], '--strict'],
      { cwd: ROOT }
    )
    expect(stdout).toContain('All good!')
    expect(status).toBe(0)
  })

  it('mentions no private package in its code or types', async () => {
    const code = ['*.js', '*.cjs', '*.ts', '*.cts'].map((pattern) => `--include=${pattern}`)
    const { stdout } = await execute(
      'grep',
      ['-rlE', '@sohu-match/(core|node|training|export)[\'"]', installed(name), ...code],
      { cwd: ROOT }
    )
    expect(stdout).toBe('')
  })
})

/** sdk-web and its worker are modules for browsers: no require, and no `main`-only resolution from before exports maps. The command has no types. */
it.each([
  ['sdk-node', 'strict', []],
  ['model-zh', 'strict', []],
  ['sdk-web', 'esm-only', ['--exclude-entrypoints', 'worker']]
] as const)('attw finds no fault with the types of %s (profile %s)', async (name, profile, flags) => {
  const { status, stdout } = await execute(
    join(ROOT, 'node_modules/.bin/attw'),
    [tarballs[name], '--profile', profile, '--no-color', '--no-emoji', ...flags],
    { cwd: ROOT }
  )
  expect(stdout).toMatch(/^│ bundler +│ OK /m) // a package without types exits with 0, too
  expect(status, stdout).toBe(0)
})

describe('the model in the tarball of model-zh', () => {
  const folder = join(installed('model-zh'), 'model')
  const model = JSON.parse(text(folder, 'manifest.json')) as {
    tasks: { name: string; threshold: number }[]
    graphs: Record<string, { file: string }>
    files: Record<string, { bytes: number }>
  }

  it.each([
    ['CPUs and WebAssembly', 'int8'],
    ['WebGPU', 'q8']
  ])('is at most 20 MB to download for %s', (_device, dtype) => {
    const downloads = ['manifest.json', 'vocab.txt', model.graphs[dtype]!.file]
    const bytes = downloads.map((file) => statSync(join(folder, file)).size)
    expect(bytes.reduce((sum, size) => sum + size)).toBeLessThanOrEqual(20e6)
  })

  it('has every file of its manifest, and the license of the weights that it started from', () => {
    for (const [file, { bytes }] of Object.entries(model.files))
      expect(statSync(join(folder, file)).size, file).toBe(bytes)
    const notice = text(folder, 'NOTICE')
    for (const words of ['bge-small-zh-v1.5', 'BAAI', 'arXiv:2309.07597', 'MIT License', 'Copyright (c) 2022 staoxiao'])
      expect(notice).toContain(words)
  })

  it('has six tasks, each with the threshold 0.5', () => {
    expect(model.tasks.map(({ name, threshold }) => [name, threshold])).toEqual(
      ['A-ss', 'B-ss', 'A-sl', 'B-sl', 'A-ll', 'B-ll'].map((task) => [task, 0.5])
    )
  })
})
