// The search box of the map: asks the API while one types, lists what was found.
import { element, fetchJson, icon, make } from "./page";
import { type MapTexts, word } from "./map/settings";

export interface Found {
  asset_class: "zone" | "node" | "pipe";
  kind: string;
  uid: string;
  code: string;
  name: string;
  network: string;
  longitude: number | null;
  latitude: number | null;
}

const WAIT_MS = 250;

export function startSearch(texts: MapTexts, api: string, network: string, choose: (found: Found) => void): void {
  const input = element("search", HTMLInputElement);
  const list = element("search-results");
  let timer = 0;
  // What stood in the field when the list was made.
  let listed: string | null = null;
  let running = new AbortController();

  // What is still being asked for must not open the list again.
  const stop = (): void => {
    window.clearTimeout(timer);
    running.abort();
  };
  const hide = (): void => {
    stop();
    list.hidden = true;
    list.replaceChildren();
    listed = null;
  };
  const entry = (found: Found): HTMLLIElement => {
    const subtitle = [texts.kinds[found.kind] ?? found.kind, found.name].filter((part) => part !== "").join(" · ");
    const button = make("button", { type: "button" }, icon(found.kind), make("span", { class: "row-main" }, make("strong", {}, found.code), make("span", { class: "muted small" }, subtitle)));
    button.addEventListener("click", () => {
      hide();
      input.value = found.code;
      choose(found);
    });
    return make("li", {}, button);
  };
  const ask = async (): Promise<void> => {
    stop();
    const text = input.value.trim();
    if (text === "") {
      hide();
      return;
    }
    const { signal } = (running = new AbortController());
    const query = new URLSearchParams({ q: text, network, limit: "12" });
    try {
      const found = await fetchJson<Found[]>(`${api}search/?${query}`, signal);
      list.replaceChildren(...(found.length > 0 ? found.map(entry) : [make("li", { class: "empty" }, word(texts, "nothingFound"))]));
    } catch {
      if (signal.aborted) return;
      list.replaceChildren(make("li", { class: "empty" }, word(texts, "loadFailed")));
    }
    list.hidden = false;
    listed = input.value;
  };

  // Whoever is quicker than the answer means what stands in the field, not what was listed before.
  const takeFirst = async (): Promise<void> => {
    if (listed !== input.value) await ask();
    if (listed === input.value) list.querySelector("button")?.click();
  };

  input.addEventListener("input", () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void ask(), WAIT_MS);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
    if (event.key === "Enter") void takeFirst();
  });
}
