// The page of alarm rules and channels: made, changed and switched by the API; every rule of what fits is the server's.
import { type KnownRule, type Limits, ruleBody, showFor } from "./alarm_rule_form";
import { notify } from "./notice";
import { element, eventElement, failureOf, fieldOf, filled, sendJson, settingsOf } from "./page";
import { renew } from "./renewing";

interface Settings {
  rules: string;
  channels: string;
  known: Record<string, KnownRule>;
  units: Record<string, string>;
}
const texts = settingsOf<Record<"saved" | "switchedOff" | "switchedOn" | "channelOff" | "change" | "low" | "high" | "failed" | "loadFailed", string>>("alarm-rules-texts");
const holder = element("alarm-rules");
const settings = (): Settings => settingsOf<Settings>("alarm-rules-settings");
const form = (id: string): HTMLFormElement => element(id, HTMLFormElement);

async function act(work: () => Promise<unknown>, done: string): Promise<void> {
  try {
    await work();
    await renew("alarm-rules", "alarm-rules-settings");
    begin();
    notify(done, { isBad: false });
  } catch (error) {
    notify(failureOf(error, texts), { isBad: true });
  }
}

// --- rules

/** Which fields the kind needs, and in what unit its limits are. */
function showRuleFields(): void {
  const rule = form("rule-form");
  const kind = fieldOf(rule, "kind").value;
  const known = settings().known[rule.dataset["uid"] ?? ""];
  const quantity = rule.elements.namedItem("observed_property");
  const symbol = known?.unit ?? rule.dataset["unit"] ?? settings().units[quantity instanceof HTMLSelectElement ? quantity.value : ""] ?? "";
  showFor(rule, kind);
  for (const label of rule.querySelectorAll<HTMLElement>("[data-limit]")) {
    const unit = symbol === "" ? "" : `, ${symbol}${kind === "rate" ? "/h" : ""}`;
    label.textContent = `${label.dataset["limit"] === "low" ? texts.low : texts.high}${unit}`;
  }
}

function fillRule(uid: string): void {
  const known = settings().known[uid];
  if (known === undefined) return;
  const rule = form("rule-form");
  rule.dataset["uid"] = uid;
  element("rule-form-title").textContent = filled(texts.change, { name: known.name });
  element("rule-scope").textContent = known.scope;
  for (const field of rule.querySelectorAll<HTMLElement>("[data-scope]")) field.hidden = true;
  const values: Record<string, string> = {
    name: known.name,
    kind: known.kind,
    severity: known.severity,
    low: String(known.low ?? ""),
    high: String(known.high ?? ""),
    raise_after_min: known.raise_after_s === 0 ? "" : String(known.raise_after_s / 60),
    silent_after_h: known.silent_after_s === null ? "" : String(known.silent_after_s / 3600),
    night_from: known.night_from,
    night_to: known.night_to,
  };
  for (const [name, value] of Object.entries(values)) fieldOf(rule, name).value = value;
  // A rule stays of its kind.
  fieldOf(rule, "kind").disabled = true;
  for (const box of rule.querySelectorAll<HTMLInputElement>("[name=channels]")) box.checked = known.channels.includes(box.value);
  element("rule-new").hidden = false;
  showRuleFields();
  element("rule-form-title").focus();
}

async function saveRule(): Promise<void> {
  const rule = form("rule-form");
  const { uid } = rule.dataset;
  const values: Limits = Object.fromEntries([...new FormData(rule)].filter(([name]) => name !== "channels").map(([name, value]) => [name, typeof value === "string" ? value : ""]));
  const channels = [...rule.querySelectorAll<HTMLInputElement>("[name=channels]:checked")].map((box) => box.value);
  const kind = fieldOf(rule, "kind").value;
  if (uid !== undefined) await act(() => sendJson("PATCH", `${settings().rules}${uid}/`, ruleBody(values, kind, channels)), texts.saved);
  else {
    const { datastream } = rule.dataset;
    const network = values["network"] ?? "";
    const scope = datastream === undefined ? { division: values["division"], observed_property: values["observed_property"], ...(network === "" ? {} : { network }) } : { datastream };
    await act(() => sendJson("POST", settings().rules, { kind, ...scope, ...ruleBody(values, kind, channels) }), texts.saved);
  }
}

// --- channels

function fillChannel(pressed: HTMLButtonElement): void {
  const channel = form("channel-form");
  channel.dataset["uid"] = pressed.dataset["channel"] ?? "";
  element("channel-form-title").textContent = filled(texts.change, { name: pressed.dataset["name"] ?? "" });
  for (const field of channel.querySelectorAll<HTMLElement>("[data-scope]")) field.hidden = true;
  for (const name of ["name", "target", "kind", "language"]) fieldOf(channel, name).value = pressed.dataset[name] ?? "";
  element("channel-new").hidden = false;
  showFor(channel, fieldOf(channel, "kind").value);
  element("channel-form-title").focus();
}

async function saveChannel(): Promise<void> {
  const channel = form("channel-form");
  const { uid } = channel.dataset;
  const [name, kind, division, target, language, secret] = ["name", "kind", "division", "target", "language", "secret"].map((field) => fieldOf(channel, field).value.trim()) as [string, string, string, string, string, string];
  const body = { name, target, ...(kind === "email" ? { language } : {}), ...(secret === "" ? {} : { secret }) };
  if (uid === undefined) await act(() => sendJson("POST", settings().channels, { ...body, kind, division }), texts.saved);
  else await act(() => sendJson("PATCH", `${settings().channels}${uid}/`, body), texts.saved);
}

// --- the page

/** The forms as they are at first, for something new. */
function begin(): void {
  if (document.getElementById("rule-form") === null) return;
  showRuleFields();
  showFor(form("channel-form"), fieldOf(form("channel-form"), "kind").value);
}

async function drop(): Promise<void> {
  await renew("alarm-rules");
  begin();
}

holder.addEventListener("change", (event) => {
  if (eventElement(event, "#rule-form select", HTMLSelectElement) !== null) showRuleFields();
  const kind = eventElement(event, "#channel-form [name=kind]", HTMLSelectElement);
  if (kind !== null) showFor(form("channel-form"), kind.value);
});
holder.addEventListener("submit", (event) => {
  event.preventDefault();
  void (eventElement(event, "#rule-form", HTMLFormElement) !== null ? saveRule() : saveChannel());
});
holder.addEventListener("click", (event) => {
  const pressed = eventElement(event, "button", HTMLButtonElement);
  if (pressed === null) return;
  const { change, channel, switch: rule, switchChannel, on } = pressed.dataset;
  const isOn = on === "true";
  if (change !== undefined) fillRule(change);
  else if (channel !== undefined) fillChannel(pressed);
  else if (rule !== undefined) void act(() => sendJson("PATCH", `${settings().rules}${rule}/`, { is_enabled: !isOn }), isOn ? texts.switchedOff : texts.switchedOn);
  else if (switchChannel !== undefined) void act(() => sendJson("PATCH", `${settings().channels}${switchChannel}/`, { is_enabled: !isOn }), isOn ? texts.channelOff : texts.switchedOn);
  else if (pressed.id === "rule-new" || pressed.id === "channel-new") void drop();
});
begin();
