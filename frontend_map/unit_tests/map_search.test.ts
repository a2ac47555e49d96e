import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Found, startSearch } from "../src/map_search";
import { json, later, serve } from "./server";
import { mapTexts } from "./zone";

const found = (code: string, over: Partial<Found> = {}): Found => ({ asset_class: "node", kind: "valve", uid: code, code, name: "", network: "N", longitude: 69, latitude: 41, ...over });
const choose = vi.fn<(found: Found) => void>();

beforeEach(() => {
  vi.useFakeTimers();
  choose.mockReset();
  document.body.innerHTML = `<input id="search"><ul id="search-results" hidden></ul>`;
  startSearch(mapTexts, "/api/", "N & M", choose);
});
afterEach(() => {
  vi.useRealTimers();
});

const input = (): HTMLInputElement => document.querySelector("input") ?? expect.fail();
const list = (): HTMLElement => document.querySelector("ul") ?? expect.fail();
const type = (text: string): void => {
  input().value = text;
  input().dispatchEvent(new Event("input"));
};
const press = (key: string): void => {
  input().dispatchEvent(new KeyboardEvent("keydown", { key }));
};
const wait = async (): Promise<void> => {
  await vi.advanceTimersByTimeAsync(250);
};

describe("the search", () => {
  it("asks once for what was typed quickly, with everything in its place in the address", async () => {
    const server = serve(() => json([found("V1", { name: "Main" })]));
    type("v");
    await vi.advanceTimersByTimeAsync(249);
    type(" v&1=? ");
    await wait();
    expect(server.addresses()).toEqual(["/api/search/?q=v%261%3D%3F&network=N+%26+M&limit=12"]);
    expect(list().hidden).toBe(false);
    expect(list().querySelector(".muted")?.textContent).toBe("valve · Main");
  });
  it("shows names as text", async () => {
    const name = `<img src=x onerror="alert(1)">`;
    serve(() => json([found(name, { name, kind: name })]));
    type("x");
    await wait();
    expect(document.querySelector("img")).toBeNull();
    expect(list().querySelector("strong")?.textContent).toBe(name);
  });
  it("chooses what is clicked and closes", async () => {
    serve(() => json([found("V1"), found("V2")]));
    type("v");
    await wait();
    list().querySelectorAll("button")[1]?.click();
    expect(choose.mock.calls[0]?.[0].code).toBe("V2");
    expect([input().value, list().hidden, list().childElementCount]).toEqual(["V2", true, 0]);
  });
  it("says that there is nothing, or that it failed", async () => {
    serve(() => json([]));
    type("v");
    await wait();
    expect(list().textContent).toBe("Nothing found");
    serve(() => json({}, 500));
    type("w");
    await wait();
    expect([list().textContent, list().hidden]).toEqual(["Not loaded", false]);
  });
  it("closes without asking when the field is emptied", async () => {
    const server = serve(() => json([found("V1")]));
    type("v");
    await wait();
    type("  ");
    await wait();
    expect([list().hidden, server.questions.length]).toEqual([true, 1]);
  });
});

describe("an answer that is late", () => {
  it("does not replace the one to the newer question", async () => {
    const waiting: ReturnType<typeof later>[] = [];
    serve(({ signal }) => {
      const answer = later(signal);
      waiting.push(answer);
      return answer.answer;
    });
    type("v");
    await wait();
    type("vv");
    await wait();
    waiting[1]?.give(json([found("VV")]));
    await wait();
    waiting[0]?.give(json([found("V")]));
    await wait();
    expect(list().querySelector("strong")?.textContent).toBe("VV");
  });
  it("does not open the list that Escape has closed", async () => {
    const waiting: ReturnType<typeof later>[] = [];
    serve(({ signal }) => {
      const answer = later(signal);
      waiting.push(answer);
      return answer.answer;
    });
    type("v");
    await wait();
    press("Escape");
    waiting[0]?.give(json([found("V")]));
    await wait();
    expect(list().hidden).toBe(true);
  });
  it("nor does a question that was not yet asked", async () => {
    const server = serve(() => json([found("V")]));
    type("v");
    press("Escape");
    await wait();
    expect([list().hidden, server.questions.length]).toEqual([true, 0]);
  });
});

describe("Enter", () => {
  it("takes the first that is listed", async () => {
    serve(() => json([found("V1"), found("V2")]));
    type("v");
    await wait();
    press("Enter");
    await wait();
    expect(choose.mock.calls.map(([one]) => one.code)).toEqual(["V1"]);
    expect(list().hidden).toBe(true);
  });
  it("means what stands in the field, not what was listed for a part of it", async () => {
    serve(({ address }) => json([found(address.includes("q=v12") ? "V12" : "V1")]));
    type("v1");
    await wait();
    type("v12");
    press("Enter");
    await wait();
    expect(choose.mock.calls.map(([one]) => one.code)).toEqual(["V12"]);
  });
  it("takes nothing where nothing was found", async () => {
    serve(() => json([]));
    type("v");
    press("Enter");
    await wait();
    expect(choose).not.toHaveBeenCalled();
  });
});
