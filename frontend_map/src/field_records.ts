// The forms of what is recorded in the field: inspection, valve turned, leak, verification, meter reading.
import { emptyNote, type FieldContext, viewHead, type View } from "./field_context";
import { area, choiceRow, field, FormComplaint, numberField, numberOf, photoButton, recordForm, select, textOf, today, yesNo } from "./field_form";
import { networkHere } from "./field_near";
import { locate } from "./field_position";
import type { ElementClass, FieldNode, FieldPipe, QueuedChange, Question } from "./field_types";
import { dayName, figure, make } from "./page";

/** What a form is filled with when a conflict is edited. */
export type Former = QueuedChange | null;

export const recordView: View = async (context, host, [record = "", type = "node", uid = ""]) => {
  const former = (await context.store.get("changes", new URLSearchParams(window.location.hash.split("?")[1]).get("change") ?? "")) ?? null;
  if (record === "reading") {
    await readingView(context, host, uid);
    return;
  }
  if (record === "leak" && uid === "") {
    leakHere(context, host);
    return;
  }
  const elementClass: ElementClass = type === "pipe" ? "pipe" : "node";
  const found = await context.find(elementClass, uid);
  if (found === null) {
    host.replaceChildren(viewHead(context, context.word("notThere")), emptyNote(context.word(context.isOnline ? "elementGone" : "notSaved")));
    return;
  }
  const back = `#/asset/${elementClass}/${uid}`;
  const forms: Record<string, () => HTMLElement> = {
    inspection: () => inspectionForm(context, found.value, elementClass, back),
    verification: () => verificationForm(context, found.value, elementClass, back),
    valve: () => valveForm(context, found.value as FieldNode, back, former),
    leak: () => leakForm(context, { [elementClass]: uid }, found.value.network, found.value.code, back),
  };
  const titles: Record<string, string> = { inspection: "inspection", verification: "verification", valve: "turnValve", leak: "leak" };
  host.replaceChildren(viewHead(context, context.word(titles[record] ?? "record"), found.value.code, back), forms[record]?.() ?? emptyNote(context.word("notThere")));
};

function questionField(context: FieldContext, question: Question): HTMLElement {
  const name = `answer.${question.key}`;
  if (question.form === "number") return numberField(question.label, name, question.unit);
  if (question.form === "choice") return choiceRow(question.label, name, question.words);
  return yesNo(context, question.label, name);
}

function inspectionForm(context: FieldContext, value: FieldNode | FieldPipe, type: ElementClass, back: string): HTMLElement {
  const { forms, choices } = context.settings;
  const kind = "kind" in value ? value.kind : "pipe";
  const questions = forms[kind] ?? forms[""] ?? [];
  return recordForm(
    context,
    [
      choiceRow(context.word("condition"), "grade", choices.grades),
      ...questions.map((question) => questionField(context, question)),
      select(context.word("method"), "method", choices.inspectionMethod, "visual"),
      area(context.word("remark"), "findings"),
    ],
    async (data) => {
      const grade = Number(textOf(data, "grade"));
      if (!(grade >= 1 && grade <= 5)) throw new FormComplaint(context.word("giveCondition"));
      const answers: Record<string, unknown> = {};
      for (const question of questions) {
        const name = `answer.${question.key}`;
        const text = textOf(data, name);
        if (text === "") continue;
        answers[question.key] = question.form === "number" ? numberOf(context, data, name, question.label) : question.form === "truth" ? text === "true" : text;
      }
      const findings = textOf(data, "findings");
      await context.record({
        kind: "inspection",
        target: `inspection:${crypto.randomUUID()}`,
        title: `${context.word("inspection")} ${value.code}`,
        content: { [type]: value.uid, inspected_on: today(), method: textOf(data, "method"), grade, answers, ...(findings === "" ? {} : { findings }) },
      });
    },
    { back },
  );
}

function verificationForm(context: FieldContext, value: FieldNode | FieldPipe, type: ElementClass, back: string): HTMLElement {
  return recordForm(
    context,
    [
      make("p", {}, context.word("verificationAsks")),
      yesNo(context, context.word("positionRight"), "position_confirmed"),
      select(context.word("method"), "method", context.settings.choices.verificationMethod, "visual"),
      area(context.word("whatIsNot"), "remark"),
    ],
    async (data) => {
      await context.record({
        kind: "verification",
        target: `verification:${crypto.randomUUID()}`,
        title: `${context.word("verification")} ${value.code}`,
        content: { [type]: value.uid, verified_on: today(), method: textOf(data, "method"), position_confirmed: textOf(data, "position_confirmed") === "true", remark: textOf(data, "remark") },
      });
    },
    { back },
  );
}

function valveForm(context: FieldContext, value: FieldNode, back: string, former: Former): HTMLElement {
  const details = value.details ?? {};
  const before = former?.content ?? {};
  const stands = typeof before["status"] === "string" ? before["status"] : typeof details["status"] === "string" ? details["status"] : "";
  const truth = (name: string): string => {
    const known = before[name] ?? details[name];
    return typeof known === "boolean" ? String(known) : "";
  };
  const turns = before["turns"];
  const note = before["note"];
  return recordForm(
    context,
    [
      typeof details["status"] === "string" ? make("p", { class: "muted" }, context.word("recordedAs", { state: context.word(`status_${details["status"]}`) })) : null,
      numberField(context.word("turns"), "turns", "", typeof turns === "number" ? String(turns) : ""),
      choiceRow(context.word("standsNow"), "status", context.settings.choices.valveStatus, stands),
      yesNo(context, context.word("isBroken"), "is_broken", truth("is_broken")),
      yesNo(context, context.word("isAccessible"), "is_accessible", truth("is_accessible")),
      area(context.word("remark"), "note", typeof note === "string" ? note : ""),
    ],
    async (data) => {
      const count = numberOf(context, data, "turns", context.word("turns"));
      if (count === null || count < 0 || count > 2000) throw new FormComplaint(context.word("giveTurns"));
      const status = textOf(data, "status");
      if (status === "") throw new FormComplaint(context.word("giveState"));
      const content: Record<string, unknown> = { node: value.uid, turns: count, status, operated_at: new Date().toISOString() };
      for (const name of ["is_broken", "is_accessible"]) if (textOf(data, name) !== "") content[name] = textOf(data, name) === "true";
      if (textOf(data, "note") !== "") content["note"] = textOf(data, "note");
      // Decided anew: the former record gives way to this one.
      if (former !== null) await context.store.delete("changes", former.uid);
      const theirs = former?.theirs?.["version"];
      await context.record({
        kind: "valve",
        target: `node:${value.uid}`,
        title: `${value.code}: ${context.word(`status_${status}`)}`,
        base_version: typeof theirs === "number" ? theirs : value.version,
        content,
      });
      await rememberValve(context, value, content);
    },
    { back },
  );
}

/** What was recorded without a network is what the phone shows from then on. */
async function rememberValve(context: FieldContext, value: FieldNode, content: Record<string, unknown>): Promise<void> {
  const saved = await context.store.get("nodes", value.uid);
  if (saved === undefined) return;
  const { status, is_broken, is_accessible } = content;
  const seen = Object.fromEntries(Object.entries({ status, is_broken, is_accessible }).filter(([, known]) => known !== undefined));
  await context.store.put("nodes", { ...saved, details: { ...saved.details, ...seen } });
}

function leakForm(context: FieldContext, place: Record<string, unknown>, network: string, code: string, back: string): HTMLElement {
  const { choices } = context.settings;
  const photos: string[] = [];
  const taken = make("span", { class: "muted", role: "status" });
  const camera = photoButton(context, context.word("takePhoto"), (jpeg) => {
    photos.push(jpeg);
    taken.textContent = `${context.word("photos")}: ${photos.length}`;
    return Promise.resolve();
  });
  return recordForm(
    context,
    [
      select(context.word("whatLeaks"), "kind", choices.leakKind, "unknown"),
      select(context.word("howFound"), "source", choices.leakSource, "patrol"),
      numberField(context.word("estimatedLoss"), "loss", "m³/h"),
      area(context.word("remark"), "note"),
      make("div", { class: "actions" }, camera, taken),
    ],
    async (data) => {
      const loss = numberOf(context, data, "loss", context.word("estimatedLoss"));
      if (loss !== null && (loss < 0 || loss > 99_999)) throw new FormComplaint(context.word("giveNumber", { field: context.word("estimatedLoss") }));
      const note = textOf(data, "note");
      const uid = crypto.randomUUID();
      await context.record({
        uid,
        kind: "leak",
        target: `leak:${uid}`,
        title: `${context.word("leak")} ${code}`,
        content: {
          ...place,
          network,
          kind: textOf(data, "kind"),
          source: textOf(data, "source"),
          reported_at: new Date().toISOString(),
          ...(loss === null ? {} : { estimated_loss_m3h: loss }),
          ...(note === "" ? {} : { note }),
        },
      });
      // They follow their leak in the queue, and are refused with it.
      for (const jpeg of photos) await context.record({ kind: "photo", target: `leak:${uid}`, title: `${context.word("leak")} ${code}: ${context.word("photo")}`, content: { leak: uid, jpeg_base64: jpeg } });
    },
    { button: context.word("reportLeak"), back },
  );
}

/** A leak where one stands: the server hangs it on the nearest pipe. */
function leakHere(context: FieldContext, host: HTMLElement): void {
  const waiting = make("p", { class: "notice" }, context.word("locating"));
  host.replaceChildren(viewHead(context, context.word("leak")), waiting);
  void (async () => {
    const position = await locate(context);
    if (position === null) {
      waiting.textContent = context.word("noPosition");
      waiting.classList.add("warn");
      host.append(make("div", { class: "actions two" }, make("a", { class: "button", href: "#/search" }, context.word("search")), make("a", { class: "button", href: "#/map" }, context.word("map"))));
      return;
    }
    const { longitude, latitude, accuracy } = position.coords;
    waiting.textContent = context.word("positionKnown", { metres: Math.round(accuracy) });
    const network = await networkHere(context);
    const tolerance = Math.min(200, Math.max(50, Math.round(accuracy)));
    host.append(leakForm(context, { lon: longitude, lat: latitude, tolerance_m: tolerance }, network, context.word("here"), "#/"));
  })();
}

async function readingView(context: FieldContext, host: HTMLElement, installation: string): Promise<void> {
  const meter = await context.store.get("meters", installation);
  if (meter === undefined) {
    host.replaceChildren(viewHead(context, context.word("reading")), emptyNote(context.word("saveAreaForMeters")));
    return;
  }
  const back = `#/asset/node/${meter.node}`;
  const day = make("input", { name: "day", type: "date", value: today(), max: today() });
  host.replaceChildren(
    viewHead(context, context.word("reading"), `${meter.serial} · ${meter.address ?? meter.service_point}`, back),
    recordForm(
      context,
      [
        make("p", { class: "muted" }, meter.last_index_m3 === null ? context.word("neverRead") : context.word("lastReading", { index: figure(meter.last_index_m3, 3), day: meter.last_read_on === null ? "" : dayName(meter.last_read_on) })),
        numberField(context.word("index"), "index", "m³"),
        field(context.word("day"), day),
      ],
      async (data) => {
        const index = numberOf(context, data, "index", context.word("index"));
        if (index === null || index < 0 || index >= 10 ** meter.digits) throw new FormComplaint(context.word("badIndex", { digits: meter.digits }));
        const before = meter.last_index_m3 === null ? null : Number(meter.last_index_m3);
        if (before !== null && index < before && !window.confirm(context.word("belowLast", { index: figure(index, 3), last: figure(before, 3) }))) throw new FormComplaint(context.word("badReading"));
        const read_on = textOf(data, "day");
        await context.record({ kind: "reading", target: `meter:${installation}`, title: `${meter.serial}: ${figure(index, 3)} m³`, content: { installation, read_on, index_m3: index.toFixed(3) } });
        await context.store.put("meters", { ...meter, last_index_m3: index.toFixed(3), last_read_on: read_on });
      },
      { back },
    ),
  );
}
