// A search box (WAI-ARIA combobox): asks while one types, lists what was found, and opens what is typed.
import { fetchJson, icon, make } from "./page";

/** One answer of /api/v1/search/. */
export interface Hit {
  class: string;
  asset_class: string;
  kind: string;
  uid: string | null;
  code: string;
  name: string;
  label: string;
  detail: string;
  network: string | null;
  longitude: number | null;
  latitude: number | null;
  /** The page that shows it. */
  address: string;
}

export interface SearchBoxTexts {
  /** Kinds of elements and classes of hits in words. */
  kinds: Record<string, string>;
  nothingFound: string;
  loadFailed: string;
  /** "{count} found" for who hears the list. */
  found: string;
}

export interface SearchBoxOptions {
  input: HTMLInputElement;
  list: HTMLElement;
  /** Where to ask. */
  address: string;
  /** Whose elements come first; null or absent: no network's. */
  network?: (() => string | null) | string | null;
  texts: SearchBoxTexts;
  onChoose: (hit: Hit) => void;
}

const WAIT_MS = 200;
const LIMIT = "12";
const CLASS_ICONS: Record<string, string> = { account: "people", meter: "gauge", bill: "file", coordinates: "pin", parcel: "home", building: "home" };

let boxes = 0;

export function startSearchBox(options: SearchBoxOptions): { close: () => void } {
  const box = new SearchBox(options);
  return { close: () => box.close() };
}

class SearchBox {
  private readonly status = make("span", { class: "visually-hidden", role: "status" });
  private readonly prefix: string;
  private hits: Hit[] = [];
  /** The text that the list answers; null while there is no list. */
  private listed: string | null = null;
  private active = -1;
  private timer = 0;
  private running = new AbortController();

  constructor(private readonly options: SearchBoxOptions) {
    const { input, list } = options;
    boxes += 1;
    this.prefix = list.id === "" ? `search-list-${boxes}` : list.id;
    list.id = this.prefix;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", input.getAttribute("aria-label") ?? "");
    list.hidden = true;
    const attributes = { role: "combobox", autocomplete: "off", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.prefix };
    for (const [name, value] of Object.entries(attributes)) input.setAttribute(name, value);
    list.after(this.status);
    input.addEventListener("input", () => this.typed());
    input.addEventListener("keydown", (event) => this.key(event));
    input.addEventListener("focus", () => {
      if (this.listed === this.text && this.hits.length > 0) this.open();
    });
    input.addEventListener("blur", () => this.fold());
    // A press on the list leaves the keyboard where it is.
    list.addEventListener("mousedown", (event) => event.preventDefault());
  }

  close(): void {
    this.stop();
    this.listed = null;
    this.hits = [];
    this.options.list.replaceChildren();
    this.status.textContent = "";
    this.fold();
  }

  private get text(): string {
    return this.options.input.value.trim();
  }

  // What is still being asked for must not open the list again.
  private stop(): void {
    window.clearTimeout(this.timer);
    this.running.abort();
  }

  private typed(): void {
    this.stop();
    // Of what was listed nothing is what stands in the box now.
    this.mark(-1);
    this.timer = window.setTimeout(() => void this.ask(), WAIT_MS);
  }

  private key(event: KeyboardEvent): void {
    const isOpen = !this.options.list.hidden && this.hits.length > 0;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (isOpen) this.move(event.key === "ArrowDown" ? 1 : -1);
      else if (this.listed === this.text && this.hits.length > 0) this.open();
      else void this.ask();
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      void this.enter();
    } else if (event.key === "Escape") {
      // Once for the list, again for the text; only then for what lies around the box.
      if (!this.options.list.hidden) {
        event.stopPropagation();
        this.close();
      } else if (this.options.input.value !== "") {
        event.stopPropagation();
        this.options.input.value = "";
        this.close();
      }
    }
  }

  private move(step: number): void {
    const count = this.hits.length;
    // One step beyond either end is the box itself.
    this.mark(((this.active + 1 + step + count + 1) % (count + 1)) - 1);
  }

  private mark(position: number): void {
    const { input, list } = this.options;
    this.active = position;
    for (const [place, option] of [...list.querySelectorAll("[role=option]")].entries()) {
      option.setAttribute("aria-selected", String(place === position));
      if (place === position) option.scrollIntoView({ block: "nearest" });
    }
    if (position < 0) input.removeAttribute("aria-activedescendant");
    else input.setAttribute("aria-activedescendant", `${this.prefix}-${position}`);
  }

  /** Enter means what is typed, or what the arrows marked in the list of it: never an answer to an older text. */
  private async enter(): Promise<void> {
    const wanted = this.text;
    if (wanted === "") return;
    if (this.listed !== wanted && !(await this.ask())) return;
    if (this.text !== wanted || this.listed !== wanted) return;
    const hit = this.hits[Math.max(this.active, 0)];
    if (hit !== undefined) this.choose(hit);
  }

  private choose(hit: Hit): void {
    this.options.input.value = hit.label;
    this.close();
    this.options.onChoose(hit);
  }

  /** Ask for what is typed; whether its answer came and is listed now. */
  private async ask(): Promise<boolean> {
    this.stop();
    const text = this.text;
    if (text === "") {
      this.close();
      return false;
    }
    const { signal } = (this.running = new AbortController());
    const { network, address } = this.options;
    const first = typeof network === "function" ? network() : (network ?? null);
    const query = new URLSearchParams({ q: text, limit: LIMIT, ...(first === null ? {} : { network: first }) });
    this.options.input.setAttribute("aria-busy", "true");
    try {
      const hits = await fetchJson<Hit[]>(`${address}?${query}`, signal);
      if (signal.aborted) return false;
      this.show(text, hits);
      return true;
    } catch {
      if (!signal.aborted) this.say(this.options.texts.loadFailed);
      return false;
    } finally {
      if (!signal.aborted) this.options.input.removeAttribute("aria-busy");
    }
  }

  private show(text: string, hits: Hit[]): void {
    const { list, texts } = this.options;
    if (hits.length === 0) this.say(texts.nothingFound);
    else {
      list.replaceChildren(...hits.map((hit, position) => this.option(hit, position)));
      this.status.textContent = texts.found.replace("{count}", String(hits.length));
    }
    this.hits = hits;
    this.listed = text;
    this.mark(-1);
    this.open();
  }

  private say(sentence: string): void {
    this.hits = [];
    this.listed = null;
    // No option: it cannot be chosen.
    this.options.list.replaceChildren(make("li", { class: "empty", role: "presentation" }, sentence));
    this.status.textContent = sentence;
    this.open();
  }

  private option(hit: Hit, position: number): HTMLElement {
    const kinds = this.options.texts.kinds;
    const kind = kinds[hit.kind] ?? kinds[hit.class] ?? hit.kind;
    const subtitle = [kind, hit.detail].filter((part) => part !== "").join(" · ");
    const option = make(
      "li",
      { role: "option", id: `${this.prefix}-${position}`, "aria-selected": "false" },
      icon(CLASS_ICONS[hit.class] ?? hit.kind),
      make("span", { class: "row-main" }, make("strong", {}, hit.label), make("span", { class: "muted small" }, subtitle)),
    );
    option.addEventListener("click", () => this.choose(hit));
    return option;
  }

  private open(): void {
    this.options.list.hidden = false;
    this.options.input.setAttribute("aria-expanded", String(this.hits.length > 0));
  }

  private fold(): void {
    this.options.list.hidden = true;
    this.options.input.setAttribute("aria-expanded", "false");
    this.mark(-1);
  }
}
