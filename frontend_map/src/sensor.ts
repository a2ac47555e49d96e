// A device's page: newest values as they come, the chart of a datastream, its marks and edits.
import { type AgeTexts, ageWords, keepTellingAges } from "./ages";
import { type AlarmTexts, listenToAlarms } from "./alarm_handling";
import { isoOf, timeLabel } from "./local_time";
import { notify } from "./notice";
import { element, eventElement, failureOf, fetchJson, fieldOf, figure, filled, make, measured, postJson, settingsOf, unitOf } from "./page";
import { renew } from "./renewing";
import { type ChartTexts, type Series, SeriesChart, type Span, stepWords, type Stream } from "./series_chart";
import { askedSpan, type Preset, presetOf, presetSpan, spanWithin, wholeSpan } from "./shown_span";
import { type EditTexts, SeriesEditor } from "./series_edit";
import { type Flag, flagMarks, type Marked, alarmMarks } from "./series_marks";

interface Settings {
  thing: string;
  mayEdit: boolean;
  place: [number, number] | null;
  node: string | null;
  network: string | null;
  basemap: string;
  streams: Stream[];
  alarms: Marked[];
  flags: Flag[];
  addresses: { api: string; tiles: string; flags: string; alarms: string };
}

interface Texts extends AgeTexts, AlarmTexts, ChartTexts, EditTexts {
  states: Record<string, string>;
  each: string;
  bins: string;
  nothing: string;
  never: string;
  showNewest: string;
  undone: string;
  live: string;
  waiting: string;
  notLive: string;
  here: string;
}

interface LiveValue {
  datastream: string;
  time: string;
  value: number;
}

const settings = settingsOf<Settings>("sensor-settings");
const texts = settingsOf<Texts>("sensor-texts");
const api = settings.addresses.api;
const POLL_MS = 30_000;
const REDRAW_MS = 5000;
const MOST_LISTED = 2000;

class SeriesView {
  private readonly holder = element("chart");
  private readonly empty = element("chart-empty");
  private readonly chart: SeriesChart;
  private readonly editor: SeriesEditor | null;
  private stream: Stream;
  private preset: Preset = "week";
  // Null: the preset's span, which moves on with the newest value.
  private zoomed: Span | null = null;
  private pending: AbortController | null = null;
  private series: Series | null = null;
  private redrawn = 0;

  constructor(stream: Stream) {
    this.stream = stream;
    this.chart = new SeriesChart(
      this.holder,
      texts,
      (span) => this.choose(span),
      () => this.goBack(),
    );
    this.editor = settings.mayEdit
      ? new SeriesEditor(
          api,
          texts,
          stream,
          (span) => (span === null ? this.chart.hideSelection() : this.chart.select(span)),
          (message) => void this.changed(message),
        )
      : null;
    this.listen();
  }

  start(): void {
    const asked = new URLSearchParams(window.location.search);
    const named = settings.streams.find((stream) => stream.code === asked.get("datastream"));
    if (named !== undefined) this.stream = named;
    this.preset = presetOf(asked.get("span")) ?? this.preset;
    this.zoomed = askedSpan(asked);
    this.turnTo(this.stream);
  }

  turnTo(stream: Stream, span: Span | null = this.zoomed): void {
    // What is drawn belongs to the datastream before.
    if (stream !== this.stream) this.series = null;
    this.stream = stream;
    this.zoomed = span;
    this.editor?.turnTo(stream);
    for (const button of document.querySelectorAll<HTMLButtonElement>("[data-stream]")) {
      button.setAttribute("aria-pressed", String(button.dataset["stream"] === stream.code));
    }
    const name = document.querySelector(`[data-stream="${CSS.escape(stream.code)}"] .latest-name`)?.textContent.trim() ?? stream.code;
    element("series-title").textContent = `${name}, ${unitOf(stream.unit)}`.replace(/, $/, "");
    void this.load();
  }

  private listen(): void {
    for (const button of document.querySelectorAll<HTMLButtonElement>("[data-preset]")) {
      button.addEventListener("click", () => this.take(presetOf(button.dataset["preset"]) ?? "week"));
    }
    element("earlier").addEventListener("click", () => this.move(-0.5));
    element("later").addEventListener("click", () => this.move(0.5));
    element("zoom-in").addEventListener("click", () => this.zoom(0.5));
    element("zoom-out").addEventListener("click", () => this.zoom(2));
    element("reset").addEventListener("click", () => this.goBack());
    const keys: Record<string, () => void> = {
      ArrowLeft: () => this.move(-0.25),
      ArrowRight: () => this.move(0.25),
      "+": () => this.zoom(0.5),
      "=": () => this.zoom(0.5),
      "-": () => this.zoom(2),
      Home: () => this.goBack(),
      Escape: () => this.goBack(),
    };
    this.holder.addEventListener("keydown", (event) => {
      const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key];
      if (act === undefined) return;
      event.preventDefault();
      act();
    });
    element("values", HTMLDetailsElement).addEventListener("toggle", () => this.list());
  }

  private take(preset: Preset): void {
    this.preset = preset;
    this.zoomed = null;
    void this.load();
  }

  private goBack(): void {
    if (this.zoomed === null) return this.chart.hideSelection();
    this.zoomed = null;
    void this.load();
  }

  private choose(span: Span): void {
    if (this.editor?.isOpen === true) return this.editor.choose(span);
    this.zoomTo(span);
  }

  private zoomTo(span: Span): void {
    this.zoomed = spanWithin(span, wholeSpan(this.stream, Date.now() / 1000));
    void this.load();
  }

  private move(share: number): void {
    const span = this.span();
    const distance = (span.until - span.since) * share;
    this.zoomTo({ since: span.since + distance, until: span.until + distance });
  }

  private zoom(factor: number): void {
    const span = this.span();
    const middle = (span.since + span.until) / 2;
    const half = ((span.until - span.since) / 2) * factor;
    this.zoomTo({ since: middle - half, until: middle + half });
  }

  private span(): Span {
    return this.zoomed ?? presetSpan(this.preset, this.stream, Date.now() / 1000);
  }

  async load(): Promise<void> {
    const { stream } = this;
    const span = this.span();
    this.describe(span);
    this.pending?.abort();
    if (stream.time === null) {
      this.say(texts.never);
      return;
    }
    const pending = (this.pending = new AbortController());
    this.holder.setAttribute("aria-busy", "true");
    const query = new URLSearchParams({ datastream: stream.code, since: isoOf(span.since), until: isoOf(span.until) });
    try {
      const [[series], flags] = await Promise.all([fetchJson<Series[]>(`${api}series/?${query}`, pending.signal), this.flagsOver(span, pending.signal)]);
      if (series === undefined || pending.signal.aborted) return;
      this.series = series;
      this.redrawn = Date.now();
      this.chart.marks = [...alarmMarks(settings.alarms, stream.code, span.until), ...flagMarks(flags, stream)];
      this.chart.show(stream, series, span);
      this.report(series, span, flags);
    } catch (error) {
      if (!pending.signal.aborted) {
        console.warn("series:", error);
        this.say(texts.loadFailed);
      }
    } finally {
      if (this.pending === pending) this.holder.removeAttribute("aria-busy");
    }
  }

  private async flagsOver(span: Span, signal: AbortSignal): Promise<Flag[]> {
    // The newest came with the page. The API tells those that begin in the span, also where it lies long ago.
    const known = settings.flags.filter((flag) => flag.datastream === this.stream.code && Date.parse(flag.end_time ?? flag.time) / 1000 >= span.since && Date.parse(flag.time) / 1000 < span.until);
    const query = new URLSearchParams({ datastream: this.stream.uid, is_open: "true", since: isoOf(span.since), until: isoOf(span.until), limit: "1000" });
    try {
      const { results } = await fetchJson<{ results: Flag[] }>(`${settings.addresses.flags}?${query}`, signal);
      const told = new Set(results.map((flag) => `${flag.rule} ${Date.parse(flag.time)}`));
      return [...results, ...known.filter((flag) => !told.has(`${flag.rule} ${Date.parse(flag.time)}`))];
    } catch {
      return known;
    }
  }

  private describe(span: Span): void {
    const { zone } = this.stream;
    // Seconds matter only where minutes are few.
    const grain = span.until - span.since > 7200 ? 60 : 1;
    element("span").textContent = `${timeLabel(Math.floor(span.since / grain) * grain, zone, false)} – ${timeLabel(Math.ceil(span.until / grain) * grain, zone)}`;
    for (const button of document.querySelectorAll<HTMLButtonElement>("[data-preset]")) {
      button.setAttribute("aria-pressed", String(this.zoomed === null && button.dataset["preset"] === this.preset));
    }
    element("reset", HTMLButtonElement).disabled = this.zoomed === null;
    for (const link of document.querySelectorAll<HTMLAnchorElement>("a[data-format]")) {
      const { format = "csv", content, span: which } = link.dataset;
      const query = new URLSearchParams({ file_format: format });
      if (content !== undefined) query.set("content", content);
      if (which === "shown") {
        query.set("since", isoOf(span.since));
        query.set("until", isoOf(span.until));
      }
      link.href = `${api}datastreams/${this.stream.uid}/export/?${query}`;
    }
    const address = new URLSearchParams();
    if (settings.streams.length > 1) address.set("datastream", this.stream.code);
    if (this.zoomed === null) address.set("span", this.preset);
    else {
      address.set("since", isoOf(span.since));
      address.set("until", isoOf(span.until));
    }
    window.history.replaceState(null, "", `?${address}`);
  }

  private report(series: Series, span: Span, flags: Flag[]): void {
    const { dataset } = this.holder;
    dataset["points"] = String(series.time.length);
    dataset["resolution"] = series.resolution;
    dataset["step"] = String(series.step_s);
    dataset["edited"] = String(series.edited.length);
    dataset["gaps"] = String(series.count.filter((count) => count === 0).length);
    dataset["flags"] = String(flags.length);
    dataset["since"] = String(Math.round(span.since));
    dataset["until"] = String(Math.round(span.until));
    const kinds = new Set<string>(this.chart.marks.filter((mark) => mark.until >= span.since && mark.since <= span.until).map((mark) => mark.kind));
    if (series.edited.length > 0) kinds.add("edited");
    for (const entry of document.querySelectorAll<HTMLElement>("[data-mark]")) entry.hidden = !kinds.has(entry.dataset["mark"] ?? "");
    element("resolution").textContent = series.resolution === "raw" ? texts.each : filled(texts.bins, { step: stepWords(series.step_s, texts.steps) });
    if (series.time.length === 0) {
      const words = { since: timeLabel(Math.round(span.since), this.stream.zone), until: timeLabel(Math.round(span.until), this.stream.zone) };
      this.say(filled(texts.nothing, words), true);
    } else this.say("");
    this.list();
  }

  private say(message: string, offersNewest = false): void {
    this.empty.hidden = message === "";
    this.holder.hidden = message !== "" && this.series === null;
    element("chart-hint").hidden = message !== "";
    if (message === "") return this.empty.replaceChildren();
    this.empty.replaceChildren(make("p", {}, message));
    if (!offersNewest) return;
    const button = make("button", { type: "button", class: "button" }, texts.showNewest);
    button.addEventListener("click", () => this.take(this.preset));
    this.empty.append(button);
  }

  /** The points for those who do not see the chart. */
  private list(): void {
    const holder = element("values", HTMLDetailsElement);
    const { series, stream } = this;
    if (!holder.open || series === null) return;
    const words = (value: number | null | undefined): string => measured(value, stream.quantity);
    const rows = series.time
      .slice(-MOST_LISTED)
      .map((time, position) => ({ time, index: position + Math.max(0, series.time.length - MOST_LISTED) }))
      .reverse()
      .map(({ time, index }) => {
        const cells = [words(series.mean[index]), words(series.min[index]), words(series.max[index]), figure(series.count[index])];
        return make("tr", {}, make("td", {}, timeLabel(time, stream.zone)), ...cells.map((cell) => make("td", { class: "number" }, cell)));
      });
    holder.querySelector("tbody")?.replaceChildren(...rows);
  }

  /** A newer value has come: a preset's span moves on with it. */
  follow(stream: Stream): void {
    if (stream.code !== this.stream.code || this.zoomed !== null || this.editor?.isOpen === true) return;
    if (Date.now() - this.redrawn >= REDRAW_MS) void this.load();
  }

  async changed(message: string): Promise<void> {
    tell(message);
    await this.renewed();
  }

  async renewed(): Promise<void> {
    await Promise.all([this.load(), renew("records").catch(() => tell(texts.loadFailed, true))]);
  }
}

function tell(message: string, isBad = false): void {
  notify(message, { isBad, forMs: isBad ? 0 : 8000 });
}

function take(stream: Stream, seconds: number, value: number): void {
  stream.time = seconds;
  stream.first_time ??= seconds;
  stream.value = value;
  const row = document.querySelector(`[data-stream="${CSS.escape(stream.code)}"]`);
  if (row === null) return;
  const age = make("span", { "data-age": String(seconds) }, ageWords(Date.now() / 1000 - seconds, texts));
  row.querySelector("strong")?.replaceChildren(measured(value, stream.quantity));
  row.querySelector(".latest-time")?.replaceChildren(make("time", { datetime: isoOf(seconds) }, timeLabel(seconds, stream.zone)), " · ", age);
}

/** States follow from the ages; what makes a device late or silent was said by the server. */
function tellStates(): void {
  const now = Date.now() / 1000;
  const states = settings.streams.map((stream): string => {
    const age = stream.time === null ? Infinity : now - stream.time;
    const state = age > stream.silent_after_s ? "silent" : age > stream.late_after_s ? "late" : "ok";
    const dot = document.querySelector(`[data-stream="${CSS.escape(stream.code)}"] .dot`);
    if (dot !== null) dot.className = `dot ${state}`;
    return state;
  });
  const worst = ["silent", "late", "ok"].find((state) => states.includes(state));
  if (worst === undefined) return;
  const tag = element("device-state");
  tag.className = `tag ${worst}`;
  if (tag.textContent !== texts.states[worst]) tag.textContent = texts.states[worst] ?? worst;
  tellLink(worst);
}

// Whether values come by themselves; null before that is known.
let isLive: boolean | null = null;

/** How new values come. A device that sends none is not called live, however good the connection. */
function tellLink(worst: string): void {
  const label = element("live");
  label.hidden = isLive === null;
  const isFlowing = isLive === true && worst !== "silent";
  const said = isLive === true ? (isFlowing ? texts.live : texts.waiting) : texts.notLive;
  if (label.textContent !== said) label.textContent = said;
  label.classList.toggle("live", isFlowing);
}

/** Newest values by server-sent events; where there is no place for one more follower, by asking now and then. */
function followValues(view: SeriesView): void {
  const address = `${api}live/?${new URLSearchParams(settings.streams.map((stream): [string, string] => ["datastream", stream.code]))}`;
  let source: EventSource | null = null;
  let polling = 0;
  const receive = (values: LiveValue[]): void => {
    for (const { datastream, time, value } of values) {
      const stream = settings.streams.find((candidate) => candidate.code === datastream);
      const seconds = Date.parse(time) / 1000;
      if (stream === undefined || (stream.time === seconds && stream.value === value)) continue;
      take(stream, seconds, value);
      view.follow(stream);
    }
    tellStates();
  };
  const say = (comesByItself: boolean): void => {
    isLive = comesByItself;
    tellStates();
  };
  const poll = async (): Promise<void> => {
    if (document.hidden) return;
    const { results } = await fetchJson<{ results: { code: string; latest_time: string | null; latest_value: number | null }[] }>(`${api}datastreams/?thing__uid=${settings.thing}`);
    receive(results.flatMap((row) => (row.latest_time === null || row.latest_value === null ? [] : [{ datastream: row.code, time: row.latest_time, value: row.latest_value }])));
  };
  const open = (): void => {
    source?.close();
    source = new EventSource(address);
    source.addEventListener("values", (event) => {
      window.clearInterval(polling);
      polling = 0;
      say(true);
      receive(JSON.parse((event as MessageEvent<string>).data) as LiveValue[]);
    });
    source.addEventListener("error", () => {
      if (source?.readyState !== EventSource.CLOSED || polling !== 0) return;
      say(false);
      polling = window.setInterval(() => void poll().catch(() => undefined), POLL_MS);
    });
  };
  open();
  // A follower holds a thread of the server: nobody does who does not look.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) source?.close();
    else if (polling === 0) open();
  });
  window.addEventListener("pagehide", () => source?.close());
}

async function undo(form: HTMLFormElement, view: SeriesView): Promise<void> {
  const reason = fieldOf(form, "reason");
  const button = form.querySelector("button");
  if (button !== null) button.disabled = true;
  try {
    await postJson(`${api}series-edits/${form.dataset["undoForm"] ?? ""}/undo/`, { reason: reason.value });
    await view.changed(texts.undone);
  } catch (error) {
    tell(failureOf(error, texts), true);
  } finally {
    if (button !== null) button.disabled = false;
  }
}

/** The lists below the chart are rendered again after each change, so one listener serves them all. */
function listenToRecords(view: SeriesView): void {
  const records = element("records");
  listenToAlarms(records, settings.addresses.alarms, texts, tell, () => view.renewed());
  records.addEventListener("click", (event) => {
    const button = eventElement(event, "button", HTMLButtonElement);
    if (button === null) return;
    const { undo: edit, show } = button.dataset;
    if (edit !== undefined) {
      const form = records.querySelector<HTMLFormElement>(`[data-undo-form="${CSS.escape(edit)}"]`);
      if (form === null) return;
      form.hidden = !form.hidden;
      button.setAttribute("aria-expanded", String(!form.hidden));
      if (!form.hidden) form.querySelector("input")?.focus();
    } else if (show !== undefined) {
      const stream = settings.streams.find((candidate) => candidate.code === show);
      if (stream === undefined) return;
      const [since, until] = [Number(button.dataset["since"]), Number(button.dataset["until"])];
      const margin = Math.max((until - since) * 0.5, stream.interval_s * 12);
      view.turnTo(stream, { since: since - margin, until: until + margin });
      element("series").scrollIntoView({ block: "start", behavior: "smooth" });
    }
  });
  records.addEventListener("submit", (event) => {
    event.preventDefault();
    const form = eventElement(event, "form", HTMLFormElement);
    if (form !== null) void undo(form, view);
  });
}

keepTellingAges(texts);
const [first] = settings.streams;
if (first !== undefined) {
  const view = new SeriesView(first);
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-stream]")) {
    button.addEventListener("click", () => {
      const stream = settings.streams.find((candidate) => candidate.code === button.dataset["stream"]);
      if (stream !== undefined) view.turnTo(stream);
    });
  }
  listenToRecords(view);
  view.start();
  followValues(view);
  window.setInterval(tellStates, 5000);
}

const map = document.getElementById("device-map");
if (map !== null && settings.place !== null) {
  const { place, node, network, basemap } = settings;
  // The map's library is a megabyte: the chart comes first.
  import("./sensor_map")
    .then(({ showPlace }) => {
      showPlace(map, { place, node, network, basemap, tiles: settings.addresses.tiles, label: texts.here });
    })
    .catch((error: unknown) => {
      console.warn("map:", error);
      tell(texts.loadFailed, true);
    });
}
