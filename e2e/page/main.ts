import * as sdk from '@sohu-match/sdk-web'
import workerUrl from '@sohu-match/sdk-web/worker?url'

declare global {
  /** The public API, for tests to call in the page; `workerUrl` is the address of the built worker. */
  var sdk: typeof import('@sohu-match/sdk-web') & { readonly workerUrl: string }
}

globalThis.sdk = { ...sdk, workerUrl }
