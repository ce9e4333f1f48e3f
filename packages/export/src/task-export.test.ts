import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AutoModelForSequenceClassification, env, Tensor } from '@huggingface/transformers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { consistentCheckpoint } from '../tools/consistent-checkpoint'
import { openGraphIn, weightsOf } from '../tools/graph-file'
import { randomWeights, SMALL_CONFIG } from '@sohu-match/testing'
import { exportModel } from './export-model'
import { FORMATS } from './formats'
import { allTasksGraph } from './graph/graph'

const root = mkdtempSync(join(tmpdir(), 'export-task-'))
afterAll(() => rmSync(root, { recursive: true }))

const tokenIds = [
  [2, 9, 8, 3, 12, 3],
  [2, 20, 3, 30, 3, 0]
]
const segmentIds = [
  [0, 0, 0, 0, 1, 1],
  [0, 0, 0, 1, 1, 0]
]
const TASK = 5

describe('a one-task export', () => {
  let wanted: Float32Array
  beforeAll(async () => {
    const checkpoint = await consistentCheckpoint(join(root, 'checkpoint'))
    await exportModel({
      checkpoint,
      out: join(root, 'task'),
      dtypes: ['fp32', 'int8', 'q8'],
      name: 'small',
      force: false,
      latency: false,
      task: 'B-ll'
    })
    const graph = await openGraphIn(
      root,
      'all',
      allTasksGraph(SMALL_CONFIG, weightsOf(randomWeights(SMALL_CONFIG, 1)), FORMATS.fp32())
    )
    const ids = (rows: number[][]) => Int32Array.from(rows.flat())
    wanted = await graph.run({
      batch: 2,
      seq: 6,
      tokenIds: ids(tokenIds),
      segmentIds: ids(segmentIds),
      taskIds: Int32Array.of(TASK, TASK)
    })
  })

  // fp32: the task's table folded into the norms rounds otherwise. int8 and q8: 8 bits of random weights of unit gain.
  for (const [dtype, tolerance] of [
    ['fp32', 1e-5],
    ['int8', 0.1],
    ['q8', 0.1]
  ] as const) {
    it(`runs in Hugging Face's library from a local folder in ${dtype}, with the logits of the graph of all tasks`, async () => {
      env.allowRemoteModels = false
      env.localModelPath = root
      const model = await AutoModelForSequenceClassification.from_pretrained('task', { dtype, local_files_only: true })
      const long = (rows: number[][]) => new Tensor('int64', BigInt64Array.from(rows.flat(), BigInt), [2, 6])
      const { logits } = (await model({
        input_ids: long(tokenIds),
        token_type_ids: long(segmentIds),
        attention_mask: long(tokenIds.map((row) => row.map((id) => Math.min(id, 1))))
      })) as { logits: Tensor }
      await model.dispose()
      expect(logits.dims).toEqual([2, 2])
      const found = logits.data as Float32Array
      expect(Math.max(...found.map((value, i) => Math.abs(value - wanted[i]!)))).toBeLessThan(tolerance)
    })
  }

  it('says its task and threshold in config.json', () => {
    const config = JSON.parse(readFileSync(join(root, 'task/config.json'), 'utf8')) as Record<string, unknown>
    expect(config).toMatchObject({
      model_type: 'roformer',
      num_labels: 2,
      sohu_match: { task: 'B-ll', threshold: 0.5 }
    })
  })
})
