// What the server tells the map page.

export interface MapSettings {
  network: string | null;
  networkName: string;
  commodity: string;
  /** Nearer than this the server takes two places for the same. */
  snapToleranceM: number;
  /** Code of the division that the network is in. */
  division: string;
  extent: [number, number, number, number] | null;
  capabilities: string[];
  basemap: { kind: "" | "xyz" | "wms" | "wmts" | "pmtiles"; address: string; attribution: string };
  /** Names of the kinds of nodes that the network's commodity has, in the order in which they are listed. */
  kinds: string[];
  deviceKinds: string[];
  /** The first days of the months that have balances, the earliest first; none for who may not see them. */
  lossMonths: string[];
  /** The layers that there are tiles of. */
  tileLayers: string[];
  addresses: Record<"page" | "field" | "tiles" | "zone" | "sensor" | "api" | "ogc" | "job" | "work", string>;
}

type Words = Record<string, string>;

export interface MapTexts {
  kinds: Words;
  states: Words;
  details: Words;
  tools: Words;
  /** Materials in words, by their names in the register in small letters. */
  materials: Words;
  workKinds: Words;
  [name: string]: string | Words;
}

export function word(texts: MapTexts, name: string): string {
  const found = texts[name];
  return typeof found === "string" ? found : name;
}
