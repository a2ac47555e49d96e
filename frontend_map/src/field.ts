// The crew's page: one page whose views are named by the address's fragment, so that it opens without a network, too.
import "./styles/field.css";
import { cardView } from "./field_card";
import { emptyNote, FieldContext, type View, viewHead } from "./field_context";
import { showNearestSaved, searchView } from "./field_near";
import { offlineView } from "./field_offline";
import { orderList, orderView } from "./field_orders";
import { locate } from "./field_position";
import { recordView } from "./field_records";
import { openStore } from "./field_store";
import type { FieldSettings } from "./field_types";
import { handOver, startWorker } from "./field_worker";
import { element, fieldOf, icon, iconFile, make, settingsOf } from "./page";

interface Closable {
  close(): void;
}

const settings = settingsOf<FieldSettings>("field-settings");
const host = element("field-view");
const nearest = element("field-nearest");
const form = element("position", HTMLFormElement);
const SEND_EVERY_MS = 30_000;
let open: Closable | null = null;
let opening = 0;

const homeView: View = async (context, at) => {
  const action = (address: string, label: string, symbol: string): HTMLElement => make("a", { class: "field-action", href: address }, icon(symbol), make("span", {}, context.word(label)));
  const actions = make(
    "nav",
    { class: "field-actions", "aria-label": context.word("field") },
    action("#/near", "nearest", "pin"),
    action("#/search", "search", "search"),
    action("#/scan", "scan", "fit"),
    context.settings.maySync ? action("#/record/leak/here", "leak", "drop") : action("#/map", "map", "map"),
    context.settings.maySync ? action("#/map", "map", "map") : null,
    context.settings.maySync ? action("#/offline", "withoutNetwork", "download") : null,
  );
  const work = make("section", { class: "card", "aria-label": context.word("myWork") }, make("h2", {}, context.word("myWork")), make("p", { class: "muted" }, "…"));
  at.replaceChildren(make("h1", { class: "visually-hidden", tabindex: "-1" }, context.word("field")), actions, work);
  if (!context.settings.seesWork) {
    work.remove();
    return;
  }
  const { orders, isSaved } = await context.orders();
  const mine = orders.filter((order) => order.assignee === context.settings.viewer && ["assigned", "on_the_way"].includes(order.state));
  const free = orders.filter((order) => order.assignee === null && order.state === "new");
  work.replaceChildren(make("div", { class: "card-head" }, make("h2", {}, context.word("myWork")), isSaved ? make("span", { class: "muted small" }, context.word("asSavedShort")) : make("a", { class: "more", href: "#/map" }, context.word("onTheMap"))), orderList(context, mine, context.word("noWork")));
  if (free.length > 0) at.append(make("section", { class: "card" }, make("h2", {}, context.word("freeWork", { n: free.length })), orderList(context, free, "")));
};

const views: Record<string, View> = { "": homeView, asset: cardView, order: orderView, search: searchView, record: recordView, offline: offlineView };

async function show(context: FieldContext): Promise<void> {
  const mine = ++opening;
  open?.close();
  open = null;
  const [name = "", ...parts] = window.location.hash.replace(/^#\/?/, "").split("?")[0]?.split("/").map(decodeURIComponent) ?? [];
  // The form of the nearest leads here, too: the server has answered it.
  const isNear = name === "near" || (window.location.hash === "" && new URLSearchParams(window.location.search).has("lon"));
  nearest.hidden = !isNear;
  host.hidden = isNear;
  if (isNear) {
    element("near-title").focus();
    return;
  }
  const fresh = make("div", { class: "view" });
  try {
    if (name === "map" || name === "scan") await openTool(context, name, fresh, parts, () => mine === opening);
    else if (name === "record" && parts[1] === "here") await recordView(context, fresh, ["leak", "node", ""]);
    else await (views[name] ?? homeView)(context, fresh, parts);
    if (name === "search" && parts[0] !== undefined) searchFor(fresh, parts[0]);
  } catch (error) {
    console.error(error);
    fresh.replaceChildren(viewHead(context, context.word("field")), emptyNote(context.word("failed")));
  }
  // Somebody who went on meanwhile sees what they went on to.
  if (mine !== opening) return;
  if (fresh.parentElement === null) host.replaceChildren(fresh);
  const title = host.querySelector("h1");
  if (name !== "search") title?.focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

/** Map and scanner are loaded when they are used. */
async function openTool(context: FieldContext, name: "map" | "scan", fresh: HTMLElement, parts: string[], isWanted: () => boolean): Promise<void> {
  if (name === "map") {
    await loadLeaflet();
    const { FieldMap } = await import("./field_map");
    if (!isWanted()) return;
    // A map measures its place when it is made.
    host.replaceChildren(fresh);
    open = new FieldMap(context, fresh, parts);
    return;
  }
  const { Scanner } = await import("./field_scan");
  if (!isWanted()) return;
  host.replaceChildren(fresh);
  const scanner = new Scanner(context, fresh);
  open = scanner;
  void scanner.open();
}

function searchFor(fresh: HTMLElement, text: string): void {
  const input = fresh.querySelector<HTMLInputElement>("input[type=search]");
  if (input === null) return;
  input.value = text;
  input.form?.requestSubmit();
}

let leaflet: Promise<void> | null = null;
function loadLeaflet(): Promise<void> {
  leaflet ??= new Promise<void>((resolve, reject) => {
    document.head.append(make("link", { rel: "stylesheet", href: settings.leaflet.style }));
    const script = make("script", { src: settings.leaflet.script });
    script.addEventListener("load", () => resolve());
    script.addEventListener("error", () => {
      leaflet = null;
      reject(new Error("the map could not be loaded"));
    });
    document.head.append(script);
  });
  return leaflet;
}

// --- nearest: the form is the server's; the phone fills in where it is, and answers it without a network ---

function startNearest(context: FieldContext): void {
  const button = element("locate", HTMLButtonElement);
  const message = element("locate-message");
  const kind = element("kind", HTMLSelectElement);
  const say = (text: string): void => {
    message.textContent = text;
    message.hidden = false;
  };
  if (window.isSecureContext && "geolocation" in navigator) {
    button.hidden = false;
    button.addEventListener("click", () => {
      say(message.dataset["waiting"] ?? "");
      button.disabled = true;
      void locate(context).then((position) => {
        button.disabled = false;
        message.hidden = true;
        if (position === null) {
          say(message.dataset["denied"] ?? "");
          return;
        }
        fieldOf(form, "lon").value = position.coords.longitude.toFixed(6);
        fieldOf(form, "lat").value = position.coords.latitude.toFixed(6);
        fieldOf(form, "accuracy").value = String(Math.round(position.coords.accuracy));
        form.requestSubmit();
      });
    });
  }
  kind.addEventListener("change", () => {
    if (fieldOf(form, "lon").value !== "" && fieldOf(form, "lat").value !== "") form.requestSubmit();
  });
  form.addEventListener("submit", (event) => {
    if (navigator.onLine) return;
    event.preventDefault();
    void showNearestSaved(context, element("near-saved"), form);
  });
  // The page as it was kept answers for a question that did not reach the server.
  const asked = new URLSearchParams(window.location.search);
  if (asked.has("lon") && fieldOf(form, "lon").value === "") {
    for (const name of ["lon", "lat", "kind"]) fieldOf(form, name).value = asked.get(name) ?? "";
    void showNearestSaved(context, element("near-saved"), form);
  }
  // What the server found opens here, not on the desk's map.
  for (const link of document.querySelectorAll<HTMLAnchorElement>("a[data-asset]")) link.href = `#/asset/${link.dataset["asset"] ?? ""}`;
}

// --- the network ---

function startNetwork(context: FieldContext): void {
  const strip = element("field-strip");
  const tell = async (): Promise<void> => {
    const waiting = await context.unsentCount();
    const isOffline = !navigator.onLine || !context.isOnline;
    strip.hidden = !isOffline && waiting === 0;
    strip.className = isOffline ? "field-strip offline" : "field-strip";
    strip.textContent = [isOffline ? context.word("offline") : "", waiting > 0 ? context.word("unsent", { n: waiting }) : ""].filter((text) => text !== "").join(" · ");
  };
  context.onChange(() => void tell());
  const send = (): void => void context.send().then(tell);
  window.addEventListener("online", () => {
    context.isOnline = true;
    send();
  });
  window.addEventListener("offline", () => {
    context.isOnline = false;
    void tell();
  });
  window.setInterval(send, SEND_EVERY_MS);
  send();
  void tell();
}

async function start(): Promise<void> {
  await handOver(settings.viewer);
  const context = new FieldContext(settings, await openStore(settings.viewer));
  startNearest(context);
  startNetwork(context);
  window.addEventListener("hashchange", () => void show(context));
  const label = /^\/e\/([0-9a-f-]{36})\/?$/.exec(window.location.pathname)?.[1];
  if (label !== undefined) {
    const { openByUid } = await import("./field_scan");
    if (await openByUid(context, label)) return;
  }
  await show(context);
  const pageIcon = document.querySelector<HTMLLinkElement>("link[rel=icon]")?.href ?? iconFile;
  // Without it the page works as long as there is a network.
  await startWorker(settings.worker, [settings.leaflet.script, settings.leaflet.style, iconFile, pageIcon]).catch((error: unknown) => console.warn("kept for later:", error));
}

void start();
