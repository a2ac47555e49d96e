import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { notify } from "../src/notice";

beforeEach(() => {
  document.body.innerHTML = `<p id="message" class="bad" hidden></p><p id="other" hidden></p>`;
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const notice = (): HTMLElement => document.getElementById("message") ?? expect.fail();

it("shows a text as text, good or bad", () => {
  notify("<b>saved</b>");
  expect(notice().innerHTML).toBe("&lt;b&gt;saved&lt;/b&gt;");
  expect(notice().hidden).toBe(false);
  expect(notice().classList.contains("bad")).toBe(false);
  notify("failed", { isBad: true });
  expect(notice().classList.contains("bad")).toBe(true);
  vi.advanceTimersByTime(1e6);
  expect(notice().hidden).toBe(false);
});

it("hides a text after its time, not after that of the one before", () => {
  notify("first", { forMs: 8000 });
  vi.advanceTimersByTime(5000);
  notify("second", { forMs: 8000 });
  vi.advanceTimersByTime(7999);
  expect(notice().hidden).toBe(false);
  vi.advanceTimersByTime(1);
  expect(notice().hidden).toBe(true);
});

it("leaves a text that stays alone, and does not bring a hidden one back", () => {
  notify("soon gone", { forMs: 1000 });
  notify("stays");
  vi.advanceTimersByTime(1e6);
  expect(notice()).toMatchObject({ hidden: false, textContent: "stays" });
});

it("has a clock for each place", () => {
  notify("here", { forMs: 1000 });
  notify("there", { id: "other" });
  vi.advanceTimersByTime(1000);
  expect(notice().hidden).toBe(true);
  expect(document.getElementById("other")?.hidden).toBe(false);
});
