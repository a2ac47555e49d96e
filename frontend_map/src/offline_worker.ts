/// <reference lib="webworker" />
// The service worker: keeps the field page, its programs and its pictures for where there is no network. It keeps no
// answers of the API: what a person saved lies in a database of their own (field_store.ts), and pages are forgotten as
// soon as somebody else is logged in (field_worker.ts).
import { cleanupOutdatedCaches, precacheAndRoute } from "workbox-precaching";
import { registerRoute } from "workbox-routing";
import { StaleWhileRevalidate } from "workbox-strategies";

declare const self: ServiceWorkerGlobalScope & { __WB_MANIFEST: { url: string; revision: string | null }[] };

const PAGES = "tarmoq-pages";
const FIELD = "/field/";
const ANSWER_MS = 4000;

precacheAndRoute(self.__WB_MANIFEST);
cleanupOutdatedCaches();
// What other pages of the site use, and what django-leaflet brings.
registerRoute(({ url, request }) => url.origin === self.location.origin && url.pathname.startsWith("/static/") && request.method === "GET", new StaleWhileRevalidate({ cacheName: "tarmoq-static" }));

/** The page from the network; where that is slow or absent, the field page as it was kept. */
async function fieldPage(request: Request): Promise<Response> {
  const cache = await caches.open(PAGES);
  try {
    const response = await fetch(request, { signal: AbortSignal.timeout(ANSWER_MS) });
    // A redirect leads to the log-in; what is found there is nobody's field page.
    if (response.ok && !response.redirected && new URL(response.url).pathname === FIELD) await cache.put(FIELD, response.clone());
    return response;
  } catch (error) {
    // One page is kept, in the language and form it came in: it answers whatever is asked for.
    const kept = await cache.match(FIELD, { ignoreVary: true });
    if (kept === undefined) throw error;
    return kept;
  }
}

/** Another page of ours; without a network whoever asks for it is led to the field page, which is kept. */
async function otherPage(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await (await caches.open(PAGES)).match(FIELD, { ignoreVary: true });
    if (kept === undefined) throw error;
    return Response.redirect(FIELD, 302);
  }
}

/** Whether the field page answers an address: its own, and those that labels lead to. */
const isField = (path: string): boolean => path === FIELD || /^\/e\/[0-9a-f-]{36}\/$/.test(path);

registerRoute(
  ({ url, request }) => request.mode === "navigate" && url.origin === self.location.origin,
  ({ url, request }) => (isField(url.pathname) ? fieldPage(request) : otherPage(request)),
);

self.addEventListener("install", () => void self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
