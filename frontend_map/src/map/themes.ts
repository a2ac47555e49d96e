// What pipes and nodes are coloured by, and the legend that says so: both come from the same classes.
// Colours are ColorBrewer's, told apart by the colour-blind: BuPu, YlGnBu, Dark2 and PuOr.
import type { ExpressionSpecification } from "maplibre-gl";

export interface ThemeClass {
  colour: string;
  label: string;
}

/** Values fall into the class of the first limit that they are below; the last class has none. */
interface Steps {
  limits: number[];
  colours: string[];
}

export type PipeTheme = "plain" | "diameter" | "material" | "age" | "state" | "breaks" | "velocity" | "flow";
export type NodeTheme = "kind" | "pressure" | "head";

export const PIPE_THEMES: readonly PipeTheme[] = ["plain", "diameter", "material", "age", "state", "breaks", "velocity", "flow"];
export const NODE_THEMES: readonly NodeTheme[] = ["kind", "pressure", "head"];
/** Themes whose values come with a simulation's result. */
export const SIMULATED: ReadonlySet<string> = new Set(["velocity", "flow", "pressure", "head"]);

const steps: Record<string, Steps> = {
  diameter: { limits: [100, 200, 300, 500], colours: ["#7fcdbb", "#41b6c4", "#1d91c0", "#225ea8", "#0c2c84"] },
  age: { limits: [10, 25, 40, 60], colours: ["#4d9221", "#7fbc41", "#d9a400", "#d6604d", "#8e0152"] },
  breaks: { limits: [0.05, 0.2, 0.5, 1], colours: ["#b8b8b8", "#fdae61", "#f46d43", "#d73027", "#7a0010"] },
  velocity: { limits: [0.1, 0.3, 0.6, 1.5], colours: ["#9e9ac8", "#67a9cf", "#1c9099", "#016450", "#cc4c02"] },
  flow: { limits: [1, 10, 50, 200], colours: ["#a6bddb", "#67a9cf", "#3690c0", "#02818a", "#014636"] },
  pressure: { limits: [10, 20, 40, 60], colours: ["#b2182b", "#ef8a62", "#67a9cf", "#2166ac", "#762a83"] },
  head: { limits: [150, 200, 250, 300], colours: ["#c7e9b4", "#7fcdbb", "#41b6c4", "#1d91c0", "#253494"] },
};

export const unknownColour = "#8c8c8c";

/** By what materials are called in the register; what is not listed takes a colour of its own by its name. */
const materials: Record<string, string> = {
  steel: "#525252",
  cast_iron: "#d95f02",
  ductile_iron: "#7570b3",
  asbestos_cement: "#e7298a",
  pe: "#1b9e77",
  pvc: "#66a61e",
  concrete: "#a6761d",
  reinforced_concrete: "#a6761d",
  copper: "#e6c229",
  aluminium: "#6a3d9a",
};

const states: [string, string][] = [
  ["planned", "#7b3294"],
  ["under_construction", "#c2a5cf"],
  ["in_service", "#12608f"],
  ["out_of_service", "#e08214"],
  ["removed", "#6b6b6b"],
];

function stepLabels({ limits }: Steps, unit: string): string[] {
  const first = `< ${limits[0] ?? ""} ${unit}`;
  const between = limits.slice(1).map((limit, index) => `${limits[index] ?? ""}–${limit} ${unit}`);
  return [first, ...between, `≥ ${limits.at(-1) ?? ""} ${unit}`].map((label) => label.trim());
}

const units: Record<string, string> = { diameter: "mm", age: "", breaks: "/km·y", velocity: "m/s", flow: "m³/h", pressure: "m", head: "m" };

/** The classes of a theme as the legend lists them; `words` names what has no number. */
export function classesOf(theme: PipeTheme | NodeTheme, words: (name: string) => string): ThemeClass[] {
  const found = steps[theme];
  if (found !== undefined) {
    const labels = stepLabels(found, theme === "age" ? words("yearsShort") : (units[theme] ?? ""));
    const classes = labels.map((label, index) => ({ label, colour: found.colours[index] ?? unknownColour }));
    return [...classes, { label: words("unknown"), colour: unknownColour }];
  }
  if (theme === "material") {
    const listed = Object.entries(materials).filter(([name]) => name !== "reinforced_concrete");
    return [...listed.map(([name, colour]) => ({ label: words(name), colour })), { label: words("otherMaterial"), colour: unknownColour }];
  }
  if (theme === "state") return states.map(([name, colour]) => ({ label: words(name), colour }));
  return [];
}

function stepped(value: ExpressionSpecification, { limits, colours }: Steps, isAbsolute: boolean): ExpressionSpecification {
  const measured: ExpressionSpecification = isAbsolute ? ["abs", ["to-number", value, 0]] : ["to-number", value, 0];
  const pairs = limits.flatMap((limit, index) => [limit, colours[index + 1] ?? unknownColour]);
  const scale = ["step", measured, colours[0] ?? unknownColour, ...pairs] as unknown as ExpressionSpecification;
  return ["case", ["==", ["typeof", value], "null"], unknownColour, scale];
}

/** The colour of a pipe under a theme, from the tile's attributes or the values that a result gave it. */
export function pipeColour(theme: PipeTheme, year: number): ExpressionSpecification {
  const scale = steps[theme];
  if (theme === "diameter" && scale !== undefined) return stepped(["get", "diameter_mm"], scale, false);
  if (theme === "age" && scale !== undefined) {
    const age: ExpressionSpecification = ["-", year, ["to-number", ["get", "year"], 0]];
    const pairs = scale.limits.flatMap((limit, index) => [limit, scale.colours[index + 1] ?? unknownColour]);
    const classes = ["step", age, scale.colours[0] ?? unknownColour, ...pairs] as unknown as ExpressionSpecification;
    return ["case", ["has", "year"], classes, unknownColour];
  }
  if (theme === "breaks" && scale !== undefined) return stepped(["coalesce", ["feature-state", "breaks"], 0], scale, false);
  if ((theme === "velocity" || theme === "flow") && scale !== undefined) return stepped(["feature-state", theme], scale, true);
  if (theme === "material") return ["match", ["coalesce", ["get", "material"], ""], ...Object.entries(materials).flat(), unknownColour] as unknown as ExpressionSpecification;
  if (theme === "state") return ["match", ["get", "lifecycle"], ...states.flat(), unknownColour] as unknown as ExpressionSpecification;
  return ["match", ["get", "lifecycle"], "in_service", "#12608f", "planned", "#7b3294", "#8496a3"];
}

/** Plain pipes on a dark ground. */
export const PLAIN_BY_NIGHT: ExpressionSpecification = ["match", ["get", "lifecycle"], "in_service", "#2f8fd0", "planned", "#a566cc", "#7f919e"];

/** The colour of a node under a theme; null where nodes keep the look of their kind. */
export function nodeColour(theme: NodeTheme): ExpressionSpecification | null {
  const scale = steps[theme];
  return scale === undefined ? null : stepped(["feature-state", theme], scale, false);
}

/** A theme's colours as the server prints them, by an attribute of the elements; null for one that it cannot know. */
export interface PrintedColours {
  attribute: string;
  limits?: number[];
  colours?: string[];
  values?: Record<string, string>;
  other: string;
}

export function printedColours(theme: PipeTheme | NodeTheme): PrintedColours | null {
  const scale = steps[theme];
  const attribute = { diameter: "diameter_mm", age: "age_years", breaks: "breaks_per_km_year", velocity: "velocity_m_s", flow: "flow_m3h", pressure: "pressure_m", head: "head_m" }[theme as string];
  if (scale !== undefined) return attribute === undefined ? null : { attribute, limits: scale.limits, colours: scale.colours, other: unknownColour };
  if (theme === "material") return { attribute: "material", values: materials, other: unknownColour };
  if (theme === "state") return { attribute: "lifecycle", values: Object.fromEntries(states), other: unknownColour };
  return null;
}
