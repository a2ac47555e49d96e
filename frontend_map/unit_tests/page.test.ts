import { afterEach, beforeEach, describe, expect, it, test, vi } from "vitest";
import {
  dayName, element, eventElement, fetchAll, fetchJson, fieldOf, figure, filled, icon, iconFile, locale, make, measured, monthName, numberIn, percent, postJson, postOnce, Refusal, sendJson,
  settingsOf, shortDay, unitOf,
} from "../src/page";
import { json, serve } from "./server";

beforeEach(() => {
  document.body.innerHTML = "";
});

describe("a page's parts", () => {
  it("are found by name and class, and missed loudly", () => {
    document.body.innerHTML = `<input id="a"><form><input name="b"><select name="c"></select></form><script type="application/json" id="s">{"x":[1]}</script>`;
    expect(element("a", HTMLInputElement)).toBe(document.querySelector("input"));
    expect(() => element("a", HTMLSelectElement)).toThrow("HTMLSelectElement a");
    expect(() => element("nowhere")).toThrow("nowhere");
    expect(settingsOf("s")).toEqual({ x: [1] });
    expect(() => settingsOf("nowhere")).toThrow("nowhere");
    const form = document.querySelector("form") ?? expect.fail();
    expect(fieldOf(form, "b")).toBe(form.querySelector("input"));
    expect(fieldOf(form, "c")).toBe(form.querySelector("select"));
    expect(() => fieldOf(form, "d")).toThrow("no field d");
  });
  it("are found above what an event fell upon", () => {
    document.body.innerHTML = `<button data-x><i>text</i></button><a data-x></a>`;
    const found: unknown[] = [];
    document.body.addEventListener("click", (event) => found.push(eventElement(event, "[data-x]", HTMLButtonElement)), { once: false });
    document.querySelector("i")?.click();
    document.querySelector("a")?.click();
    expect(found).toEqual([document.querySelector("button"), null]);
  });
});

describe("what users wrote", () => {
  const attack = `<img src=x onerror="alert(1)">&amp;`;
  it("stays text as a child and as an attribute", () => {
    const made = make("p", { title: attack, "data-x": `"><b>` }, attack, null, make("b", {}, attack));
    document.body.append(made);
    expect(document.querySelector("img")).toBeNull();
    expect(document.querySelectorAll("b")).toHaveLength(1);
    expect(made.textContent).toBe(attack + attack);
    expect(made.title).toBe(attack);
  });
  it("fills a sentence as it is, without being read for names or marks in its turn", () => {
    expect(filled("{n} of {reason}", { n: "{reason}", reason: "$& $1 {n}" })).toBe("{reason} of $& $1 {n}");
    expect(filled("{unknown} {toString}", {})).toBe("{unknown} {toString}");
    expect(filled("{n}", { n: 0 })).toBe("0");
  });
  it("names an icon without leaving its address", () => {
    const use = icon(`x"><script>`).querySelector("use");
    expect(use?.getAttribute("href")).toBe(`${iconFile}#x"><script>`);
    expect(iconFile).toBe("/static/frontend_map/icons.svg");
  });
});

describe("what makes something", () => {
  afterEach(() => {
    vi.useRealTimers();
  });
  it("is sent once more under the same key when no answer comes", async () => {
    vi.useFakeTimers();
    let asked = 0;
    const server = serve(() => (++asked === 1 ? Promise.reject(new TypeError("cut off")) : json({ uid: "a" }, 201)));
    const made = postOnce<{ uid: string }>("/api/v1/networks/N/edits/", { operations: [] });
    await vi.advanceTimersByTimeAsync(1500);
    expect(await made).toEqual({ uid: "a" });
    const keys = server.questions.map((question) => question.headers["Idempotency-Key"]);
    expect(keys).toHaveLength(2);
    expect(keys[0]).toBe(keys[1]);
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
  });
  it("is sent again when the server does not know whether it was done, and not when it is too long", async () => {
    vi.useFakeTimers();
    let code = "OutcomeUnknown";
    const server = serve(() => (server.questions.length % 2 === 1 ? json({ code, detail: "Who knows." }, 503) : json({ uid: "a" }, 201)));
    const made = postOnce<{ uid: string }>("/api/v1/x/", {});
    await vi.advanceTimersByTimeAsync(1500);
    expect(await made).toEqual({ uid: "a" });
    expect(new Set(server.questions.map((question) => question.headers["Idempotency-Key"])).size).toBe(1);
    code = "TooLong";
    await expect(postOnce("/api/v1/x/", {})).rejects.toThrow("Who knows.");
    expect(server.questions).toHaveLength(3);
  });
  it("is not sent again when it was refused, and has another key the next time", async () => {
    const server = serve(() => json({ error: { message: "No." } }, 400));
    await expect(postOnce("/api/v1/x/", {})).rejects.toThrow("No.");
    await expect(postOnce("/api/v1/x/", {})).rejects.toThrow("No.");
    expect(new Set(server.questions.map((question) => question.headers["Idempotency-Key"])).size).toBe(2);
  });
});

describe("requests", () => {
  it("are JSON from our own site and can be called off", async () => {
    const server = serve(() => json({ a: 1 }));
    const { signal } = new AbortController();
    expect(await fetchJson("/api/x/", signal)).toEqual({ a: 1 });
    expect(server.questions[0]).toMatchObject({ address: "/api/x/", method: "GET", headers: { Accept: "application/json" }, signal });
  });
  it.each([400, 403, 404, 500, 503])("fail with status %d, in the server's words where it has any", async (status) => {
    const words = "Pipe P-1 is planned: there is nothing to isolate.";
    const answers: [unknown, string, boolean][] = [[{}, String(status), false], [{ error: { code: "not_in_service", message: words } }, words, true]];
    for (const [answer, message, isInWords] of answers) {
      serve(() => json(answer, status));
      const refused = await fetchJson("/api/x/").catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(Refusal);
      expect(refused).toMatchObject({ message, status, isInWords });
    }
  });
  it("fail when a login page comes instead of data", async () => {
    serve(() => new Response("<!doctype html>", { status: 200 }));
    await expect(fetchJson("/api/x/")).rejects.toThrow();
  });
  it("that change something carry the page's CSRF token", async () => {
    document.body.innerHTML = `<input type="hidden" name="csrfmiddlewaretoken" value="a-token">`;
    const server = serve(() => json({ done: true }, 201));
    expect(await postJson("/api/x/", { b: 2 })).toEqual({ done: true });
    expect(server.questions[0]).toMatchObject({ method: "POST", body: { b: 2 }, headers: { "X-CSRFToken": "a-token", "Content-Type": "application/json" } });
  });
  it("do without a token where the page has none, and without a body in the answer", async () => {
    const server = serve(() => new Response(null, { status: 204 }));
    expect(await sendJson("DELETE", "/api/x/")).toBeNull();
    expect(server.questions[0]).toMatchObject({ method: "DELETE", body: {}, headers: { "X-CSRFToken": "" } });
  });
  it.each([
    [{ detail: "Not yours." }, "Not yours."],
    [{ message: "Said first.", detail: "not this" }, "Said first."],
    [{ reason: ["Is empty.", "Is short."], number: { detail: "Is none." } }, "Is empty. Is short. Is none."],
    [["One.", { message: "Two." }], "One. Two."],
    [{ code: 7, other: null }, "409"],
    [{}, "409"],
  ])("that are refused with %j say %s", async (answer, reason) => {
    serve(() => json(answer, 409));
    const refused = await postJson("/api/x/", {}).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Refusal);
    expect((refused as Refusal).message).toBe(reason);
  });
  it("that are refused with a page say its status, not its markup", async () => {
    serve(() => new Response("<h1>Server Error (500)</h1>", { status: 500 }));
    await expect(postJson("/api/x/", {})).rejects.toThrow(/^500$/);
  });
  it("that never arrived are no refusal", async () => {
    serve(() => Promise.reject(new TypeError("Failed to fetch")));
    const error = await postJson("/api/x/", {}).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(TypeError);
  });
});

describe("paged lists", () => {
  it("are read to the end at our own host, whatever host the server names", async () => {
    const pages: Record<string, unknown> = {
      "/api/rows/?limit=2": { next: "http://inner:8000/api/rows/?limit=2&offset=2", results: [1, 2] },
      "/api/rows/?limit=2&offset=2": { next: null, results: [3] },
    };
    const server = serve(({ address }) => json(pages[address]));
    expect(await fetchAll("/api/rows/?limit=2")).toEqual([1, 2, 3]);
    expect(server.addresses()).toEqual(Object.keys(pages));
  });
  it("may be plain lists, or empty", async () => {
    serve(({ address }) => json(address === "/plain/" ? [1] : { next: null, results: [] }));
    expect(await fetchAll("/plain/")).toEqual([1]);
    expect(await fetchAll("/empty/")).toEqual([]);
  });
  it("may be long", async () => {
    serve(() => json({ next: null, results: Array.from({ length: 200_000 }, () => 0) }));
    expect(await fetchAll("/api/rows/")).toHaveLength(200_000);
  });
  it("fail as a whole", async () => {
    serve(({ address }) => (address === "/one/" ? json({ next: "/two/", results: [1] }) : json({}, 500)));
    await expect(fetchAll("/one/")).rejects.toThrow(/^500$/);
  });
});

describe("figures", () => {
  it.each([
    [1234567.891, 2, "1\u00a0234\u00a0567.89"],
    [999, 0, "999"],
    [1000, 0, "1\u00a0000"],
    ["1234.5678", 3, "1\u00a0234.568"],
    [-1234, 0, "−1\u00a0234"],
    [-0.4, 0, "0"],
    [-0.5, 0, "−1"],
    [0, 2, "0.00"],
    // As the server rounds: the decimal that was written, halves away from zero.
    [1.005, 2, "1.01"],
    ["8.345", 2, "8.35"],
    [0.125, 2, "0.13"],
    [2.5, 0, "3"],
    [1e-7, 2, "0.00"],
    [1e21, 0, "1e+21"],
    [9_007_199_254_740.992, 3, "9\u00a0007\u00a0199\u00a0254\u00a0740.992"],
    [null, 0, "–"],
    [undefined, 0, "–"],
    ["", 0, "–"],
    [NaN, 1, "–"],
    [Infinity, 1, "–"],
    ["no number", 1, "–"],
  ])("%s with %d decimals is %s", (value, decimals, text) => {
    expect(figure(value, decimals)).toBe(text);
  });
  it.each([
    [0.12345, "flow", "0.1235"],
    [1.23456, "flow", "1.235"],
    [12.3456, "flow", "12.35"],
    [1234.56, "flow", "1\u00a0235"],
    [-0.5, "pressure", "−0.5000"],
    [0, "flow", "0"],
    [1, "state", "1"],
    [1.5, "state", "1.500"],
    [12, "counter", "12.000"],
    [NaN, "flow", "–"],
    [Infinity, "counter", "–"],
    [null, "flow", "–"],
    [undefined, "flow", "–"],
  ])("%s as %s is %s", (value, quantity, text) => {
    expect(measured(value, quantity)).toBe(text);
  });
  test("shares and units", () => {
    expect(percent(0.0549)).toBe("5.5 %");
    expect(percent(-0.1, 0)).toBe("−10 %");
    expect(["m3/h", "ft3/s", "kg/cm2", "m"].map(unitOf)).toEqual(["m³/h", "ft³/s", "kg/cm²", "m"]);
  });
});

describe("dates", () => {
  it("are those of the calendar, in no zone", () => {
    expect(monthName("2026-01-01")).toBe("January 2026");
    expect(monthName("2026-12-31")).toBe("December 2026");
    expect(dayName("2028-02-29")).toBe("29 February 2028");
    expect(shortDay(new Date("2026-02-28T23:59:59Z"))).toBe("28 Feb");
    expect(shortDay(new Date("2026-03-01T00:00:00Z"))).toBe("1 Mar");
  });
});

describe("numbers that people write", () => {
  afterEach(() => {
    Object.assign(locale, { thousands: "\u00a0", decimal: "." });
  });
  it.each([
    ["12,5", 12.5],
    ["12.5", 12.5],
    [" −3 ", -3],
    ["1\u00a0234,5", 1234.5],
    ["1 234", 1234],
    [".5", 0.5],
    ["0", 0],
  ])("%s is %d", (text, number) => {
    expect(numberIn(text)).toBe(number);
  });
  it.each(["", "  ", "12,5,6", "1.2.3", "five", "3 m", "--1"])("%j is none", (text) => {
    expect(numberIn(text)).toBeNaN();
  });
  it("have commas between thousands only where the language has them, and only in whole groups", () => {
    expect(numberIn("1,234")).toBe(1.234);
    locale.thousands = ",";
    expect(numberIn("1,234")).toBe(1234);
    expect(numberIn("1,234,567.5")).toBe(1234567.5);
    expect(numberIn("12,5")).toBe(12.5);
  });
});
