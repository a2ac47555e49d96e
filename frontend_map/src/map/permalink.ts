// The address of what is seen: network, view, selection, tool, layers, theme, month and basis. Reloading shows the same.

/** The parts of an address that describe the view; what is absent stands as it is at first. */
export interface ViewState {
  at: { latitude: number; longitude: number; zoom: number } | null;
  selected: string[];
  tool: string;
  hidden: string[];
  shown: string[];
  pipes: string;
  nodes: string;
  month: string;
  basis: string;
  /** How two months are compared, and the other one of them; and whether losses are drawn as heat. */
  compare: string;
  other: string;
  look: string;
  date: string;
}

// More would not fit an address; a larger selection is not kept.
const MOST_SELECTED = 40;
const list = (text: string | null): string[] => (text === null || text === "" ? [] : text.split(","));

export function viewIn(query: URLSearchParams): ViewState {
  const [latitude = NaN, longitude = NaN, zoom = NaN] = (query.get("at") ?? "").split(",").map(Number);
  const isPlace = Math.abs(latitude) <= 85 && Math.abs(longitude) <= 180 && zoom >= 0 && zoom <= 22;
  return {
    at: isPlace ? { latitude, longitude, zoom } : null,
    selected: list(query.get("selected")),
    tool: query.get("tool") ?? "",
    hidden: list(query.get("hidden")),
    shown: list(query.get("shown")),
    pipes: query.get("pipes") ?? "",
    nodes: query.get("nodes") ?? "",
    month: query.get("month") ?? "",
    basis: query.get("basis") ?? "",
    compare: query.get("compare") ?? "",
    other: query.get("other") ?? "",
    look: query.get("look") ?? "",
    date: query.get("date") ?? "",
  };
}

/** The query of an address that shows `view` of a network again. */
export function queryOf(network: string, view: ViewState): string {
  const query = new URLSearchParams({ network });
  if (view.at !== null) query.set("at", `${view.at.latitude.toFixed(6)},${view.at.longitude.toFixed(6)},${Number(view.at.zoom.toFixed(1))}`);
  const set = (name: string, value: string): void => {
    if (value !== "") query.set(name, value);
  };
  if (view.selected.length <= MOST_SELECTED) set("selected", view.selected.join(","));
  for (const name of ["tool", "pipes", "nodes", "month", "basis", "compare", "other", "look", "date"] as const) set(name, view[name]);
  set("hidden", view.hidden.join(","));
  set("shown", view.shown.join(","));
  // Commas and colons are as good as they look.
  return query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
}
