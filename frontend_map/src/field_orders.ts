// A crew's work: the list of the day, one order with its moves, materials, photos.
import { emptyNote, type FieldContext, metres, viewHead, type View } from "./field_context";
import { area, field, FormComplaint, keepTyped, numberField, numberOf, photoButton, recordForm, textOf } from "./field_form";
import { distanceM } from "./field_geometry";
import { wayTo } from "./field_position";
import { waitingChanges } from "./field_store";
import type { Choices, WorkOrder } from "./field_types";
import { icon, make } from "./page";

const PRIORITIES = ["urgent", "high", "normal", "low"];

export const wordOf = (choices: Choices, value: string): string => choices.find(([name]) => name === value)?.[1] ?? value;

/** Urgent first, then what is due first, then what was ordered first. */
export function byUrgency(orders: readonly WorkOrder[]): WorkOrder[] {
  const key = (order: WorkOrder): string => `${PRIORITIES.indexOf(order.priority)}|${order.due_at ?? "9999"}|${order.created_at}`;
  return [...orders].sort((one, other) => key(one).localeCompare(key(other)));
}

export function timeText(instant: string): string {
  const moment = new Date(instant);
  const two = (number: number): string => String(number).padStart(2, "0");
  return `${two(moment.getDate())}.${two(moment.getMonth() + 1)}.${moment.getFullYear()} ${two(moment.getHours())}:${two(moment.getMinutes())}`;
}

export function orderRow(context: FieldContext, order: WorkOrder): HTMLElement {
  const { choices } = context.settings;
  const away = context.here === null ? "" : metres(distanceM({ lon: context.here.coords.longitude, lat: context.here.coords.latitude }, { lon: order.longitude, lat: order.latitude }));
  const isLate = order.due_at !== null && Date.parse(order.due_at) < Date.now();
  const facts = [order.number, wordOf(choices.workKind, order.kind), order.about?.code ?? ""].filter((fact) => fact !== "");
  return make(
    "li",
    {},
    make(
      "a",
      { href: `#/order/${order.uid}`, class: `order-row priority-${order.priority}` },
      make(
        "span",
        { class: "row-main" },
        make("strong", {}, order.title),
        make("span", { class: "muted" }, facts.join(" · ")),
        order.due_at === null ? null : make("span", { class: isLate ? "late" : "muted" }, `${context.word(isLate ? "late" : "due")} ${timeText(order.due_at)}`),
      ),
      make("span", { class: "row-end" }, make("span", { class: `tag work-${order.state}` }, wordOf(choices.workState, order.state)), away === "" ? null : make("span", { class: "muted small" }, away)),
    ),
  );
}

export function orderList(context: FieldContext, orders: readonly WorkOrder[], nothing: string): HTMLElement {
  if (orders.length === 0) return emptyNote(nothing);
  return make("ul", { class: "order-list" }, ...byUrgency(orders).map((order) => orderRow(context, order)));
}

export const orderView: View = async (context, host, [uid = ""]) => {
  const order = await context.order(uid);
  if (order === null) {
    host.replaceChildren(viewHead(context, context.word("notThere")), emptyNote(context.word(context.isOnline ? "orderGone" : "notSaved")));
    return;
  }
  const refresh = (): Promise<void> => orderView(context, host, [uid]);
  const { choices } = context.settings;
  const facts = make("dl", { class: "facts" });
  const fact = (label: string, value: string): void => {
    if (value !== "") facts.append(make("dt", {}, context.word(label)), make("dd", {}, value));
  };
  fact("kind", wordOf(choices.workKind, order.kind));
  fact("priority", wordOf(choices.workPriority, order.priority));
  fact("due", order.due_at === null ? "" : timeText(order.due_at));
  fact("from", order.source_text);
  fact("assignee", order.assignee_name);
  fact("timeSpent", order.time_spent_min === null ? "" : context.word("minutes", { n: order.time_spent_min }));
  const unsentPhotos = await photosUnsent(context, uid);
  const putBack = keepTyped(host);
  host.replaceChildren(
    viewHead(context, order.title, order.number),
    make("p", {}, make("span", { class: `tag big work-${order.state}` }, wordOf(choices.workState, order.state))),
    order.description === "" ? "" : make("p", { class: "card order-text" }, order.description),
    make(
      "div",
      { class: "actions two" },
      make("a", { class: "button", href: wayTo(order.longitude, order.latitude, order.title) }, icon("pin"), context.word("navigate")),
      make("a", { class: "button", href: `#/map/${order.longitude}/${order.latitude}` }, icon("map"), context.word("map")),
      order.about === null ? "" : make("a", { class: "button wide", href: `#/asset/${order.about.element}/${order.about.uid}` }, icon(order.about.kind), `${context.kind(order.about.kind)} ${order.about.code}`),
    ),
    make("section", { class: "card" }, facts),
    moves(context, order, refresh),
    ...doing(context, order, unsentPhotos, refresh),
    journal(context, order),
  );
  putBack();
};

/** What the present state allows the viewer, as large buttons. The server has the last word. */
function moves(context: FieldContext, order: WorkOrder, refresh: () => Promise<void>): HTMLElement {
  const isMine = order.assignee === context.settings.viewer;
  const go = async (state: string, note = "", minutes: number | null = null): Promise<void> => {
    await context.record({
      kind: "work_move",
      target: `order:${order.uid}`,
      title: `${order.number}: ${wordOf(context.settings.choices.workState, state)}`,
      base_version: order.version,
      content: { order: order.uid, state, at: new Date().toISOString(), ...(note === "" ? {} : { note }), ...(minutes === null ? {} : { time_spent_min: minutes }) },
    });
    await refresh();
  };
  const button = (state: string, label: string, look = ""): HTMLElement => {
    const made = make("button", { type: "button", class: `button large ${look}` }, context.word(label));
    made.addEventListener("click", () => {
      made.disabled = true;
      void go(state);
    });
    return made;
  };
  const row = make("div", { class: "actions moves" });
  if (!context.settings.maySync) return row;
  if (order.state === "new") row.append(button("assigned", "takeIt", "primary"));
  if (isMine && order.state === "assigned") row.append(button("on_the_way", "onMyWay", "primary"), button("new", "giveBack"));
  if (isMine && order.state === "on_the_way") row.append(endForm(context, go));
  if (isMine && ["assigned", "on_the_way"].includes(order.state)) row.append(impossibleForm(context, go));
  return row;
}

function endForm(context: FieldContext, go: (state: string, note: string, minutes: number | null) => Promise<void>): HTMLElement {
  return recordForm(
    context,
    [numberField(context.word("timeSpent"), "minutes", context.word("min")), area(context.word("whatWasDone"), "note")],
    async (data) => {
      const minutes = numberOf(context, data, "minutes", context.word("timeSpent"));
      if (minutes !== null && (minutes < 0 || minutes > 60_000)) throw new FormComplaint(context.word("giveNumber", { field: context.word("timeSpent") }));
      await go("done", textOf(data, "note"), minutes === null ? null : Math.round(minutes));
    },
    { button: context.word("done") },
  );
}

function impossibleForm(context: FieldContext, go: (state: string, note: string) => Promise<void>): HTMLElement {
  const form = recordForm(
    context,
    [area(context.word("whyImpossible"), "note")],
    async (data) => {
      const note = textOf(data, "note");
      if (note === "") throw new FormComplaint(context.word("sayWhy"));
      await go("impossible", note);
    },
    { button: context.word("impossible") },
  );
  return make("details", { class: "wide" }, make("summary", { class: "button wide" }, context.word("impossibleMore")), form);
}

/** Photos of an order that wait for the network, as addresses of their pictures. */
async function photosUnsent(context: FieldContext, uid: string): Promise<string[]> {
  const waiting = await waitingChanges(context.store);
  return waiting.filter((change) => change.kind === "photo" && change.state !== "sent" && change.content["order"] === uid).map((change) => `data:image/jpeg;base64,${String(change.content["jpeg_base64"])}`);
}

/** Materials and photos, while somebody works on it. */
function doing(context: FieldContext, order: WorkOrder, unsentPhotos: readonly string[], refresh: () => Promise<void>): HTMLElement[] {
  const used = order.materials ?? [];
  const list = make("ul", { class: "rows" }, ...used.map((row) => make("li", { class: "plain-row" }, make("span", {}, row.material), make("strong", {}, `${String(Number(row.quantity))} ${row.unit}`))));
  const photos = make("div", { class: "photos" });
  for (const photo of order.photos ?? []) photos.append(make("img", { src: `/api/v1/documents/${photo.document}/file/`, alt: photo.title, loading: "lazy" }));
  for (const source of unsentPhotos) photos.append(make("figure", {}, make("img", { src: source, alt: context.word("photo") }), make("figcaption", { class: "muted small" }, context.word("waits"))));
  const isMine = order.assignee === context.settings.viewer && context.settings.maySync;
  if (!isMine) return used.length + (order.photos ?? []).length === 0 ? [] : [make("section", { class: "card" }, make("h2", {}, context.word("materials")), list, photos)];
  return [
    make("section", { class: "card" }, make("h2", {}, context.word("materials")), list, materialForm(context, order, refresh)),
    make(
      "section",
      { class: "card" },
      make("h2", {}, context.word("photos")),
      photos,
      photoButton(context, context.word("takePhoto"), async (jpeg) => {
        await context.record({ kind: "photo", target: `photo:${crypto.randomUUID()}`, title: `${order.number}: ${context.word("photo")}`, content: { order: order.uid, jpeg_base64: jpeg } });
        await refresh();
      }),
    ),
  ];
}

function materialForm(context: FieldContext, order: WorkOrder, refresh: () => Promise<void>): HTMLElement {
  const name = make("input", { name: "material", maxlength: "120", autocomplete: "off" });
  const unit = make("input", { name: "unit", maxlength: "20", value: context.word("pieces"), autocomplete: "off" });
  const form = recordForm(
    context,
    [field(context.word("material"), name), make("div", { class: "pair" }, numberField(context.word("quantity"), "quantity"), field(context.word("unit"), unit))],
    async (data) => {
      const quantity = numberOf(context, data, "quantity", context.word("quantity"));
      const [material, inUnit] = [textOf(data, "material"), textOf(data, "unit")];
      if (material === "" || inUnit === "" || quantity === null || quantity <= 0) throw new FormComplaint(context.word("materialIncomplete"));
      await context.record({
        kind: "work_done",
        target: `order:${order.uid}`,
        title: `${order.number}: ${material}`,
        content: { order: order.uid, materials: [{ uid: crypto.randomUUID(), material, quantity: String(Math.round(quantity * 1000) / 1000), unit: inUnit }] },
      });
      await refresh();
    },
    { button: context.word("add") },
  );
  form.classList.remove("card");
  return make("details", {}, make("summary", { class: "button" }, icon("plus"), context.word("addMaterial")), form);
}

function journal(context: FieldContext, order: WorkOrder): HTMLElement {
  const moves = order.moves ?? [];
  if (moves.length === 0) return make("span");
  const list = make("ol", { class: "journal" });
  for (const move of moves) {
    list.append(
      make(
        "li",
        {},
        make("strong", {}, wordOf(context.settings.choices.workState, move.to_state)),
        make("span", { class: "muted" }, ` ${timeText(move.moved_at)} · ${move.moved_by ?? ""}`),
        move.note === "" ? null : make("p", {}, move.note),
      ),
    );
  }
  return make("details", { class: "card" }, make("summary", {}, context.word("journal")), list);
}
