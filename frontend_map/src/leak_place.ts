// Where a leak event may be: computed when it is asked for, with ways to the map and the valves to close in turn.
import { fetchJson, figure, icon, make, percent, reasonOf } from "./page";

interface Candidate {
  rank: number;
  pipe: string;
  score: number;
  distance_m: number | null;
}

export interface Located {
  sensors: string[];
  candidates: Candidate[];
  area: { pipes: string[]; length_m: number; probability: number };
  segments: { segment: number; close: string[]; probability: number }[];
  places: { features: { properties: { pipe: string; uid: string; score: number } }[] };
}

export type Word = (name: string, values?: Record<string, string | number>) => string;

const SHOWN_PIPES = 8;
const SHOWN_SEGMENTS = 5;
// More pipes do not fit the address of a map.
const MOST_ON_MAP = 40;

/** The address of the map with pipes selected, by uid. */
export function mapOf(network: string, pipes: string[]): string {
  const selected = pipes.slice(0, MOST_ON_MAP).map((uid) => `pipe:${uid}`);
  return `/map/?network=${encodeURIComponent(network)}&selected=${selected.join(",")}`;
}

/** What was found, as a reader wants it: how small the place is, the likeliest pipes, what to close first. */
export function placeFound(found: Located, network: string, word: Word): HTMLElement[] {
  const uids = new Map(found.places.features.map(({ properties }) => [properties.pipe, properties.uid]));
  const area = found.area.pipes.map((code) => uids.get(code) ?? "").filter((uid) => uid !== "");
  const head = make("p", {}, word("placeArea", { share: percent(found.area.probability, 0), count: found.area.pipes.length, length: figure(found.area.length_m), loggers: found.sensors.length }));
  const pipes = found.candidates.slice(0, SHOWN_PIPES).map(({ pipe, score, distance_m }) => {
    const away = distance_m === null || distance_m === 0 ? "" : word("placeAway", { distance: figure(distance_m) });
    return make("li", {}, make("a", { class: "more", href: mapOf(network, [uids.get(pipe) ?? ""]) }, pipe), make("span", { class: "muted small" }, ` ${percent(score, 0)} ${away}`));
  });
  const segments = found.segments.slice(0, SHOWN_SEGMENTS).map(({ close, probability }) => make("li", {}, close.length === 0 ? word("placeNoValves") : close.join(", "), make("span", { class: "muted small" }, ` ${percent(probability, 0)}`)));
  return [
    head,
    make("p", { class: "moves" }, make("a", { class: "button", href: mapOf(network, area) }, icon("map"), word("placeOnMap"))),
    make("h4", {}, word("placePipes")),
    make("ol", { class: "places" }, ...pipes),
    ...(segments.length === 0 ? [] : [make("h4", {}, word("placeSteps")), make("ol", { class: "places" }, ...segments)]),
  ];
}

/** A button that computes the place of an event, and what then stands in its stead. */
export function placeSection(event: { id: string; network: string }, api: string, word: Word): HTMLElement {
  const button = make("button", { type: "button", class: "button" }, icon("search"), word("placeAsk"));
  const shown = make("div", { class: "leak-place", "aria-live": "polite" }, button);
  button.addEventListener("click", () => {
    button.disabled = true;
    button.replaceChildren(word("placeComputing"));
    fetchJson<Located>(`${api}${event.id}/location/`)
      .then((found) => shown.replaceChildren(...placeFound(found, event.network, word)))
      .catch((error: unknown) => {
        const again = placeSection(event, api, word);
        shown.replaceChildren(make("p", { class: "notice warn" }, reasonOf(error, word("loadFailed"))), again);
      });
  });
  return shown;
}
