// The long profile between two nodes: ground, and the hydraulic grade of the last simulation.
import type L from "leaflet";
import uPlot from "uplot";
import { axis, colours, draw as drawChart } from "../../chart";
import { element, fetchJson, figure, icon, make } from "../../page";
import type { Candidate } from "../candidates";
import { elementAt } from "../pointing";
import type { Tool } from "../tools";
import type { Workspace } from "../workspace";

interface ProfileAnswer {
  from: string;
  to: string;
  length_m: number;
  run: string | null;
  points: { chainage_m: number; node: string; ground_m: number | null; head_m: number | null; head_min_m: number | null; head_max_m: number | null }[];
  pipes: { pipe: string; from_m: number; to_m: number; diameter_m: number | null; material: string }[];
}

const HEIGHT = 210;
// The least and the most of the day are told apart by colour and by the length of their dashes, also in the legend.
const LEAST_COLOUR = "#b3541e";
const MOST_COLOUR = "#6a3d9a";

class ProfileTool implements Tool {
  private panel: HTMLElement | null = null;
  private release: (() => void) | null = null;
  private from: Candidate | null = null;
  private to: Candidate | null = null;
  private chart: uPlot | null = null;

  constructor(private readonly workspace: Workspace) {}

  open(panel: HTMLElement): void {
    this.panel = panel;
    this.release = this.workspace.takeClicks((place) => this.pick(place));
    this.draw();
  }

  close(): void {
    this.release?.();
    this.panel = null;
    this.hideDrawer();
    this.workspace.overlay("trace", []);
  }

  private hideDrawer(): void {
    this.chart?.destroy();
    this.chart = null;
    element("drawer").hidden = true;
    element("drawer").replaceChildren();
  }

  private async pick(place: L.LatLng): Promise<boolean> {
    const found = await elementAt(this.workspace, place, ["node"]);
    if (found === null) {
      this.workspace.say(this.workspace.word("pickNode"));
      return true;
    }
    if (this.from === null || this.to !== null) [this.from, this.to] = [found, null];
    else this.to = found;
    this.draw();
    if (this.to !== null) await this.show(this.from, this.to);
    return true;
  }

  private draw(): void {
    const { workspace } = this;
    const waits = this.from === null || this.to !== null ? "profileFrom" : "profileTo";
    const clear = make("button", { type: "button", class: "button" }, workspace.word("clear"));
    clear.addEventListener("click", () => {
      this.from = this.to = null;
      this.hideDrawer();
      workspace.overlay("trace", []);
      this.draw();
    });
    const row = (label: string, chosen: Candidate | null): HTMLElement => make("p", { class: "row-button" }, icon("pin"), make("span", { class: "name" }, chosen?.code ?? "–"), make("span", { class: "muted small" }, workspace.word(label)));
    this.panel?.replaceChildren(make("p", { class: "notice" }, workspace.word(waits)), row("from", this.from), row("to", this.to), ...this.sheetLink(), clear);
  }

  /** The route's sheet to print; it needs neither levels nor a simulation. */
  private sheetLink(): HTMLElement[] {
    const { workspace, from, to } = this;
    if (from === null || to === null) return [];
    const address = workspace.networkApi("route-sheet/", { from: from.uid, to: to.uid, language: sheetLanguage(document.documentElement.lang) });
    return [make("a", { class: "button", id: "route-sheet", href: address, target: "_blank", rel: "noopener" }, icon("print"), workspace.word("routeSheet"))];
  }

  private async show(from: Candidate, to: Candidate): Promise<void> {
    const { workspace } = this;
    try {
      const query = { from: from.uid, to: to.uid };
      const [profile, way] = await Promise.all([
        fetchJson<ProfileAnswer>(workspace.networkApi("profile/", query)),
        fetchJson<{ features: { features: GeoJSON.Feature[] } }>(workspace.networkApi("trace/", { ...query, type: "shortest", either_way: "true", geometry: "true" })),
      ]);
      workspace.overlay("trace", way.features.features.filter(({ geometry }) => geometry.type !== "Point"));
      this.plot(profile, query);
    } catch (error) {
      console.warn("map:", error);
      workspace.sayFailure(error);
    }
  }

  private plot(profile: ProfileAnswer, query: Record<string, string>): void {
    const { workspace } = this;
    const drawer = element("drawer");
    const close = make("button", { type: "button", class: "icon-button", "aria-label": workspace.word("close") }, icon("close"));
    close.addEventListener("click", () => this.hideDrawer());
    const title = make("h2", {}, `${profile.from} – ${profile.to}: ${figure(profile.length_m)} m`);
    const picture = make("a", { class: "link-button", href: workspace.networkApi("profile.svg", query), download: "" }, workspace.word("asPicture"));
    const holder = make("div", { class: "profile-chart", id: "profile-chart" });
    const note = profile.run === null ? make("p", { class: "muted small" }, workspace.word("profileWithoutRun")) : null;
    drawer.replaceChildren(make("div", { class: "panel-head" }, title, picture, close), holder, ...(note === null ? [] : [note]), this.table(profile));
    drawer.hidden = false;
    const of = (read: (point: ProfileAnswer["points"][number]) => number | null): (number | null)[] => profile.points.map(read);
    const data: uPlot.AlignedData = [profile.points.map(({ chainage_m: chainage }) => chainage), of(({ ground_m: ground }) => ground), of(({ head_m: head }) => head), of(({ head_min_m: low }) => low), of(({ head_max_m: high }) => high)];
    this.chart?.destroy();
    this.chart = drawChart(
      holder,
      {
        scales: { x: { time: false } },
        axes: [axis({ label: workspace.word("chainage"), labelSize: 18 }), axis({ label: workspace.word("heightAxis"), labelSize: 18, size: 56 })],
        series: [
          { label: "m" },
          { label: workspace.word("groundLevel"), stroke: "#7a5b2b", width: 2, fill: "rgb(122 91 43 / 12%)", spanGaps: true },
          { label: workspace.word("gradeLine"), stroke: colours.supply, width: 2, spanGaps: true },
          { label: workspace.word("gradeLeast"), stroke: LEAST_COLOUR, dash: [2, 4], width: 1.5, spanGaps: true },
          { label: workspace.word("gradeMost"), stroke: MOST_COLOUR, dash: [10, 4], width: 1.5, spanGaps: true },
        ],
      },
      data,
      HEIGHT,
    );
  }

  private table(profile: ProfileAnswer): HTMLElement {
    const { workspace } = this;
    const rows = profile.pipes.map((pipe) => make("tr", {}, make("th", { scope: "row" }, pipe.pipe), make("td", { class: "number" }, figure(pipe.from_m)), make("td", { class: "number" }, figure(pipe.to_m)), make("td", { class: "number" }, pipe.diameter_m === null ? "–" : figure(pipe.diameter_m * 1000)), make("td", {}, workspace.texts.materials[pipe.material.toLowerCase()] ?? pipe.material)));
    const heads = [workspace.word("pipe"), `${workspace.word("from")}, m`, `${workspace.word("to")}, m`, `${workspace.word("diameter")}, mm`, workspace.word("material")].map((title) => make("th", { scope: "col" }, title));
    return make("details", {}, make("summary", {}, workspace.word("asTable")), make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows)));
  }
}

/** The language of a route sheet for a page in this one: it is printed in three. */
export function sheetLanguage(page: string): string {
  const [language = ""] = page.toLowerCase().split("-");
  return language === "ru" || language === "en" ? language : "uz";
}

export function start(workspace: Workspace): Tool {
  return new ProfileTool(workspace);
}
