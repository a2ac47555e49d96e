// The picker of networks (parts/network_picker.html): a combobox with a list, by the pattern of the ARIA practices guide.
// The server searches and sorts; here is only what a key does.
import { element, eventElement, fetchJson, filled, make } from "./page";

export interface PickedNetwork {
  code: string;
  name: string;
  division_name: string;
}

const WAIT_MS = 200;
const SHOWN = 30;

/** Open the page again with the network; other parameters belonged to the former one. */
export function openNetwork(network: PickedNetwork): void {
  const action = element("network-picker", HTMLFormElement).getAttribute("action") ?? "";
  window.location.assign(`${action || window.location.pathname}?${new URLSearchParams({ network: network.code })}`);
}

const labelOf = (network: PickedNetwork): string => `${network.name} (${network.code})`;

class NetworkPicker {
  private readonly form = element("network-picker", HTMLFormElement);
  private readonly input = element("network-text", HTMLInputElement);
  private readonly list = element("network-options");
  private readonly status = element("network-found");
  private chosenText = this.input.value;
  private networks: PickedNetwork[] = [];
  // The question whose answer the list holds; null when it holds none.
  private listed: string | null = null;
  private active = -1;
  private timer = 0;
  private running = new AbortController();

  constructor(
    private readonly choose: (network: PickedNetwork) => void,
    private readonly api: string,
  ) {
    const { form, input, list } = this;
    input.addEventListener("focus", () => {
      input.select();
    });
    input.addEventListener("click", () => {
      if (list.hidden) void this.ask();
    });
    input.addEventListener("input", () => {
      window.clearTimeout(this.timer);
      this.timer = window.setTimeout(() => void this.ask(), WAIT_MS);
    });
    input.addEventListener("keydown", (event) => {
      this.onKey(event);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.takeActive();
    });
    // Before the field loses the focus, or the list would be gone when the button comes up.
    list.addEventListener("pointerdown", (event) => {
      event.preventDefault();
    });
    list.addEventListener("click", (event) => {
      const row = eventElement(event, "[role=option]", HTMLLIElement);
      const network = this.networks[Number(row?.dataset["number"] ?? NaN)];
      if (network !== undefined) this.take(network);
    });
    form.addEventListener("focusout", (event) => {
      if (event.relatedTarget instanceof Node && form.contains(event.relatedTarget)) return;
      input.value = this.chosenText;
      this.close();
    });
  }

  private words(name: string): string {
    return this.form.dataset[name] ?? "";
  }

  private question(): string {
    return this.input.value === this.chosenText ? "" : this.input.value.trim();
  }

  private onKey(event: KeyboardEvent): void {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (this.list.hidden) void this.ask();
      else this.activate(this.active + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Escape") {
      // Only the list goes on the first press; the page's own Escape must not follow it.
      if (!this.list.hidden) event.stopPropagation();
      event.preventDefault();
      this.input.value = this.chosenText;
      this.close();
    }
  }

  private activate(position: number): void {
    const options = [...this.list.querySelectorAll<HTMLElement>("[role=option]")];
    this.active = options.length === 0 ? -1 : (position + options.length) % options.length;
    options.forEach((option, number) => {
      option.setAttribute("aria-selected", String(number === this.active));
    });
    const current = options[this.active];
    if (current === undefined) this.input.removeAttribute("aria-activedescendant");
    else {
      this.input.setAttribute("aria-activedescendant", current.id);
      current.scrollIntoView({ block: "nearest" });
    }
  }

  private close(): void {
    window.clearTimeout(this.timer);
    this.running.abort();
    this.list.hidden = true;
    this.listed = null;
    this.active = -1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  private take(network: PickedNetwork): void {
    this.input.value = this.chosenText = labelOf(network);
    this.form.dataset["chosen"] = network.code;
    this.close();
    this.choose(network);
  }

  private option(network: PickedNetwork, number: number): HTMLLIElement {
    const attributes: Record<string, string> = { id: `network-option-${number}`, role: "option", "aria-selected": "false", "data-number": String(number) };
    if (network.code === this.form.dataset["chosen"]) attributes["class"] = "chosen";
    return make("li", attributes, make("strong", {}, network.name), make("span", { class: "muted small" }, `${network.code} · ${network.division_name}`));
  }

  private show(rows: Node[], said: string): void {
    this.list.replaceChildren(...rows);
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.status.textContent = said;
  }

  private async ask(): Promise<void> {
    window.clearTimeout(this.timer);
    this.running.abort();
    const text = this.question();
    const { signal } = (this.running = new AbortController());
    const query = new URLSearchParams({ ...(text === "" ? {} : { q: text }), limit: String(SHOWN) });
    try {
      const answer = await fetchJson<{ next: string | null; results: PickedNetwork[] }>(`${this.api}networks/?${query}`, signal);
      this.networks = answer.results;
      this.listed = text;
      const rows = this.networks.map((network, number) => this.option(network, number));
      if (answer.next !== null) rows.push(remark(this.words("more")));
      if (rows.length === 0) rows.push(remark(this.words("none")));
      const number = answer.next === null ? this.networks.length : `${SHOWN}+`;
      this.show(rows, this.networks.length === 0 ? this.words("none") : filled(this.words("count"), { number }));
      const chosen = this.networks.findIndex((network) => network.code === this.form.dataset["chosen"]);
      this.activate(Math.max(0, chosen));
    } catch {
      if (signal.aborted) return;
      this.networks = [];
      this.show([remark(this.words("failed"))], this.words("failed"));
    }
  }

  // Whoever is quicker than the answer means what stands in the field, not what was listed before.
  private async takeActive(): Promise<void> {
    const onlyOpens = this.list.hidden && this.question() === "";
    if (this.listed !== this.question()) await this.ask();
    if (onlyOpens) return;
    const network = this.networks[this.active];
    if (this.listed === this.question() && network !== undefined) this.take(network);
  }
}

const remark = (text: string): HTMLLIElement => make("li", { class: "empty", role: "presentation" }, text);

/** Start the picker of the page. `choose` is told of each choice, also of the network that is shown already. */
export function startNetworkPicker(choose: (network: PickedNetwork) => void = openNetwork, api = "/api/v1/"): void {
  new NetworkPicker(choose, api);
}
