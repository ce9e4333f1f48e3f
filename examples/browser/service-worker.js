// Answers from the network, and from the cache `page` where the server cannot be reached. Model files, which the SDK stores, pass by it.
const CACHE = 'page'

self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))

self.addEventListener('fetch', (event) => {
  const { method, cache, url } = event.request
  if (method !== 'GET' || cache === 'no-store' || new URL(url).origin !== self.location.origin) return
  event.respondWith(answer(event.request))
})

async function answer(request) {
  try {
    return await fetch(request)
  } catch (unreachable) {
    const stored = await (await caches.open(CACHE)).match(request, { ignoreVary: true })
    if (stored) return stored
    throw unreachable
  }
}
