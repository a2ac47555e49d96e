// Simulation from the page: run it, play its hours as colours, list where pressure is low.
import { momentName } from "../../local_time";
import { fetchJson, figure, icon, make, numberIn } from "../../page";
import { runJob } from "../jobs";
import { themeLegend } from "../legend";
import type { NodeTheme, PipeTheme } from "../themes";
import { Themes } from "../theming";
import type { Tool } from "../tools";
import type { Workspace } from "../workspace";

interface Run {
  uid: string;
  acting_user: string | null;
  finished_at: string;
}

interface RunDetail extends Run {
  times_s: number[];
  warnings: string[];
}

interface LowPressure {
  uid: string;
  code: string;
  pressure_m: number;
  time_s?: number;
}

const STEP_MS = 900;
const ENOUGH_PRESSURE_M = 10;
const MOST_LISTED = 200;

/** 1:30 from seconds. */
export function clockOf(seconds: number): string {
  return `${Math.floor(seconds / 3600)}:${String(Math.floor((seconds % 3600) / 60)).padStart(2, "0")}`;
}

class SimulateTool implements Tool {
  private panel: HTMLElement | null = null;
  private runs: Run[] = [];
  private run: RunDetail | null = null;
  private step = 0;
  private timer = 0;
  private low: LowPressure[] | null = null;
  private below = ENOUGH_PRESSURE_M;
  private readonly themes: Themes;
  private readonly legend = make("div", { id: "simulation-legend" });

  constructor(private readonly workspace: Workspace) {
    this.themes = Themes.of(workspace);
    this.themes.onChange(() => {
      if (this.panel !== null) this.legendHolder();
    });
  }

  async open(panel: HTMLElement): Promise<void> {
    this.panel = panel;
    this.draw();
    await this.list();
  }

  close(): void {
    this.pause();
    this.panel = null;
  }

  private async list(): Promise<void> {
    this.runs = await fetchJson<Run[]>(this.workspace.networkApi("simulations/"));
    const [newest] = this.runs;
    if (newest !== undefined) await this.choose(newest.uid);
    this.draw();
  }

  private async choose(uid: string): Promise<void> {
    this.run = await fetchJson<RunDetail>(this.workspace.api(`simulations/${uid}/`));
    this.step = 0;
    const hasTheme = this.themes.nodes !== "kind" || this.themes.pipes !== "plain";
    if (!hasTheme) await this.themes.show("velocity", "pressure");
    await this.paint();
    await this.listLow();
  }

  private async paint(): Promise<void> {
    if (this.run === null) return;
    await this.themes.showRun(this.run.uid, this.run.times_s[this.step] ?? 0);
  }

  private async listLow(): Promise<void> {
    if (this.run === null) return;
    const answer = await fetchJson<LowPressure[] | { results: LowPressure[] }>(this.workspace.api(`simulations/${this.run.uid}/low-pressure/`, { below: String(this.below) }));
    this.low = Array.isArray(answer) ? answer : answer.results;
    this.draw();
  }

  private async start(hours: number, course: HTMLElement): Promise<void> {
    const { workspace } = this;
    try {
      await runJob(workspace, workspace.networkApi("simulations/"), { hours }, course);
      workspace.say(workspace.word("simulated"));
      await this.list();
    } catch (error) {
      workspace.sayFailure(error);
    }
  }

  private draw(): void {
    const { panel, workspace } = this;
    if (panel === null) return;
    const parts = workspace.can("edit network") ? this.startForm() : [];
    if (this.run === null) parts.push(make("p", { class: "muted" }, workspace.word("noRuns")));
    else parts.push(this.runChoice(this.run), this.themeRow(), this.player(this.run), this.legendHolder(), ...this.warnings(this.run), ...this.lowList());
    panel.replaceChildren(...parts);
  }

  private startForm(): HTMLElement[] {
    const { workspace } = this;
    const hours = make("input", { name: "hours", inputmode: "decimal", value: "24", size: "4" });
    const course = make("div");
    const form = make("form", { class: "inline-form", id: "simulation-form" }, make("label", {}, `${workspace.word("hours")} `, hours), make("button", { class: "button primary" }, workspace.word("run")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.start(numberIn(hours.value), course);
    });
    return [form, course];
  }

  private runChoice(run: Run): HTMLElement {
    const select = make("select", { id: "simulation-run" }, ...this.runs.map(({ uid, finished_at: at, acting_user: by }) => make("option", { value: uid }, `${momentName(at)}${by === null ? "" : ` · ${by}`}`)));
    select.value = run.uid;
    select.addEventListener("change", () => void this.choose(select.value));
    return make("label", { class: "field" }, make("span", {}, this.workspace.word("simulationRun")), select);
  }

  private themeRow(): HTMLElement {
    const { workspace, themes } = this;
    const choice = <T extends string>(offered: readonly T[], current: string, set: (value: T) => Promise<void>, label: string): HTMLElement => {
      const select = make("select", { "aria-label": workspace.word(label) }, ...offered.map((theme) => make("option", { value: theme }, workspace.word(`theme_${theme}`))));
      select.value = current;
      select.addEventListener("change", () => {
        const chosen = offered.find((theme) => theme === select.value);
        if (chosen !== undefined) void set(chosen);
      });
      return select;
    };
    return make(
      "div",
      { class: "two" },
      choice<PipeTheme>(["velocity", "flow", "plain"], themes.pipes, (theme) => themes.show(theme, themes.nodes), "colourPipes"),
      choice<NodeTheme>(["pressure", "head", "kind"], themes.nodes, (theme) => themes.show(themes.pipes, theme), "colourNodes"),
    );
  }

  private player(run: RunDetail): HTMLElement {
    const { workspace } = this;
    const last = run.times_s.length - 1;
    const slider = make("input", { type: "range", id: "simulation-step", min: "0", max: String(last), "aria-label": workspace.word("simulationHour") });
    slider.value = String(this.step);
    const clock = make("strong", { id: "simulation-clock" }, clockOf(run.times_s[this.step] ?? 0));
    const show = (step: number): void => {
      this.step = step;
      slider.value = String(step);
      clock.textContent = clockOf(run.times_s[step] ?? 0);
      this.paint().catch((error: unknown) => {
        console.warn("map:", error);
        this.pause();
      });
    };
    slider.addEventListener("input", () => {
      show(Number(slider.value));
    });
    const play = make("button", { type: "button", class: "icon-button", id: "simulation-play", "aria-label": workspace.word("play") }, icon(this.timer === 0 ? "play" : "pause"));
    play.addEventListener("click", () => {
      if (this.timer === 0) this.timer = window.setInterval(() => show(this.step >= last ? 0 : this.step + 1), STEP_MS);
      else this.pause();
      play.replaceChildren(icon(this.timer === 0 ? "play" : "pause"));
    });
    return make("div", { class: "month-row" }, play, make("label", { class: "month" }, clock, slider));
  }

  private pause(): void {
    window.clearInterval(this.timer);
    this.timer = 0;
  }

  /** The legend follows the themes without the panel being drawn anew: a list under somebody's finger would jump. */
  private legendHolder(): HTMLElement {
    this.legend.replaceChildren(themeLegend(this.workspace, this.themes));
    return this.legend;
  }

  private warnings(run: RunDetail): HTMLElement[] {
    if (run.warnings.length === 0) return [];
    return [make("details", {}, make("summary", {}, this.workspace.word("engineWarnings", { n: run.warnings.length })), make("ul", { class: "plain small" }, ...run.warnings.slice(0, 100).map((text) => make("li", {}, text))))];
  }

  private lowList(): HTMLElement[] {
    const { workspace } = this;
    const limit = make("input", { inputmode: "decimal", size: "4", value: String(this.below), "aria-label": workspace.word("lowPressureLimit") });
    const form = make("form", { class: "inline-form" }, make("label", {}, `${workspace.word("lowPressure")} < `, limit, " m "), make("button", { class: "button" }, workspace.word("show")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const below = numberIn(limit.value);
      if (Number.isFinite(below)) this.below = below;
      void this.listLow();
    });
    const rows = (this.low ?? []).slice(0, MOST_LISTED).map((node) => {
      const button = make("button", { type: "button", class: "row-button" }, make("span", { class: "name" }, node.code), make("strong", {}, `${figure(node.pressure_m, 1)} m`), make("span", { class: "muted small" }, node.time_s === undefined ? "" : clockOf(node.time_s)));
      button.addEventListener("click", () => {
        workspace.chooseAndShow({ assetClass: "node", uid: node.uid });
      });
      return make("li", {}, button);
    });
    const list = rows.length === 0 ? make("p", { class: "muted" }, workspace.word("noLowPressure")) : make("ul", { id: "low-pressure" }, ...rows);
    return [make("h3", {}, workspace.word("lowPressure")), form, list];
  }
}

export function start(workspace: Workspace): Tool {
  return new SimulateTool(workspace);
}
