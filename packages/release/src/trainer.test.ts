import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect, inject, it } from 'vitest'
import { execute } from './execute'
import { ROOT, manifestIn } from './packages'

const TFJS = '@tensorflow/tfjs-node-gpu'
const project = inject('project')
const command = join(project, 'node_modules/.bin/sohu-train')
const run = (...args: string[]) => execute(process.execPath, [command, ...args], { cwd: project })

/** Every third pair is a match; place names make the texts distinct. */
const pairs = Array.from({ length: 120 }, (_, i) => {
  const place = `${'东西南北'[i % 4]}城${i}路`
  return i % 3 === 0 ? `${place}地铁通车\t${place}的地铁开通了\t1` : `${place}地铁通车\t大雨停课${i}天\t0`
})
const tiny = [
  ...['model.hidden_size=16', 'model.num_hidden_layers=1', 'model.num_attention_heads=2', 'model.intermediate_size=16'],
  ...['model.vocab_size=200', 'model.max_length=32', 'epochs=2', 'batch_pairs=16']
]

it('says what to do before it is set up', async () => {
  expect(await run('sohu', '--help')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('run `npx sohu-train setup`')
  })
  expect(await run('--version')).toMatchObject({ status: 0, stdout: `${manifestIn(ROOT).version}\n`, stderr: '' })
  expect((await run('setup', '--help')).stdout).toContain('--weights <name...>')
  expect((await run('setup', '--check')).stdout).toContain('MISSING')
  expect((await run('setup', '--chekc')).stderr).toMatch(/^setup: .*--chekc/)
})

it('trains, evaluates and exports outside the workspace, with the TensorFlow that was set up here', async () => {
  borrowTensorFlow()
  const help = await run('sohu', '--help')
  expect(help).toMatchObject({ status: 0, stderr: '' })
  expect(help.stdout).toMatch(/^Usage: sohu-train sohu \[options\]/)

  writeFileSync(join(project, 'pairs.tsv'), `sentence1\tsentence2\tlabel\n${pairs.join('\n')}\n`)
  const data = ['--data', 'pairs.tsv']
  const trained = await run('sohu', ...data, '--out', 'runs/mine', '--preset', 'smoke', '--set', ...tiny)
  expect(trained, trained.stderr).toMatchObject({ status: 0 })
  const evaluated = await run('evaluate', '--checkpoint', 'runs/mine/best', ...data, '--split', 'test', '--json')
  expect(JSON.parse(evaluated.stdout)).toMatchObject({ type: 'evaluation', split: 'test' })
  const gate = ['--gate', '1', '--no-latency', '--dtype', 'int8']
  const exported = await run('export', '--checkpoint', 'runs/mine/best', ...data, '--out', 'models/mine', ...gate)
  expect(exported, exported.stderr).toMatchObject({ status: 0 })
  expect(JSON.parse(readFileSync(join(project, 'models/mine/manifest.json'), 'utf8'))).toMatchObject({
    tasks: [{ name: 'match' }]
  })
})

/** Links the library and copies the addons into the project, instead of `sohu-train setup`, which would fetch and compile the same files. */
function borrowTensorFlow(): void {
  const folderIn = (place: string): string =>
    dirname(createRequire(join(place, 'package.json')).resolve(`${TFJS}/package.json`))
  const [from, to] = [folderIn(join(ROOT, 'packages/trainer')), folderIn(project)]
  symlinkSync(join(from, 'deps'), join(to, 'deps'))
  cpSync(join(from, 'lib/napi-v8'), join(to, 'lib/napi-v8'), { recursive: true })
}
