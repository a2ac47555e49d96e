import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type PickedNetwork, startNetworkPicker } from "../src/network_picker";
import { json, later, serve } from "./server";

const network = (code: string, name = `Name ${code}`): PickedNetwork => ({ code, name, division_name: "Qibray" });
const page = (...results: PickedNetwork[]): Response => json({ next: null, results });
const choose = vi.fn<(network: PickedNetwork) => void>();

beforeEach(() => {
  vi.useFakeTimers();
  choose.mockReset();
  document.body.innerHTML = `<form id="network-picker" data-chosen="B" data-none="none" data-more="more" data-failed="failed" data-count="found: {number}">
    <input id="network-text" type="search" value="Name B (B)"><ul id="network-options" hidden></ul><p id="network-found"></p></form><button id="elsewhere"></button>`;
  startNetworkPicker(choose, "/api/");
});
afterEach(() => {
  vi.useRealTimers();
});

const input = (): HTMLInputElement => document.querySelector("input") ?? expect.fail();
const list = (): HTMLElement => document.querySelector("ul") ?? expect.fail();
const form = (): HTMLFormElement => document.querySelector("form") ?? expect.fail();
const type = (text: string): void => {
  input().value = text;
  input().dispatchEvent(new Event("input"));
};
const press = (key: string): void => {
  input().dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
};
const enter = async (): Promise<void> => {
  form().dispatchEvent(new Event("submit", { cancelable: true }));
  await vi.advanceTimersByTimeAsync(0);
};
const active = (): string | null => document.getElementById(input().getAttribute("aria-activedescendant") ?? "")?.querySelector("strong")?.textContent ?? null;

describe("the picker of networks", () => {
  it("offers all by the arrow and begins at the one that is shown", async () => {
    const server = serve(() => page(network("A"), network("B"), network("C")));
    press("ArrowDown");
    await vi.advanceTimersByTimeAsync(0);
    expect(server.addresses()).toEqual(["/api/networks/?limit=30"]);
    expect(input().getAttribute("aria-expanded")).toBe("true");
    expect(active()).toBe("Name B");
    press("ArrowDown");
    press("ArrowDown");
    expect(active()).toBe("Name A");
    press("ArrowUp");
    await enter();
    expect(choose).toHaveBeenCalledWith(network("C"));
    expect(input().value).toBe("Name C (C)");
    expect(list().hidden).toBe(true);
  });
  it("takes what was typed, not what was listed before, when Enter is quicker than the answer", async () => {
    serve((question) => (question.address.includes("q=c") ? page(network("C")) : page(network("A"), network("B"))));
    press("ArrowDown");
    await vi.advanceTimersByTimeAsync(0);
    type("c");
    await enter();
    expect(choose.mock.calls).toEqual([[network("C")]]);
  });
  it("drops an answer that comes after a later question", async () => {
    const slow: ((response: Response) => void)[] = [];
    serve((question) => {
      if (question.address.includes("q=late")) return page(network("LATE"));
      const { answer, give } = later(question.signal);
      slow.push(give);
      return answer;
    });
    type("early");
    await vi.advanceTimersByTimeAsync(200);
    type("late");
    await vi.advanceTimersByTimeAsync(200);
    slow.forEach((give) => { give(page(network("EARLY"))); });
    await vi.advanceTimersByTimeAsync(0);
    expect(list().textContent).toContain("LATE");
    expect(list().textContent).not.toContain("EARLY");
  });
  it("says that nothing matches and opens nothing", async () => {
    serve(() => page());
    type("zzz");
    await enter();
    expect(choose).not.toHaveBeenCalled();
    expect(list().textContent).toBe("none");
    expect(document.getElementById("network-found")?.textContent).toBe("none");
  });
  it("says that more match than are shown, and when the server cannot be reached", async () => {
    serve(() => json({ next: "http://x/next", results: [network("A")] }));
    type("a");
    await vi.advanceTimersByTimeAsync(200);
    expect(list().lastElementChild?.textContent).toBe("more");
    serve(() => json({}, 503));
    type("ab");
    await vi.advanceTimersByTimeAsync(200);
    expect(list().textContent).toBe("failed");
  });
  it("goes back to the network that is shown by Escape and when one leaves it", async () => {
    serve(() => page(network("A")));
    type("a");
    await vi.advanceTimersByTimeAsync(200);
    press("Escape");
    expect([input().value, list().hidden]).toEqual(["Name B (B)", true]);
    type("a");
    await vi.advanceTimersByTimeAsync(200);
    form().dispatchEvent(new FocusEvent("focusout", { relatedTarget: document.getElementById("elsewhere"), bubbles: true }));
    expect([input().value, list().hidden]).toEqual(["Name B (B)", true]);
    expect(choose).not.toHaveBeenCalled();
  });
  it("shows names as text", async () => {
    serve(() => page(network("A", "<img src=x>")));
    type("a");
    await vi.advanceTimersByTimeAsync(200);
    expect(document.querySelector("img")).toBeNull();
    expect(list().querySelector("strong")?.textContent).toBe("<img src=x>");
  });
});
