import { listAssets, preload, type LoadOptions } from '@sohu-match/sdk-web'

/** The cache that service-worker.js answers from. */
const CACHE = 'page'

/**
 * Makes the page, and matching in it, work without a network: the SDK stores the model and the runtime's WebAssembly, and the service worker
 * this page with what it has loaded. `options` are those of `createMatcher`. Call it once the page has loaded everything that it shows.
 */
export async function keepForOffline(options: LoadOptions, serviceWorker = '/service-worker.js'): Promise<void> {
  await navigator.serviceWorker.register(serviceWorker)
  await preload(options)
  const scripts = (await listAssets(options)).filter(({ file }) => file.endsWith('.js')).map(({ url }) => url)
  const loaded = performance
    .getEntriesByType('resource')
    .filter((entry) => ['script', 'link', 'css', 'img'].includes((entry as PerformanceResourceTiming).initiatorType))
    .map(({ name }) => name)
  const own = [location.href, ...scripts, ...loaded].filter((url) => new URL(url).origin === location.origin)
  await (await caches.open(CACHE)).addAll([...new Set(own)])
  await navigator.serviceWorker.ready
}
