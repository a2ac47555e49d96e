// What the server tells the field page, and what a phone keeps of the network.

type Words = Record<string, string>;
export type Choices = [string, string][];

export interface Question {
  key: string;
  label: string;
  form: "truth" | "number" | "choice";
  unit: string;
  words: Choices;
}

export interface FieldSettings {
  viewer: string;
  maySync: boolean;
  seesWork: boolean;
  entersReadings: boolean;
  networks: { code: string; name: string }[];
  extent: [number, number, number, number] | null;
  basemap: string;
  kinds: Words;
  words: Words;
  choices: {
    leakSource: Choices;
    leakKind: Choices;
    inspectionMethod: Choices;
    verificationMethod: Choices;
    grades: Choices;
    valveStatus: Choices;
    workState: Choices;
    workKind: Choices;
    workPriority: Choices;
  };
  forms: Record<string, Question[]>;
  leaflet: { script: string; style: string };
  worker: string;
  addresses: { map: string; login: string; labels: string };
}

export interface FieldNode {
  uid: string;
  kind: string;
  code: string;
  network: string;
  lon: number;
  lat: number;
  lifecycle: string;
  zone: string | null;
  elevation_m: number | null;
  installed_on: string | null;
  version: number;
  details: Record<string, unknown> | null;
}

export interface FieldPipe {
  uid: string;
  code: string;
  network: string;
  line: number[];
  is_connector: boolean;
  diameter_m: number | null;
  material: string;
  year_installed: number | null;
  status: string;
  lifecycle: string;
  length_m: number;
  version: number;
  start_node: string;
  end_node: string;
}

export interface FieldMeter {
  installation: string;
  serial: string;
  service_point: string;
  address: string | null;
  lon: number;
  lat: number;
  digits: number;
  last_index_m3: string | null;
  last_read_on: string | null;
  node: string;
}

export interface OrderMove {
  from_state: string;
  to_state: string;
  assignee: string | null;
  note: string;
  moved_by: string | null;
  moved_at: string;
}

export interface WorkOrder {
  uid: string;
  network: string;
  number: string;
  kind: string;
  title: string;
  description: string;
  priority: string;
  source: string;
  source_text: string;
  longitude: number;
  latitude: number;
  about: { element: "node" | "pipe"; uid: string; code: string; kind: string } | null;
  state: string;
  assignee: string | null;
  assignee_name: string;
  due_at: string | null;
  time_spent_min: number | null;
  version: number;
  created_at: string;
  changed_at: string;
  leak?: { uid: string; number: string; state: string; waits: boolean } | null;
  moves?: OrderMove[];
  materials?: { uid: string; material: string; quantity: string; unit: string }[];
  photos?: { document: string; title: string }[];
}

export interface SavedArea {
  id?: number;
  bbox: [number, number, number, number];
  made_at: string;
  counts: Record<string, number>;
  bytes: number;
}

export type ElementClass = "node" | "pipe";

/** What waits to be sent, or was: its fate is the server's word on it. */
export interface QueuedChange {
  uid: string;
  kind: string;
  content: Record<string, unknown>;
  base_version: number | null;
  /** What several changes are about, so that one follows the other: "order:UID", "node:UID". */
  target: string;
  title: string;
  made_at: string;
  state: "waiting" | "conflict" | "refused" | "sent";
  message?: string;
  theirs?: Record<string, unknown>;
  answer?: Record<string, unknown>;
}
