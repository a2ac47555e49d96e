// What was recorded and waits for the network: sent in order, each once, and what becomes of each.
import type { QueuedChange } from "./field_types";

export interface Fate {
  uid: string;
  fate: "applied" | "already_applied" | "conflict" | "refused";
  answer?: Record<string, unknown>;
  message?: string;
  theirs?: Record<string, unknown>;
}

export const MOST_AT_ONCE = 25;
const MOST_CHARACTERS = 6_000_000;

/** What can be sent now: of what one thing is about only the first, since the second follows from it. */
export function nextBatch(changes: readonly QueuedChange[]): QueuedChange[] {
  const batch: QueuedChange[] = [];
  const taken = new Set<string>();
  let characters = 0;
  for (const change of changes) {
    if (change.state === "sent") continue;
    const isFree = !taken.has(change.target);
    taken.add(change.target);
    // What conflicts or was refused holds back what follows from it until a person has decided.
    if (!isFree || change.state !== "waiting") continue;
    const length = JSON.stringify(change.content).length;
    if (batch.length > 0 && characters + length > MOST_CHARACTERS) break;
    characters += length;
    batch.push(change);
    if (batch.length === MOST_AT_ONCE) break;
  }
  return batch;
}

/** The queue after the server's word on a batch. A change that was applied tells those after it the new version. */
export function settled(changes: readonly QueuedChange[], fates: readonly Fate[]): QueuedChange[] {
  const byUid = new Map(fates.map((fate) => [fate.uid, fate]));
  const versions = new Map<string, number>();
  return changes.map((change) => {
    const fate = byUid.get(change.uid);
    if (fate === undefined) {
      const version = versions.get(change.target);
      return version === undefined || change.state === "sent" || change.base_version === null ? change : { ...change, base_version: version };
    }
    if (fate.fate === "applied" || fate.fate === "already_applied") {
      const version = fate.answer?.["version"];
      if (typeof version === "number") versions.set(change.target, version);
      // A photo is long; what was sent needs not be kept.
      return { ...change, state: "sent" as const, answer: fate.answer ?? {}, content: {} };
    }
    return { ...change, state: fate.fate, message: fate.message ?? "", theirs: fate.theirs ?? {} };
  });
}

/** A change to be queued: it follows from what this phone itself has sent about the same thing, even if the page did not know yet. */
export function following(change: QueuedChange, queue: readonly QueuedChange[]): QueuedChange {
  if (change.base_version === null) return change;
  let version = change.base_version;
  for (const former of queue) {
    const answered = former.target === change.target && former.state === "sent" ? former.answer?.["version"] : undefined;
    if (typeof answered === "number") version = Math.max(version, answered);
  }
  return { ...change, base_version: version };
}

/** A conflict decided for "mine": the same change once more, now knowing theirs. */
export function insisted(change: QueuedChange, content: Record<string, unknown> = change.content): QueuedChange {
  const version = change.theirs?.["version"];
  const again: QueuedChange = { ...change, content, state: "waiting", base_version: typeof version === "number" ? version : change.base_version };
  delete again.message;
  delete again.theirs;
  return again;
}

export const unsent = (changes: readonly QueuedChange[]): number => changes.filter((change) => change.state !== "sent").length;
