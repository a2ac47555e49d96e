// One line that says how something went.
import { element } from "./page";

const hiding = new WeakMap<HTMLElement, number>();

/** Show `message` in the element `id`; for so long, or until the next one. */
export function notify(message: string, { isBad = false, id = "message", forMs = 0 } = {}): void {
  const notice = element(id);
  // Whoever hides the message before must not hide this one.
  window.clearTimeout(hiding.get(notice));
  notice.textContent = message;
  notice.classList.toggle("bad", isBad);
  notice.hidden = false;
  if (forMs > 0) hiding.set(notice, window.setTimeout(() => (notice.hidden = true), forMs));
}
