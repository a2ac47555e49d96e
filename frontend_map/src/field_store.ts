// What a phone keeps: saved areas, orders, and what waits to be sent. One database a person: nobody meets another's.
import { type DBSchema, deleteDB, type IDBPDatabase, openDB } from "idb";
import type { FieldMeter, FieldNode, FieldPipe, QueuedChange, SavedArea, WorkOrder } from "./field_types";

interface FieldSchema extends DBSchema {
  nodes: { key: string; value: FieldNode };
  pipes: { key: string; value: FieldPipe };
  meters: { key: string; value: FieldMeter };
  orders: { key: string; value: WorkOrder };
  areas: { key: number; value: SavedArea };
  changes: { key: string; value: QueuedChange & { order?: number } };
}

export type Section = "nodes" | "pipes" | "meters" | "orders";
const KEYS: Record<Section, string> = { nodes: "uid", pipes: "uid", meters: "installation", orders: "uid" };
const READ_STORES = ["nodes", "pipes", "meters", "orders", "areas"] as const;
const PREFIX = "tarmoq-field-";

export type FieldDatabase = IDBPDatabase<FieldSchema>;

export function openStore(viewer: string): Promise<FieldDatabase> {
  return openDB<FieldSchema>(PREFIX + viewer, 1, {
    upgrade(database) {
      for (const [name, keyPath] of Object.entries(KEYS)) database.createObjectStore(name as Section, { keyPath });
      database.createObjectStore("areas", { keyPath: "id", autoIncrement: true });
      database.createObjectStore("changes", { keyPath: "uid" });
    },
    // Whoever logs out has it deleted, and must not wait for a page that is about to go.
    blocking(_present, _wanted, event) {
      (event.target as IDBDatabase).close();
    },
  });
}

/** Forget what a person read. What they recorded and did not send yet stays theirs, for their next log-in. */
export async function forgetReads(viewer: string): Promise<void> {
  const database = await openStore(viewer);
  const transaction = database.transaction(READ_STORES, "readwrite");
  await Promise.all([...READ_STORES.map((name) => transaction.objectStore(name).clear()), transaction.done]);
  const changes = await database.getAll("changes");
  for (const change of changes) if (change.state === "sent") await database.delete("changes", change.uid);
  database.close();
  if (changes.every((change) => change.state === "sent")) await deleteDB(PREFIX + viewer);
}

/** Write rows of a section: each an array of values in the order of the columns. */
export async function putRows(database: FieldDatabase, section: Section, columns: string[], rows: unknown[][]): Promise<void> {
  const transaction = database.transaction(section, "readwrite");
  for (const row of rows) {
    const value = Object.fromEntries(columns.map((name, at) => [name, row[at]]));
    void transaction.store.put(value as never);
  }
  await transaction.done;
}

export async function waitingChanges(database: FieldDatabase): Promise<QueuedChange[]> {
  return inOrder(await database.getAll("changes"));
}

/** Changes as they were made. */
export function inOrder(changes: readonly QueuedChange[]): QueuedChange[] {
  return [...changes].sort((one, other) => one.made_at.localeCompare(other.made_at));
}
