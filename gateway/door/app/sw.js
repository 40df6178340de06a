// Keeps the page's files in the browser, so that it opens without a network. Calls of the API are never kept.
/* VERSION */

const worker = /** @type {any} */ (self);
const KEPT = `door-${VERSION}`;

worker.addEventListener('install', (/** @type {any} */ event) => {
  const fetched = caches.open(KEPT).then((cache) => cache.addAll(FILES.map((file) => new Request(file, { cache: 'reload' }))));
  event.waitUntil(fetched.then(() => worker.skipWaiting()));
});

worker.addEventListener('activate', (/** @type {any} */ event) => {
  const others = (/** @type {string[]} */ names) => names.filter((name) => name.startsWith('door-') && name !== KEPT);
  const cleaned = caches.keys().then((names) => Promise.all(others(names).map((name) => caches.delete(name))));
  event.waitUntil(cleaned.then(() => worker.clients.claim()));
});

worker.addEventListener('fetch', (/** @type {any} */ event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== 'GET' || origin !== worker.location.origin || !FILES.includes(pathname)) return;
  event.respondWith(caches.open(KEPT).then(async (cache) => (await cache.match(pathname)) ?? fetch(event.request)));
});
