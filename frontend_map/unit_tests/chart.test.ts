import "./device";
import "./page_around";
import { expect, it } from "vitest";

it("the axes and the grid of a chart have the colours of the theme that is shown", async () => {
  const { axis } = await import("../src/chart");
  const { stroke, grid } = axis();
  const asked = (colour: unknown): unknown => (colour as () => string)();
  for (const [ink, line] of [["#526371", "#dde4ea"], ["#a3b4c0", "#2c3b46"]] as const) {
    document.documentElement.style.setProperty("--ink-soft", ink);
    document.documentElement.style.setProperty("--line", line);
    expect([asked(stroke), asked(grid?.stroke)]).toEqual([ink, line]);
  }
});
