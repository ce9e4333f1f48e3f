import type { LoadProgress, MatcherErrorCode, MatcherInfo } from '@sohu-match/sdk-web'
import type { EnginePage } from './engines/engine'

/** Options of `createMatcher` that can be sent to a page. */
export interface PageOptions {
  readonly model?: string
  readonly device?: 'auto' | 'wasm' | 'webgpu'
  readonly dtype?: 'auto' | 'fp32' | 'fp16' | 'int8' | 'q8' | 'q4'
  readonly worker?: string
  readonly assetBase?: string
  readonly threads?: number
  readonly workers?: number
  readonly cache?: boolean
  readonly gzip?: boolean
  /** Aborts at the first progress event by which this many bytes of the graph have been loaded. */
  readonly abortAtBytes?: number
}

/** The result of a load; the matcher is in `kept.matcher`. */
export interface Outcome {
  readonly info?: MatcherInfo
  readonly error?: { readonly name: string; readonly code?: MatcherErrorCode; readonly message: string }
  readonly progress: readonly LoadProgress[]
  readonly milliseconds: number
}

/** Calls `createMatcher` in the page (default: wasm, /model/) and returns the outcome. */
export function load(page: Pick<EnginePage, 'evaluate'>, options: PageOptions = {}): Promise<Outcome> {
  return page.evaluate(async ({ abortAtBytes, ...options }) => {
    const progress: LoadProgress[] = []
    const abort = new AbortController()
    const started = performance.now()
    try {
      const matcher = await sdk.createMatcher({
        model: '/model/',
        device: 'wasm',
        ...options,
        signal: abort.signal,
        onProgress(event) {
          progress.push(event)
          if (abortAtBytes !== undefined && event.file.endsWith('.onnx') && event.loaded >= abortAtBytes) abort.abort()
        }
      })
      kept.matcher = matcher
      return { info: matcher.info, progress, milliseconds: performance.now() - started }
    } catch (error) {
      const { name, message, code } = error as Error & { code?: MatcherErrorCode }
      return { error: { name, message, code }, progress, milliseconds: performance.now() - started }
    }
  }, options)
}

/** Runs one match with the page's matcher; returns its score, or the error's code. */
export function match(
  page: Pick<EnginePage, 'evaluate'>,
  a = '国足二比一获胜',
  b = '国足赢得比赛',
  task = 'B-ss'
): Promise<{ score?: number; code?: string }> {
  return page.evaluate(
    async ({ a, b, task }) => {
      try {
        return {
          score: (await (kept.matcher as Awaited<ReturnType<typeof sdk.createMatcher>>).match(a, b, task as 'A-ss'))
            .score
        }
      } catch (error) {
        return { code: (error as { code?: string }).code ?? String(error) }
      }
    },
    { a, b, task }
  )
}
