// What every view of the field page shares: its settings, its store, the network, and how it talks to the reader.
import { type Fate, following, nextBatch, settled, unsent } from "./field_queue";
import { type FieldDatabase, inOrder, waitingChanges } from "./field_store";
import type { ElementClass, FieldNode, FieldPipe, FieldSettings, QueuedChange, WorkOrder } from "./field_types";
import { element, fetchAll, fetchJson, filled, make, Refusal } from "./page";

const ANSWER_MS = 8000;
const TOAST_MS = 5000;

interface NodeAnswer extends Omit<FieldNode, "lon" | "lat" | "zone"> {
  zone_name: string | null;
  geometry: { coordinates: [number, number] };
}
interface PipeAnswer extends Omit<FieldPipe, "line" | "length_m" | "is_connector"> {
  stated_length_m: number | null;
  geodesic_length_m: number;
  geometry: { coordinates: [number, number][] };
}

export class FieldContext {
  /** Where the phone is, as far as it has told. */
  here: GeolocationPosition | null = null;
  /** Whether the last request reached the server. */
  isOnline = navigator.onLine;
  private sending: Promise<void> = Promise.resolve();
  private readonly listeners = new Set<() => void>();
  private hiding = 0;

  constructor(
    readonly settings: FieldSettings,
    readonly store: FieldDatabase,
  ) {}

  word(key: string, values: Record<string, string | number> = {}): string {
    return filled(this.settings.words[key] ?? key, values);
  }

  kind(name: string): string {
    const word = this.settings.kinds[name] ?? name;
    return word.charAt(0).toUpperCase() + word.slice(1);
  }

  /** Be told when the queue or the network changed. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  changed(): void {
    for (const listener of this.listeners) listener();
  }

  say(text: string, isBad = false): void {
    const toast = element("field-toast");
    window.clearTimeout(this.hiding);
    toast.textContent = text;
    toast.classList.toggle("bad", isBad);
    toast.hidden = false;
    this.hiding = window.setTimeout(() => (toast.hidden = true), TOAST_MS);
  }

  private setOnline(isOnline: boolean): void {
    if (this.isOnline === isOnline) return;
    this.isOnline = isOnline;
    this.changed();
  }

  /** An answer of the API; null when there is no network. Other refusals are thrown. */
  async ask<T>(address: string): Promise<T | null> {
    if (!navigator.onLine) {
      this.setOnline(false);
      return null;
    }
    try {
      const answer = await fetchJson<T>(address, AbortSignal.timeout(ANSWER_MS));
      this.setOnline(true);
      return answer;
    } catch (error) {
      if (isUnreachable(error)) {
        this.setOnline(false);
        return null;
      }
      throw error;
    }
  }

  /** A node or pipe: from the server, or as it was saved. Null: it is neither there nor saved. */
  async find(type: ElementClass, uid: string): Promise<{ value: FieldNode | FieldPipe; isSaved: boolean } | null> {
    const saved = await (type === "node" ? this.store.get("nodes", uid) : this.store.get("pipes", uid));
    try {
      if (type === "node") {
        const answer = await this.ask<NodeAnswer>(`/api/v1/nodes/${uid}/`);
        if (answer !== null) {
          const [lon, lat] = answer.geometry.coordinates;
          const value: FieldNode = { ...answer, lon, lat, zone: answer.zone_name };
          if (saved !== undefined) await this.store.put("nodes", value);
          return { value, isSaved: false };
        }
      } else {
        const answer = await this.ask<PipeAnswer>(`/api/v1/pipes/${uid}/`);
        if (answer !== null) {
          const value: FieldPipe = {
            ...answer,
            line: answer.geometry.coordinates.flatMap(([lon, lat]) => [lon, lat]),
            is_connector: false,
            length_m: answer.stated_length_m ?? answer.geodesic_length_m,
          };
          return { value, isSaved: false };
        }
      }
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return null;
    }
    return saved === undefined ? null : { value: saved, isSaved: true };
  }

  /** The viewer's open orders and those that nobody has; from the server, or as they were saved. */
  async orders(): Promise<{ orders: WorkOrder[]; isSaved: boolean }> {
    if (this.settings.seesWork && navigator.onLine) {
      try {
        const open = "state=new&state=assigned&state=on_the_way&limit=500";
        const orders = await fetchAll<WorkOrder>(`/api/v1/work-orders/?${open}`);
        const kept = orders.filter((order) => order.assignee === null || order.assignee === this.settings.viewer);
        const transaction = this.store.transaction("orders", "readwrite");
        await transaction.store.clear();
        for (const order of kept) void transaction.store.put(order);
        await transaction.done;
        this.setOnline(true);
        return { orders: await this.withUnsent(kept), isSaved: false };
      } catch (error) {
        if (!isUnreachable(error)) throw error;
        this.setOnline(false);
      }
    }
    return { orders: await this.withUnsent(await this.store.getAll("orders")), isSaved: true };
  }

  async order(uid: string): Promise<WorkOrder | null> {
    try {
      const order = await this.ask<WorkOrder>(`/api/v1/work-orders/${uid}/`);
      if (order !== null) {
        await this.store.put("orders", order);
        return (await this.withUnsent([order]))[0] ?? order;
      }
    } catch (error) {
      if (isNotFound(error)) return null;
      throw error;
    }
    const saved = await this.store.get("orders", uid);
    return saved === undefined ? null : ((await this.withUnsent([saved]))[0] ?? saved);
  }

  /** Orders as they will be once what waits is sent: who has done something sees it done. */
  private async withUnsent(orders: WorkOrder[]): Promise<WorkOrder[]> {
    const waiting = await waitingChanges(this.store);
    return orders.map((order) => {
      const moves = waiting.filter((change) => change.kind === "work_move" && change.state === "waiting" && change.target === `order:${order.uid}`);
      const last = moves.at(-1)?.content["state"];
      if (typeof last !== "string") return order;
      const assignee = last === "new" ? null : (order.assignee ?? this.settings.viewer);
      return { ...order, state: last, assignee };
    });
  }

  /** Keep a record and send it as soon as can be. It is safe from here on. */
  async record(change: Pick<QueuedChange, "kind" | "content" | "target" | "title"> & { uid?: string; base_version?: number | null }): Promise<void> {
    const row: QueuedChange = {
      uid: crypto.randomUUID(),
      base_version: null,
      made_at: new Date().toISOString(),
      state: "waiting",
      ...change,
    };
    await this.keep(row);
    this.changed();
    await this.send();
    const kept = await this.store.get("changes", row.uid);
    const number = kept?.answer?.["number"];
    if (kept?.state === "sent") this.say([this.word("sentNow"), typeof number === "string" ? number : ""].join(" ").trim());
    else if (kept?.state === "waiting") this.say(this.word("keptForLater"));
    else this.say(kept?.message ?? this.word("needsYou"), true);
  }

  /** Put a record into the queue. Its page may have been drawn before the server answered an earlier one. */
  private async keep(row: QueuedChange): Promise<void> {
    const transaction = this.store.transaction("changes", "readwrite");
    await transaction.store.put(following(row, await transaction.store.getAll()));
    await transaction.done;
  }

  /** Write what became of a batch. In one transaction, as a record may be kept at the same moment. */
  private async settle(fates: Fate[]): Promise<void> {
    const transaction = this.store.transaction("changes", "readwrite");
    for (const change of settled(inOrder(await transaction.store.getAll()), fates)) void transaction.store.put(change);
    await transaction.done;
  }

  /** Send what waits, one after another, until nothing more can be sent. */
  async send(): Promise<void> {
    this.sending = this.sending.then(
      () => this.sendAll(),
      () => this.sendAll(),
    );
    await this.sending;
  }

  private async sendAll(): Promise<void> {
    const once = async (): Promise<void> => {
      for (;;) {
        const changes = await waitingChanges(this.store);
        const batch = nextBatch(changes);
        if (batch.length === 0 || !navigator.onLine) break;
        const fates = await this.post(batch);
        if (fates === null) break;
        await this.settle(fates);
        this.changed();
      }
    };
    // Several tabs of one phone send in turn; the server would take each change once anyhow.
    await ("locks" in navigator ? navigator.locks.request("tarmoq-field-send", once) : once());
  }

  /** The fates of a batch; null when it could not be sent now. */
  private async post(batch: QueuedChange[]): Promise<Fate[] | null> {
    const changes = batch.map(({ uid, kind, content, base_version }) => ({ uid, kind, content, base_version }));
    try {
      const response = await fetch("/api/v1/field/sync/", {
        method: "POST",
        headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": csrfToken() },
        credentials: "same-origin",
        body: JSON.stringify({ changes }),
      });
      if (response.status === 401 || response.status === 403) {
        this.say(this.word("logInAgain"), true);
        return null;
      }
      if (!response.ok) {
        this.say(this.word("notSent", { reason: response.status }), true);
        return null;
      }
      this.setOnline(true);
      return ((await response.json()) as { fates: Fate[] }).fates;
    } catch {
      this.setOnline(false);
      return null;
    }
  }

  async unsentCount(): Promise<number> {
    return unsent(await waitingChanges(this.store));
  }
}

/** The token of the present session: a page opened without a network may hold that of an earlier one. */
function csrfToken(): string {
  const cookie = /(?:^|; )(?:__Host-)?csrftoken=([^;]+)/.exec(document.cookie)?.[1];
  return cookie ?? document.querySelector<HTMLInputElement>("input[name=csrfmiddlewaretoken]")?.value ?? "";
}

const isNotFound = (error: unknown): boolean => error instanceof Refusal && error.status === 404;
const isUnreachable = (error: unknown): boolean =>
  error instanceof TypeError || (error instanceof DOMException && (error.name === "TimeoutError" || error.name === "AbortError"));

export type View = (context: FieldContext, host: HTMLElement, parts: string[]) => Promise<void>;

/** A head with the way back. */
export function viewHead(context: FieldContext, title: string, under = "", back = "#/"): HTMLElement {
  return make(
    "div",
    { class: "view-head" },
    make("a", { class: "icon-button", href: back, "aria-label": context.word("back") }, "‹"),
    make("div", {}, make("h1", { tabindex: "-1" }, title), under === "" ? null : make("p", { class: "muted" }, under)),
  );
}

export function emptyNote(text: string): HTMLElement {
  return make("p", { class: "empty" }, text);
}

/** A figure of metres as people say it. */
export function metres(distance: number): string {
  return distance < 1000 ? `${Math.round(distance)} m` : `${(distance / 1000).toFixed(distance < 10_000 ? 1 : 0)} km`;
}
