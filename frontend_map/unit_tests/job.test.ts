import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { json, type Server, serve } from "./server";

const job = (over: object = {}): object => ({ state: "running", progress_done: 0, progress_total: 0, message: "", result: null, error: "", soft_limit_passed_at: null, ...over });

/** The page with a job whose states the server tells one after the other; an Error is a connection that broke. */
async function open(...answers: (object | Error | number)[]): Promise<Server> {
  const settings = { address: "/api/jobs/1/", states: { running: "running now", succeeded: "done", failed: "went wrong" }, lost: "No connection", messages: { billing: "Bills are made" } };
  document.body.innerHTML = `
    <span id="job-state"></span>
    <section id="job"><div id="job-progress"><i style="width: 0%"></i></div><span id="job-message"></span><span id="job-count"></span>
    <p id="job-error" hidden></p><p id="job-lost" hidden></p><p id="job-slow" hidden></p></section>
    <section id="job-file-card" hidden><a id="job-file"><span id="job-file-name"></span></a><span id="job-file-facts"></span></section>
    <script type="application/json" id="job-settings">${JSON.stringify(settings)}</script>`;
  let asked = 0;
  const server = serve(() => {
    const answer = answers[Math.min(asked++, answers.length - 1)];
    if (answer instanceof Error) return Promise.reject(answer);
    return typeof answer === "number" ? json({}, answer) : json(answer);
  });
  vi.resetModules();
  await import("../src/job");
  await vi.advanceTimersByTimeAsync(0);
  return server;
}

const part = (id: string): HTMLElement => document.getElementById(id) ?? expect.fail(id);
const width = (): string | undefined => part("job-progress").querySelector("i")?.style.width;

const reload = vi.fn();

beforeEach(() => {
  vi.useFakeTimers();
  reload.mockReset();
  vi.spyOn(window.location, "reload").mockImplementation(reload);
});
afterEach(() => {
  vi.useRealTimers();
});

describe("the page of a job", () => {
  it("asks until the job has ended, and then no more", async () => {
    const server = await open(job({ progress_done: 250, progress_total: 1000, message: "billing" }), job({ progress_done: 1000, progress_total: 1000 }), job({ state: "succeeded", result: { rows: 3 } }));
    expect(part("job-state").textContent).toBe("running now");
    expect([width(), part("job-message").textContent, part("job-count").textContent]).toEqual(["25%", "Bills are made", "250 / 1\u00a0000"]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.questions).toHaveLength(3);
    expect(vi.getTimerCount()).toBe(0);
    expect([width(), part("job-state").textContent, part("job").dataset["state"]]).toEqual(["100%", "done", "succeeded"]);
    // The server puts the result into words.
    expect(reload).toHaveBeenCalledOnce();
  });
  it("says why a job failed, as text, and asks no more", async () => {
    const error = `bad row <img src=x onerror="alert(1)">`;
    const server = await open(job({ state: "failed", error, progress_done: 1, progress_total: 4 }));
    expect(part("job-error").hidden).toBe(false);
    expect(part("job-error").textContent).toBe(error);
    expect(document.querySelector("img")).toBeNull();
    expect(width()).toBe("25%");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.questions).toHaveLength(1);
  });
  it("shows no share of an unknown whole", async () => {
    await open(job({ progress_done: 5 }));
    expect([width(), part("job-count").textContent]).toEqual(["0%", ""]);
  });
  it("goes on when the connection comes back", async () => {
    const server = await open(new TypeError("Failed to fetch"), 502, job({ state: "succeeded" }));
    expect([part("job-lost").hidden, part("job-lost").textContent]).toEqual([false, "No connection"]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.questions).toHaveLength(3);
    expect(part("job-lost").hidden).toBe(true);
    expect(part("job-state").textContent).toBe("done");
  });
});
