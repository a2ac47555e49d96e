// The search box of the map: asks the API while one types, lists what was found.
import { element, fetchJson, icon, make } from "./page";
import { type MapTexts, word } from "./map_settings";

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
  const input = element<HTMLInputElement>("search");
  const list = element<HTMLUListElement>("search-results");
  let timer = 0;
  let running = new AbortController();

  const hide = (): void => {
    list.hidden = true;
    list.replaceChildren();
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
    running.abort();
    running = new AbortController();
    const text = input.value.trim();
    if (text === "") return hide();
    const query = new URLSearchParams({ q: text, network, limit: "12" });
    try {
      const found = await fetchJson<Found[]>(`${api}search/?${query}`, running.signal);
      list.replaceChildren(...(found.length > 0 ? found.map(entry) : [make("li", { class: "empty" }, word(texts, "nothingFound"))]));
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return;
      list.replaceChildren(make("li", { class: "empty" }, word(texts, "loadFailed")));
    }
    list.hidden = false;
  };

  input.addEventListener("input", () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void ask(), WAIT_MS);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
    if (event.key === "Enter") list.querySelector("button")?.click();
  });
}
