// Without a network: areas saved beforehand, what waits to be sent, and conflicts that a person decides.
import { AreaCutOff, saveArea } from "./field_area";
import { emptyNote, type FieldContext, viewHead, type View } from "./field_context";
import { boxAround, type Box, isWithin, lineMeets } from "./field_geometry";
import { timeText, wordOf } from "./field_orders";
import { locate } from "./field_position";
import { insisted } from "./field_queue";
import { waitingChanges } from "./field_store";
import type { QueuedChange, SavedArea } from "./field_types";
import { figure, make } from "./page";

const SIZES_M = [500, 1000, 2000, 5000];

export const offlineView: View = async (context, host) => {
  const changes = make("section", { class: "card", "aria-label": context.word("toSend") });
  const areas = make("section", { class: "card", "aria-label": context.word("savedAreas") });
  host.replaceChildren(viewHead(context, context.word("withoutNetwork")), changes, areas);
  await Promise.all([showChanges(context, changes), showAreas(context, areas)]);
  // What is sent meanwhile is seen at once, as long as this is what is looked at.
  let wasSeen = false;
  const forget = context.onChange(() => {
    if (changes.isConnected) {
      wasSeen = true;
      void showChanges(context, changes);
    } else if (wasSeen) forget();
  });
};

export const sizeText = (bytes: number): string => (bytes < 1e6 ? `${figure(Math.max(1, Math.round(bytes / 1e3)))} kB` : `${figure(bytes / 1e6, 1)} MB`);

// --- what waits ---

async function showChanges(context: FieldContext, host: HTMLElement): Promise<void> {
  const changes = await waitingChanges(context.store);
  const open = changes.filter((change) => change.state !== "sent");
  const sent = changes.filter((change) => change.state === "sent").reverse();
  const again = async (): Promise<void> => showChanges(context, host);
  const list = make("ul", { class: "changes" }, ...open.map((change) => changeRow(context, change, again)));
  const now = make("button", { type: "button", class: "button primary" }, context.word("sendNow"));
  now.addEventListener("click", () => {
    now.disabled = true;
    void context.send().then(again);
  });
  host.replaceChildren(
    make("h2", {}, context.word("toSend")),
    open.length === 0 ? emptyNote(context.word("nothingToSend")) : list,
    open.some((change) => change.state === "waiting") ? now : "",
    sent.length === 0 ? "" : sentList(context, sent, again),
  );
}

function sentList(context: FieldContext, sent: QueuedChange[], again: () => Promise<void>): HTMLElement {
  const forget = make("button", { type: "button", class: "button" }, context.word("clearList"));
  forget.addEventListener("click", () => {
    void Promise.all(sent.map((change) => context.store.delete("changes", change.uid))).then(again);
  });
  return make(
    "details",
    {},
    make("summary", {}, context.word("sentCount", { n: sent.length })),
    make("ul", { class: "changes" }, ...sent.slice(0, 50).map((change) => make("li", { class: "change sent" }, make("strong", {}, `✓ ${change.title}`), make("span", { class: "muted small" }, timeText(change.made_at))))),
    forget,
  );
}

function changeRow(context: FieldContext, change: QueuedChange, again: () => Promise<void>): HTMLElement {
  const row = make("li", { class: `change ${change.state}` }, make("strong", {}, change.title), make("span", { class: "muted small" }, timeText(change.made_at)));
  if (change.state === "waiting") {
    row.append(make("span", { class: "muted small" }, context.word("waits")));
    return row;
  }
  row.append(make("p", { class: `notice ${change.state === "conflict" ? "warn" : "bad"}` }, change.message ?? ""));
  if (change.state === "conflict") row.append(comparison(context, change));
  const button = (label: string, look: string, act: () => Promise<unknown>): HTMLElement => {
    const made = make("button", { type: "button", class: `button ${look}` }, context.word(label));
    made.addEventListener("click", () => {
      made.disabled = true;
      void act()
        .then(() => context.send())
        .then(again)
        .then(() => context.changed());
    });
    return made;
  };
  const keepMine = button("keepMine", "primary", () => context.store.put("changes", insisted(change)));
  const takeTheirs = button(change.state === "conflict" ? "takeTheirs" : "discard", "", () => dropped(context, change));
  const edit = change.kind === "valve" ? make("a", { class: "button", href: `#/record/valve/node/${String(change.content["node"])}?change=${change.uid}` }, context.word("editMine")) : null;
  row.append(make("div", { class: "actions" }, ...[change.state === "conflict" ? keepMine : button("tryAgain", "primary", () => context.store.put("changes", insisted(change))), takeTheirs, edit].filter((one) => one !== null)));
  return row;
}

/** Theirs holds: the change goes, and what followed from it goes on from theirs. */
async function dropped(context: FieldContext, change: QueuedChange): Promise<void> {
  const version = change.theirs?.["version"];
  await context.store.delete("changes", change.uid);
  if (typeof version !== "number") return;
  for (const other of await waitingChanges(context.store)) {
    if (other.target === change.target && other.state === "waiting") await context.store.put("changes", { ...other, base_version: version });
  }
}

/** Both sides of a conflict, beside each other. */
function comparison(context: FieldContext, change: QueuedChange): HTMLElement {
  const { choices } = context.settings;
  const theirs = change.theirs ?? {};
  const rows: [string, string, string][] = [];
  const truth = (value: unknown): string => (typeof value === "boolean" ? context.word(value ? "yes" : "no") : "–");
  if (change.kind === "valve") {
    rows.push([context.word("state"), context.word(`status_${String(change.content["status"])}`), context.word(`status_${String(theirs["status"])}`)]);
    for (const name of ["is_broken", "is_accessible"]) {
      if (name in change.content) rows.push([context.word(`attribute_${name}`), truth(change.content[name]), truth(theirs[name])]);
    }
    rows.push([context.word("turns"), String(change.content["turns"]), ""]);
  } else {
    rows.push([context.word("state"), wordOf(choices.workState, String(change.content["state"])), wordOf(choices.workState, String(theirs["state"]))]);
    rows.push([context.word("assignee"), context.settings.viewer, typeof theirs["assignee_name"] === "string" && theirs["assignee_name"] !== "" ? theirs["assignee_name"] : "–"]);
  }
  const by = typeof theirs["changed_by"] === "string" && theirs["changed_by"] !== "" ? ` (${theirs["changed_by"]})` : "";
  const at = typeof theirs["changed_at"] === "string" ? timeText(theirs["changed_at"]) : "";
  return make(
    "table",
    { class: "comparison" },
    make("thead", {}, make("tr", {}, make("th", {}), make("th", { scope: "col" }, `${context.word("mine")} ${timeText(change.made_at)}`), make("th", { scope: "col" }, `${context.word("theirs")}${by} ${at}`))),
    make("tbody", {}, ...rows.map(([label, mine, other]) => make("tr", {}, make("th", { scope: "row" }, label), make("td", {}, mine), make("td", {}, other)))),
  );
}

// --- areas ---

async function showAreas(context: FieldContext, host: HTMLElement): Promise<void> {
  const areas = await context.store.getAll("areas");
  const again = (): Promise<void> => showAreas(context, host);
  const list = make("ul", { class: "areas" }, ...areas.map((area) => areaRow(context, area, again)));
  host.replaceChildren(make("h2", {}, context.word("savedAreas")), areas.length === 0 ? emptyNote(context.word("noAreas")) : list, newArea(context, again));
}

function areaRow(context: FieldContext, area: SavedArea, again: () => Promise<void>): HTMLElement {
  const counts = context.word("areaCounts", { nodes: area.counts["nodes"] ?? 0, pipes: area.counts["pipes"] ?? 0, meters: area.counts["meters"] ?? 0 });
  const status = make("p", { class: "muted small", role: "status" });
  const renew = make("button", { type: "button", class: "button" }, context.word("renew"));
  renew.addEventListener("click", () => void download(context, area.bbox, status, [renew]).then((isSaved) => (isSaved ? again() : undefined)));
  const remove = make("button", { type: "button", class: "button" }, context.word("remove"));
  remove.addEventListener("click", () => void removeArea(context, area).then(again));
  const middle = `${((area.bbox[0] + area.bbox[2]) / 2).toFixed(5)}/${((area.bbox[1] + area.bbox[3]) / 2).toFixed(5)}`;
  return make(
    "li",
    {},
    make("strong", {}, counts),
    make("span", { class: "muted small" }, `${sizeText(area.bytes)} · ${context.word("asOf", { time: timeText(area.made_at) })}`),
    status,
    make("div", { class: "actions" }, make("a", { class: "button", href: `#/map/${middle}` }, context.word("map")), renew, remove),
  );
}

/** Save the surroundings of where one is: choose how far, see how much it is, then save. */
function newArea(context: FieldContext, again: () => Promise<void>): HTMLElement {
  const size = make("select", { "aria-label": context.word("howFar") });
  for (const metres of SIZES_M) size.append(make("option", { value: String(metres) }, context.word("around", { metres: figure(metres) })));
  size.value = "1000";
  const status = make("p", { class: "muted", role: "status", "aria-live": "polite" });
  const here = make("button", { type: "button", class: "button primary" }, context.word("saveHere"));
  const whole = make("button", { type: "button", class: "button" }, context.word("saveNetwork"));
  const save = async (box: Box | null): Promise<void> => {
    if (box === null) {
      status.textContent = context.word("noPosition");
      return;
    }
    if (await download(context, box, status, [here, whole])) await again();
  };
  here.addEventListener("click", () => {
    status.textContent = context.word("locating");
    void locate(context).then((position) => save(position === null ? null : boxAround({ lon: position.coords.longitude, lat: position.coords.latitude }, Number(size.value))));
  });
  const { extent } = context.settings;
  whole.addEventListener("click", () => void save(extent));
  return make("div", { class: "new-area" }, make("h3", {}, context.word("saveArea")), make("p", { class: "muted" }, context.word("saveAreaWhy")), make("div", { class: "actions" }, size, here, extent === null ? "" : whole), status);
}

interface AreaSize {
  nodes: number;
  pipes: number;
  estimated_bytes: number;
}

/** Fetch an area with its progress told; whether it is saved. */
export async function download(context: FieldContext, box: Box, status: HTMLElement, buttons: HTMLButtonElement[]): Promise<boolean> {
  for (const button of buttons) button.disabled = true;
  const bar = make("progress", { max: "1", value: "0" });
  const text = make("span");
  try {
    const size = await context.ask<AreaSize>(`/api/v1/field/area-size/?bbox=${box.map((part) => part.toFixed(6)).join(",")}`);
    if (size === null) {
      status.textContent = context.word("areaNeedsNetwork");
      return false;
    }
    if (size.nodes + size.pipes === 0) {
      status.textContent = context.word("areaEmpty");
      return false;
    }
    status.replaceChildren(bar, text);
    const area = await saveArea(context.store, box, ({ done, total, bytes }) => {
      bar.value = total === 0 ? 1 : done / total;
      text.textContent = ` ${figure(done)} / ${figure(total)} · ${sizeText(bytes)} / ${sizeText(size.estimated_bytes)}`;
    });
    // The browser may otherwise throw away what was saved when it needs room.
    if ("storage" in navigator) await navigator.storage.persist();
    context.say(context.word("areaSaved", { size: sizeText(area.bytes) }));
    return true;
  } catch (error) {
    status.textContent = error instanceof AreaCutOff || error instanceof TypeError ? context.word("areaCutOff") : error instanceof Error ? error.message : String(error);
    return false;
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

/** Forget an area and what lies in it and in no other. */
async function removeArea(context: FieldContext, area: SavedArea): Promise<void> {
  if (area.id !== undefined) await context.store.delete("areas", area.id);
  const others = await context.store.getAll("areas");
  const isKept = (test: (box: Box) => boolean): boolean => others.some((other) => test(other.bbox));
  const transaction = context.store.transaction(["nodes", "pipes", "meters"], "readwrite");
  for (const node of await transaction.objectStore("nodes").getAll()) {
    if (!isKept((box) => isWithin(box, node))) void transaction.objectStore("nodes").delete(node.uid);
  }
  for (const pipe of await transaction.objectStore("pipes").getAll()) {
    if (!isKept((box) => lineMeets(box, pipe.line))) void transaction.objectStore("pipes").delete(pipe.uid);
  }
  for (const meter of await transaction.objectStore("meters").getAll()) {
    if (!isKept((box) => isWithin(box, meter))) void transaction.objectStore("meters").delete(meter.installation);
  }
  await transaction.done;
}
