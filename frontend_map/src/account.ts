// The account's page: what the meter counted between readings, and payments that are entered and booked by hand.
import uPlot from "uplot";
import { type ActionSettings, type ActionTexts, startActions } from "./account_actions";
import { colours, dayLabel, draw, secondsOf, timeAxis, volumeAxis } from "./chart";
import { notify } from "./notice";
import { element, eventElement, failureOf, fieldOf, figure, filled, numberIn, postOnce, sendJson, settingsOf } from "./page";
import { renew } from "./renewing";

interface Texts extends ActionTexts {
  booked: string;
  waits: string;
  withdrawn: string;
  accepted: string;
  corrected: string;
  correctedWaits: string;
  givenUp: string;
  takenBack: string;
  writtenOff: string;
  proposed: string;
  sheetWithdrawn: string;
  noReason: string;
  noSheet: string;
  sureBill: string;
  taken: string;
  readingWaits: string;
  badNumber: string;
  noReference: string;
}

const BOOKS = ["balance", "readings", "payments", "statement"];

interface Consumption {
  days: string[];
  volumes: number[];
  texts: { consumption: string; until: string };
}

const holder = document.getElementById("consumption-chart");
if (holder !== null) {
  const consumption = settingsOf<Consumption>("consumption");
  const bars = uPlot.paths.bars?.({ size: [0.6, 42], radius: 0.1 });
  draw(
    holder,
    {
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1e3), "Etc/UTC"),
      axes: [{ ...timeAxis(), splits: (chart) => Array.from(chart.data[0]) }, volumeAxis()],
      scales: {
        // Half a month of air on both sides, so that one bar alone is a bar too.
        x: { range: (_chart, low, high) => [low - 15 * 86400, high + 15 * 86400] },
        y: { range: (_chart, _low, high) => [0, Math.max(1, high) * 1.15] },
      },
      series: [
        { label: consumption.texts.until, value: (_chart, seconds: number | null) => (seconds === null ? "–" : dayLabel(seconds, true)) },
        {
          label: consumption.texts.consumption,
          stroke: colours.supply,
          fill: "#5b9fca",
          width: 0,
          points: { show: false },
          ...(bars === undefined ? {} : { paths: bars }),
          value: (_chart, value) => figure(value, 3),
        },
      ],
    },
    [consumption.days.map(secondsOf), consumption.volumes],
    190,
  );
}

const settings = settingsOf<ActionSettings & { bill: { enterprise: string; month: string }; jobs: string }>("account-settings");
const { account, api, reasons } = settings;
const texts = settingsOf<Texts>("account-texts");
startActions(settings, texts);
const payments = element("payments");

function say(message: string, isBad = false): void {
  notify(message, { isBad });
}

async function act(work: () => Promise<string>): Promise<void> {
  try {
    const done = await work();
    await renew(...BOOKS);
    say(done);
  } catch (error) {
    say(failureOf(error, texts), true);
  }
}

function enter(form: HTMLFormElement): void {
  const [typed, day, channel, reference] = ["amount", "paid_on", "channel", "reference"].map((name) => fieldOf(form, name).value.trim()) as [string, string, string, string];
  const amount = numberIn(typed);
  if (!Number.isFinite(amount)) return say(texts.badNumber, true);
  if (reference === "") return say(texts.noReference, true);
  void act(async () => {
    const made = await postOnce<{ state: string }>(`${api}payments/`, { account, channel, reference, paid_on: day, amount: amount.toFixed(2) });
    return made.state === "open" ? texts.waits : texts.booked;
  });
}

payments.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = eventElement(event, "#payment-form", HTMLFormElement);
  if (form !== null) enter(form);
});
payments.addEventListener("click", (event) => {
  const button = eventElement(event, "button[data-decide]", HTMLButtonElement);
  if (button === null) return;
  const { decide = "", payment = "" } = button.dataset;
  void act(async () => {
    await sendJson("POST", `${api}waiting-payments/${payment}/${decide}/`);
    return decide === "confirm" ? texts.booked : texts.withdrawn;
  });
});

/** The account alone is billed, or tried: a job, which is followed on its page. */
element("invoices").addEventListener("click", (event) => {
  const button = eventElement(event, "button[data-rebill]", HTMLButtonElement);
  if (button === null) return;
  const trial = button.dataset["rebill"] === "trial";
  if (!trial && !window.confirm(texts.sureBill)) return;
  button.disabled = true;
  postOnce<{ uid: string }>(`${api}billing-runs/`, { ...settings.bill, account, trial })
    .then(({ uid }) => window.location.assign(`${settings.jobs}${uid}/`))
    .catch((error: unknown) => say(failureOf(error, texts), true))
    .finally(() => (button.disabled = false));
});

const statement = element("statement");

/** A payment is taken back, or a debt written off; both with a reason. */
function correct(form: HTMLFormElement): void {
  const reason = fieldOf(form, "reason").value.trim();
  if (reason === "") return say(texts.noReason, true);
  const { reverse } = form.dataset;
  if (reverse !== undefined) {
    void act(async () => {
      await sendJson("POST", `${api}payments/${reverse}/reverse/`, { reason });
      return texts.takenBack;
    });
    return;
  }
  const [typed, sheet] = ["amount", "sheet"].map((name) => fieldOf(form, name).value.trim()) as [string, string];
  const amount = numberIn(typed);
  if (!Number.isFinite(amount)) return say(texts.badNumber, true);
  if (sheet === "") return say(texts.noSheet, true);
  void act(async () => {
    await sendJson("POST", `${api}accounts/${account}/write-offs/`, { amount: amount.toFixed(2), sheet, reason });
    return texts.proposed;
  });
}

/** A second person's word on a debt that somebody proposed to write off. */
element("statement").addEventListener("click", (event) => {
  const button = eventElement(event, "button[data-sheet]", HTMLButtonElement);
  if (button === null) return;
  const { sheet = "", uid = "" } = button.dataset;
  void act(async () => {
    await sendJson("POST", `${api}waiting-write-offs/${uid}/${sheet}/`);
    return sheet === "confirm" ? texts.writtenOff : texts.sheetWithdrawn;
  });
});

statement.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = eventElement(event, "form", HTMLFormElement);
  if (form !== null) correct(form);
});

const readings = element("readings");

/** What the clerk decided about a reading that waits. */
function decide(form: HTMLFormElement, decision: string): void {
  const [typed, note] = ["index", "note"].map((name) => fieldOf(form, name).value.trim()) as [string, string];
  const index = numberIn(typed);
  if (decision === "correct" && !Number.isFinite(index)) return say(texts.badNumber, true);
  void act(async () => {
    const body = { decision, note, ...(decision === "correct" ? { index_m3: index.toFixed(3) } : {}) };
    const { state } = await sendJson<{ state: string }>("POST", `${api}readings/${form.dataset["reading"] ?? ""}/decide/`, body);
    if (decision === "accept") return texts.accepted;
    if (decision === "give_up") return texts.givenUp;
    return state === "queued" ? texts.correctedWaits : texts.corrected;
  });
}

/** A reading that somebody brings to the desk. */
function enterReading(form: HTMLFormElement): void {
  const [installation, read_on, typed] = ["installation", "read_on", "index"].map((name) => fieldOf(form, name).value.trim()) as [string, string, string];
  const index = numberIn(typed);
  if (typed === "" || !Number.isFinite(index) || index < 0) return say(texts.badNumber, true);
  void act(async () => {
    const made = await postOnce<{ state: string; queue_reason: string }>(`${api}readings/`, { installation, read_on, index_m3: index.toFixed(3) });
    return made.state === "queued" ? filled(texts.readingWaits, { reason: reasons[made.queue_reason] ?? made.queue_reason }) : texts.taken;
  });
}

readings.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = eventElement(event, "#reading-form", HTMLFormElement);
  const { submitter } = event;
  if (form !== null) enterReading(form);
  else if (submitter instanceof HTMLButtonElement && event.target instanceof HTMLFormElement) decide(event.target, submitter.dataset["decision"] ?? "");
});
