// The water balance as a waterfall: from the input down to what is lost, each bar beginning where the one before ends.

export interface Step {
  name: string;
  volume: string;
  kind: "total" | "minus";
}

export interface Bar {
  name: string;
  volume: number;
  /** Where the bar begins and ends, m³. */
  from: number;
  to: number;
  kind: Step["kind"];
}

const litres = (volume: number): number => Math.round(volume * 1000);

/** The bars of the steps; throws when a total is not what is left of the steps before it, to the litre. */
export function barsOf(steps: Step[]): Bar[] {
  let level = 0;
  return steps.map(({ name, volume: text, kind }, index) => {
    const volume = Number(text);
    if (kind === "total") {
      if (index > 0 && litres(level) !== litres(volume)) throw new Error(`${name} is ${volume}, the bars before it leave ${level}`);
      level = volume;
      return { name, volume, from: 0, to: volume, kind };
    }
    const from = level;
    level = litres(from - volume) === 0 ? 0 : (litres(from) - litres(volume)) / 1000;
    return { name, volume, from, to: level, kind };
  });
}

/** What adds up in a waterfall: from one total to the next, the total, what is taken from it, and what is left. */
export function sumsOf(bars: Bar[]): number[][] {
  const sums: number[][] = [];
  let terms: number[] = [];
  for (const bar of bars) {
    if (bar.kind === "minus") terms.push(-bar.volume);
    else {
      if (terms.length > 0) sums.push([...terms, bar.volume]);
      terms = [bar.volume];
    }
  }
  return sums;
}

const NS = "http://www.w3.org/2000/svg";
const WIDTH = 560;
const ROW = 36;
const LABEL = 170;
// What a letter of a name takes at most, on average.
const LETTER = 7.4;
const VALUE = 96;
const FILLS = { supply: "#0b5d8f", minus: "#7fb3d0", losses: "#d9622b" };

function shape(tag: string, attributes: Record<string, string | number>, text = ""): SVGElement {
  const made = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  if (text !== "") made.textContent = text;
  return made;
}

/** The picture, with its colours and fonts in it, so that it looks the same as a file. */
export function waterfallPicture(bars: Bar[], names: Record<string, string>, figure: (volume: number) => string, title: string): SVGSVGElement {
  const height = bars.length * ROW + 8;
  const label = Math.max(LABEL, ...bars.map((bar) => 26 + LETTER * (names[bar.name] ?? bar.name).length));
  const svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${height}`, width: WIDTH, height, role: "img", class: "svg-picture waterfall", "font-family": "system-ui, sans-serif", "font-size": 13 }) as SVGSVGElement;
  svg.append(shape("title", {}, title), shape("rect", { width: WIDTH, height, fill: "#ffffff" }));
  const ends = bars.flatMap((bar) => [bar.from, bar.to, 0]);
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const x = (volume: number): number => label + ((volume - low) / (high - low || 1)) * (WIDTH - label - VALUE);
  for (const [index, bar] of bars.entries()) {
    const y = index * ROW + 6;
    const [left, right] = [Math.min(x(bar.from), x(bar.to)), Math.max(x(bar.from), x(bar.to))];
    const fill = bar.name === "losses" ? FILLS.losses : bar.kind === "total" ? FILLS.supply : FILLS.minus;
    const name = `${bar.kind === "minus" ? "− " : index === 0 ? "" : "= "}${names[bar.name] ?? bar.name}`;
    svg.append(
      shape("text", { x: label - 10, y: y + 18, "text-anchor": "end", fill: "#14232e", "font-weight": bar.kind === "total" ? 600 : 400 }, name),
      shape("rect", { x: left, y: y + 3, width: Math.max(1.5, right - left), height: ROW - 14, fill, rx: 2 }),
      shape("text", { x: Math.min(right + 6, WIDTH - VALUE + 6), y: y + 18, fill: "#14232e" }, figure(bar.volume)),
    );
    if (index < bars.length - 1) svg.append(shape("line", { x1: x(bar.to), x2: x(bar.to), y1: y + 3, y2: y + ROW + 3, stroke: "#8da0ad", "stroke-dasharray": "2 2" }));
  }
  return svg;
}
