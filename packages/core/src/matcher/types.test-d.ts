import { expectTypeOf, it } from 'vitest'
import type { CommonOptions, Matcher, MatchResult } from './types'
import type { Task } from '../tasks'

declare const matcher: Matcher
declare const custom: Matcher<'dup' | 'topic'>

it('knows its tasks', () => {
  expectTypeOf(matcher.match('a', 'b', 'A-ss')).resolves.toEqualTypeOf<MatchResult<Task>>()
  // @ts-expect-error there is no such task
  void matcher.match('a', 'b', 'C-ll')
  // @ts-expect-error a Sohu task is not one of this model's
  void custom.matchMany([{ a: '', b: '', task: 'A-ss' }])
  void custom.rank('q', ['a'], 'dup')
  expectTypeOf<NonNullable<CommonOptions<'dup'>['thresholds']>>().toEqualTypeOf<{ dup?: number }>()
})
