'use client'
import { createMatcher, type Matcher } from '@sohu-match/sdk-web'
import { useEffect, useState } from 'react'

/** A model that is loading, with the share of its bytes that has arrived, from 0 to 1; then ready or failed. */
export type MatcherState =
  | { readonly status: 'loading'; readonly share: number }
  | { readonly status: 'ready'; readonly matcher: Matcher }
  | { readonly status: 'failed'; readonly error: unknown }

/** The matcher of a model folder, for as long as the component is mounted. */
export function useMatcher(model: string): MatcherState {
  const [state, setState] = useState<MatcherState>({ status: 'loading', share: 0 })
  useEffect(() => {
    const abort = new AbortController()
    const show = (next: MatcherState): void => {
      if (!abort.signal.aborted) setState(next)
    }
    const loading = createMatcher({
      model,
      signal: abort.signal,
      onProgress: ({ overall }) => show({ status: 'loading', share: overall.loaded / overall.total })
    })
    loading.then(
      (matcher) => show({ status: 'ready', matcher }),
      (error: unknown) => show({ status: 'failed', error })
    )
    return () => {
      abort.abort()
      setState({ status: 'loading', share: 0 }) // the matcher of the former model is disposed
      loading.then(
        (matcher) => matcher.dispose(),
        () => undefined // an aborted load has nothing to dispose
      )
    }
  }, [model])
  return state
}
