import { expect, it, vi } from "vitest";
import { showPlace } from "../src/sensor_map";

const tooltips: unknown[] = [];

vi.mock("leaflet", () => {
  const layer = { addTo: () => layer, bindTooltip: (content: unknown) => (tooltips.push(content), layer) };
  return { default: { map: () => ({ setView: vi.fn() }), control: { scale: () => layer }, tileLayer: () => layer, circleMarker: () => layer } };
});
vi.mock("@maplibre/maplibre-gl-leaflet", () => ({ maplibreGL: vi.fn() }));

it("gives Leaflet an element to show, since it would take a text for HTML", () => {
  const label = `<img src=x onerror="alert(1)">`;
  const holder = document.createElement("div");
  showPlace(holder, { place: [69, 41], node: null, network: null, basemap: "", tiles: "", label });
  const [tooltip] = tooltips;
  expect(tooltip).toBeInstanceOf(HTMLElement);
  expect((tooltip as HTMLElement).querySelector("img")).toBeNull();
  expect((tooltip as HTMLElement).textContent).toBe(label);
  expect(holder.dataset["ready"]).toBe("true");
});
