// The losses of the country: the map of a level, the table's swatches, and a form that needs no button.
import L from "leaflet";
import { type Balance, type Basis, classes, colourBelowZero, colourInsufficient, colourNoData, colourOf, shareOf } from "./balances";
import { element, make, percent, settingsOf } from "./page";

interface Row {
  key: string;
  name: string;
  address: string;
  isOutline: boolean;
  status: "sufficient" | "insufficient" | "no_data";
  supply_m3: string | null;
  imbalance_billed_m3: string | null;
  imbalance_apportioned_m3: string | null;
  limit_95_m3: string | null;
  geometry: string | null;
}

interface Settings {
  basis: Basis;
  rows: Row[];
}

const settings = settingsOf<Settings>("losses-settings");
const texts = settingsOf<Record<string, string>>("losses-texts");

/** A row is coloured by the rule of the zones. */
function balanceOf(row: Row): Balance | undefined {
  if (row.status === "no_data") return undefined;
  return { ...row, zone: row.key, zone_code: "", zone_name: row.name, period_start: "", input_m3: null, output_m3: null, storage_change_m3: null, billed_m3: null, apportioned_m3: "", unbilled_m3: "", supply_coverage: 1, consumption_coverage: 1, service_points: 0 };
}

const colours = new Map(settings.rows.map((row) => [row.key, colourOf(balanceOf(row), settings.basis)]));
for (const line of document.querySelectorAll<HTMLElement>("tr[data-key]")) {
  const swatch = line.querySelector<HTMLElement>(".swatch");
  const isOutline = line.classList.contains("is-outline");
  if (swatch !== null && isOutline) swatch.classList.add("outline");
  else if (swatch !== null) swatch.style.background = colours.get(line.dataset["key"] ?? "") ?? colourNoData;
}

const form = document.querySelector<HTMLFormElement>(".loss-form");
form?.addEventListener("change", (event) => {
  // Another level is looked at from the top: what was inside a district is not inside a network.
  const parent = form.querySelector<HTMLInputElement>("input[name=parent]");
  if (event.target instanceof HTMLSelectElement && event.target.name === "level") parent?.remove();
  form.submit();
});

function labelOf(row: Row): string {
  const balance = balanceOf(row);
  const share = balance === undefined ? null : shareOf(balance, settings.basis);
  const said = share === null ? (texts[balance === undefined ? "noData" : "insufficient"] ?? "") : percent(share);
  return `${row.name}: ${said}`;
}

function drawMap(holder: HTMLElement): void {
  const map = L.map(holder, { attributionControl: false, zoomSnap: 0.25 });
  const outlines = L.featureGroup();
  for (const row of settings.rows) {
    if (row.geometry === null || row.isOutline) continue;
    const geometry = JSON.parse(row.geometry) as GeoJSON.Geometry;
    const shape = L.geoJSON(geometry, { style: { color: "#4a5a66", weight: 1.2, fillColor: colours.get(row.key) ?? colourNoData, fillOpacity: 1 } });
    shape.bindTooltip(make("span", {}, labelOf(row)), { sticky: true });
    shape.on("click", () => window.location.assign(row.address));
    shape.addTo(outlines);
  }
  outlines.addTo(map);
  const bounds = outlines.getBounds();
  if (bounds.isValid()) map.fitBounds(bounds, { padding: [16, 16] });
  else map.setView([41.3, 64.5], 5);
  const entries: [string, string][] = [...classes.map((shown): [string, string] => [shown.colour, shown.label]), [colourBelowZero, texts["belowZero"] ?? ""], [colourInsufficient, texts["insufficient"] ?? ""], [colourNoData, texts["noData"] ?? ""]];
  for (const [colour, label] of entries) {
    const swatch = make("span", { class: "swatch" });
    swatch.style.background = colour;
    element("legend").append(make("li", {}, swatch, label));
  }
  element("legend-rule").textContent = texts[settings.basis === "billed" ? "belowZeroBilled" : "belowZeroRule"] ?? "";
  holder.dataset["ready"] = "true";
}

const holder = document.getElementById("country-map");
if (holder !== null) drawMap(holder);
