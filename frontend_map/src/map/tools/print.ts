// What is seen, on paper: title, paper and legend are asked for here, the sheet is drawn by the server.
import { make } from "../../page";
import { askForFile } from "../downloads";
import { classesOf, type NodeTheme, type PipeTheme, type PrintedColours, printedColours, SIMULATED } from "../themes";
import { Themes } from "../theming";
import type { Tool } from "../tools";
import type { Workspace } from "../workspace";

const PAPERS = ["A4", "A3"] as const;
const ORIENTATIONS = ["landscape", "portrait"] as const;
// Groups of the map's layers that a sheet can show.
const LAYERS = ["pipes", "nodes", "zones", "buildings", "parcels"] as const;

/** The body of the request: what the map shows, in the map's own colours. */
export function printBody(asked: { title: string; paper: string; orientation: string; withLegend: boolean }, seen: { bbox: number[]; layers: string[]; theme: PipeTheme; nodeTheme: NodeTheme; run: { simulation: string; time_s: number } | null; selection: string[] }, words: (name: string) => string): Record<string, unknown> {
  const coloursOf = (theme: PipeTheme | NodeTheme): PrintedColours | null => (SIMULATED.has(theme) && seen.run === null ? null : printedColours(theme));
  const colouring = coloursOf(seen.theme);
  const nodeColouring = coloursOf(seen.nodeTheme);
  const printed = [seen.theme, seen.nodeTheme].filter((theme) => coloursOf(theme) !== null);
  return {
    bbox: seen.bbox,
    title: asked.title.trim(),
    paper: asked.paper,
    orientation: asked.orientation,
    layers: seen.layers,
    selection: seen.selection,
    ...(colouring === null ? {} : { colouring }),
    ...(nodeColouring === null ? {} : { node_colouring: nodeColouring }),
    ...(printed.some((theme) => SIMULATED.has(theme)) ? seen.run : {}),
    ...(asked.withLegend ? { legend: printed.flatMap((theme) => classesOf(theme, words)) } : {}),
  };
}

class PrintTool implements Tool {
  private panel: HTMLElement | null = null;
  private address = "";

  constructor(private readonly workspace: Workspace) {}

  open(panel: HTMLElement): void {
    this.panel = panel;
    const { workspace } = this;
    const themes = Themes.of(workspace);
    const title = make("input", { type: "text", id: "print-title", maxlength: "120" });
    title.value = workspace.settings.networkName;
    const paper = this.choice("print-paper", PAPERS.map((name) => [name, name]));
    const orientation = this.choice("print-orientation", ORIENTATIONS.map((name) => [name, workspace.word(`paper_${name}`)]));
    const legend = make("input", { type: "checkbox", id: "print-legend" });
    legend.checked = true;
    const message = make("p", { class: "field-error", role: "alert" });
    const made = make("p", { role: "status", id: "print-made" });
    const send = make("button", { class: "button primary" }, workspace.word("makeSheet"));
    const unprinted = (SIMULATED.has(themes.pipes) || SIMULATED.has(themes.nodes)) && themes.shownRun === null;
    const form = make(
      "form",
      { class: "stack", id: "print-form" },
      make("p", { class: "muted small" }, workspace.word("printHint")),
      make("label", { class: "field", for: "print-title" }, make("span", {}, workspace.word("sheetTitle")), title),
      make("label", { class: "field", for: "print-paper" }, make("span", {}, workspace.word("paper")), paper),
      make("label", { class: "field", for: "print-orientation" }, make("span", {}, workspace.word("orientation")), orientation),
      make("label", { class: "check", for: "print-legend" }, legend, workspace.word("withLegend")),
      ...(unprinted ? [make("p", { class: "notice warn" }, workspace.word("noSimulation"))] : []),
      message,
      make("div", { class: "actions" }, send),
      made,
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const asked = { title: title.value, paper: paper.value, orientation: orientation.value, withLegend: legend.checked };
      void this.print(asked, themes, send, message, made);
    });
    panel.replaceChildren(form);
  }

  close(): void {
    this.panel = null;
    if (this.address !== "") URL.revokeObjectURL(this.address);
    this.address = "";
  }

  private choice(id: string, choices: [string, string][]): HTMLSelectElement {
    return make("select", { id }, ...choices.map(([value, title]) => make("option", { value }, title)));
  }

  private async print(asked: { title: string; paper: string; orientation: string; withLegend: boolean }, themes: Themes, send: HTMLButtonElement, message: HTMLElement, made: HTMLElement): Promise<void> {
    const { workspace } = this;
    const bounds = workspace.map.getBounds();
    const seen = {
      bbox: [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()],
      // The sheet has one layer of nodes where the map has two.
      layers: LAYERS.filter((layer) => workspace.isShown(layer) || (layer === "nodes" && workspace.isShown("devices"))),
      theme: themes.pipes,
      nodeTheme: themes.nodes,
      run: themes.shownRun,
      selection: workspace.selection.elements.map(({ uid }) => uid),
    };
    message.textContent = "";
    made.replaceChildren(workspace.word("loading"));
    send.disabled = true;
    try {
      const answer = await askForFile(workspace.networkApi("map-print/"), printBody(asked, seen, (name) => workspace.texts.materials[name] ?? workspace.texts.states[name] ?? workspace.word(name)));
      if (this.panel === null || "job" in answer) return;
      if (this.address !== "") URL.revokeObjectURL(this.address);
      this.address = URL.createObjectURL(answer.file);
      const open = make("a", { class: "button", href: this.address, target: "_blank", rel: "noopener" }, workspace.word("openSheet"));
      const keep = make("a", { class: "button", href: this.address, download: answer.name }, workspace.word("saveSheet"));
      made.replaceChildren(make("span", { class: "actions" }, open, keep));
      open.focus();
    } catch (error) {
      made.replaceChildren();
      message.textContent = workspace.reasonOf(error);
    } finally {
      send.disabled = false;
    }
  }
}

export function start(workspace: Workspace): Tool {
  return new PrintTool(workspace);
}
