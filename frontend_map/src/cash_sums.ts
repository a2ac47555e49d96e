// What a cashier types and scans: amounts, and what is looked for.
import { numberIn } from "./page";

/** An amount as the server takes it ("1500.50"); nothing where none was typed. */
export function amountIn(typed: string): string | null {
  const number = numberIn(typed);
  return Number.isFinite(number) ? number.toFixed(2) : null;
}

/** What is given back of what was handed over; null where nothing was, or not enough. */
export function changeOf(amount: string, tendered: string): number | null {
  const [paid, given] = [numberIn(amount), numberIn(tendered)];
  return Number.isFinite(paid) && Number.isFinite(given) && given >= paid ? Math.round((given - paid) * 100) / 100 : null;
}

export type Sought = { receipt: string } | { number: string } | { text: string };

/** A scanned receipt (its QR code leads to /receipts/UID/), its number, or an account's number, name or address. */
export function soughtIn(typed: string): Sought {
  const text = typed.trim();
  const uid = /\/receipts\/([0-9a-f-]{36})\/?$/i.exec(text)?.[1];
  if (uid !== undefined) return { receipt: uid };
  return /^[A-Z0-9]+-\d{6,}$/i.test(text) ? { number: text.toUpperCase() } : { text };
}
