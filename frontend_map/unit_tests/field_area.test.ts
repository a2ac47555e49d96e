import { describe, expect, it } from "vitest";
import { linesOf } from "../src/field_area";
import { labelled } from "../src/field_scan";
import { byUrgency } from "../src/field_orders";
import type { WorkOrder } from "../src/field_types";

function streamOf(...parts: (string | Uint8Array)[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(typeof part === "string" ? encoder.encode(part) : part);
      controller.close();
    },
  });
}

async function read(stream: ReadableStream<Uint8Array>): Promise<string[]> {
  const found = [];
  for await (const { text } of linesOf(stream)) found.push(text);
  return found;
}

describe("lines of an area", () => {
  it("are whole, however the answer is cut into pieces", async () => {
    expect(await read(streamOf('{"a":1}\n{"b', '":2}\n', '{"c":3}\n'))).toEqual(['{"a":1}', '{"b":2}', '{"c":3}']);
    expect(await read(streamOf("one\n\ntwo"))).toEqual(["one", "two"]);
    expect(await read(streamOf())).toEqual([]);
  });

  it("keep a letter that two pieces share", async () => {
    const bytes = new TextEncoder().encode("ko‘cha\n");
    expect(await read(streamOf(bytes.slice(0, 3), bytes.slice(3)))).toEqual(["ko‘cha"]);
  });
});

describe("a label", () => {
  it("is an address with a uid, from whichever host", () => {
    const uid = "0b2f7c1e-1111-4222-8333-abcdefabcdef";
    expect(labelled(`https://tarmoq.example/e/${uid}/`)).toEqual({ uid });
    expect(labelled(` http://127.0.0.1:8000/e/${uid.toUpperCase()} `)).toEqual({ uid });
  });

  it("or whatever else stands on it", () => {
    expect(labelled(" V-P-1 ")).toEqual({ code: "V-P-1" });
    expect(labelled("https://elsewhere.example/x/0b2f7c1e/")).toEqual({ code: "https://elsewhere.example/x/0b2f7c1e/" });
  });
});

describe("work", () => {
  it("comes by urgency, then by when it is due, then by age", () => {
    const order = (number: string, priority: string, due_at: string | null, created_at: string): WorkOrder => ({ number, priority, due_at, created_at }) as WorkOrder;
    const orders = [order("4", "low", null, "1"), order("3", "normal", null, "2"), order("2", "normal", "2026-01-01T00:00:00Z", "3"), order("1", "urgent", null, "4"), order("5", "low", null, "5")];
    expect(byUrgency(orders).map((one) => one.number)).toEqual(["1", "2", "3", "4", "5"]);
  });
});
