import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createTokenizer } from '@sohu-match/core'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { afterAll, expect, it } from 'vitest'
import { demoPairs } from '../../data/demo-corpus'
import { disposeModel } from '../../step/trainer'
import { readCheckpoint } from '../../checkpoint/checkpoint'
import { largestDifference } from '../../checkpoint/parity.fixtures'
import { hiddenStates } from '../hidden-states.fixtures'
import { importWeights } from '../import'
import { fetchNamedWeights, namedOptions } from './fetch'

const NAME = 'bge-small-zh-v1.5'
const HIDDEN = 512
/** Rounding of two runtimes through four layers; hidden states go up to about 10. */
const TOLERANCE = 2e-5

const folder = mkdtempSync(join(tmpdir(), 'published-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** 50 rows of 5 to 500 tokens, of the embedded corpus as BERT's tokenizer reads it. */
function rows(vocab: string): number[][] {
  const { encode } = createTokenizer(vocab)
  const texts = demoPairs(4, 'train', 200).flatMap(({ source, target }) => [source, target])
  return Array.from({ length: 50 }, (_, i) => {
    const length = 5 + Math.round((495 * i) / 49)
    const text = Array.from({ length: 8 }, (_, k) => texts[(7 * i + 13 * k) % texts.length]!).join('')
    return [...encode(text, undefined, length).tokenIds]
  })
}

type Run = (row: readonly number[]) => Promise<Float32Array>

/** The published file: hidden states [seq, hidden] of one row. */
async function publishedRun(path: string): Promise<Run> {
  const session = await InferenceSession.create(path)
  const tensor = (values: readonly number[]): Tensor =>
    new Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length])
  return async (row) => {
    const { last_hidden_state: states } = await session.run({
      input_ids: tensor(row),
      attention_mask: tensor(row.map(() => 1)),
      token_type_ids: tensor(row.map(() => 0))
    })
    return states!.data as Float32Array
  }
}

/** A graph of ours: the vector [hidden] of one row. */
async function ourRun(path: string): Promise<Run> {
  const session = await InferenceSession.create(path)
  const tensor = (values: readonly number[]): Tensor => new Tensor('int32', Int32Array.from(values), [1, values.length])
  return async (row) => {
    const { vectors } = await session.run({
      token_ids: tensor(row),
      segment_ids: tensor(row.map(() => 0)),
      task_ids: new Tensor('int32', Int32Array.of(0), [1])
    })
    return vectors!.data as Float32Array
  }
}

/** Fails by name where the weights are neither cached nor to be fetched: the error says what to put where. */
it(`${NAME}: hidden states of 50 texts equal the published file's, in training and through the exported graph`, async () => {
  const fetched = await fetchNamedWeights(NAME, namedOptions(process.env))
  const [checkpoint, exported] = [join(folder, 'checkpoint'), join(folder, 'model')]
  const model = { architecture: 'bi-encoder', pooling: 'cls', conditioning: 'none' }
  await importWeights({ from: fetched, out: checkpoint, seed: 1, model })
  const cli = fileURLToPath(new URL('../../../../export/dist/cli.js', import.meta.url))
  await promisify(execFile)(process.execPath, [
    cli,
    'sohu',
    ...['--checkpoint', checkpoint, '--out', exported, '--dtype', 'fp32', '--no-gate', '--no-latency']
  ])
  const loaded = await readCheckpoint(checkpoint)
  const config = { ...loaded.model.config, pooling: 'mean' as const } // with [CLS] alone, the last layer has one position
  const published = await publishedRun(join(fetched, 'model.onnx'))
  const ours = await ourRun(join(exported, 'onnx', readdirSync(join(exported, 'onnx'))[0]!))
  const largest = { training: 0, graph: 0 }
  for (const row of rows(loaded.assets.vocab)) {
    const wanted = await published(row)
    const { layers } = hiddenStates(config, loaded.model.variables, [row], [row.map(() => 0)])
    largest.training = Math.max(largest.training, largestDifference(layers.at(-1)!, wanted))
    const first = wanted.subarray(0, HIDDEN)
    const length = Math.hypot(...first)
    const vector = (await ours(row)).map((value) => value * length)
    largest.graph = Math.max(largest.graph, largestDifference(vector, first))
  }
  disposeModel(loaded.model)
  expect(largest.training).toBeGreaterThan(0)
  expect(largest.training).toBeLessThan(TOLERANCE)
  expect(largest.graph).toBeGreaterThan(0)
  expect(largest.graph).toBeLessThan(TOLERANCE)
}, 600_000)
