import { beforeEach, describe, expect, it, vi } from "vitest";
import { chooseTheme, shownTheme, startThemeSwitch } from "../src/theme";

const wish = (isDark: boolean): void => {
  vi.spyOn(window, "matchMedia").mockReturnValue({ matches: isDark } as MediaQueryList);
};

beforeEach(() => {
  delete document.documentElement.dataset["theme"];
  document.body.innerHTML = `<button id="theme-switch" hidden></button>`;
});

describe("dark and light", () => {
  it("follow the system until the reader chooses", () => {
    wish(true);
    expect(shownTheme()).toBe("dark");
    chooseTheme("light");
    expect(shownTheme()).toBe("light");
    expect(document.cookie).toContain("tarmoq_theme=light");
  });
  it("are switched and told to those who do not see", () => {
    wish(false);
    startThemeSwitch();
    const button = document.getElementById("theme-switch") ?? expect.fail();
    expect([button.hidden, button.getAttribute("aria-pressed")]).toEqual([false, "false"]);
    button.click();
    expect([shownTheme(), button.getAttribute("aria-pressed")]).toEqual(["dark", "true"]);
    expect(document.cookie).toContain("tarmoq_theme=dark");
  });
});
