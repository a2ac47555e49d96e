// The network as it was: a slider over the days since its first edit, or any date.
import { momentName } from "../../local_time";
import { dayName, fetchJson, make } from "../../page";
import type { Tool } from "../tools";
import type { Workspace } from "../workspace";

const DAY_MS = 86_400_000;
const LAYERS = ["pipes", "nodes", "zones"];

/** The calendar day of an instant where the reader is. */
export function dayOf(instant: Date): string {
  return new Date(instant.getTime() - instant.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
}

class TimeTool implements Tool {
  private panel: HTMLElement | null = null;
  private first = new Date();
  private chosen = "";

  constructor(private readonly workspace: Workspace) {
    document.addEventListener("tarmoq:date", (event) => {
      const { detail } = event as CustomEvent<string>;
      void this.show(detail);
    });
  }

  async open(panel: HTMLElement): Promise<void> {
    this.panel = panel;
    this.first = await this.firstDay();
    this.draw();
  }

  close(): void {
    this.panel = null;
    if (this.chosen !== "") void this.show("");
  }

  private async firstDay(): Promise<Date> {
    const { results } = await fetchJson<{ results: { code: string; created_at: string }[] }>(this.workspace.api("networks/", { limit: "500" }));
    const made = results.find(({ code }) => code === this.workspace.network)?.created_at;
    return made === undefined ? new Date(Date.now() - 365 * DAY_MS) : new Date(made);
  }

  private draw(): void {
    const { panel, workspace } = this;
    if (panel === null) return;
    const today = new Date();
    const days = Math.max(1, Math.ceil((today.getTime() - this.first.getTime()) / DAY_MS));
    const shown = this.chosen === "" ? dayOf(today) : this.chosen.slice(0, 10);
    const slider = make("input", { type: "range", id: "date-slider", min: "0", max: String(days), "aria-label": workspace.word("asOfDate") });
    slider.value = String(Math.round((new Date(shown).getTime() - this.first.getTime()) / DAY_MS));
    slider.addEventListener("change", () => {
      const day = dayOf(new Date(this.first.getTime() + Number(slider.value) * DAY_MS));
      void this.show(day >= dayOf(new Date()) ? "" : day);
    });
    const date = make("input", { type: "date", id: "date-field", value: shown, max: dayOf(today) });
    date.addEventListener("change", () => void this.show(date.value === dayOf(new Date()) ? "" : date.value));
    const now = make("button", { type: "button", class: "button", id: "date-now" }, workspace.word("backToNow"));
    now.addEventListener("click", () => void this.show(""));
    const state = this.chosen === "" ? workspace.word("shownNow") : workspace.word("shownAsOf", { date: this.chosen.includes("T") ? momentName(this.chosen) : dayName(this.chosen) });
    panel.replaceChildren(make("p", { class: this.chosen === "" ? "muted" : "notice warn", id: "date-state" }, state), slider, make("label", { class: "field" }, make("span", {}, workspace.word("asOfDate")), date), now, make("p", { class: "muted small" }, workspace.word("asOfHelp")));
  }

  private async show(instant: string): Promise<void> {
    this.chosen = instant;
    const { workspace } = this;
    workspace.holder.dataset["asOf"] = instant;
    try {
      await workspace.whenLoaded();
      await Promise.all(LAYERS.map((tiles) => workspace.renewTiles(tiles, instant)));
    } catch (error) {
      workspace.sayFailure(error);
    }
    this.draw();
  }
}

export function start(workspace: Workspace): Tool {
  return new TimeTool(workspace);
}
