import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Series, Span, Stream } from "../src/series_chart";
import { series, stream } from "./device";
import { json, type Question, type Server, serve } from "./server";

const shown: [code: string, span: Span][] = [];
vi.mock("../src/series_chart", () => ({
  stepWords: () => "",
  SeriesChart: class {
    marks = [];
    show(of: Stream, _series: Series, span: Span): void {
      shown.push([of.code, span]);
    }
    hideSelection = vi.fn();
  },
}));

const DAY = 86_400;
const NOON = Date.parse("2026-01-01T12:00:00Z") / 1000;
const measured = stream({ code: "A", time: NOON, first_time: NOON - 100 * DAY });
const silent = stream({ code: "B", time: null, first_time: null, value: null });

class Follower extends EventTarget {
  static readonly CLOSED = 2;
  static last: Follower | null = null;
  readyState = 1;
  constructor(readonly address: string) {
    super();
    Follower.last = this;
  }
  close(): void {
    this.readyState = Follower.CLOSED;
  }
}

async function open(query: string, answer: (question: Question) => Response | Promise<Response>): Promise<Server> {
  window.history.replaceState(null, "", `/sensors/1/${query}`);
  const settings = { thing: "t", mayEdit: false, place: null, node: null, network: null, basemap: "", streams: [measured, silent], alarms: [], flags: [], addresses: { api: "/api/", tiles: "", flags: "/flags/", alarms: "/alarms/" } };
  const texts = { ages: [[1, "{n} s"]], ahead: "", states: { ok: "on time", late: "late", silent: "silent" }, never: "never measured", each: "each value", loadFailed: "not loaded", live: "live", waiting: "waiting", notLive: "not live", nothing: "nothing", showNewest: "newest" };
  const buttons = ["earlier", "later", "zoom-in", "zoom-out", "reset"].map((id) => `<button id="${id}"></button>`).join("");
  document.body.innerHTML = `
    <p id="message" hidden></p><span id="device-state"></span><span id="live" hidden></span>
    <button data-stream="A"><i class="dot"></i><b class="latest-name">Flow</b><strong></strong><span class="latest-time"></span></button><button data-stream="B"><b class="latest-name">Pressure</b></button>
    <section id="series"><h2 id="series-title"></h2><span id="span"></span><button data-preset="day"></button><button data-preset="week"></button>${buttons}
    <p id="chart-hint"></p><div id="chart"></div><div id="chart-empty" hidden></div><p id="resolution"></p><details id="values"><table><tbody></tbody></table></details></section>
    <div id="records"></div>
    <script type="application/json" id="sensor-settings">${JSON.stringify(settings)}</script><script type="application/json" id="sensor-texts">${JSON.stringify(texts)}</script>`;
  vi.stubGlobal("EventSource", Follower);
  const server = serve(answer);
  vi.resetModules();
  await import("../src/sensor");
  await vi.advanceTimersByTimeAsync(0);
  return server;
}

const part = (id: string): HTMLElement => document.getElementById(id) ?? expect.fail(id);
const turnTo = (code: string): void => document.querySelector<HTMLElement>(`[data-stream=${code}]`)?.click();
const values = ({ address }: Question): Response => json(address.startsWith("/flags/") ? { results: [] } : [series([[NOON, 1]])]);

beforeEach(() => {
  vi.useFakeTimers({ now: NOON * 1000 });
  shown.length = 0;
});
afterEach(() => {
  vi.clearAllTimers();
  vi.useRealTimers();
});

describe("the span of the address", () => {
  it("is shown", async () => {
    await open("?span=day", values);
    const [, span] = shown[0] ?? expect.fail();
    expect(span.until - span.since).toBe(DAY);
  });
  it.each(["?span=toString", "?span=constructor", "?span=", "", "?since=x&until=y"])("is a week where it is %j", async (query) => {
    await open(query, values);
    const [, span] = shown[0] ?? expect.fail("nothing was drawn");
    expect(span.until - span.since).toBe(7 * DAY);
  });
});

describe("a datastream that was turned to", () => {
  it("without values does not stand over the chart of the one before", async () => {
    await open("", values);
    expect(part("chart").hidden).toBe(false);
    turnTo("B");
    await vi.advanceTimersByTimeAsync(0);
    expect([part("chart-empty").textContent, part("chart").hidden]).toEqual(["never measured", true]);
    turnTo("A");
    await vi.advanceTimersByTimeAsync(0);
    expect([part("chart-empty").hidden, part("chart").hidden]).toEqual([true, false]);
  });
  it("is not overtaken by what was asked for the one before", async () => {
    const waiting: (() => void)[] = [];
    await open("", async (question) => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return values(question);
    });
    turnTo("B");
    for (const give of waiting) give();
    await vi.advanceTimersByTimeAsync(10);
    expect(shown).toEqual([]);
    expect(part("chart-empty").textContent).toBe("never measured");
  });
});

describe("live values", () => {
  const send = (value: object): void => {
    Follower.last?.dispatchEvent(new MessageEvent("values", { data: JSON.stringify([value]) }));
  };
  it("are told with unit and age, and make the device on time", async () => {
    await open("", values);
    expect(Follower.last?.address).toBe("/api/live/?datastream=A&datastream=B");
    send({ datastream: "A", time: "2026-01-01T12:00:00Z", value: 2.5 });
    expect(document.querySelector("strong")?.textContent).toBe("2.500");
    expect([part("live").textContent, part("device-state").textContent]).toEqual(["waiting", "silent"]);
  });
  it("of an unknown datastream are left aside", async () => {
    await open("", values);
    send({ datastream: "<b>", time: "2026-01-01T12:00:00Z", value: 2.5 });
    expect(document.querySelector("strong")?.textContent).toBe("");
  });
  it("are asked for now and then where the server follows nobody more, and the asking survives a failure", async () => {
    let asked = 0;
    await open("", (question) => {
      if (!question.address.startsWith("/api/datastreams/")) return values(question);
      asked++;
      return asked === 1 ? json({}, 503) : json({ results: [{ code: "A", latest_time: "2026-01-01T12:01:00Z", latest_value: 7 }, { code: "B", latest_time: null, latest_value: null }] });
    });
    Follower.last?.close();
    Follower.last?.dispatchEvent(new Event("error"));
    expect(part("live").textContent).toBe("not live");
    await vi.advanceTimersByTimeAsync(61_000);
    expect(asked).toBe(2);
    expect(document.querySelector("strong")?.textContent).toBe("7.000");
  });
});
