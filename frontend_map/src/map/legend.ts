// The legend of what lines and nodes are coloured by: the classes that colour them, and nothing else.
import { make } from "../page";
import { classesOf, type ThemeClass } from "./themes";
import type { Themes } from "./theming";
import type { Workspace } from "./workspace";

function entries(classes: ThemeClass[], look: string): HTMLElement[] {
  return classes.map(({ colour, label }) => {
    const swatch = make("span", { class: look });
    swatch.style.background = colour;
    return make("li", {}, swatch, label);
  });
}

/** The classes of the shown themes, lines first. */
export function themeLegend(workspace: Workspace, themes: Themes): HTMLElement {
  const words = (name: string): string => workspace.texts.materials[name] ?? workspace.texts.states[name] ?? workspace.word(name);
  const lines = classesOf(themes.pipes, words);
  const nodes = classesOf(themes.nodes, words);
  const parts: (HTMLElement | null)[] = [
    lines.length === 0 ? null : make("h4", {}, workspace.word(`theme_${themes.pipes}`)),
    make("ul", { class: "legend", id: "pipe-legend" }, ...entries(lines, "line-swatch"), make("li", {}, make("span", { class: "line-swatch dashed" }), workspace.word("closedLine"))),
    nodes.length === 0 ? null : make("h4", {}, workspace.word(`theme_${themes.nodes}`)),
    make("ul", { class: "legend", id: "node-legend" }, ...entries(nodes, "swatch round")),
  ];
  return make("div", {}, make("h3", {}, workspace.word("legend")), ...parts);
}
