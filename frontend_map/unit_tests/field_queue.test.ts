import { describe, expect, it } from "vitest";
import { following, insisted, MOST_AT_ONCE, nextBatch, settled, unsent } from "../src/field_queue";
import type { QueuedChange } from "../src/field_types";

function change(uid: string, target: string, more: Partial<QueuedChange> = {}): QueuedChange {
  return { uid, kind: "work_move", content: { a: uid }, base_version: 3, target, title: uid, made_at: uid, state: "waiting", ...more };
}

describe("what is sent", () => {
  it("is one change of a thing at a time, in their order", () => {
    const changes = [change("1", "order:a"), change("2", "order:a"), change("3", "order:b")];
    expect(nextBatch(changes).map((one) => one.uid)).toEqual(["1", "3"]);
  });

  it("does not overtake what a person has to decide on", () => {
    const changes = [change("1", "order:a", { state: "conflict" }), change("2", "order:a"), change("3", "order:b", { state: "refused" }), change("4", "order:b")];
    expect(nextBatch(changes)).toEqual([]);
    expect(unsent(changes)).toBe(4);
  });

  it("goes on past what was sent, and never sends it again", () => {
    const changes = [change("1", "order:a", { state: "sent" }), change("2", "order:a")];
    expect(nextBatch(changes).map((one) => one.uid)).toEqual(["2"]);
    expect(unsent(changes)).toBe(1);
  });

  it("has a bound in number and in size, and sends what is larger by itself", () => {
    const many = Array.from({ length: 60 }, (_, at) => change(String(at), `order:${at}`));
    expect(nextBatch(many)).toHaveLength(MOST_AT_ONCE);
    const long = { jpeg_base64: "x".repeat(5_000_000) };
    const photos = [change("1", "p:1", { content: long }), change("2", "p:2", { content: long })];
    expect(nextBatch(photos)).toHaveLength(1);
  });
});

describe("what becomes of it", () => {
  it("follows from what this phone has sent, although its page was drawn before", () => {
    const sent = [change("1", "order:a", { state: "sent", answer: { version: 9 } }), change("2", "order:b", { state: "sent", answer: { version: 12 } })];
    expect(following(change("3", "order:a"), sent).base_version).toBe(9);
    expect(following(change("3", "order:a", { base_version: 10 }), sent).base_version).toBe(10);
    expect(following(change("3", "order:a", { base_version: null }), sent).base_version).toBeNull();
    // What somebody else did first is still a conflict: nothing of it was sent from here.
    expect(following(change("3", "order:c"), sent).base_version).toBe(3);
  });

  it("tells those after it the new version", () => {
    const changes = [change("1", "order:a"), change("2", "order:a"), change("3", "order:b")];
    const after = settled(changes, [{ uid: "1", fate: "applied", answer: { version: 9 } }]);
    expect(after.map((one) => [one.state, one.base_version])).toEqual([["sent", 3], ["waiting", 9], ["waiting", 3]]);
    // What was sent is not kept: a photo is long.
    expect(after[0]?.content).toEqual({});
  });

  it("is the same when it was applied before", () => {
    const after = settled([change("1", "order:a")], [{ uid: "1", fate: "already_applied", answer: { version: 4 } }]);
    expect(after[0]?.state).toBe("sent");
  });

  it("keeps both sides of a conflict, and the words of a refusal", () => {
    const after = settled([change("1", "node:a"), change("2", "node:b")], [
      { uid: "1", fate: "conflict", message: "Somebody", theirs: { version: 7, status: "open" } },
      { uid: "2", fate: "refused", message: "In the future." },
    ]);
    expect(after[0]).toMatchObject({ state: "conflict", message: "Somebody", content: { a: "1" }, theirs: { version: 7 } });
    expect(after[1]).toMatchObject({ state: "refused", message: "In the future." });
  });

  it("insists on mine, knowing theirs, under the same uid", () => {
    const again = insisted(change("1", "node:a", { state: "conflict", message: "Somebody", theirs: { version: 7 } }));
    expect(again).toMatchObject({ uid: "1", state: "waiting", base_version: 7, content: { a: "1" } });
    expect(again).not.toHaveProperty("theirs");
    // A refusal knows no version: it is tried on the one it had.
    expect(insisted(change("1", "node:a", { state: "refused" })).base_version).toBe(3);
  });
});
