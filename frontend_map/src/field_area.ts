// Saving an area: its lines are read as they come, and stored; an area counts as saved when its last line is there.
import type { Box } from "./field_geometry";
import { type FieldDatabase, putRows, type Section } from "./field_store";
import type { SavedArea } from "./field_types";

interface Line {
  section: string;
  rows?: unknown[][];
  counts?: Record<string, number>;
  columns?: Record<string, string[]>;
  made_at?: string;
}

export class AreaCutOff extends Error {}

export interface Progress {
  done: number;
  total: number;
  bytes: number;
}

const STORED: readonly string[] = ["nodes", "pipes", "meters", "orders"];

/** The lines of a stream of text, however it is cut into pieces. */
export async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<{ text: string; bytes: number }> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (value !== undefined) {
      bytes += value.byteLength;
      rest += decoder.decode(value, { stream: true });
    }
    const parts = rest.split("\n");
    rest = parts.pop() ?? "";
    for (const text of parts) if (text !== "") yield { text, bytes };
    if (done) break;
  }
  if (rest !== "") yield { text: rest, bytes };
}

const addressOf = (box: Box): string => `/api/v1/field/area/?bbox=${box.map((part) => part.toFixed(6)).join(",")}`;

/** The rows of some sections of a box, as the server has them now, not stored; null when it does not answer. */
export async function readAround<Row extends Record<string, unknown[]>>(box: Box, empty: Row): Promise<Row | null> {
  const response = await fetch(addressOf(box), { credentials: "same-origin", signal: AbortSignal.timeout(15_000) });
  if (!response.ok || response.body === null) return null;
  let columns: Record<string, string[]> = {};
  let isWhole = false;
  for await (const { text } of linesOf(response.body)) {
    const line = JSON.parse(text) as Line;
    if (line.section === "head") columns = line.columns ?? {};
    if (line.section === "end") isWhole = true;
    const names = columns[line.section] ?? [];
    for (const row of line.rows ?? []) empty[line.section]?.push(Object.fromEntries(names.map((name, at) => [name, row[at]])));
  }
  if (!isWhole) throw new AreaCutOff("cut off");
  return empty;
}

/** Fetch an area and store it. Raises AreaCutOff when the answer ended early: what came is kept, but is no saved area. */
export async function saveArea(
  database: FieldDatabase,
  bbox: Box,
  tell: (progress: Progress) => void,
  signal?: AbortSignal,
): Promise<SavedArea> {
  const response = await fetch(addressOf(bbox), {
    credentials: "same-origin",
    signal: signal ?? null,
  });
  if (!response.ok || response.body === null) throw new Error(await refusalOf(response));
  let columns: Record<string, string[]> = {};
  let area: SavedArea | null = null;
  let [done, total] = [0, 0];
  let whole: SavedArea | null = null;
  for await (const { text, bytes } of linesOf(response.body)) {
    const line = JSON.parse(text) as Line;
    if (line.section === "head") {
      columns = line.columns ?? {};
      total = Object.values(line.counts ?? {}).reduce((sum, count) => sum + count, 0);
      area = { bbox, made_at: line.made_at ?? "", counts: line.counts ?? {}, bytes: 0 };
    } else if (line.section === "end") {
      whole = area === null ? null : { ...area, bytes };
    } else if (STORED.includes(line.section)) {
      await putRows(database, line.section as Section, columns[line.section] ?? [], line.rows ?? []);
      done += line.rows?.length ?? 0;
      tell({ done, total, bytes });
    }
  }
  if (whole === null) throw new AreaCutOff("the area was cut off");
  return await keep(database, whole);
}

/** Remember the area; one saved before of the same box gives way. */
async function keep(database: FieldDatabase, area: SavedArea): Promise<SavedArea> {
  for (const known of await database.getAll("areas")) {
    if (known.id !== undefined && String(known.bbox) === String(area.bbox)) await database.delete("areas", known.id);
  }
  const id = await database.add("areas", area);
  return { ...area, id };
}

async function refusalOf(response: Response): Promise<string> {
  try {
    const { error } = (await response.json()) as { error?: { message?: string } };
    return error?.message ?? String(response.status);
  } catch {
    return String(response.status);
  }
}
