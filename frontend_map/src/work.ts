// The dispatcher's board: orders by state; given out by a choice, by dragging or by keys, in the server's own words.
import "./styles/work.css";
import { byUrgency, timeText, wordOf } from "./field_orders";
import type { Choices, WorkOrder } from "./field_types";
import { element, eventElement, fetchAll, fetchJson, fieldOf, filled, make, numberIn, postJson, reasonOf, Refusal, sendJson, settingsOf } from "./page";

interface Settings {
  choices: { workState: Choices; workKind: Choices; workPriority: Choices };
  words: Record<string, string>;
  kinds: Record<string, string>;
  map: string;
  source: string;
  sourceUid: string;
  sourceText: string;
  element: string;
  network: string;
  maySettleLeaks: boolean;
}
interface Member {
  username: string;
  name: string;
  open_orders: number;
}

const settings = settingsOf<Settings>("work-settings");
const API = "/api/v1/work-orders/";
const RENEW_MS = 20_000;
const KEPT_DAYS = 14;
const board = element("board");
const filter = element("board-filter", HTMLFormElement);
const dialog = element("order-dialog", HTMLDialogElement);
const newDialog = element("new-dialog", HTMLDialogElement);
const newForm = element("new-form", HTMLFormElement);
const stateFilter = element("state-filter", HTMLSelectElement);
const message = element("board-message");
let members: Member[] = [];
let orders: WorkOrder[] = [];
let dragged: WorkOrder | null = null;

const word = (key: string, values: Record<string, string | number> = {}): string => filled(settings.words[key] ?? key, values);
const stateWord = (state: string): string => wordOf(settings.choices.workState, state);
const nameOf = (member: Member): string => member.name || member.username;

function say(text: string, isBad = false): void {
  message.textContent = text;
  message.classList.toggle("bad", isBad);
  message.hidden = text === "";
}

// --- the board ---

async function load(): Promise<void> {
  const query = new URLSearchParams({ limit: "500" });
  for (const name of ["network", "assignee", "kind"]) {
    const value = fieldOf(filter, name).value;
    if (value !== "") query.set(name, value);
  }
  try {
    const all = await fetchAll<WorkOrder>(`${API}?${query}`);
    const since = Date.now() - KEPT_DAYS * 86_400_000;
    // What ended long ago is history, not work.
    orders = all.filter((order) => !["done", "cancelled"].includes(order.state) || Date.parse(order.changed_at) > since);
    draw();
  } catch {
    say(word("failed"), true);
  }
}

function draw(): void {
  const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset["order"] : undefined;
  for (const column of board.querySelectorAll<HTMLElement>(".board-column")) {
    const state = column.dataset["state"] ?? "";
    const own = byUrgency(orders.filter((order) => order.state === state));
    const list = column.querySelector("ul");
    const count = column.querySelector("[data-count]");
    if (count !== null) count.textContent = String(own.length);
    list?.replaceChildren(...(own.length === 0 ? [make("li", { class: "board-empty" }, word("nothing"))] : own.map(card)));
    column.classList.toggle("shown", stateFilter.value === state);
  }
  for (const option of stateFilter.options) option.textContent = `${stateWord(option.value)} (${orders.filter((order) => order.state === option.value).length})`;
  board.removeAttribute("aria-busy");
  if (focused !== undefined) board.querySelector<HTMLElement>(`[data-order="${focused}"]`)?.focus();
}

function card(order: WorkOrder): HTMLLIElement {
  const isLate = order.due_at !== null && !["done", "cancelled"].includes(order.state) && Date.parse(order.due_at) < Date.now();
  const made = make(
    "button",
    { type: "button", class: `order-card priority-${order.priority}`, draggable: String(["new", "assigned", "impossible"].includes(order.state)), "data-order": order.uid },
    make("strong", {}, order.title),
    make("span", { class: "muted" }, [order.number, wordOf(settings.choices.workPriority, order.priority), order.about?.code ?? ""].filter((text) => text !== "").join(" · ")),
    make("span", { class: "muted" }, order.assignee_name === "" ? word("nobody") : order.assignee_name),
    order.due_at === null ? null : make("span", { class: isLate ? "late" : "muted" }, `${word(isLate ? "late" : "due")} ${timeText(order.due_at)}`),
  );
  made.addEventListener("click", () => void openOrder(order.uid));
  made.addEventListener("dragstart", (event) => {
    dragged = order;
    made.classList.add("dragged");
    event.dataTransfer?.setData("text/plain", order.uid);
    for (const column of board.querySelectorAll<HTMLElement>(".board-column")) column.classList.toggle("barred", !takes(order, column.dataset["state"] ?? ""));
  });
  made.addEventListener("dragend", () => {
    dragged = null;
    made.classList.remove("dragged");
    for (const column of board.querySelectorAll(".board-column")) column.classList.remove("barred", "target");
  });
  return make("li", {}, made);
}

/** What a dispatcher brings about by dropping: giving out, taking back, cancelling. The rest is the crew's to say. */
function takes(order: WorkOrder, state: string): boolean {
  if (state === "assigned") return ["new", "impossible"].includes(order.state);
  if (state === "new") return order.state === "assigned";
  return state === "cancelled";
}

for (const column of board.querySelectorAll<HTMLElement>(".board-column")) {
  const state = column.dataset["state"] ?? "";
  column.addEventListener("dragover", (event) => {
    if (dragged === null || !takes(dragged, state)) return;
    event.preventDefault();
    column.classList.add("target");
  });
  column.addEventListener("dragleave", () => column.classList.remove("target"));
  column.addEventListener("drop", (event) => {
    event.preventDefault();
    const order = dragged;
    if (order === null) return;
    if (state === "new") void act(order, "assign", { assignee: null });
    else void openOrder(order.uid).then(() => say(state === "assigned" ? word("drop") : ""));
  });
}

// Between columns by the arrows left and right, within one by up and down.
board.addEventListener("keydown", (event) => {
  const at = eventElement(event, ".order-card", HTMLButtonElement);
  if (at === null || !event.key.startsWith("Arrow")) return;
  const columns = [...board.querySelectorAll<HTMLElement>(".board-column")].map((column) => [...column.querySelectorAll<HTMLElement>(".order-card")]);
  const x = columns.findIndex((cards) => cards.includes(at));
  const y = columns[x]?.indexOf(at) ?? 0;
  let next: HTMLElement | undefined;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") next = columns[x]?.[y + (event.key === "ArrowDown" ? 1 : -1)];
  else {
    const others = event.key === "ArrowRight" ? columns.slice(x + 1) : columns.slice(0, x).reverse();
    const nearest = others.find((cards) => cards.length > 0);
    next = nearest?.[Math.min(y, nearest.length - 1)];
  }
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
});

// --- one order ---

async function act(order: WorkOrder, action: string, body: Record<string, unknown>): Promise<void> {
  try {
    const changed = await postJson<WorkOrder>(`${API}${order.uid}/${action}/`, { ...body, version: order.version });
    say(word("moved", { number: changed.number, state: stateWord(changed.state) }));
  } catch (error) {
    const reason = error instanceof Refusal ? error.message : word("failed");
    say(word("refused", { reason }), true);
  }
  await Promise.all([load(), loadMembers()]);
}

async function openOrder(uid: string): Promise<void> {
  let order: WorkOrder;
  try {
    order = await fetchJson<WorkOrder>(`${API}${uid}/`);
  } catch (error) {
    say(reasonOf(error, word("failed")), true);
    return;
  }
  const close = make("button", { type: "button", class: "icon-button", "aria-label": word("close") }, "×");
  close.addEventListener("click", () => dialog.close());
  const facts = make("dl", { class: "facts" });
  const fact = (label: string, value: string): void => {
    if (value !== "") facts.append(make("dt", {}, label), make("dd", {}, value));
  };
  fact(word("assignee"), order.assignee_name === "" ? word("nobody") : order.assignee_name);
  fact(word("due"), order.due_at === null ? "" : timeText(order.due_at));
  fact(word("from"), order.source_text);
  fact(word("description"), order.description);
  fact(word("timeSpent"), order.time_spent_min === null ? "" : word("minutes", { n: order.time_spent_min }));
  fact(word("materials"), (order.materials ?? []).map((row) => `${String(Number(row.quantity))} ${row.unit} ${row.material}`).join(", "));
  dialog.replaceChildren(
    make("div", { class: "dialog-head" }, make("div", {}, make("h2", { id: "order-title" }, order.title), make("p", { class: "muted" }, `${order.number} · ${wordOf(settings.choices.workKind, order.kind)} · ${wordOf(settings.choices.workPriority, order.priority)} · ${stateWord(order.state)}`)), close),
    facts,
    order.about === null ? "" : make("p", {}, make("a", { href: `${settings.map}?${new URLSearchParams({ network: order.network, selected: `${order.about.element}:${order.about.uid}` })}` }, `${word("onTheMap")}: ${settings.kinds[order.about.kind] ?? order.about.kind} ${order.about.code}`)),
    photos(order),
    ...leakOffer(order),
    ...(["done", "cancelled"].includes(order.state) ? [] : [editor(order)]),
    ...decisions(order),
    journal(order),
  );
  if (!dialog.open) dialog.showModal();
}

function photos(order: WorkOrder): HTMLElement {
  return make("div", { class: "photos" }, ...(order.photos ?? []).map((photo) => make("img", { src: `/api/v1/documents/${photo.document}/file/`, alt: photo.title, loading: "lazy" })));
}

function journal(order: WorkOrder): HTMLElement {
  const lines = (order.moves ?? []).map((move) => make("li", {}, make("strong", {}, stateWord(move.to_state)), make("span", { class: "muted" }, ` ${timeText(move.moved_at)} · ${move.moved_by ?? ""}${move.assignee === null ? "" : ` → ${move.assignee}`}`), move.note === "" ? null : make("p", {}, move.note)));
  return make("details", { open: "" }, make("summary", {}, word("history")), make("ol", { class: "journal" }, ...lines));
}

/** An order that is done, and its leak not: to say so in the register is one more press. */
function leakOffer(order: WorkOrder): HTMLElement[] {
  const { leak } = order;
  if (leak?.waits !== true || !settings.maySettleLeaks) return [];
  const settle = make("button", { type: "button", class: "button primary", id: "repair-leak" }, word("leakIsRepaired", { number: leak.number }));
  settle.addEventListener("click", () => {
    settle.disabled = true;
    postJson(`${API}${order.uid}/repair-leak/`, {})
      .then(() => {
        say(word("leakRepaired", { number: leak.number }));
        return openOrder(order.uid);
      })
      .catch((error: unknown) => {
        dialog.close();
        say(word("refused", { reason: error instanceof Refusal ? error.message : word("failed") }), true);
      });
  });
  return [make("p", { class: "notice warn" }, word("leakWaits", { number: leak.number })), settle];
}

/** A field of local time, as a form has it. */
function localTime(moment: string | null): string {
  if (moment === null) return "";
  const at = new Date(moment);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** What an order says: title, priority, and until when. Only what was changed is sent. */
function editor(order: WorkOrder): HTMLElement {
  const title = make("input", { name: "title", maxlength: "200", autocomplete: "off", required: "", value: order.title });
  const priority = make("select", { name: "priority" }, ...settings.choices.workPriority.map(([value, label]) => make("option", { value }, label)));
  priority.value = order.priority;
  const before = localTime(order.due_at);
  const due = make("input", { name: "due", type: "datetime-local", value: before });
  const wrong = make("p", { class: "notice bad", role: "alert" });
  wrong.hidden = true;
  const field = (label: string, control: HTMLElement): HTMLElement => make("label", {}, label, control);
  const form = make("form", { class: "stack", id: "order-form" }, field(word("title"), title), field(word("priority"), priority), field(word("until"), due), wrong, make("button", { class: "button" }, word("save")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const changes = {
      ...(title.value.trim() === order.title ? {} : { title: title.value.trim() }),
      ...(priority.value === order.priority ? {} : { priority: priority.value }),
      ...(due.value === before ? {} : { due_at: due.value === "" ? null : new Date(due.value).toISOString() }),
    };
    if (Object.keys(changes).length === 0) {
      dialog.close();
      return;
    }
    sendJson<WorkOrder>("PATCH", `${API}${order.uid}/`, { ...changes, version: order.version })
      .then((changed) => {
        dialog.close();
        say(word("orderChanged", { number: changed.number }));
        return load();
      })
      .catch((error: unknown) => {
        wrong.textContent = error instanceof Refusal ? error.message : word("failed");
        wrong.hidden = false;
      });
  });
  return make("details", { id: "order-edit" }, make("summary", {}, word("change")), form);
}

/** What the dispatcher decides: to whom it is given, and whether it is cancelled. */
function decisions(order: WorkOrder): HTMLElement[] {
  const shown = [];
  const done = (action: string, body: Record<string, unknown>): void => {
    dialog.close();
    void act(order, action, body);
  };
  if (["new", "assigned", "impossible"].includes(order.state)) {
    const choice = make("select", {});
    fillMembers(choice, order.assignee ?? "");
    if (order.state !== "assigned" && choice.options[0] !== undefined) choice.options[0].textContent = "–";
    const give = make("button", { type: "button", class: "button primary" }, word("assign"));
    const tell = (): void => {
      give.disabled = choice.value === (order.assignee ?? "");
    };
    choice.addEventListener("change", tell);
    tell();
    give.addEventListener("click", () => done("assign", { assignee: choice.value === "" ? null : choice.value }));
    shown.push(make("div", { class: "assign-row" }, make("label", {}, word("assign"), choice), give));
  }
  if (!["done", "cancelled"].includes(order.state)) {
    const why = make("input", { maxlength: "2000", autocomplete: "off" });
    const cancel = make("button", { type: "button", class: "button" }, word("cancel"));
    cancel.addEventListener("click", () => done("cancel", { note: why.value.trim() }));
    shown.push(make("details", {}, make("summary", {}, word("cancel")), make("div", { class: "assign-row" }, make("label", {}, word("cancelWhy"), why), cancel)));
  }
  return shown;
}

// --- people ---

function fillMembers(choice: HTMLSelectElement, chosen: string, first = word("nobody")): void {
  choice.replaceChildren(make("option", { value: "" }, first), ...members.map((member) => make("option", { value: member.username }, `${nameOf(member)} (${word("openOrders", { n: member.open_orders })})`)));
  choice.value = chosen;
}

async function loadMembers(): Promise<void> {
  try {
    members = await fetchJson<Member[]>("/api/v1/crew-members/");
  } catch {
    return;
  }
  const choice = element("filter-assignee", HTMLSelectElement);
  const all = choice.options[0]?.textContent ?? "";
  const chosen = choice.value;
  choice.replaceChildren(make("option", { value: "" }, all), ...members.map((member) => make("option", { value: member.username }, nameOf(member))));
  choice.value = chosen;
  const assignee = fieldOf(newForm, "assignee") as HTMLSelectElement;
  fillMembers(assignee, assignee.value);
}

// --- a new order ---

const problem = element("new-problem");
let newUid = crypto.randomUUID();

const KINDS: Record<string, string> = { leak: "leak_repair", outage: "valve_work", alarm: "sensor_work" };

function openNew(): void {
  newUid = crypto.randomUUID();
  fieldOf(newForm, "kind").value = KINDS[settings.source] ?? "other";
  problem.hidden = true;
  newDialog.showModal();
}

const textIn = (data: FormData, name: string): string => {
  const value = data.get(name);
  return typeof value === "string" ? value.trim() : "";
};

/** Where the work is, by the code of an element or a position; raises Refusal. */
async function placeIn(data: FormData): Promise<Record<string, unknown>> {
  if (settings.source === "leak" || settings.source === "outage") return {};
  const [network, code] = [textIn(data, "network"), textIn(data, "element")];
  if (code === "") {
    const [lon, lat] = [numberIn(textIn(data, "lon")), numberIn(textIn(data, "lat"))];
    return Number.isFinite(lon) && Number.isFinite(lat) ? { network, lon, lat } : { network };
  }
  for (const name of ["node", "pipe"]) {
    const found = await fetchJson<{ results: { uid: string }[] }>(`/api/v1/${name}s/?${new URLSearchParams({ network, code })}`);
    if (found.results[0] !== undefined) return { network, [name]: found.results[0].uid };
  }
  throw new Refusal(word("elementUnknown"));
}

async function makeOrder(data: FormData): Promise<void> {
  const [title, due, assignee] = [textIn(data, "title"), textIn(data, "due"), textIn(data, "assignee")];
  const body = {
    // One order, however often an impatient hand sends it.
    uid: newUid,
    kind: textIn(data, "kind"),
    priority: textIn(data, "priority"),
    ...(title === "" ? {} : { title }),
    ...(textIn(data, "description") === "" ? {} : { description: textIn(data, "description") }),
    ...(assignee === "" ? {} : { assignee }),
    ...(due === "" ? {} : { due_at: new Date(due).toISOString() }),
    ...(settings.source === "" ? {} : { source: settings.source, source_uid: settings.sourceUid, ...(settings.sourceText === "" ? {} : { source_text: settings.sourceText }) }),
    ...(await placeIn(data)),
  };
  const order = await postJson<WorkOrder>(API, body);
  newDialog.close();
  newForm.reset();
  say(word("made", { number: order.number }));
  await Promise.all([load(), loadMembers()]);
}

newForm.addEventListener("submit", (event) => {
  event.preventDefault();
  problem.hidden = true;
  makeOrder(new FormData(newForm)).catch((error: unknown) => {
    problem.textContent = error instanceof Refusal ? error.message : word("failed");
    problem.hidden = false;
  });
});
element("new-order").addEventListener("click", openNew);
element("new-close").addEventListener("click", () => newDialog.close());
filter.addEventListener("change", () => void load());
stateFilter.addEventListener("change", draw);
window.setInterval(() => {
  if (!dialog.open && !newDialog.open && dragged === null && document.visibilityState === "visible") void load();
}, RENEW_MS);

void Promise.all([load(), loadMembers()]).then(() => {
  const asked = new URLSearchParams(window.location.search).get("order");
  if (asked !== null && asked !== "") void openOrder(asked);
  if (settings.source === "") return;
  if (settings.network !== "" && newForm.elements.namedItem("network") !== null) fieldOf(newForm, "network").value = settings.network;
  if (settings.element !== "" && newForm.elements.namedItem("element") !== null) fieldOf(newForm, "element").value = settings.element;
  if (settings.sourceText !== "") fieldOf(newForm, "title").value = settings.sourceText.slice(0, 200);
  openNew();
});
