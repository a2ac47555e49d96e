import { beforeEach, describe, expect, it } from "vitest";
import "./page_around";
import { type Located, mapOf, placeFound, placeSection } from "../src/leak_place";
import { json, serve } from "./server";

const word = (name: string, values: Record<string, string | number> = {}): string => [name, ...Object.values(values)].join(" ");

function place(pipe: string, uid: string, longitude: number): Located["places"]["features"][number] {
  return { geometry: { coordinates: [[longitude, 41.0], [longitude + 0.001, 41.002]] }, properties: { pipe, uid, score: 0.5 } };
}

const FOUND: Located = {
  sensors: ["L1", "L2", "L3"],
  candidates: [
    { rank: 1, pipe: "P1", score: 0.62, distance_m: 0 },
    { rank: 2, pipe: "P<2>", score: 0.31, distance_m: 140.4 },
  ],
  area: { pipes: ["P1", "P<2>"], length_m: 312.4, probability: 0.93 },
  segments: [
    { segment: 4, close: ["V1", "V2"], probability: 0.6 },
    { segment: 7, close: [], probability: 0.3 },
    { segment: 9, close: Array.from({ length: 30 }, (_valve, number) => `W${number}`), probability: 0.1 },
  ],
  places: { features: [place("P1", "u1", 69.1), place("P<2>", "u2", 69.14)] },
};

const shown = (...parts: Element[]): HTMLElement => {
  const holder = document.createElement("div");
  holder.append(...parts);
  return holder;
};

describe("the place of a leak", () => {
  beforeEach(() => {
    document.body.replaceChildren();
  });
  it("names the likeliest pipes, each with its way to the map, and what to close first", () => {
    const holder = shown(...placeFound(FOUND, "N 1", word));
    const links = [...holder.querySelectorAll("a")].map((link) => [link.textContent, link.getAttribute("href")]);
    expect(links).toEqual([
      ["placeOnMap", "/map/?network=N%201&at=41.001000,69.120500,14&selected=pipe:u1,pipe:u2"],
      ["P1", "/map/?network=N%201&at=41.001000,69.100500,17&selected=pipe:u1"],
      ["P<2>", "/map/?network=N%201&at=41.001000,69.140500,17&selected=pipe:u2"],
    ]);
    const [pipes, steps] = [...holder.querySelectorAll("ol")].map((list) => [...list.children].map((line) => line.textContent.trim()));
    expect(pipes).toEqual([expect.stringMatching(/^P1 62/), expect.stringMatching(/^P<2> 31.*placeAway 140$/)]);
    expect(steps).toEqual([expect.stringMatching(/^V1, V2 60/), expect.stringMatching(/^placeNoValves 30/)]);
    expect(holder.textContent).toMatch(/placeTooMany 10.* 8$/);
    expect(holder.querySelector("p")?.textContent).toMatch(/^placeArea 93.* 2 312 3$/);
  });
  it("says that of many pipes the likeliest are on the map", () => {
    const places = Array.from({ length: 60 }, (_pipe, number) => place(`P${number}`, `u${number}`, 69));
    const many = { ...FOUND, area: { ...FOUND.area, pipes: places.map(({ properties }) => properties.pipe) }, places: { features: places } };
    expect(shown(...placeFound(many, "N", word)).querySelector(".button")?.textContent).toBe("placeFirstOnMap 40");
  });
  it("puts no more pipes into an address than it holds", () => {
    const places = Array.from({ length: 90 }, (_pipe, number) => place(`P${number}`, `u${number}`, 69));
    expect(mapOf("N", places).match(/pipe:/g)).toHaveLength(40);
  });
  it("is computed when it is asked for, and says why it cannot be", async () => {
    const server = serve(() => json({ error: { code: "too_few_sensors", message: "Two loggers are too few." } }, 400));
    const section = shown(placeSection({ id: "e1", network: "N" }, "/api/v1/leak-events/", word));
    expect(server.questions).toHaveLength(0);
    section.querySelector("button")?.click();
    await expect.poll(() => section.querySelector(".notice")?.textContent).toBe("Two loggers are too few.");
    expect(section.querySelector("button")?.disabled).toBe(false);
  });
});
