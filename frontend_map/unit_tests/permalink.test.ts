import { describe, expect, it } from "vitest";
import { queryOf, viewIn, type ViewState } from "../src/map/permalink";

const view: ViewState = { at: { latitude: 41.377262, longitude: 69.468629, zoom: 16.5 }, selected: ["pipe:1", "node:2"], tool: "trace", hidden: ["losses"], shown: ["findings"], pipes: "age", nodes: "", month: "2026-01-01", basis: "billed", compare: "beside", other: "2025-12-01", look: "", date: "" };

describe("the address of a view", () => {
  it("shows the same view again", () => {
    expect(viewIn(new URLSearchParams(queryOf("A & B", view)))).toEqual(view);
    expect(new URLSearchParams(queryOf("A & B", view)).get("network")).toBe("A & B");
  });
  it("leaves out what stands as it is at first", () => {
    const plain: ViewState = { at: null, selected: [], tool: "", hidden: [], shown: [], pipes: "", nodes: "", month: "", basis: "", compare: "", other: "", look: "", date: "" };
    expect(queryOf("KY4", plain)).toBe("network=KY4");
    expect(viewIn(new URLSearchParams("network=KY4"))).toEqual(plain);
  });
  it("takes no place that is none", () => {
    for (const at of ["", "x", "41", "91,69,10", "41,200,10", "41,69,30", "41,69,NaN"]) expect(viewIn(new URLSearchParams({ at })).at).toBeNull();
  });
});
