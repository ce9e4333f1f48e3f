import type { TaskSpec, Tokenizer } from '@sohu-match/core'
import { expect, it } from 'vitest'
import { askTeacher } from './targets'
import type { Teacher } from './teacher'

const same: TaskSpec = { name: 'same', id: 0, group: 'same' }
const nli: TaskSpec = { name: 'nli', id: 0, group: 'nli', kind: 'one-of', labels: ['矛盾', '中立', '蕴含'] }

it('follows the match task of a teacher that also has tasks with labels', async () => {
  const encode = (a: string) => ({ tokenIds: Int32Array.of(2, a.length, 3), segmentIds: Int32Array.of(0, 0, 1) })
  const teacher: Teacher = {
    sha256: '',
    tasks: [nli, { ...same, id: 1 }],
    tokenizer: { encode } as unknown as Tokenizer,
    maxLength: 8,
    network: {
      architecture: 'cross-encoder',
      width: 4,
      columns: 5,
      firstColumns: [0, 3],
      run: async ({ batch, seq, tokenIds }) =>
        Float32Array.from({ length: 5 * batch }, (_, i) => (i % 5 === 4 ? tokenIds[Math.floor(i / 5) * seq + 1]! : 0)),
      scales: [],
      offsets: []
    },
    dispose: async () => undefined
  }
  const examples = ['一', '一二', '一二三'].map((a) => ({ a, b: 'b', task: 0 }))
  const shown = Int32Array.of(0, 1, 2)
  const { logits } = await askTeacher(teacher, { examples, tasks: [same], shown, vectors: false })
  expect([...logits]).toEqual([1, 2, 3])
})
