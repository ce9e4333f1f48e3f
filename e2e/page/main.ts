import * as sdk from '@sohu-match/sdk-web'

declare global {
  /** The public API, for tests to call in the page. */
  var sdk: typeof import('@sohu-match/sdk-web')
  /** Values that a test keeps between two calls in the page. */
  var kept: Record<string, unknown>
}

globalThis.sdk = sdk
globalThis.kept = {}
