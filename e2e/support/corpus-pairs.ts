import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { TASKS, type Dtype, type Task } from '@sohu-match/sdk-node'
import { ZH_PAIRS } from './paths'

/** Precisions in which the published model is compared: what `auto` chooses on wasm and on WebGPU, and one whose activations stay floats. */
export const ZH_DTYPES: readonly Dtype[] = ['int8', 'q8', 'fp16']

/** The test pairs of the corpus that global-setup wrote: equally many of each task, tasks in turn. */
export function corpusPairs(): { readonly a: string; readonly b: string; readonly task: Task }[] {
  const byTask = TASKS.map((task) =>
    readFileSync(join(ZH_PAIRS, 'news', task, 'test.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => {
        const { source, target } = JSON.parse(line) as { source: string; target: string }
        return { a: source, b: target, task }
      })
  )
  return byTask[0]!.flatMap((_, i) => byTask.flatMap((pairs) => pairs[i] ?? []))
}
