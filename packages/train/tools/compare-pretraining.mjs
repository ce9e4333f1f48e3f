/**
 * Is pretraining worth its time? For each seed: pretrain on the training texts and fine-tune, against training from scratch for as long as both took.
 *
 *   node packages/train/tools/compare-pretraining.mjs [--data DIR] [--preset smoke] [--epochs 3] [--pretrain-epochs 4] [--seeds 1,2,3]
 *
 * Wall time: keep the machine quiet. Prints one line for each run, then both means of the best F1 on the valid split.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values: options } = parseArgs({
  options: {
    data: { type: 'string' },
    preset: { type: 'string', default: 'smoke' },
    epochs: { type: 'string', default: '3' },
    'pretrain-epochs': { type: 'string', default: '4' },
    seeds: { type: 'string', default: '1,2,3' }
  }
})
const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'compare-'))
const data = options.data ?? join(folder, 'demo')
const { model } = JSON.parse(readFileSync(join(root, 'presets', `${options.preset}.json`), 'utf8'))

/** Runs a command of the package; gives its seconds and what it printed. */
function run(...args) {
  const start = performance.now()
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'dist/cli.js'), ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28
  })
  if (status !== 0) throw new Error(`${args.join(' ')} ended with status ${status}:\n${stderr}`)
  return { seconds: (performance.now() - start) / 1000, stdout }
}

/** Fine-tunes, from weights or from scratch; gives the best mean F1 on the valid split. */
function train(name, seed, epochs, init = []) {
  const { seconds, stdout } = run(
    'sohu',
    '--data',
    data,
    '--out',
    join(folder, name),
    '--preset',
    options.preset,
    '--json',
    ...init,
    '--set',
    `seed=${seed}`,
    `epochs=${epochs}`,
    'checkpoint_steps=0'
  )
  const best = Math.max(
    ...stdout
      .split('\n')
      .filter((line) => line.includes('"type":"epoch"'))
      .map((line) => JSON.parse(line).mean ?? 0)
  )
  return { seconds, best }
}

const mean = (numbers) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length
const spread = (numbers) =>
  Math.sqrt((mean(numbers.map((x) => (x - mean(numbers)) ** 2)) * numbers.length) / Math.max(1, numbers.length - 1))

try {
  if (!options.data) run('demo-data', '--out', data)
  const scores = { pretrained: [], scratch: [] }
  for (const seed of options.seeds.split(',')) {
    const weights = join(folder, `pretrained-${seed}`)
    const pretraining = run(
      'pretrain',
      '--data',
      data,
      '--out',
      weights,
      '--set',
      `model=${JSON.stringify(model)}`,
      `epochs=${options['pretrain-epochs']}`,
      `seed=${seed}`,
      'batch_tokens=4096',
      'checkpoint_steps=0'
    )
    const tuned = train(`tuned-${seed}`, seed, Number(options.epochs), ['--init', weights])
    const total = pretraining.seconds + tuned.seconds
    const epochs = Math.max(1, Math.round((Number(options.epochs) * total) / tuned.seconds))
    const scratch = train(`scratch-${seed}`, seed, epochs)
    scores.pretrained.push(tuned.best)
    scores.scratch.push(scratch.best)
    process.stdout.write(
      `seed ${seed}: pretrained F1 ${tuned.best.toFixed(4)} in ${total.toFixed(0)} s (${pretraining.seconds.toFixed(0)} s of it pretraining); ` +
        `from scratch F1 ${scratch.best.toFixed(4)} in ${scratch.seconds.toFixed(0)} s (${epochs} epochs)\n`
    )
  }
  for (const [name, values] of Object.entries(scores))
    process.stdout.write(`${name}: mean F1 ${mean(values).toFixed(4)}, deviation ${spread(values).toFixed(4)}\n`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
