// Nearest and search, in what was saved; with a network the server answers both.
import { emptyNote, type FieldContext, metres, viewHead, type View } from "./field_context";
import { bearing, distanceM, nearestOnLine, type Placed } from "./field_geometry";
import { locate } from "./field_position";
import type { ElementClass } from "./field_types";
import { icon, make } from "./page";

export const NEAR_M = 2000;
const SHOWN = 25;

export interface NearElement {
  asset_class: ElementClass;
  kind: string;
  uid: string;
  code: string;
  network: string;
  distance_m: number;
  bearing_degrees: number | null;
  diameter_m: number | null;
  zone_name: string | null;
}

/** What lies nearest among the saved elements. */
export async function nearestSaved(context: FieldContext, from: Placed, kind: string): Promise<NearElement[]> {
  const found: NearElement[] = [];
  const add = (place: Placed, rest: Omit<NearElement, "distance_m" | "bearing_degrees">): void => {
    const distance = distanceM(from, place);
    found.push({ ...rest, distance_m: distance, bearing_degrees: distance < 0.5 ? null : bearing(from, place) });
  };
  for (const node of await context.store.getAll("nodes")) {
    if (kind !== "" && node.kind !== kind) continue;
    const diameter = node.details?.["diameter_m"];
    add(node, { asset_class: "node", kind: node.kind, uid: node.uid, code: node.code, network: node.network, diameter_m: typeof diameter === "number" ? diameter : null, zone_name: node.zone });
  }
  if (kind === "" || kind === "pipe") {
    for (const pipe of await context.store.getAll("pipes")) {
      if (pipe.is_connector) continue;
      add(nearestOnLine(pipe.line, from), { asset_class: "pipe", kind: "pipe", uid: pipe.uid, code: pipe.code, network: pipe.network, diameter_m: pipe.diameter_m, zone_name: null });
    }
  }
  return found.sort((one, other) => one.distance_m - other.distance_m).slice(0, SHOWN);
}

export function nearList(context: FieldContext, found: readonly NearElement[]): HTMLElement {
  const list = make("ol", { class: "near" });
  for (const near of found) {
    const needle = make("span", { class: "needle" }, icon("arrow"));
    needle.style.transform = `rotate(${near.bearing_degrees ?? 0}deg)`;
    const facts = [context.kind(near.kind), near.diameter_m === null ? "" : `⌀ ${Math.round(near.diameter_m * 1000)} mm`, near.zone_name ?? ""].filter((fact) => fact !== "");
    list.append(
      make(
        "li",
        {},
        make(
          "a",
          { href: `#/asset/${near.asset_class}/${near.uid}` },
          make("span", { class: `row-icon kind-${near.kind}` }, icon(near.kind)),
          make("span", { class: "row-main" }, make("strong", {}, near.code), make("span", { class: "muted" }, facts.join(" · "))),
          Number.isNaN(near.distance_m) ? null : make("span", { class: "distance" }, make("strong", {}, metres(near.distance_m)), near.bearing_degrees === null ? null : make("span", { class: "muted" }, needle)),
        ),
      ),
    );
  }
  return list;
}

/** What is near, with what is beyond two kilometres said as such. */
function nearAnswer(context: FieldContext, found: readonly NearElement[]): HTMLElement[] {
  const near = found.filter((one) => one.distance_m <= NEAR_M);
  if (near.length > 0) return [nearList(context, near)];
  const note = emptyNote(context.word("nothingNear"));
  const farther = found[0];
  return farther === undefined ? [note] : [note, make("p", { class: "muted" }, context.word("nearestFarther", { distance: metres(farther.distance_m) })), nearList(context, found.slice(0, 3))];
}

/** Nearest where there is no network; with one the form above does it. */
export async function showNearestSaved(context: FieldContext, host: HTMLElement, form: HTMLFormElement): Promise<void> {
  const data = new FormData(form);
  const text = (name: string): string => {
    const value = data.get(name);
    return typeof value === "string" ? value.replace(",", ".") : "";
  };
  const from = { lon: Number(text("lon")), lat: Number(text("lat")) };
  if (!Number.isFinite(from.lon) || !Number.isFinite(from.lat)) return;
  const found = await nearestSaved(context, from, text("kind"));
  host.replaceChildren(make("p", { class: "notice warn" }, context.word("savedOnly")), ...nearAnswer(context, found));
}

interface FoundAnswer extends Omit<NearElement, "asset_class" | "distance_m" | "bearing_degrees" | "diameter_m" | "zone_name"> {
  asset_class: string;
  name: string;
}

/** Elements by code: the server's answer, or those saved. */
export async function search(context: FieldContext, text: string): Promise<{ found: NearElement[]; isSaved: boolean }> {
  const rest = { distance_m: NaN, bearing_degrees: null, diameter_m: null, zone_name: null };
  const answer = await context.ask<FoundAnswer[]>(`/api/v1/search/?${new URLSearchParams({ q: text, limit: "30" })}`);
  if (answer !== null) {
    const found = answer.filter((one) => one.asset_class === "node" || one.asset_class === "pipe").map((one) => ({ ...one, ...rest, asset_class: one.asset_class as ElementClass }));
    return { found, isSaved: false };
  }
  const wanted = text.toLocaleLowerCase();
  const isWanted = (code: string): boolean => code.toLocaleLowerCase().includes(wanted);
  const nodes = (await context.store.getAll("nodes")).filter((node) => isWanted(node.code));
  const pipes = (await context.store.getAll("pipes")).filter((pipe) => !pipe.is_connector && isWanted(pipe.code));
  const found: NearElement[] = [
    ...nodes.map((node) => ({ asset_class: "node" as const, kind: node.kind, uid: node.uid, code: node.code, network: node.network, ...rest })),
    ...pipes.map((pipe) => ({ asset_class: "pipe" as const, kind: "pipe", uid: pipe.uid, code: pipe.code, network: pipe.network, ...rest })),
  ];
  const rank = (code: string): number => (code.toLocaleLowerCase() === wanted ? 0 : code.toLocaleLowerCase().startsWith(wanted) ? 1 : 2);
  found.sort((one, other) => rank(one.code) - rank(other.code) || one.code.localeCompare(other.code));
  return { found: found.slice(0, 30), isSaved: true };
}

export const searchView: View = (context, host) => {
  const input = make("input", { type: "search", maxlength: "100", autocomplete: "off", "aria-label": context.word("searchCode"), placeholder: context.word("searchCode") });
  const results = make("div", { "aria-live": "polite" });
  const form = make("form", { class: "search-row" }, input, make("button", { class: "button primary" }, context.word("find")));
  // Only what was asked last is shown: answers may come in another order than they were asked for.
  let asked = 0;
  const run = async (): Promise<void> => {
    const text = input.value.trim();
    const mine = ++asked;
    if (text === "") {
      results.replaceChildren();
      return;
    }
    const { found, isSaved } = await search(context, text);
    if (mine !== asked) return;
    results.replaceChildren(
      ...(isSaved ? [make("p", { class: "notice warn" }, context.word("savedOnly"))] : []),
      found.length > 0 ? nearList(context, found) : emptyNote(context.word("nothingFound")),
    );
  };
  let waiting = 0;
  input.addEventListener("input", () => {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(() => void run(), 250);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    window.clearTimeout(waiting);
    void run();
  });
  host.replaceChildren(viewHead(context, context.word("search")), form, results);
  input.focus();
  return Promise.resolve();
};

/** The network that one stands in: of the saved or nearest elements, else the first. */
export async function networkHere(context: FieldContext): Promise<string> {
  const first = context.settings.networks[0]?.code ?? "";
  const position = context.here ?? (await locate(context));
  if (position === null || context.settings.networks.length < 2) return first;
  const { longitude, latitude } = position.coords;
  const answer = await context.ask<NearElement[]>(`/api/v1/nearest/?lon=${longitude}&lat=${latitude}&limit=1`);
  const near = answer?.[0] ?? (await nearestSaved(context, { lon: longitude, lat: latitude }, ""))[0];
  return near?.network ?? first;
}

