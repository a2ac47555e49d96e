// The symbols of devices and facilities: the shapes of icons.svg on discs, one image for each kind and state.
import type { Map as GlMap } from "maplibre-gl";

const WATER = "#0b5d8f";
const STATION = "#9a5b00";
const DRIVEN = "#1c6e43";
const SHUT = "#6d2f9c";
const DANGER = "#b3261e";

const colours: Record<string, string> = {
  tank: WATER,
  reservoir: WATER,
  source: WATER,
  treatment: WATER,
  outfall: WATER,
  manhole: "#5a4632",
  lift_station: DRIVEN,
  pumping_station: DRIVEN,
  pump: DRIVEN,
  substation: STATION,
  distribution_centre: STATION,
  regulator_station: STATION,
  metering_station: STATION,
  bulk_meter: STATION,
  boiler_house: DANGER,
  heat_exchanger: DANGER,
  heat_substation: DANGER,
  heat_chamber: "#5a4632",
  valve: SHUT,
  regulator: SHUT,
  switch: SHUT,
  hydrant: DANGER,
  busbar: STATION,
  feeder_head: STATION,
  transformer: STATION,
  pole: "#5a4632",
  service_cabinet: STATION,
};

type Look = "" | "closed" | "broken" | "inaccessible";

/** Give the map an image for every kind, `KIND` and `KIND:STATE` where a state changes the look, and `unknown`. */
export async function addSymbols(map: GlMap, iconFile: string): Promise<void> {
  const answer = await fetch(iconFile);
  if (!answer.ok) throw new Error(`${answer.status} for ${iconFile}`);
  const icons = new DOMParser().parseFromString(await answer.text(), "image/svg+xml");
  for (const [name, turn] of [["flow-ahead", 0], ["flow-back", 180]] as const) map.addImage(name, await imageOf(arrowOf(turn)), { pixelRatio: 2 });
  const images: [string, string, string, Look][] = [["unknown", '<circle cx="12" cy="12" r="3"/>', "#4a5a66", ""]];
  for (const [kind, colour] of Object.entries(colours)) {
    const shapes = icons.getElementById(kind)?.innerHTML;
    if (shapes === undefined) continue;
    images.push([kind, shapes, colour, ""]);
    if (colour === SHUT) for (const look of ["closed", "broken", "inaccessible"] as const) images.push([`${kind}:${look}`, shapes, colour, look]);
  }
  await Promise.all(
    images.map(async ([name, shapes, colour, look]) => {
      map.addImage(name, await imageOf(pictureOf(shapes, colour, look)), { pixelRatio: 2 });
    }),
  );
}

/** An arrowhead along a line, or against it. */
function arrowOf(turn: number): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="56" height="56" viewBox="0 0 28 28"><path transform="rotate(${turn} 14 14)" d="M9 6.500 21 14 9 21.500 12 14z" fill="#102a3c" stroke="#fff" stroke-width="1.6" stroke-linejoin="round"/></svg>`;
}

/** A symbol as SVG: closed is filled, broken is crossed out in red, inaccessible is grey within a broken ring. */
export function pictureOf(shapes: string, colour: string, look: Look): string {
  const ink = look === "closed" ? "#fff" : look === "inaccessible" ? "#6b6b6b" : colour;
  const disc =
    look === "closed"
      ? `fill="${colour}" stroke="#fff"`
      : look === "inaccessible"
        ? `fill="#fff" stroke="#b35c00" stroke-dasharray="3.4 2.2"`
        : look === "broken"
          ? `fill="#fdecea" stroke="${DANGER}"`
          : `fill="#fff" stroke="${colour}"`;
  const cross = look === "broken" ? `<path d="M5.5 5.5 22.5 22.5M22.5 5.5 5.5 22.5" stroke="${DANGER}" stroke-width="2.6" stroke-linecap="round"/>` : "";
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="56" height="56" viewBox="0 0 28 28">` +
    `<circle cx="14" cy="14" r="12.6" ${disc} stroke-width="1.8"/>` +
    `<g transform="translate(4.9 4.9) scale(0.76)" fill="none" stroke="${ink}" stroke-width="2.1" stroke-linecap="round" stroke-linejoin="round">${shapes}</g>${cross}</svg>`
  );
}

async function imageOf(svg: string): Promise<ImageData> {
  const size = 56;
  const picture = new Image(size, size);
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await picture.decode();
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("the browser gives no canvas to draw symbols on");
  context.drawImage(picture, 0, 0, size, size);
  return context.getImageData(0, 0, size, size);
}
