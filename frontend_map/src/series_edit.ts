// Editing values by hand: a span, what to do with its values, and why.
import { correctedValues, isoExactly, type Neighbours, noNeighbours, type Point } from "./corrections";
import { fieldText, instantOf, isoOf, timeLabel } from "./local_time";
import { element, failureOf, fetchJson, fieldOf, figure, filled, make, measured, numberIn, postJson, unitOf } from "./page";
import type { Series, Span, Stream } from "./series_chart";

export interface EditTexts {
  chosen: string;
  tooMany: string;
  noneChosen: string;
  badSpan: string;
  badNumber: string;
  failed: string;
  saved: string;
  loadFailed: string;
  deletedValue: string;
}

const MOST_PREVIEWED = 200;
const WAIT_MS = 250;

export class SeriesEditor {
  private readonly form = element("edit-form", HTMLFormElement);
  private readonly button = element("edit", HTMLButtonElement);
  private points: Point[] = [];
  private neighbours = noNeighbours;
  private timer = 0;
  private asked = 0;
  isOpen = false;

  constructor(
    private readonly api: string,
    private readonly texts: EditTexts,
    private stream: Stream,
    private readonly shade: (span: Span | null) => void,
    private readonly saved: (message: string) => void,
  ) {
    this.button.addEventListener("click", () => this.toggle(!this.isOpen));
    element("edit-cancel").addEventListener("click", () => this.toggle(false));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.save();
    });
    this.form.addEventListener("input", (event) => {
      if (event.target === this.field("since") || event.target === this.field("until")) this.later();
      else this.preview();
    });
  }

  private field(name: string): HTMLInputElement | HTMLSelectElement {
    return fieldOf(this.form, name);
  }

  /** Another datastream is shown: what was chosen belongs to the one before. */
  turnTo(stream: Stream): void {
    this.stream = stream;
    this.toggle(false);
  }

  toggle(isOpen: boolean): void {
    const wasOpen = this.isOpen;
    this.isOpen = isOpen;
    this.form.hidden = !isOpen;
    this.button.setAttribute("aria-expanded", String(isOpen));
    element("edit-unit").textContent = unitOf(this.stream.unit);
    this.say("");
    if (isOpen) {
      this.preview();
      this.field("since").focus({ preventScroll: true });
      this.form.scrollIntoView({ block: "nearest", behavior: "smooth" });
    } else {
      for (const name of ["since", "until", "number", "reason"]) this.field(name).value = "";
      // An answer that is still under way belongs to what was chosen before.
      this.asked++;
      this.forget();
      this.shade(null);
      if (wasOpen) this.button.focus({ preventScroll: true });
    }
  }

  /** A span was drawn on the chart; whole seconds, so that the fields can hold it. */
  choose(span: Span): void {
    this.field("since").value = fieldText(Math.ceil(span.since), this.stream.zone);
    this.field("until").value = fieldText(Math.floor(span.until), this.stream.zone);
    void this.load();
  }

  private later(): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.load(), WAIT_MS);
  }

  private span(): Span | null {
    const since = instantOf(this.field("since").value, this.stream.zone);
    const until = instantOf(this.field("until").value, this.stream.zone);
    return Number.isNaN(since) || Number.isNaN(until) || until < since ? null : { since, until };
  }

  private forget(): void {
    this.points = [];
    this.neighbours = noNeighbours;
    element("edit-chosen").textContent = "";
    element("edit-preview").hidden = true;
    this.form.dataset["chosen"] = "0";
  }

  private async load(): Promise<void> {
    window.clearTimeout(this.timer);
    const asked = ++this.asked;
    this.say("");
    this.forget();
    const span = this.span();
    if (span === null) {
      if (this.field("since").value !== "" && this.field("until").value !== "") this.say(this.texts.badSpan);
      this.shade(null);
      return;
    }
    this.shade(span);
    try {
      const chosen = await this.values({ since: span.since, until: span.until + 1 });
      if (asked !== this.asked) return;
      if (chosen === null) {
        element("edit-chosen").textContent = this.texts.tooMany;
        return;
      }
      this.points = chosen;
      const [first, last] = [chosen[0], chosen.at(-1)];
      element("edit-chosen").textContent =
        first === undefined || last === undefined
          ? this.texts.noneChosen
          : filled(this.texts.chosen, { n: figure(chosen.length), since: timeLabel(first.time, this.stream.zone), until: timeLabel(last.time, this.stream.zone) });
      this.form.dataset["chosen"] = String(chosen.length);
      const neighbours = first === undefined || last === undefined ? noNeighbours : await this.neighboursOf(first.time, last.time);
      if (asked !== this.asked) return;
      this.neighbours = neighbours;
      this.preview();
    } catch {
      if (asked === this.asked) this.say(this.texts.loadFailed);
    }
  }

  /** Each final value of [since, until), or null where there are too many to edit by hand. */
  private async values(span: Span): Promise<Point[] | null> {
    const query = new URLSearchParams({ datastream: this.stream.code, since: isoOf(span.since), until: isoOf(span.until) });
    const [series] = await fetchJson<Series[]>(`${this.api}series/?${query}`);
    if (series === undefined) return [];
    if (series.resolution !== "raw") return null;
    return series.time.flatMap((time, index) => {
      const value = series.mean[index];
      return value === null || value === undefined ? [] : [{ time, value }];
    });
  }

  private async neighboursOf(first: number, last: number): Promise<Neighbours> {
    const reach = this.stream.interval_s * 20;
    const [earlier, later] = await Promise.all([this.values({ since: first - reach, until: first }), this.values({ since: last + 0.001, until: last + reach })]);
    return { before: earlier?.at(-1) ?? null, after: later?.find((point) => point.time > last) ?? null };
  }

  private afterwards(): (number | null)[] | null {
    return correctedValues(this.field("action").value, this.points, this.neighbours, numberIn(this.field("number").value));
  }

  private preview(): void {
    const action = this.field("action").value;
    element("number-field").hidden = action === "delete" || action === "line";
    const holder = element("edit-preview");
    holder.hidden = this.points.length === 0;
    const values = this.afterwards();
    const words = (value: number | null | undefined): string => (value === undefined ? "…" : value === null ? this.texts.deletedValue : measured(value, this.stream.quantity));
    const rows = this.points
      .slice(0, MOST_PREVIEWED)
      .map((point, index) =>
        make("tr", {}, make("td", {}, timeLabel(point.time, this.stream.zone)), make("td", { class: "number" }, words(point.value)), make("td", { class: "number" }, words(values?.[index]))),
      );
    if (this.points.length > MOST_PREVIEWED) rows.push(make("tr", {}, make("td", { colspan: "3", class: "muted" }, "…")));
    holder.querySelector("tbody")?.replaceChildren(...rows);
  }

  private say(problem: string): void {
    const notice = element("edit-problem");
    notice.textContent = problem;
    notice.hidden = problem === "";
  }

  private async save(): Promise<void> {
    this.say("");
    if (this.points.length === 0) {
      this.say(this.span() === null ? this.texts.badSpan : this.texts.noneChosen);
      return;
    }
    const values = this.afterwards();
    if (values === null) {
      this.field("number").focus();
      this.say(this.field("action").value === "line" ? this.texts.noneChosen : this.texts.badNumber);
      return;
    }
    const reason = this.field("reason");
    const { stream, points } = this;
    if (!reason.reportValidity()) return;
    const save = element("edit-save", HTMLButtonElement);
    save.disabled = true;
    try {
      await postJson(`${this.api}datastreams/${stream.uid}/edits/`, {
        code: this.field("action").value === "delete" ? "deleted" : "edited",
        reason: reason.value,
        corrections: points.map((point, index) => ({ time: isoExactly(point.time), value: values[index] ?? null })),
      });
      // Meanwhile another span or datastream may have been turned to, and stays chosen.
      if (points === this.points) this.toggle(false);
      this.saved(filled(this.texts.saved, { n: figure(points.length) }));
    } catch (error) {
      this.say(failureOf(error, this.texts));
    } finally {
      save.disabled = false;
    }
  }
}
