import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Hit, startSearchBox } from "../src/search_box";
import { json, later, serve } from "./server";

const hit = (label: string, over: Partial<Hit> = {}): Hit => ({ class: "pipe", asset_class: "pipe", kind: "pipe", uid: label, code: label, name: "", label, detail: "", network: "N", longitude: 69, latitude: 41, address: `/map/?selected=pipe:${label}`, ...over });
const choose = vi.fn<(hit: Hit) => void>();
const texts = { kinds: { pipe: "line", account: "account" }, nothingFound: "Nothing found", loadFailed: "Failed", found: "{count} found" };

const input = (): HTMLInputElement => document.querySelector("input") ?? expect.fail();
const list = (): HTMLElement => document.querySelector("ul") ?? expect.fail();
const options = (): HTMLElement[] => [...list().querySelectorAll<HTMLElement>("[role=option]")];
const type = (text: string): void => {
  input().value = text;
  input().dispatchEvent(new Event("input"));
};
const press = (key: string): KeyboardEvent => {
  const event = new KeyboardEvent("keydown", { key, cancelable: true, bubbles: true });
  input().dispatchEvent(event);
  return event;
};
const wait = async (ms = 200): Promise<void> => {
  await vi.advanceTimersByTimeAsync(ms);
};
const chosen = (): string[] => choose.mock.calls.map(([one]) => one.label);

beforeEach(() => {
  vi.useFakeTimers();
  choose.mockReset();
  document.body.innerHTML = `<input aria-label="Search"><ul id="found" hidden></ul>`;
  startSearchBox({ input: input(), list: list(), address: "/api/search/", network: "N & M", texts, onChoose: choose });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("the search box", () => {
  it("asks once for what was typed quickly, with everything in its place in the address", async () => {
    const server = serve(() => json([hit("V1", { detail: "Main" })]));
    type("v");
    await wait(199);
    type(" v&1=? ");
    await wait();
    expect(server.addresses()).toEqual(["/api/search/?q=v%261%3D%3F&limit=12&network=N+%26+M"]);
    expect(list().hidden).toBe(false);
    expect(list().querySelector(".muted")?.textContent).toBe("line · Main");
  });
  it("names no network where there is none", async () => {
    document.body.innerHTML = `<input><ul></ul>`;
    startSearchBox({ input: input(), list: list(), address: "/s/", network: () => null, texts, onChoose: choose });
    const server = serve(() => json([]));
    type("v");
    await wait();
    expect(server.addresses()).toEqual(["/s/?q=v&limit=12"]);
  });
  it("opens what is typed, not what was listed before: P-50, wait, 8, Enter at once", async () => {
    const server = serve(({ address }) => json(address.includes("P-508") ? [hit("P-508")] : [hit("P-50"), hit("P-500")]));
    type("P-50");
    await wait();
    expect(options().map((one) => one.id)).toEqual(["found-0", "found-1"]);
    type("P-508");
    press("Enter");
    await wait(0);
    expect(chosen()).toEqual(["P-508"]);
    expect(server.addresses().at(-1)).toContain("q=P-508");
    expect(input().value).toBe("P-508");
  });
  it("waits for the answer of exactly what is typed when Enter comes before it", async () => {
    const answers: ((response: Response) => void)[] = [];
    serve(({ signal }) => {
      const { answer, give } = later(signal);
      answers.push(give);
      return answer;
    });
    type("P-5");
    await wait();
    type("P-50");
    press("Enter");
    await wait(0);
    expect(answers.length).toBe(2);
    answers[0]?.(json([hit("P-5")]));
    await wait(0);
    expect(chosen()).toEqual([]);
    answers[1]?.(json([hit("P-50")]));
    await wait(0);
    expect(chosen()).toEqual(["P-50"]);
  });
  it("opens nothing when one types on after Enter", async () => {
    const answers: ((response: Response) => void)[] = [];
    serve(({ signal }) => {
      const { answer, give } = later(signal);
      answers.push(give);
      return answer;
    });
    type("P-50");
    press("Enter");
    type("P-508");
    await wait();
    for (const give of answers) give(json([hit("X")]));
    await wait(0);
    expect(chosen()).toEqual([]);
    expect(options().length).toBe(1);
  });
  it("walks through the list with the arrows, and past its ends into the box", async () => {
    serve(() => json([hit("A"), hit("B")]));
    type("x");
    await wait();
    expect(input().getAttribute("aria-expanded")).toBe("true");
    const active = (): string | null => input().getAttribute("aria-activedescendant");
    const walk = ["ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp"].map((key) => {
      expect(press(key).defaultPrevented).toBe(true);
      return active();
    });
    expect(walk).toEqual(["found-0", "found-1", null, "found-1"]);
    expect(options().map((one) => one.getAttribute("aria-selected"))).toEqual(["false", "true"]);
    press("Enter");
    await wait(0);
    expect(chosen()).toEqual(["B"]);
    expect([list().hidden, input().value, active()]).toEqual([true, "B", null]);
  });
  it("forgets what the arrows marked when one types on", async () => {
    serve(({ address }) => json(address.includes("xy") ? [hit("XY")] : [hit("A"), hit("B")]));
    type("x");
    await wait();
    press("ArrowDown");
    press("ArrowDown");
    type("xy");
    press("Enter");
    await wait(0);
    expect(chosen()).toEqual(["XY"]);
  });
  it("chooses what is clicked", async () => {
    serve(() => json([hit("A"), hit("B")]));
    type("x");
    await wait();
    options()[1]?.click();
    expect(chosen()).toEqual(["B"]);
  });
  it("closes with Escape, and empties with the next", async () => {
    serve(() => json([hit("A")]));
    type("x");
    await wait();
    press("Escape");
    expect([list().hidden, input().value, input().getAttribute("aria-expanded")]).toEqual([true, "x", "false"]);
    press("Escape");
    expect(input().value).toBe("");
  });
  it("does not open again for an answer that comes after Escape", async () => {
    const answers: ((response: Response) => void)[] = [];
    serve(({ signal }) => {
      const { answer, give } = later(signal);
      answers.push(give);
      return answer;
    });
    type("x");
    await wait();
    type("xy");
    await wait();
    press("Escape");
    press("Escape");
    answers.at(-1)?.(json([hit("A")]));
    await wait(0);
    expect(list().hidden).toBe(true);
  });
  it("says that there is nothing, or that it failed, and opens neither", async () => {
    serve(() => json([]));
    type("x");
    await wait();
    expect(list().textContent).toBe("Nothing found");
    expect(document.querySelector("[role=status]")?.textContent).toBe("Nothing found");
    press("Enter");
    serve(() => json({}, 500));
    type("y");
    await wait();
    expect(list().textContent).toBe("Failed");
    press("Enter");
    await wait();
    expect(chosen()).toEqual([]);
  });
  it("shows names as text", async () => {
    const name = `<img src=x onerror="alert(1)">`;
    serve(() => json([hit(name, { detail: name, kind: name, class: name })]));
    type("x");
    await wait();
    expect(document.querySelector("img")).toBeNull();
    expect(list().querySelector("strong")?.textContent).toBe(name);
  });
});
