import type { Task } from '@sohu-match/core'
import { createMatcher } from './create-matcher'
import type { WebMatcher } from './options'

/** As export writes it into `types.d.ts`. */
type Tasks = {
  same: { kind: 'match' }
  nli: { kind: 'one-of'; label: '矛盾' | '中立' | '蕴含' }
  topics: { kind: 'any-of'; label: '体育' | '财经' }
  stars: { kind: 'score' }
}

/** Checked by the compiler only: tasks are literal types, the default ones and a caller's own. */
export async function types(): Promise<void> {
  const matcher: WebMatcher<Task> = await createMatcher({ model: '/model/' })
  const held: Awaited<ReturnType<typeof createMatcher>> = matcher // the usual way to name its type
  void held.match('甲', '乙', 'A-ss')
  void matcher.match('甲', '乙', 'A-ss')
  // @ts-expect-error there is no such task
  void matcher.match('甲', '乙', 'C-ll')
  const own = await createMatcher({ model: '/model/', tasks: ['dup'], thresholds: { dup: 0.5 } })
  void own.match('甲', '乙', 'dup')
  // @ts-expect-error the caller named its own tasks
  void own.match('甲', '乙', 'A-ss')
  // @ts-expect-error a threshold of a task that is not the caller's
  void createMatcher({ model: '/model/', tasks: ['dup'], thresholds: { 'A-ss': 0.5 } })
  const labelled = await createMatcher<Tasks>({ model: '/model/', tasks: ['same', 'nli'] })
  void labelled.match('甲', '乙', 'same')
  const { label, probabilities } = await labelled.classify('甲', '乙', 'nli')
  const known: '矛盾' | '中立' | '蕴含' = label
  void probabilities[known]
  // @ts-expect-error there is no such label
  if (label === '蕴涵') return
  const { labels } = await labelled.classify('甲', undefined, 'topics')
  void labels.includes('体育')
  // @ts-expect-error there is no such label
  void labels.includes('体裁')
  const { value }: { value: number } = await labelled.classify('甲', undefined, 'stars')
  void value
  // @ts-expect-error a match task has no labels
  void labelled.classify('甲', '乙', 'same')
  // @ts-expect-error a task with labels is no match
  void labelled.match('甲', '乙', 'nli')
  // @ts-expect-error the model has no such task
  void createMatcher<Tasks>({ model: '/model/', tasks: ['other'] })
  const answer = await own.classify('甲', '乙', 'dup')
  if (answer.kind === 'any-of') void answer.labels
  // @ts-expect-error cuda is no device of a browser
  void createMatcher({ model: '/model/', device: 'cuda' })
}
