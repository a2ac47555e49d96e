import { beforeEach, expect, it, vi } from "vitest";
import { listenToAlarms } from "../src/alarm_handling";
import { json, later, type Server, serve } from "./server";

const texts = { acknowledged: "seen", closed: "closed", failed: "No: {reason}", loadFailed: "not loaded" };
const tell = vi.fn<(message: string, isBad: boolean) => void>();
const done = vi.fn<() => Promise<void>>();

beforeEach(() => {
  tell.mockReset();
  done.mockReset().mockResolvedValue();
  document.body.innerHTML = `<div><button data-alarm="7" data-act="close"><i></i></button><button data-alarm="8"></button><button id="other"></button></div>`;
  listenToAlarms(document.querySelector("div") ?? expect.fail(), "/api/alarms/", texts, tell, done);
});

const button = (): HTMLButtonElement => document.querySelector("button") ?? expect.fail();
const settled = async (server: Server): Promise<void> => {
  await vi.waitFor(() => {
    expect(server.questions).toHaveLength(1);
    expect(button().disabled).toBe(false);
    expect(tell).toHaveBeenCalled();
  });
};

it("closes the alarm of the button, says so, then has the list renewed", async () => {
  const server = serve(() => json({}));
  button().querySelector("i")?.click();
  await settled(server);
  expect(server.questions[0]).toMatchObject({ address: "/api/alarms/7/close/", method: "POST" });
  expect(tell.mock.calls).toEqual([["closed", false]]);
  expect(done).toHaveBeenCalledOnce();
});

it("acknowledges where the button does not say what", async () => {
  const server = serve(() => json({}));
  document.querySelector<HTMLButtonElement>("[data-alarm='8']")?.click();
  await settled(server);
  expect(server.addresses()).toEqual(["/api/alarms/8/acknowledge/"]);
  expect(tell.mock.calls).toEqual([["seen", false]]);
});

it("sends one request for two clicks", async () => {
  let give: (response: Response) => void = () => undefined;
  const server = serve(({ signal }) => {
    const waiting = later(signal);
    give = waiting.give;
    return waiting.answer;
  });
  button().click();
  button().click();
  expect(button().disabled).toBe(true);
  give(json({}));
  await settled(server);
});

it("says why it was refused, and renews nothing", async () => {
  const server = serve(() => json({ detail: "Not yours." }, 403));
  button().click();
  await settled(server);
  expect(tell.mock.calls).toEqual([["No: Not yours.", true]]);
  expect(done).not.toHaveBeenCalled();
});

it("says that nothing came when the connection broke, or the list could not be renewed", async () => {
  const server = serve(() => Promise.reject(new TypeError("Failed to fetch")));
  button().click();
  await settled(server);
  expect(tell.mock.calls).toEqual([["not loaded", true]]);
  tell.mockReset();
  done.mockRejectedValue(new Error("502"));
  const working = serve(() => json({}));
  button().click();
  await settled(working);
  await vi.waitFor(() => {
    expect(tell.mock.lastCall).toEqual(["not loaded", true]);
  });
});

it("leaves other buttons alone", () => {
  const server = serve(() => json({}));
  document.getElementById("other")?.click();
  expect(server.questions).toEqual([]);
});
