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
  places: { features: Place[] };
}

interface Place {
  geometry: { coordinates: [number, number][] };
  properties: { pipe: string; uid: string; score: number };
}

export type Word = (name: string, values?: Record<string, string | number>) => string;

const SHOWN_PIPES = 8;
const SHOWN_SEGMENTS = 5;
// More pipes do not fit the address of a map.
const MOST_ON_MAP = 40;
const CLOSEST = 17;
const DEGREES = 360 * 2;
// A part that only so many valves close is no step of a test.
const MOST_VALVES = 8;

/** The address of the map over some pipes, which are selected. */
export function mapOf(network: string, places: Place[]): string {
  const shown = places.slice(0, MOST_ON_MAP);
  const points = shown.flatMap(({ geometry }) => geometry.coordinates);
  const [west = 0, east = 0] = edges(points.map(([longitude]) => longitude));
  const [south = 0, north = 0] = edges(points.map(([, latitude]) => latitude));
  // At zoom 0 the world is 256 pixels wide: twice that fits a phone and a desk.
  const zoom = Math.min(CLOSEST, Math.floor(Math.log2(DEGREES / Math.max(east - west, 2 * (north - south), 1e-9)) * 2) / 2);
  const at = [((south + north) / 2).toFixed(6), ((west + east) / 2).toFixed(6), zoom].join(",");
  return `/map/?network=${encodeURIComponent(network)}&at=${at}&selected=${shown.map(({ properties }) => `pipe:${properties.uid}`).join(",")}`;
}

function edges(values: number[]): [number, number] | [] {
  return values.length === 0 ? [] : [Math.min(...values), Math.max(...values)];
}

/** What was found, as a reader wants it: how small the place is, the likeliest pipes, what to close first. */
export function placeFound(found: Located, network: string, word: Word): HTMLElement[] {
  const places = new Map(found.places.features.map((place) => [place.properties.pipe, place]));
  const placesOf = (codes: string[]): Place[] => codes.map((code) => places.get(code)).filter((place) => place !== undefined);
  const head = make("p", {}, word("placeArea", { share: percent(found.area.probability, 0), count: found.area.pipes.length, length: figure(found.area.length_m), loggers: found.sensors.length }));
  const pipes = found.candidates.slice(0, SHOWN_PIPES).map(({ pipe, score, distance_m }) => {
    const away = distance_m === null || distance_m === 0 ? "" : ` · ${word("placeAway", { distance: figure(distance_m) })}`;
    return make("li", {}, make("a", { class: "more", href: mapOf(network, placesOf([pipe])) }, pipe), make("span", { class: "muted small" }, ` ${percent(score, 0)}${away}`));
  });
  const steps = found.segments.filter(({ close }) => close.length <= MOST_VALVES);
  const segments = steps.slice(0, SHOWN_SEGMENTS).map(({ close, probability }) => make("li", {}, close.length === 0 ? word("placeNoValves") : close.join(", "), make("span", { class: "muted small" }, ` ${percent(probability, 0)}`)));
  const rest = found.segments.filter(({ close }) => close.length > MOST_VALVES).reduce((sum, { probability }) => sum + probability, 0);
  return [
    head,
    make("p", { class: "moves" }, make("a", { class: "button", href: mapOf(network, placesOf(found.area.pipes)) }, icon("map"), found.area.pipes.length > MOST_ON_MAP ? word("placeFirstOnMap", { most: MOST_ON_MAP }) : word("placeOnMap"))),
    make("h4", {}, word("placePipes")),
    make("ol", { class: "places" }, ...pipes),
    ...(segments.length === 0 ? [] : [make("h4", {}, word("placeSteps")), make("ol", { class: "places" }, ...segments)]),
    ...(rest < 0.01 ? [] : [make("p", { class: "muted small" }, word("placeTooMany", { share: percent(rest, 0), most: MOST_VALVES }))]),
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
