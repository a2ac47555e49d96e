// Two people at one shape: what somebody else made of it and what was drawn here, over each other on the map and in figures.
import { momentName } from "../../local_time";
import { fetchJson, figure, make } from "../../page";
import { measuresOf } from "../measures";
import { boundsOf, distanceOf } from "../shapes";
import type { Workspace } from "../workspace";

export type Operation = Record<string, unknown>;

interface Theirs {
  code: string;
  geometry: GeoJSON.Point | GeoJSON.LineString;
  /** Who changed it last and when; null where its history says nothing. */
  last: { by: string | null; at: string } | null;
}

/** The element that an operation changes, as the API names it; null for one that depends on no version. */
export function elementOf(operation: Operation): { list: "pipes" | "nodes"; uid: string } | null {
  if (operation["if_match"] === undefined) return null;
  if (typeof operation["pipe"] === "string") return { list: "pipes", uid: operation["pipe"] };
  return typeof operation["node"] === "string" ? { list: "nodes", uid: operation["node"] } : null;
}

async function theirsOf(operation: Operation, workspace: Workspace): Promise<Theirs | null> {
  const element = elementOf(operation);
  if (element === null) return null;
  const address = `${element.list}/${element.uid}/`;
  const [now, past] = await Promise.all([
    fetchJson<Omit<Theirs, "last">>(workspace.api(address)),
    fetchJson<{ states: { by: string | null; valid_to: string }[] }>(workspace.api(`${address}history/`)).catch(() => ({ states: [] })),
  ]);
  const [last] = past.states;
  return { ...now, last: last === undefined ? null : { by: last.by, at: last.valid_to } };
}

/** Both shapes in figures: the lengths and bends of two lines, or how far apart two points lie. */
export function shapeRows(mine: GeoJSON.Geometry | undefined, theirs: GeoJSON.Geometry): { name: "lengthM" | "bends" | "apartM"; mine: number; theirs: number | null }[] {
  if (mine?.type === "LineString" && theirs.type === "LineString") {
    const [ours, others] = [measuresOf(mine.coordinates), measuresOf(theirs.coordinates)];
    return [
      { name: "lengthM", mine: ours.length, theirs: others.length },
      { name: "bends", mine: ours.bends, theirs: others.bends },
    ];
  }
  if (mine?.type === "Point" && theirs.type === "Point") return [{ name: "apartM", mine: distanceOf(mine.coordinates, theirs.coordinates), theirs: null }];
  return [];
}

function comparison(mine: GeoJSON.Geometry | undefined, { code, geometry, last }: Theirs, workspace: Workspace): HTMLElement[] {
  const swatch = (role: string, word: string): HTMLElement => make("th", { scope: "col" }, make("i", { class: `swatch ${role}` }), ` ${workspace.word(word)}`);
  const rows = shapeRows(mine, geometry).map((row) => {
    const digits = row.name === "bends" ? 0 : 1;
    const theirs = row.theirs === null ? "" : figure(row.theirs, digits);
    return make("tr", {}, make("th", { scope: "row" }, workspace.word(row.name)), make("td", { class: "number" }, figure(row.mine, digits)), make("td", { class: "number" }, theirs));
  });
  const table = make("table", {}, make("thead", {}, make("tr", {}, make("th", {}, code), swatch("added", "mine"), swatch("changed", "theirs"))), make("tbody", {}, ...rows));
  const who = last === null ? [] : [make("p", { class: "muted small" }, `${momentName(last.at)} · ${last.by ?? workspace.word("bySystem")}`)];
  return [...who, ...(mine === undefined ? [] : [table])];
}

/**
 * The question of a refused edit whose element somebody else changed first: do it all the same, on his version, or leave his.
 * Both shapes are on the map until that is answered.
 */
export async function conflictBox(operations: Operation[], workspace: Workspace, decide: (isMine: boolean) => void): Promise<HTMLElement> {
  const operation = operations.find((one) => elementOf(one) !== null) ?? {};
  const mine = operation["geometry"] as GeoJSON.Geometry | undefined;
  // Without an answer the question stands all the same.
  const theirs = await theirsOf(operation, workspace).catch(() => null);
  const again = make("button", { type: "button", class: "button primary", id: "conflict-mine" }, workspace.word("keepMine"));
  const leave = make("button", { type: "button", class: "button", id: "conflict-theirs" }, workspace.word("keepTheirs"));
  const box = make("div", { class: "conflict notice warn", role: "alertdialog", id: "draw-conflict" }, make("p", {}, workspace.word("conflict")), ...(theirs === null ? [] : comparison(mine, theirs, workspace)), make("div", { class: "actions" }, again, leave));
  showShapes(mine, theirs, workspace);
  for (const [button, isMine] of [[again, true], [leave, false]] as const)
    button.addEventListener("click", () => {
      box.remove();
      workspace.overlay("difference", []);
      decide(isMine);
    });
  return box;
}

function showShapes(mine: GeoJSON.Geometry | undefined, theirs: Theirs | null, workspace: Workspace): void {
  if (mine === undefined || theirs === null) return;
  const feature = (geometry: GeoJSON.Geometry, role: string): GeoJSON.Feature => ({ type: "Feature", properties: { role }, geometry });
  workspace.overlay("difference", [feature(theirs.geometry, "changed"), feature(mine, "added")]);
  const bounds = boundsOf(mine, theirs.geometry);
  if (bounds !== null) workspace.fitTo(bounds);
}
