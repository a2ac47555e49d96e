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

export interface Suspicion {
  zone: string;
  zone_code: string;
  started_on: string;
  excess_m3_per_day: string;
  score: number;
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

export function colourOf(balance: Balance | undefined, basis: Basis): string {
  if (balance === undefined) return colourNoData;
  const share = shareOf(balance, basis);
  if (share === null) return colourInsufficient;
  // Below zero by no more than the meters' own error: a sound zone, and drawn as one.
  const error = Math.max(Number(balance.limit_95_m3 ?? 0), 0.005 * Number(balance.supply_m3));
  if (Number(imbalanceOf(balance, basis)) < -error) return colourBelowZero;
  return classes.find((shown) => share < shown.below)?.colour ?? colourWorst;
}
