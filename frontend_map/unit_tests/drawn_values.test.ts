import { describe, expect, it } from "vitest";
import { drawValues } from "../src/drawn_values";

describe("values that a template has computed", () => {
  it("become lengths and turns", () => {
    document.body.innerHTML = `<i data-width="12.5%"></i><b data-left="40%"></b><s data-turn="270"></s><u></u>`;
    drawValues(document);
    expect(document.querySelector<HTMLElement>("i")?.style.width).toBe("12.5%");
    expect(document.querySelector<HTMLElement>("b")?.style.left).toBe("40%");
    expect(document.querySelector<HTMLElement>("s")?.style.transform).toBe("rotate(270deg)");
    expect(document.querySelector<HTMLElement>("u")?.getAttribute("style")).toBeNull();
  });
});
