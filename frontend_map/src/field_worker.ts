// Before anything else of a page: whoever is logged in now sees nothing of whoever was before.
import { forgetReads } from "./field_store";

const REMEMBERED = "tarmoq-viewer";
const PAGES = "tarmoq-pages";
const FILES = "tarmoq-static";

/** Forget pages and reads of the viewer before, if it was another; what they recorded stays theirs. */
export async function handOver(viewer: string): Promise<void> {
  const before = window.localStorage.getItem(REMEMBERED);
  if (before === viewer) return;
  await forgetPages();
  if (before !== null && before !== "") await forgetReads(before);
  window.localStorage.setItem(REMEMBERED, viewer);
}

/** Forget the pages that were kept. */
export async function forgetPages(): Promise<void> {
  if ("caches" in window) await window.caches.delete(PAGES);
}

/** Keep the field page for where there is no network: `address` is the service worker's, `further` are files it needs. */
export async function startWorker(address: string, further: string[]): Promise<void> {
  if (!("serviceWorker" in navigator) || !window.isSecureContext || !navigator.onLine) return;
  await navigator.serviceWorker.register(address, { scope: "/" });
  // The page that registered it came before it; kept now, it opens at the next time without a network.
  await navigator.serviceWorker.ready;
  const files = await window.caches.open(FILES);
  await Promise.all(further.map(async (file) => ((await files.match(file)) === undefined ? files.add(file) : undefined)));
  const cache = await window.caches.open(PAGES);
  const response = await fetch("/field/", { credentials: "same-origin" });
  if (response.ok && !response.redirected) await cache.put("/field/", response);
}
