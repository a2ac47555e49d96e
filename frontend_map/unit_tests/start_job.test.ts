import { beforeEach, describe, expect, it, vi } from "vitest";
import { json, type Server, serve } from "./server";

const assign = vi.fn();

async function open(answer: Response): Promise<Server> {
  const settings = { api: "/api/", job: "/jobs/", fields: { validate: ["network"], simulate: ["network", "hours"], billing: ["enterprise", "month", "trial"], balances: ["network", "first_month", "last_month"], leaks: ["network"], export: ["network", "format"] }, lost: "lost", ready: "ready" };
  document.body.innerHTML = `
    <div data-field="network"><form id="network-picker" data-chosen="N/1"><input id="network-text"><ul id="network-options"></ul><p id="network-found"></p></form></div>
    <form id="start-job"><select name="kind">${Object.keys(settings.fields).map((kind) => `<option>${kind}</option>`).join("")}</select>
    <label data-field="hours"><input name="hours" value="48"></label><label data-field="first_month"><input name="first_month" value="2026-01"></label>
    <label data-field="last_month"><input name="last_month" value="2026-02"></label><label data-field="enterprise"><input name="enterprise" value="E"></label>
    <label data-field="month"><input name="month" value="2026-03"></label><label data-field="trial"><input type="checkbox" name="trial" checked></label>
    <label data-field="format"><input name="format" value="geojson"></label><button></button></form>
    <p id="start-refusal" hidden></p><p id="start-done" hidden></p><script type="application/json" id="start-settings">${JSON.stringify(settings)}</script>`;
  const server = serve(() => answer);
  vi.resetModules();
  await import("../src/start_job");
  return server;
}

async function start(kind: string): Promise<void> {
  const select = document.querySelector("select") ?? expect.fail();
  select.value = kind;
  select.dispatchEvent(new Event("change", { bubbles: true }));
  document.getElementById("start-job")?.dispatchEvent(new Event("submit", { cancelable: true }));
  await new Promise((resolve) => setTimeout(resolve, 0));
}

const shownFields = (): string[] => [...document.querySelectorAll<HTMLElement>("[data-field]")].filter((field) => !field.hidden).map((field) => field.dataset["field"] ?? "");

beforeEach(() => {
  assign.mockReset();
  vi.spyOn(window.location, "assign").mockImplementation(assign);
});

describe("starting a job", () => {
  it.each([
    ["validate", "/api/networks/N%2F1/validation/", { all: true }, ["network"]],
    ["simulate", "/api/networks/N%2F1/simulations/", { hours: 48 }, ["network", "hours"]],
    ["leaks", "/api/leak-searches/", { network: "N/1" }, ["network"]],
    ["balances", "/api/balance-runs/", { network: "N/1", first_month: "2026-01-01", last_month: "2026-02-01" }, ["network", "first_month", "last_month"]],
    ["billing", "/api/billing-runs/", { enterprise: "E", month: "2026-03-01", trial: true }, ["enterprise", "month", "trial"]],
  ])("asks for %s and opens the job's page", async (kind, address, body, fields) => {
    const server = await open(json({ uid: "u1" }, 202));
    await start(kind);
    expect(server.questions.map((question) => [question.address, question.body])).toEqual([[address, body]]);
    expect(assign).toHaveBeenCalledWith("/jobs/u1/");
    expect(shownFields()).toEqual(fields);
  });
  it("of an export opens the job where there is one", async () => {
    const server = await open(json({ uid: "u2" }, 202));
    await start("export");
    expect(server.addresses()).toEqual(["/api/networks/N%2F1/export/?format_name=geojson"]);
    expect(assign).toHaveBeenCalledWith("/jobs/u2/");
  });
  it("says in the server's words why it was refused", async () => {
    await open(json({ detail: "The month is closed." }, 409));
    await start("billing");
    expect(document.getElementById("start-refusal")?.textContent).toBe("The month is closed.");
    expect(assign).not.toHaveBeenCalled();
  });
});
