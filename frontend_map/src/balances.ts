// Zone balances as the API gives them, and the colours of their imbalance.

export interface Balance {
  zone: string;
  zone_code: string;
  zone_name: string;
  period_start: string;
  input_m3: string | null;
  output_m3: string | null;
  storage_change_m3: string | null;
  supply_m3: string | null;
  billed_m3: string | null;
  apportioned_m3: string;
  unbilled_m3: string;
  imbalance_billed_m3: string | null;
  imbalance_apportioned_m3: string | null;
  limit_95_m3: string | null;
  supply_coverage: number;
  consumption_coverage: number;
  service_points: number;
  status: string;
}

/** Which days the bills of a month cover in a zone. */
export interface BilledDays {
  zone: string;
  first_day: string;
  last_day: string;
  mean_days: number;
  service_points: number;
}

/** A detected leak, as far as the pages show it. */
export interface LeakEvent {
  id: string;
  zone: string;
  zone_code: string;
  zone_name: string;
  network: string;
  started_at: string;
  size_limit_95_m3h: number | null;
  state: string;
  now: { size_m3h: number; ended_at: string | null };
}

export type Basis = "billed" | "apportioned";

export function imbalanceOf(balance: Balance, basis: Basis): string | null {
  return basis === "billed" ? balance.imbalance_billed_m3 : balance.imbalance_apportioned_m3;
}

/** Imbalance by supply; null where data do not suffice: then it is not shown as a number. */
export function shareOf(balance: Balance, basis: Basis): number | null {
  const imbalance = imbalanceOf(balance, basis);
  const supply = Number(balance.supply_m3);
  if (balance.status !== "sufficient" || imbalance === null || !(supply > 0)) return null;
  const share = Number(imbalance) / supply;
  return Number.isFinite(share) ? share : null;
}

interface Class {
  below: number;
  colour: string;
  label: string;
}

const colourWorst = "#a32020";

// Lightness falls from class to class, so they are told apart without hue as well.
export const classes: readonly Class[] = [
  { below: 0.05, colour: "#fdf1c4", label: "0–5 %" },
  { below: 0.1, colour: "#fbd283", label: "5–10 %" },
  { below: 0.2, colour: "#f3a04e", label: "10–20 %" },
  { below: 0.3, colour: "#dd6330", label: "20–30 %" },
  { below: Infinity, colour: colourWorst, label: "> 30 %" },
];
export const colourBelowZero = "#9cc7e6";
export const colourInsufficient = "#c6b3d8";
export const colourNoData = "#cfd8de";

/** The half width of the imbalance's 95 % interval, m³; zero where none is known. */
function limitOf(balance: Balance): number {
  const limit = Number(balance.limit_95_m3 ?? 0);
  return Number.isFinite(limit) ? limit : 0;
}

/** Whether more was consumed than supplied, by more than the 95 % limit. */
export function isBelowZero(balance: Balance, basis: Basis): boolean {
  return shareOf(balance, basis) !== null && Number(imbalanceOf(balance, basis)) < -limitOf(balance);
}

export function colourOf(balance: Balance | undefined, basis: Basis): string {
  if (balance === undefined) return colourNoData;
  const share = shareOf(balance, basis);
  if (share === null) return colourInsufficient;
  // Below zero by no more than the limit: nothing is known to be lost, and it is drawn as the lowest class.
  if (isBelowZero(balance, basis)) return colourBelowZero;
  return colourOfShare(share);
}

export function colourOfShare(share: number): string {
  return classes.find((shown) => share < shown.below)?.colour ?? colourWorst;
}

/** What one line of the figures says: the 95 % limit of the imbalance by supply; null where either is unknown. */
export function limitShareOf(balance: Balance): number | null {
  const supply = Number(balance.supply_m3);
  return balance.limit_95_m3 === null || !(supply > 0) ? null : limitOf(balance) / supply;
}

export interface Total {
  zones: number;
  left_out: number;
  supply_m3: number;
  imbalance_m3: number;
  limit_m3: number;
  share: number | null;
}

const litres = (volume: string | null): number => Math.round(Number(volume ?? 0) * 1000);

/** The sum of balances whose data suffice, to the litre; the limit is the root of the summed squares (AWWA M36). */
export function totalOf(balances: Balance[], basis: Basis): Total {
  const counted = balances.filter((balance) => shareOf(balance, basis) !== null);
  const supply = counted.reduce((sum, balance) => sum + litres(balance.supply_m3), 0) / 1000;
  const imbalance = counted.reduce((sum, balance) => sum + litres(imbalanceOf(balance, basis)), 0) / 1000;
  return {
    zones: counted.length,
    left_out: balances.length - counted.length,
    supply_m3: supply,
    imbalance_m3: imbalance,
    limit_m3: Math.hypot(...counted.map(limitOf)),
    share: supply > 0 ? imbalance / supply : null,
  };
}

/** From one month to another: by how much the share rose, and the 95 % limit of that; null where either lacks data. */
export interface Change {
  share: number;
  limit: number;
}

export function changeOf(earlier: Balance | undefined, later: Balance | undefined, basis: Basis): Change | null {
  if (earlier === undefined || later === undefined) return null;
  const [before, after] = [shareOf(earlier, basis), shareOf(later, basis)];
  if (before === null || after === null) return null;
  return { share: after - before, limit: Math.hypot(limitShareOf(earlier) ?? 0, limitShareOf(later) ?? 0) };
}

// Purple is less, orange is more: told apart by every kind of eye, and like no colour of the other legend's end.
export const changeClasses: readonly Class[] = [
  { below: -0.1, colour: "#5e3c99", label: "< −10" },
  { below: -0.05, colour: "#998ec3", label: "−10 … −5" },
  { below: 0, colour: "#d8daeb", label: "−5 … 0" },
  { below: 0.05, colour: "#fee0b6", label: "0 … +5" },
  { below: 0.1, colour: "#f1a340", label: "+5 … +10" },
  { below: Infinity, colour: "#b35806", label: "> +10" },
];
export const colourUnchanged = "#f7f7f7";

export function colourOfChange(change: Change | null): string {
  if (change === null) return colourNoData;
  if (Math.abs(change.share) <= change.limit) return colourUnchanged;
  return changeClasses.find((shown) => change.share < shown.below)?.colour ?? colourNoData;
}

/** With how many decimals figures are shown so that each sum agrees as it is written: signed terms, then their sum. */
export function decimalsThatAdd(sums: number[][]): number {
  const agrees = (decimals: number): boolean =>
    sums.every((terms) => {
      const written = terms.map((term) => Math.round(Number(`${term}e${decimals}`)));
      return written.slice(0, -1).reduce((sum, term) => sum + term, 0) === written.at(-1);
    });
  return [0, 1, 2].find(agrees) ?? 3;
}
