import { describe, expect, it, vi } from "vitest";
import { referenceIn, Selection } from "../src/map/selection";

const pipe = { assetClass: "pipe", uid: "a" } as const;
const node = { assetClass: "node", uid: "b" } as const;

describe("the selection", () => {
  it("takes an element in and out, and has a single one only when it is alone", () => {
    const selection = new Selection();
    selection.toggle(pipe);
    expect(selection.single).toEqual(pipe);
    selection.toggle(node);
    expect([selection.size, selection.single]).toEqual([2, null]);
    selection.toggle(pipe);
    expect(selection.single).toEqual(node);
  });
  it("tells of a change, and not of what is as before", () => {
    const selection = new Selection();
    const told = vi.fn();
    selection.onChange(told);
    selection.set([pipe, node]);
    selection.set([node, pipe]);
    expect(told).toHaveBeenCalledOnce();
    selection.clear();
    expect(told).toHaveBeenCalledTimes(2);
  });
});

describe("a reference in an address", () => {
  it("is a class and a uid, and nothing else", () => {
    const uid = "11111111-1111-1111-1111-111111111111";
    expect(referenceIn(`pipe:${uid}`)).toEqual({ assetClass: "pipe", uid });
    for (const text of ["", "pipe", "pipe:1", `street:${uid}`, `pipe:${uid}/../x`]) expect(referenceIn(text)).toBeNull();
  });
});
