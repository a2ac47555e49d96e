// What is chosen on the map: one element whose card is open, or many.

export type AssetClass = "zone" | "node" | "pipe";

export interface ElementReference {
  assetClass: AssetClass;
  uid: string;
}

type Listener = (selection: Selection) => void;

export const keyOf = ({ assetClass, uid }: ElementReference): string => `${assetClass}:${uid}`;

/** `pipe:UID`, as addresses hold it; null for anything else. */
export function referenceIn(text: string): ElementReference | null {
  const [assetClass, uid] = text.split(":");
  if (uid === undefined || !/^[0-9a-f-]{36}$/i.test(uid)) return null;
  return assetClass === "zone" || assetClass === "node" || assetClass === "pipe" ? { assetClass, uid } : null;
}

export class Selection {
  private chosen = new Map<string, ElementReference>();
  private readonly listeners: Listener[] = [];

  get elements(): ElementReference[] {
    return [...this.chosen.values()];
  }

  get size(): number {
    return this.chosen.size;
  }

  /** The element whose card is shown: the only one chosen. */
  get single(): ElementReference | null {
    return this.chosen.size === 1 ? (this.elements[0] ?? null) : null;
  }

  has(element: ElementReference): boolean {
    return this.chosen.has(keyOf(element));
  }

  set(elements: readonly ElementReference[]): void {
    const next = new Map(elements.map((element) => [keyOf(element), element]));
    if (next.size === this.chosen.size && [...next.keys()].every((key) => this.chosen.has(key))) return;
    this.chosen = next;
    this.tell();
  }

  /** Take an element in, or out if it was in. */
  toggle(element: ElementReference): void {
    const key = keyOf(element);
    if (!this.chosen.delete(key)) this.chosen.set(key, element);
    this.tell();
  }

  clear(): void {
    this.set([]);
  }

  /** Let go of elements that are gone, by their uids. */
  drop(uids: readonly string[]): void {
    this.set(this.elements.filter(({ uid }) => !uids.includes(uid)));
  }

  onChange(listener: Listener): void {
    this.listeners.push(listener);
  }

  private tell(): void {
    for (const listener of this.listeners) listener(this);
  }
}
