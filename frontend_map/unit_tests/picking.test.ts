import { describe, expect, it, vi } from "vitest";
import { candidatesOf } from "../src/map/candidates";
import { Picker } from "../src/map/picking";
import type { Workspace } from "../src/map/workspace";

const feature = (layer: string, properties: Record<string, unknown>): Parameters<typeof candidatesOf>[0][number] => ({ layer: { id: layer }, properties }) as unknown as Parameters<typeof candidatesOf>[0][number];

describe("what lies under a click", () => {
  it("is each thing once: devices, then junctions, then lines", () => {
    const found = candidatesOf([
      feature("pipes", { uid: "p", code: "P-1" }),
      feature("junctions", { uid: "j", code: "J-1", kind: "junction" }),
      feature("device-dots", { uid: "v", code: "V-1", kind: "valve" }),
      feature("node-symbols", { uid: "v", code: "V-1", kind: "valve" }),
      feature("node-symbols", { uid: "w", code: "V-2", kind: "valve" }),
    ]);
    expect(found.map(({ code, assetClass }) => [code, assetClass])).toEqual([["V-1", "node"], ["V-2", "node"], ["J-1", "node"], ["P-1", "pipe"]]);
  });
  it("is neither the connector inside a device nor a line seen from afar", () => {
    expect(candidatesOf([feature("pipes", { uid: "c", code: "C", is_connector: true }), feature("pipes", { diameter_mm: 100 })])).toEqual([]);
  });
});

describe("Enter on the map", () => {
  it("is a click in the middle for the tool that has the clicks, and presses nothing that opens by it", () => {
    document.body.innerHTML = '<div id="map" tabindex="0"><input></div><div id="pick-list" hidden></div>';
    const holder = document.getElementById("map") as HTMLElement;
    const middle = { lat: 41, lng: 69 };
    const clickAt = vi.fn();
    new Picker({ holder, map: { on: vi.fn(), getCenter: () => middle }, takeClicks: vi.fn(), clickAt } as unknown as Workspace);
    const enter = new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true });
    holder.dispatchEvent(enter);
    expect(clickAt).toHaveBeenCalledExactlyOnceWith(middle, enter);
    expect(enter.defaultPrevented).toBe(true);
    holder.querySelector("input")?.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
    expect(clickAt).toHaveBeenCalledOnce();
  });
});
