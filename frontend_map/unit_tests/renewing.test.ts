import { beforeEach, describe, expect, it } from "vitest";
import { renew } from "../src/renewing";
import { serve } from "./server";

beforeEach(() => {
  document.body.innerHTML = `<div id="a">old</div><div id="b">old</div>`;
});

const text = (id: string): string | undefined => document.getElementById(id)?.textContent;

describe("a part of the page", () => {
  it("becomes what the server shows now, and the others stay", async () => {
    const holder = document.getElementById("a");
    const server = serve(() => new Response(`<html><body><div id="a"><b>new</b></div><div id="b">new</div></body></html>`));
    await renew("a");
    expect([text("a"), text("b")]).toEqual(["new", "old"]);
    expect(document.getElementById("a")).toBe(holder);
    expect(server.questions[0]).toMatchObject({ address: window.location.href, headers: { Accept: "text/html" } });
  });
  it("stays where the server no longer has it, or the page has not", async () => {
    serve(() => new Response(`<html><body><div id="c">new</div></body></html>`));
    await renew("a", "c");
    expect(text("a")).toBe("old");
  });
  it.each([403, 404, 502])("stays when the server answers %d", async (status) => {
    serve(() => new Response(`<div id="a">an error</div>`, { status }));
    await expect(renew("a")).rejects.toThrow(String(status));
    expect(text("a")).toBe("old");
  });
  it("stays when the server sends one to the login", async () => {
    serve(() => Object.defineProperty(new Response(`<div id="a">login</div>`), "redirected", { value: true }));
    await expect(renew("a")).rejects.toThrow();
    expect(text("a")).toBe("old");
  });
});
