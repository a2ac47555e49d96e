// What is known of zones, by zone: a thousand of them are painted, sorted and listed without a walk through all for each.
import type { Balance, LeakEvent } from "../balances";

interface Nested {
  uid: string;
  parent: string | null;
}

function grouped<T extends { zone: string }>(rows: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const known = groups.get(row.zone);
    if (known === undefined) groups.set(row.zone, [row]);
    else known.push(row);
  }
  return groups;
}

export class ZoneLookup {
  private outlines = new Set<string>();
  private events = new Map<string, LeakEvent[]>();
  private readonly months = new Map<string, Map<string, Balance>>();

  keepZones(zones: readonly Nested[]): void {
    this.outlines = new Set(zones.map(({ parent }) => parent).filter((parent) => parent !== null));
  }

  keepEvents(events: readonly LeakEvent[]): void {
    this.events = grouped(events);
  }

  /** Keep all balances of a month; a month without any is known, too. */
  keepMonth(month: string, balances: readonly Balance[]): void {
    this.months.set(month, new Map(balances.map((balance) => [balance.zone, balance])));
  }

  knowsMonth(month: string): boolean {
    return this.months.has(month);
  }

  balanceOf(zone: string, month: string): Balance | undefined {
    return this.months.get(month)?.get(zone);
  }

  /** Whether zones lie inside it: what it holds is theirs. */
  hasZones(zone: string): boolean {
    return this.outlines.has(zone);
  }

  eventsOf(zone: string): readonly LeakEvent[] {
    return this.events.get(zone) ?? [];
  }
}
