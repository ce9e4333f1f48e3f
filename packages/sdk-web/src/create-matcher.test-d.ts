import type { Task } from '@sohu-match/core'
import { createMatcher } from './create-matcher'
import type { WebMatcher } from './options'

/** Checked by the compiler only: tasks are literal types, the default ones and a caller's own. */
export async function types(): Promise<void> {
  const matcher: WebMatcher<Task> = await createMatcher({ model: '/model/' })
  void matcher.match('甲', '乙', 'A-ss')
  // @ts-expect-error there is no such task
  void matcher.match('甲', '乙', 'C-ll')
  const own = await createMatcher({ model: '/model/', tasks: ['dup'], thresholds: { dup: 0.5 } })
  void own.match('甲', '乙', 'dup')
  // @ts-expect-error the caller named its own tasks
  void own.match('甲', '乙', 'A-ss')
  // @ts-expect-error a threshold of a task that is not the caller's
  void createMatcher({ model: '/model/', tasks: ['dup'], thresholds: { 'A-ss': 0.5 } })
  // @ts-expect-error cuda is no device of a browser
  void createMatcher({ model: '/model/', device: 'cuda' })
}
