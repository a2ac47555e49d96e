import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Span } from "../src/series_chart";
import { SeriesEditor } from "../src/series_edit";
import { series, stream } from "./device";
import { json, type Question, serve } from "./server";

const texts = {
  chosen: "{n} values, {since} to {until}", tooMany: "too many", noneChosen: "none", badSpan: "bad span", badNumber: "bad number", failed: "No: {reason}", saved: "{n} saved", loadFailed: "not loaded", deletedValue: "deleted",
};
const shade = vi.fn<(span: Span | null) => void>();
const saved = vi.fn<(message: string) => void>();
const NOON = Date.parse("2026-01-01T12:00:00Z") / 1000;

beforeEach(() => {
  vi.useFakeTimers();
  shade.mockReset();
  saved.mockReset();
  document.body.innerHTML = `
    <button id="edit"></button>
    <form id="edit-form" hidden>
      <input name="since"><input name="until"><select name="action"><option value="set"></option><option value="shift"></option><option value="line"></option><option value="delete"></option></select>
      <label id="number-field"><span id="edit-unit"></span><input name="number"></label><input name="reason" required>
      <p id="edit-chosen"></p><details id="edit-preview"><table><tbody></tbody></table></details><p id="edit-problem" hidden></p>
      <button id="edit-save"></button><button type="button" id="edit-cancel"></button>
    </form>`;
  Object.assign(HTMLFormElement.prototype, { scrollIntoView: vi.fn() });
});
afterEach(() => {
  vi.useRealTimers();
});

const field = (name: string): HTMLInputElement => document.querySelector<HTMLInputElement>(`[name=${name}]`) ?? expect.fail(name);
const part = (id: string): HTMLElement => document.getElementById(id) ?? expect.fail(id);
const previewed = (): string[][] => [...document.querySelectorAll("tbody tr")].map((row) => [...row.querySelectorAll("td")].map((cell) => cell.textContent));
const rest = async (): Promise<void> => {
  await vi.advanceTimersByTimeAsync(1000);
};
const write = (name: string, text: string): void => {
  field(name).value = text;
  field(name).dispatchEvent(new Event("input", { bubbles: true }));
};
const submit = async (): Promise<void> => {
  part("edit-form").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  await rest();
};
const open = (): SeriesEditor => {
  const editor = new SeriesEditor("/api/", texts, stream(), shade, saved);
  editor.toggle(true);
  return editor;
};

/** A minute's values around noon, those that the question asks for, each the square of its minute. */
function minutes({ address }: Question): Response {
  const query = new URL(address, window.location.href).searchParams;
  const [since = NaN, until = NaN] = ["since", "until"].map((name) => Date.parse(query.get(name) ?? "") / 1000);
  const all = Array.from({ length: 60 }, (_, index): [number, number] => [NOON + index * 60, index * index]);
  return json([series(all.filter(([time]) => time >= since && time < until))]);
}

describe("a span that was chosen", () => {
  it("stands in the fields by the datastream's clocks, in whole seconds within it", async () => {
    serve(minutes);
    open().choose({ since: NOON + 59.2, until: NOON + 180.9 });
    await rest();
    expect([field("since").value, field("until").value]).toEqual(["2026-01-01T17:01:00", "2026-01-01T17:03:00"]);
    expect(part("edit-chosen").textContent).toBe("3 values, 1 January 2026, 17:01 UTC+5 to 1 January 2026, 17:03 UTC+5");
    expect(shade.mock.lastCall).toEqual([{ since: NOON + 60, until: NOON + 180 }]);
  });
  it("is refused where it ends before it begins, and nothing is asked", async () => {
    const server = serve(minutes);
    open();
    write("since", "2026-01-01T17:03");
    write("until", "2026-01-01T17:01");
    await rest();
    expect([part("edit-problem").textContent, server.questions.length]).toEqual(["bad span", 0]);
  });
  it("may hold nothing, or more than one edits by hand", async () => {
    serve(() => json([]));
    const editor = open();
    editor.choose({ since: NOON, until: NOON + 60 });
    await rest();
    expect(part("edit-chosen").textContent).toBe("none");
    serve(() => json([series([[NOON, 1]], { resolution: "bins" })]));
    editor.choose({ since: NOON, until: NOON + 6000 });
    await rest();
    expect([part("edit-chosen").textContent, part("edit-form").dataset["chosen"]]).toEqual(["too many", "0"]);
  });
  it("leaves gaps out, and says when nothing came", async () => {
    serve(() => json([series([[NOON, null], [NOON + 60, 0]])]));
    const editor = open();
    editor.choose({ since: NOON, until: NOON + 60 });
    await rest();
    expect(part("edit-form").dataset["chosen"]).toBe("1");
    serve(() => json({}, 500));
    editor.choose({ since: NOON, until: NOON + 60 });
    await rest();
    expect([part("edit-problem").textContent, part("edit-form").dataset["chosen"]]).toEqual(["not loaded", "0"]);
  });
});

describe("an edit", () => {
  it("shows what becomes of the values before it is saved", async () => {
    serve(minutes);
    open().choose({ since: NOON + 60, until: NOON + 120 });
    await rest();
    expect(previewed().map((cells) => cells.slice(1))).toEqual([["1.000", "…"], ["4.000", "…"]]);
    write("number", "1,5");
    expect(previewed().map((cells) => cells[2])).toEqual(["1.500", "1.500"]);
    field("action").value = "delete";
    write("reason", "x");
    expect(previewed().map((cells) => cells[2])).toEqual(["deleted", "deleted"]);
    expect(part("number-field").hidden).toBe(true);
  });
  it("is sent with each instant to the microsecond", async () => {
    const server = serve((question) => (question.method === "POST" ? json({}) : minutes(question)));
    open().choose({ since: NOON + 60, until: NOON + 120 });
    await rest();
    field("action").value = "shift";
    write("number", "−1");
    write("reason", "workshop");
    await submit();
    expect(server.questions.at(-1)).toMatchObject({
      address: "/api/datastreams/11111111-1111-1111-1111-111111111111/edits/",
      body: { code: "edited", reason: "workshop", corrections: [{ time: "2026-01-01T12:01:00.000000Z", value: 0 }, { time: "2026-01-01T12:02:00.000000Z", value: 3 }] },
    });
    expect(saved.mock.calls).toEqual([["2 saved"]]);
    expect(part("edit-form").hidden).toBe(true);
  });
  it("is not sent without a number, a span or a reason", async () => {
    const server = serve(minutes);
    const editor = open();
    await submit();
    expect(part("edit-problem").textContent).toBe("bad span");
    editor.choose({ since: NOON + 60, until: NOON + 120 });
    await rest();
    write("number", "five");
    write("reason", "x");
    await submit();
    expect(part("edit-problem").textContent).toBe("bad number");
    write("number", "5");
    write("reason", "");
    await submit();
    expect(server.questions.every(({ method }) => method === "GET")).toBe(true);
  });
  it("that is refused stays open with the server's reason, and can be sent again", async () => {
    serve((question) => (question.method === "POST" ? json({ detail: "The month is closed." }, 409) : minutes(question)));
    open().choose({ since: NOON + 60, until: NOON + 60 });
    await rest();
    write("number", "5");
    write("reason", "x");
    await submit();
    expect([part("edit-problem").textContent, part("edit-form").hidden]).toEqual(["No: The month is closed.", false]);
    expect(document.querySelector<HTMLButtonElement>("#edit-save")?.disabled).toBe(false);
    expect(saved).not.toHaveBeenCalled();
  });
});

describe("answers that are late", () => {
  it("never put one datastream's values under another", async () => {
    let give: () => void = () => undefined;
    serve(async (question) => {
      await new Promise<void>((resolve) => (give = resolve));
      return minutes(question);
    });
    const editor = open();
    editor.choose({ since: NOON + 60, until: NOON + 120 });
    editor.turnTo(stream({ code: "B", uid: "b" }));
    editor.toggle(true);
    give();
    await rest();
    expect([part("edit-form").dataset["chosen"], part("edit-chosen").textContent, previewed()]).toEqual(["0", "", []]);
  });
  it("never draw a line to the neighbours of the span before", async () => {
    const waiting: (() => void)[] = [];
    let isSlow = false;
    serve(async (question) => {
      // What is asked for first about the first span is its values; its neighbours are held back.
      if (isSlow) await new Promise<void>((resolve) => waiting.push(resolve));
      return minutes(question);
    });
    const editor = open();
    field("action").value = "line";
    editor.choose({ since: NOON + 60, until: NOON + 60 });
    isSlow = true;
    await rest();
    isSlow = false;
    editor.choose({ since: NOON + 1800, until: NOON + 1800 });
    await rest();
    expect(previewed()).toEqual([["1 January 2026, 17:30 UTC+5", "900.0", "901.0"]]);
    for (const resolve of waiting) resolve();
    await rest();
    write("reason", "x");
    expect(waiting).toHaveLength(2);
    expect(previewed()).toEqual([["1 January 2026, 17:30 UTC+5", "900.0", "901.0"]]);
  });
  it("to an edit do not close the form on what was chosen meanwhile", async () => {
    let give: () => void = () => undefined;
    serve(async (question) => {
      if (question.method !== "POST") return minutes(question);
      await new Promise<void>((resolve) => (give = resolve));
      return json({});
    });
    const editor = open();
    editor.choose({ since: NOON + 60, until: NOON + 60 });
    await rest();
    write("number", "5");
    write("reason", "x");
    await submit();
    editor.choose({ since: NOON + 120, until: NOON + 240 });
    await rest();
    give();
    await rest();
    expect(saved.mock.calls).toEqual([["1 saved"]]);
    expect([part("edit-form").hidden, part("edit-form").dataset["chosen"]]).toEqual([false, "3"]);
  });
  it("are not asked for twice when a span is written and then drawn", async () => {
    const server = serve(minutes);
    const editor = open();
    write("since", "2026-01-01T17:01");
    editor.choose({ since: NOON + 60, until: NOON + 120 });
    await rest();
    // The values, and those before and after them.
    expect(server.questions).toHaveLength(3);
  });
  it("nor is anything asked for once the form is closed", async () => {
    const server = serve(minutes);
    const editor = open();
    write("since", "2026-01-01T17:01");
    write("until", "2026-01-01T17:03");
    editor.toggle(false);
    await rest();
    expect(server.questions).toEqual([]);
  });
});
