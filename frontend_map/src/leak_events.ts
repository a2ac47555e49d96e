// The board of leak events: cards by state, and one event in a dialog with all that can be done with it.
import { placeSection } from "./leak_place";
import { type EventState, moveBody, neighbour } from "./event_board";
import { momentDay, momentName } from "./local_time";
import { element, eventElement, fetchJson, figure, filled, icon, make, numberIn, reasonOf, Refusal, sendJson, settingsOf } from "./page";
import { notify } from "./notice";

interface Settings {
  api: string;
  mayHandle: boolean;
  moves: Record<string, EventState[]>;
  people: string[];
  user: string;
}

interface HistoryLine {
  at: string;
  user: string | null;
  from: string;
  to: string;
  note: string;
  is_assignment: boolean;
  assigned_to: string | null;
}

interface EventAnswer {
  id: string;
  zone: string;
  zone_code: string;
  zone_name: string;
  network: string;
  started_at: string;
  started_from: string;
  started_to: string;
  detected_at: string;
  size_m3h: number;
  size_limit_95_m3h: number | null;
  evidence: { change: number; unit: string; score: number }[];
  state: EventState;
  now: { size_m3h: number; ended_at: string | null };
  outcome: string | null;
  leak: string | null;
  assignee: string | null;
  cost: string | null;
  version: number;
  history: HistoryLine[];
  saved_m3: number | null;
  back_check: { before_m3h: number | null; after_m3h: number | null; drop_m3h: number | null; limit_95_m3h: number | null; confirmed: boolean | null };
}

const settings = settingsOf<Settings>("board-settings");
const texts = settingsOf<Record<string, string>>("board-texts");
const dialog = element("event-dialog", HTMLDialogElement);
const word = (name: string, values: Record<string, string | number> = {}): string => filled(texts[name] ?? name, values);
const stateName = (state: string): string => word(`event_${state}`);

function say(text: string, isBad = false): void {
  notify(text, { id: "message", isBad, forMs: isBad ? 12000 : 5000 });
}

class EventDialog {
  private event: EventAnswer | null = null;

  async open(uid: string): Promise<void> {
    try {
      this.event = await fetchJson<EventAnswer>(`${settings.api}${uid}/`);
    } catch (error) {
      say(reasonOf(error, word("loadFailed")), true);
      return;
    }
    this.draw();
    if (!dialog.open) dialog.showModal();
  }

  private draw(): void {
    const { event } = this;
    if (event === null) return;
    const close = make("button", { type: "button", class: "icon-button", "aria-label": word("close") }, icon("close"));
    close.addEventListener("click", () => dialog.close());
    const head = make("div", { class: "dialog-head" }, make("div", {}, make("h2", { id: "event-title" }, event.zone_name), make("span", { class: "muted small" }, `${event.zone_code} · ${event.network} · ${stateName(event.state)}`)), close);
    const parts = [this.facts(event), this.links(event), make("section", {}, make("h3", {}, word("placeTitle")), placeSection(event, settings.api, word))];
    if (settings.mayHandle) parts.push(this.moveForm(event), this.assignForm(event), this.noteForm());
    parts.push(this.history(event));
    dialog.replaceChildren(head, make("p", { class: "notice bad", id: "dialog-message", role: "alert", hidden: "" }), make("div", { class: "dialog-body" }, ...parts));
  }

  private facts(event: EventAnswer): HTMLElement {
    const list = make("dl", { class: "facts" });
    const add = (name: string, value: string | null): void => {
      if (value !== null && value !== "") list.append(make("dt", {}, word(name)), make("dd", {}, value));
    };
    const limit = event.size_limit_95_m3h === null ? "" : ` ± ${figure(event.size_limit_95_m3h, 1)}`;
    add("size", `${figure(event.now.size_m3h, 1)}${limit} m³/h`);
    add("started", `${momentDay(event.started_at)} (${word("between", { from: momentDay(event.started_from), to: momentDay(event.started_to) })})`);
    add("detected", momentDay(event.detected_at));
    for (const { change, unit, score } of event.evidence) add("evidence", word("rise", { change: figure(change), unit: unit.replace("m3/day", "m³/d"), score: figure(score, 1) }));
    add("outcome", event.outcome === null ? null : word(event.outcome));
    add("leak", event.leak);
    add("cost", event.cost === null ? null : figure(event.cost));
    if (event.state === "closed" && event.outcome === "found") add("backCheck", this.backCheck(event));
    add("savedWater", event.saved_m3 === null ? null : `${figure(event.saved_m3)} m³`);
    return list;
  }

  /** Whether the night flow fell with the repair, and from what to what. */
  private backCheck({ back_check: check }: EventAnswer): string {
    if (check.confirmed === null) return word("backCheckUnknown");
    const flows = word("backCheckFlows", { before: figure(check.before_m3h, 1), after: figure(check.after_m3h, 1), drop: figure(check.drop_m3h, 1), limit: figure(check.limit_95_m3h, 1) });
    return `${word(check.confirmed ? "backCheckConfirmed" : "backCheckNot")} ${flows}`;
  }

  private links(event: EventAnswer): HTMLElement {
    const query = new URLSearchParams({ network: event.network, tool: "losses", selected: `zone:${event.zone}` });
    return make("p", { class: "moves" }, make("a", { class: "button", href: `/zones/${event.zone}/` }, word("zonePage")), make("a", { class: "button", href: `/map/?${query}` }, word("onMap")));
  }

  private field(name: string, label: string, attributes: Record<string, string> = {}): HTMLLabelElement {
    return make("label", {}, word(label), make("input", { name, autocomplete: "off", ...attributes }));
  }

  private moveForm(event: EventAnswer): HTMLElement {
    const form = make("form", { id: "move-form" });
    const targets = settings.moves[event.state] ?? [];
    let chosen: EventState | null = null;
    const outcome = make("select", { name: "outcome" }, make("option", { value: "" }, "–"), ...["found", "false_alarm", "other"].map((value) => make("option", { value }, word(value))));
    const leak = make("div", { class: "two" }, this.field("leak", "leakNumber", { maxlength: "40" }), make("div", { class: "two" }, this.field("pipe", "pipe", { maxlength: "60" }), this.field("position", "position", { inputmode: "decimal" })));
    const closing = make("div", { class: "dialog-part" }, make("label", {}, word("outcome"), outcome), leak);
    const note = make("textarea", { name: "note", rows: "2", maxlength: "1000" });
    const noteLabel = make("label", {}, word(event.state === "closed" ? "reopenNote" : "note"), note);
    const rest = make("div", { class: "dialog-part" }, closing, this.field("cost", "cost", { inputmode: "decimal" }), noteLabel, make("button", { class: "button primary" }, word("move")));
    rest.hidden = true;
    const show = (): void => {
      closing.hidden = chosen !== "closed";
      leak.hidden = outcome.value !== "found";
      rest.hidden = chosen === null;
      for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset["to"] === chosen));
    };
    const buttons = targets.map((target) => {
      const button = make("button", { type: "button", class: "button", "data-to": target, "aria-pressed": "false" }, stateName(target));
      button.addEventListener("click", () => {
        chosen = target;
        show();
      });
      return button;
    });
    outcome.addEventListener("change", show);
    form.append(make("h3", {}, word("moveTo")), make("div", { class: "moves" }, ...buttons), rest);
    form.addEventListener("submit", (submitted) => {
      submitted.preventDefault();
      const values = new FormData(form);
      const text = (name: string): string => {
        const value = values.get(name);
        return typeof value === "string" ? value : "";
      };
      const body = moveBody({ to: chosen ?? "", outcome: text("outcome"), leak: text("leak"), pipe: text("pipe"), position: text("position"), cost: text("cost"), note: text("note") }, numberIn);
      if (body.to === "closed" && (body.outcome ?? "") === "") this.complain(word("needOutcome"));
      else void this.send("move", body, word("moved", { state: stateName(body.to) }));
    });
    show();
    return form;
  }

  private assignForm(event: EventAnswer): HTMLElement {
    const people = [...new Set([...settings.people, ...(event.assignee === null ? [] : [event.assignee])])];
    const select = make("select", { id: "assignee" }, make("option", { value: "" }, word("nobody")), ...people.map((name) => make("option", { value: name }, name)));
    select.value = event.assignee ?? "";
    select.addEventListener("change", () => void this.send("assign", { assignee: select.value === "" ? null : select.value }, word("saved")));
    return make("label", {}, word("assignee"), select);
  }

  private noteForm(): HTMLElement {
    const note = make("textarea", { id: "note", rows: "2", maxlength: "1000", required: "" });
    const form = make("form", {}, make("label", {}, word("note"), note), make("button", { class: "button" }, word("addNote")));
    form.addEventListener("submit", (submitted) => {
      submitted.preventDefault();
      void this.send("note", { note: note.value }, word("saved"));
    });
    return form;
  }

  private history(event: EventAnswer): HTMLElement {
    const lines = event.history.map((line) => {
      const who = `${momentName(line.at)} · ${line.user ?? word("bySystem")}`;
      const done = line.is_assignment ? (line.assigned_to === null ? word("assignedToNobody") : word("assignedTo", { name: line.assigned_to })) : line.from === line.to ? "" : `${stateName(line.from)} → ${stateName(line.to)}`;
      return make("li", {}, make("span", { class: "muted small" }, who), done === "" ? null : make("div", {}, done), line.note === "" ? null : make("div", {}, `“${line.note}”`));
    });
    const shown = lines.length === 0 ? make("p", { class: "muted" }, word("noHistory")) : make("ul", { class: "history" }, ...lines);
    return make("section", {}, make("h3", {}, word("history")), shown);
  }

  private complain(text: string): void {
    const message = element("dialog-message");
    message.textContent = text;
    message.hidden = false;
    message.scrollIntoView({ block: "nearest" });
  }

  private async send(action: string, body: unknown, done: string): Promise<void> {
    const { event } = this;
    if (event === null) return;
    try {
      this.event = await sendJson<EventAnswer>("POST", `${settings.api}${event.id}/${action}/`, body, event.version);
      placeCard(this.event);
      this.draw();
      say(done);
    } catch (error) {
      if (error instanceof Refusal && error.status === 412) {
        await this.open(event.id);
        if (this.event !== null) placeCard(this.event);
        this.complain(word("stale"));
      } else this.complain(word("failed", { reason: error instanceof Error ? error.message : "" }));
    }
  }
}

/** Put an event's card where its state is now, and count anew. */
function placeCard(event: EventAnswer): void {
  const card = document.getElementById(`event-${event.id}`);
  const item = card?.closest("li");
  if (card === null || item === null || item === undefined) return;
  document.querySelector(`.column[data-state="${event.state}"] ul`)?.prepend(item);
  const assignee = card.querySelector(".event-assignee");
  assignee?.replaceChildren(...(event.assignee === null ? [] : [icon("people"), event.assignee]));
  for (const column of document.querySelectorAll<HTMLElement>(".column")) {
    const size = column.querySelectorAll("li").length;
    const count = column.querySelector(".count");
    if (count !== null) count.textContent = String(size);
    const empty = column.querySelector<HTMLElement>(".column-empty");
    if (empty !== null) empty.hidden = size > 0;
  }
}

const shown = new EventDialog();
const board = document.getElementById("board");
let opener: HTMLElement | null = null;
board?.addEventListener("click", (event) => {
  const card = eventElement(event, ".event-card", HTMLButtonElement);
  if (card === null) return;
  opener = card;
  void shown.open(card.dataset["event"] ?? "");
});
dialog.addEventListener("close", () => opener?.focus());
board?.addEventListener("keydown", (event) => {
  const card = eventElement(event, ".event-card", HTMLButtonElement);
  if (card === null) return;
  const columns = [...document.querySelectorAll(".column")].map((column) => [...column.querySelectorAll<HTMLElement>(".event-card")]);
  const at = columns.findIndex((cards) => cards.includes(card));
  const next = neighbour(columns.map((cards) => cards.length), at, columns[at]?.indexOf(card) ?? 0, event.key);
  if (next === null) return;
  event.preventDefault();
  columns[next.column]?.[next.place]?.focus();
});
// A link to one event opens it.
const named = /^#event-([0-9a-f-]{36})$/.exec(window.location.hash);
if (named?.[1] !== undefined) {
  opener = document.getElementById(`event-${named[1]}`);
  if (opener !== null) void shown.open(named[1]);
}
