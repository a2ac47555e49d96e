// A cash desk for keyboard and scanner: find, take, print, and the cursor is back where the next one is found.
import { amountIn, changeOf, soughtIn } from "./cash_sums";
import { clearErrors, sentencesOf, showError } from "./form_errors";
import { notify } from "./notice";
import { element, eventElement, failureOf, fetchJson, fieldOf, figure, filled, make, postJson, Refusal, settingsOf } from "./page";
import { renew } from "./renewing";

interface Found {
  uid: string;
  number: string;
  name: string;
  address: string;
  owed: string;
  overdue: string;
}
interface Slip {
  uid: string;
  number: string;
  kind: string;
  amount: string;
  account_number: string;
  account_name: string;
}
type Texts = Record<
  | "owed"
  | "overdue"
  | "paidAhead"
  | "none"
  | "taken"
  | "openPaper"
  | "cancelled"
  | "proposed"
  | "confirmed"
  | "withdrawn"
  | "cancelTitle"
  | "refundTitle"
  | "noAmount"
  | "failed"
  | "loadFailed",
  string
>;

const settings = settingsOf<{ api: string; language: string; enterprise: string }>("cash-desk-settings");
const texts = settingsOf<Texts>("cash-desk-texts");
// What is sent again after a lost answer, or pressed twice, is the same paper.
let requestKey = "";
let payer: Found | null = null;
let chosen: { uid: string; number: string; amount: string; step: "cancel" | "refund" } | null = null;

const form = (id: string): HTMLFormElement | null => document.querySelector<HTMLFormElement>(`#${id}`);
const typed = (of: HTMLFormElement, name: string): string => fieldOf(of, name).value.trim();

function focusSearch(): void {
  for (const id of ["take-form", "slip-form", "hits"]) {
    const part = document.getElementById(id);
    if (part !== null) part.hidden = true;
  }
  const find = form("find-form");
  if (find === null) return;
  find.reset();
  fieldOf(find, "q").focus();
}

function show(found: Found): void {
  const take = element("take-form", HTMLFormElement);
  payer = found;
  requestKey = crypto.randomUUID();
  clearErrors(take);
  take.reset();
  element("hits").hidden = true;
  element("slip-form").hidden = true;
  element("payer").textContent = `${found.number} · ${found.name}`;
  element("payer-address").textContent = found.address;
  const owed = Number(found.owed);
  const late = Number(found.overdue) > 0 ? `, ${texts.overdue} ${figure(found.overdue, 2)}` : "";
  element("payer-owed").textContent = owed >= 0 ? `${texts.owed} ${figure(owed, 2)}${late} UZS` : `${texts.paidAhead} ${figure(-owed, 2)} UZS`;
  const amount = fieldOf(take, "amount") as HTMLInputElement;
  amount.value = owed > 0 ? found.owed : "";
  element("change").textContent = "–";
  take.hidden = false;
  amount.focus();
  amount.select();
}

function choose(slip: Slip, step: "cancel" | "refund"): void {
  const part = element("slip-form", HTMLFormElement);
  chosen = { uid: slip.uid, number: slip.number, amount: slip.amount, step };
  requestKey = crypto.randomUUID();
  clearErrors(part);
  part.reset();
  element("take-form").hidden = true;
  element("hits").hidden = true;
  element("slip-title").textContent = filled(step === "cancel" ? texts.cancelTitle : texts.refundTitle, { number: slip.number });
  element("slip-account").textContent = `${slip.account_number} · ${slip.account_name}`;
  const amount = fieldOf(part, "amount") as HTMLInputElement;
  amount.value = slip.amount;
  const row = amount.closest<HTMLElement>(".field");
  if (row !== null) row.hidden = step === "cancel";
  part.hidden = false;
  (step === "cancel" ? fieldOf(part, "reason") : amount).focus();
}

function list(hits: Found[]): void {
  const place = element("hits");
  place.replaceChildren(
    ...hits.map((hit) => {
      const button = make("button", { type: "button", class: "button wide" }, `${hit.number} · ${hit.name} · ${hit.address} · ${figure(hit.owed, 2)} UZS`);
      button.addEventListener("click", () => show(hit));
      return make("li", {}, button);
    }),
  );
  place.hidden = false;
  place.querySelector("button")?.focus();
}

async function find(text: string): Promise<void> {
  const sought = soughtIn(text);
  if ("receipt" in sought) {
    choose(await fetchJson<Slip>(`${settings.api}cash-slips/${sought.receipt}/`), "refund");
    return;
  }
  if ("number" in sought) {
    // Another enterprise may have a desk of the same code.
    const asked = new URLSearchParams({ kind: "receipt", payment__reference: sought.number, desk__enterprise__code: settings.enterprise });
    const { results } = await fetchJson<{ results: Slip[] }>(`${settings.api}cash-slips/?${asked.toString()}`);
    if (results[0] !== undefined) {
      choose(results[0], "refund");
      return;
    }
  }
  const hits = await fetchJson<Found[]>(`${settings.api}cash-desk-accounts/?q=${encodeURIComponent(text.trim())}`);
  const [first] = hits;
  if (first === undefined) notify(texts.none, { isBad: true });
  else if (hits.length === 1) show(first);
  else list(hits);
}

/** Open a slip for printing: the server counts it, and marks all but the first. The form keeps the cursor. */
async function print(uid: string): Promise<void> {
  const token = document.querySelector<HTMLInputElement>("input[name=csrfmiddlewaretoken]")?.value ?? "";
  const response = await fetch(`${settings.api}cash-slips/${uid}/print/?language=${settings.language}`, { method: "POST", credentials: "same-origin", headers: { "X-CSRFToken": token } });
  if (!response.ok) throw new Refusal(String(response.status), response.status);
  const address = URL.createObjectURL(await response.blob());
  const place = element("paper");
  place.replaceChildren(make("a", { class: "button", href: address, target: "_blank", rel: "noopener" }, texts.openPaper));
  place.hidden = false;
  // One small window for all papers; where the browser opens none, there is the link.
  window.open(address, "cash-desk-paper", "popup,width=480,height=800");
}

async function take(of: HTMLFormElement): Promise<void> {
  if (payer === null) return;
  const amount = amountIn(typed(of, "amount"));
  if (amount === null) {
    showError(of, "amount", texts.noAmount);
    return;
  }
  const paid = payer;
  const slip = await postJson<Slip>(`${settings.api}cash-slips/`, { account: paid.uid, amount, tendered: amountIn(typed(of, "tendered")), request_key: requestKey });
  focusSearch();
  notify(filled(texts.taken, { amount: figure(slip.amount, 2), account: paid.number, number: slip.number }));
  await Promise.all([print(slip.uid), renew("shift")]);
}

async function enterSlip(of: HTMLFormElement): Promise<void> {
  if (chosen === null) return;
  const { uid, number, amount: whole, step } = chosen;
  const reason = typed(of, "reason");
  if (step === "cancel") {
    const slip = await postJson<Slip>(`${settings.api}cash-slips/${uid}/cancel/`, { reason, request_key: requestKey });
    focusSearch();
    notify(filled(texts.cancelled, { number, amount: figure(whole, 2) }));
    await Promise.all([print(slip.uid), renew("shift")]);
    return;
  }
  const amount = amountIn(typed(of, "amount"));
  if (amount === null) {
    showError(of, "amount", texts.noAmount);
    return;
  }
  await postJson(`${settings.api}cash-slips/${uid}/propose-refund/`, { amount, reason });
  focusSearch();
  notify(texts.proposed);
  await renew("shift");
}

async function open(of: HTMLFormElement): Promise<void> {
  await postJson(`${settings.api}cash-shifts/`, { desk: fieldOf(of, "desk").value, float_amount: amountIn(typed(of, "float_amount")) });
  window.location.assign(window.location.pathname);
}

async function close(of: HTMLFormElement): Promise<void> {
  const uid = of.dataset["shift"] ?? "";
  await postJson(`${settings.api}cash-shifts/${uid}/close/`, { counted: amountIn(typed(of, "counted")), reason: typed(of, "reason") });
  window.location.assign(`?closed=${uid}`);
}

function sayAt(of: HTMLFormElement, error: unknown): void {
  const told: [string, string][] = error instanceof Refusal ? Object.entries(error.fields) : [];
  if (error instanceof Refusal && told.length === 0) for (const { way, sentence } of sentencesOf(error.body)) told.push([way[0] ?? "", sentence]);
  const left = told.filter(([field, sentence]) => !showError(of, field, sentence));
  // Codes and names of an error's body are no words for people.
  if (left.length > 0 || told.length === 0) notify(failureOf(error, texts), { isBad: true });
}

const ACTS: Record<string, (of: HTMLFormElement) => Promise<void>> = {
  "open-form": open,
  "find-form": (of) => find(typed(of, "q")),
  "take-form": take,
  "slip-form": enterSlip,
  "close-form": close,
};

document.addEventListener("submit", (event) => {
  const of = eventElement(event, "form", HTMLFormElement);
  const act = of === null ? undefined : ACTS[of.id];
  if (of === null || act === undefined) return;
  event.preventDefault();
  const button = of.querySelector<HTMLButtonElement>("button:not([type=button])");
  if (button?.disabled === true) return;
  if (button !== null) button.disabled = true;
  element("message").hidden = true;
  clearErrors(of);
  void act(of)
    .catch((error: unknown) => sayAt(of, error))
    .finally(() => {
      if (button !== null) button.disabled = false;
    });
});

async function decide(button: HTMLButtonElement): Promise<void> {
  const { refund = "", step = "" } = button.dataset;
  await postJson(`${settings.api}waiting-refunds/${refund}/${step}/`, {});
  await renew("shift");
  notify(step === "confirm" ? texts.confirmed : texts.withdrawn);
}

document.addEventListener("click", (event) => {
  const button = eventElement(event, "button", HTMLButtonElement);
  if (button === null) return;
  const { dismiss, print: slip, cancel, number = "", amount = "", account = "", name = "", refund } = button.dataset;
  if (dismiss !== undefined) focusSearch();
  else if (cancel !== undefined) choose({ uid: cancel, number, amount, kind: "receipt", account_number: account, account_name: name }, "cancel");
  else if (slip !== undefined || refund !== undefined) {
    button.disabled = true;
    void (slip === undefined ? decide(button) : print(slip))
      .catch((error: unknown) => notify(failureOf(error, texts), { isBad: true }))
      .finally(() => (button.disabled = false));
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && form("find-form") !== null) focusSearch();
});

form("take-form")?.addEventListener("input", () => {
  const of = element("take-form", HTMLFormElement);
  const change = changeOf(typed(of, "amount"), typed(of, "tendered"));
  element("change").textContent = change === null ? "–" : figure(change, 2);
});
// The drawer is counted when it is asked for.
document.querySelector("#closing")?.addEventListener("toggle", () => {
  const of = form("close-form");
  if (of !== null && of.offsetParent !== null) fieldOf(of, "counted").focus();
});
