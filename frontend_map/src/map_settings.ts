// What the server tells the map page.

export interface MapSettings {
  network: string | null;
  extent: [number, number, number, number] | null;
  showsBalances: boolean;
  showsSensors: boolean;
  basemap: string;
  selected: string;
  addresses: { page: string; field: string; tiles: string; zone: string; sensor: string; api: string };
}

type Words = Record<string, string>;

export interface MapTexts {
  kinds: Words;
  states: Words;
  details: Words;
  [name: string]: string | Words;
}

export function word(texts: MapTexts, name: string): string {
  const found = texts[name];
  return typeof found === "string" ? found : name;
}
