// The network as a plan would have it, on a second map beside the live one.
import type { ExpressionSpecification, FilterSpecification, GeoJSONSource, Map as GlMap } from "maplibre-gl";
import { SecondMap } from "./second_map";
import type { Workspace } from "./workspace";

const SOURCE = "planned";
const NETWORK = new Set(["pipes", "nodes"]);
const colour: ExpressionSpecification = ["match", ["get", "change"], "added", "#1b7837", "#d98200"];

function property(feature: GeoJSON.Feature, name: string): string {
  const value: unknown = feature.properties?.[name];
  return typeof value === "string" ? value : "";
}

/** What the planned network has otherwise: uids that it has no more or elsewhere, and what is drawn for it. */
export function plannedOf(features: readonly GeoJSON.Feature[]): { gone: string[]; drawn: GeoJSON.Feature[] } {
  const stays = (feature: GeoJSON.Feature): boolean => property(feature, "change") !== "removed" && property(feature, "lifecycle") !== "removed";
  return {
    gone: features.filter((feature) => property(feature, "change") !== "added").map((feature) => property(feature, "uid")),
    drawn: features.filter(stays),
  };
}

export class PlanMap {
  private readonly second: SecondMap;
  private readonly filters = new Map<string, FilterSpecification | undefined>();

  constructor(
    workspace: Workspace,
    private features: readonly GeoJSON.Feature[],
    names: [live: string, planned: string],
  ) {
    this.second = new SecondMap(workspace, false, (gl) => this.paint(gl));
    this.second.name(...names);
  }

  show(features: readonly GeoJSON.Feature[]): void {
    this.features = features;
    this.second.renew();
  }

  private paint(gl: GlMap): void {
    const { gone, drawn } = plannedOf(this.features);
    for (const layer of gl.getStyle().layers) {
      if (!("source" in layer) || !NETWORK.has(layer.source)) continue;
      if (!this.filters.has(layer.id)) this.filters.set(layer.id, "filter" in layer ? layer.filter : undefined);
      const own = this.filters.get(layer.id);
      const isThere: ExpressionSpecification = ["!", ["in", ["get", "uid"], ["literal", gone]]];
      gl.setFilter(layer.id, own === undefined ? isThere : (["all", own, isThere] as FilterSpecification));
    }
    const data: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: drawn };
    const source = gl.getSource<GeoJSONSource>(SOURCE);
    if (source === undefined) {
      gl.addSource(SOURCE, { type: "geojson", data });
      gl.addLayer({ id: "planned-lines", type: "line", source: SOURCE, filter: ["==", ["geometry-type"], "LineString"], layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": colour, "line-width": 5 } });
      gl.addLayer({ id: "planned-points", type: "circle", source: SOURCE, filter: ["==", ["geometry-type"], "Point"], paint: { "circle-radius": 6, "circle-color": colour, "circle-stroke-color": "#ffffff", "circle-stroke-width": 2 } });
    } else source.setData(data);
    this.second.holder.dataset["planned"] = String(drawn.length);
    this.second.holder.dataset["gone"] = String(gone.length);
  }

  close(): void {
    this.second.close();
  }
}
