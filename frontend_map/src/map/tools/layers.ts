// The layer tree, what lines and nodes are coloured by, and the legend of both.
import { make } from "../../page";
import { themeLegend } from "../legend";
import { NODE_THEMES, type NodeTheme, PIPE_THEMES, type PipeTheme } from "../themes";
import { Themes } from "../theming";
import type { Tool } from "../tools";
import type { Workspace } from "../workspace";
import { lossesOf } from "./losses";

const TREE: [title: string, groups: string[]][] = [
  ["assetsGroup", ["pipes", "devices", "nodes", "zones", "losses"]],
  ["events", ["leaks", "outages", "findings", "dirty"]],
  ["ground", ["basemap", "streets", "buildings", "divisions", "parcels", "survey"]],
];
const WATER_ONLY = new Set(["pressure", "head", "velocity", "flow"]);

class LayersPanel implements Tool {
  private panel: HTMLElement | null = null;
  private readonly themes: Themes;

  constructor(private readonly workspace: Workspace) {
    this.themes = Themes.of(workspace);
  }

  open(panel: HTMLElement): void {
    this.panel = panel;
    this.draw();
  }

  close(): void {
    this.panel = null;
  }

  private isOffered(group: string): boolean {
    if (group === "basemap") return this.workspace.settings.basemap.kind !== "";
    if (group === "losses") return this.workspace.can("view balances");
    return this.workspace.hasTiles(group);
  }

  private choice(group: string): HTMLElement {
    const box = make("input", { type: "checkbox", name: `layer-${group}` });
    box.checked = this.workspace.isShown(group);
    box.addEventListener("change", () => {
      this.workspace.setGroup(group, box.checked);
      lossesOf(this.workspace).showLabels();
    });
    return make("li", {}, make("label", { class: "check" }, box, make("span", {}, this.workspace.word(`layer_${group}`))));
  }

  private themeChoice<T extends string>(name: string, label: string, offered: readonly T[], current: T, choose: (theme: T) => void): HTMLElement {
    const options = offered.filter((theme) => this.workspace.commodityIsWater || !WATER_ONLY.has(theme)).map((theme) => make("option", { value: theme }, this.workspace.word(`theme_${theme}`)));
    const select = make("select", { id: name }, ...options);
    select.value = current;
    select.addEventListener("change", () => {
      const theme = offered.find((one) => one === select.value);
      if (theme !== undefined) choose(theme);
    });
    return make("label", { class: "field" }, make("span", {}, this.workspace.word(label)), select);
  }

  private draw(): void {
    if (this.panel === null) return;
    const tree = TREE.map(([title, groups]) => make("fieldset", { class: "tree" }, make("legend", {}, this.workspace.word(title)), make("ul", {}, ...groups.filter((group) => this.isOffered(group)).map((group) => this.choice(group)))));
    const pipes = this.themeChoice<PipeTheme>("pipe-theme", "colourPipes", PIPE_THEMES, this.themes.pipes, (theme) => void this.show(theme, this.themes.nodes));
    const nodes = this.themeChoice<NodeTheme>("node-theme", "colourNodes", NODE_THEMES, this.themes.nodes, (theme) => void this.show(this.themes.pipes, theme));
    this.panel.replaceChildren(pipes, nodes, themeLegend(this.workspace, this.themes), ...tree);
  }

  private async show(pipes: PipeTheme, nodes: NodeTheme): Promise<void> {
    try {
      const shown = this.themes.show(pipes, nodes);
      this.draw();
      await shown;
    } catch (error) {
      console.warn("map:", error);
      this.workspace.say(this.workspace.word("loadFailed"), true);
    }
  }
}

export function start(workspace: Workspace): Tool {
  return new LayersPanel(workspace);
}
