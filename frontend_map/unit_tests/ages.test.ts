import { afterEach, beforeEach, describe, expect, it, test, vi } from "vitest";
import { ageWords, keepTellingAges, tellAges, type AgeTexts } from "../src/ages";

const texts: AgeTexts = {
  ages: [[86_400, "{n} d"], [3600, "{n} h"], [60, "{n} min"], [1, "{n} s"]],
  ahead: "ahead of the clock",
};

test.each([
  [0, "0 s"],
  [0.9, "0 s"],
  [119.9, "119 s"],
  [120, "2 min"],
  [5400, "90 min"],
  [7199, "119 min"],
  [7200, "2 h"],
  [2 * 86_400 - 1, "47 h"],
  [2 * 86_400, "2 d"],
  [4000 * 86_400, "4\u00a0000 d"],
  [-60, "0 s"],
  [-60.1, "ahead of the clock"],
])("%d s are told as %s", (seconds, words) => {
  expect(ageWords(seconds, texts)).toBe(words);
});

it("has a dash for an age that nobody knows", () => {
  expect(ageWords(NaN, texts)).toBe("– s");
});

describe("elements with an age", () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_000_000_000_000 });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("are told again as time goes by, also those that came later", () => {
    document.body.innerHTML = `<time data-age="999999990"></time>`;
    keepTellingAges(texts);
    tellAges(texts);
    expect(document.querySelector("time")?.textContent).toBe("10 s");
    document.body.innerHTML += `<b data-age="999999000">an hour</b>`;
    vi.advanceTimersByTime(5000);
    expect(document.querySelector("time")?.textContent).toBe("15 s");
    expect(document.querySelector("b")?.textContent).toBe("16 min");
  });
});
