// The service worker of the field page. It keeps the page and what the page is made of, nothing else: no page of the
// office, no answer about anybody. self.shell is written on top by the server; another build has another version.
import { send } from "./send.js";

const CACHE = "pinzhi-field " + self.shell.version;

self.addEventListener("install", (e) => {
  e.waitUntil((async () => {
    const cache = await caches.open(CACHE);
    await cache.addAll(self.shell.keep.map((url) => new Request(url, { cache: "reload" })));
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (e) => {
  e.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith("pinzhi-field ") && name !== CACHE) await caches.delete(name);
    await self.clients.claim();
  })());
});

self.addEventListener("fetch", (e) => {
  const url = new URL(e.request.url);
  if (e.request.method !== "GET" || url.origin !== self.location.origin) return;
  const kept = self.shell.keep.includes(url.pathname) || url.pathname.startsWith("/assets/");
  if (!kept) return; // straight to the network
  e.respondWith((async () => {
    const cache = await caches.open(CACHE);
    return (await cache.match(url.pathname)) || fetch(e.request);
  })());
});

self.addEventListener("sync", (e) => { if (e.tag === "send") e.waitUntil(send({ now: true, wait: true })); });
