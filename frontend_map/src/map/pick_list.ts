// The list that asks which of several things that lie over each other is meant.
import type L from "leaflet";
import { element, icon, make } from "../page";
import type { Candidate } from "./candidates";
import type { Workspace } from "./workspace";

const ASIDE_PX = 12;
const MARGIN_PX = 8;

export class PickList {
  private readonly list = element("pick-list");
  private settle: ((chosen: Candidate | null) => void) | null = null;
  private static readonly ofWorkspace = new WeakMap<Workspace, PickList>();

  private constructor(private readonly workspace: Workspace) {
    workspace.map.on("movestart", () => this.close());
    this.list.addEventListener("keydown", (event) => this.key(event));
  }

  static of(workspace: Workspace): PickList {
    const known = PickList.ofWorkspace.get(workspace) ?? new PickList(workspace);
    PickList.ofWorkspace.set(workspace, known);
    return known;
  }

  get isOpen(): boolean {
    return this.settle !== null;
  }

  /** The one that the person chooses, of which at most `most` are listed; null when the list is closed without. */
  async ask(place: L.LatLng, found: readonly Candidate[], most = found.length): Promise<Candidate | null> {
    this.close();
    return new Promise((resolve) => {
      this.settle = resolve;
      this.fill(found, most);
      this.putAt(place);
      this.list.querySelector("button")?.focus();
    });
  }

  close(chosen: Candidate | null = null): void {
    const { settle } = this;
    this.settle = null;
    this.list.hidden = true;
    settle?.(chosen);
  }

  private fill(found: readonly Candidate[], most: number): void {
    const { workspace } = this;
    const items = found.slice(0, most).map((candidate) => {
      const button = make("button", { type: "button" }, icon(candidate.kind), make("span", { class: "name" }, candidate.code), make("span", { class: "muted small" }, workspace.kindName(candidate.kind)));
      button.addEventListener("click", () => this.close(candidate));
      return make("li", {}, button);
    });
    this.list.replaceChildren(make("p", { class: "muted small" }, workspace.word("severalHere", { n: found.length })), make("ul", {}, ...items));
    this.list.hidden = false;
  }

  private putAt(place: L.LatLng): void {
    const point = this.workspace.map.latLngToContainerPoint(place);
    const size = this.workspace.map.getSize();
    this.list.style.left = `${Math.max(MARGIN_PX, Math.min(point.x + ASIDE_PX, size.x - this.list.offsetWidth - MARGIN_PX))}px`;
    this.list.style.top = `${Math.max(MARGIN_PX, Math.min(point.y - ASIDE_PX, size.y - this.list.offsetHeight - MARGIN_PX))}px`;
  }

  private key(event: KeyboardEvent): void {
    const buttons = [...this.list.querySelectorAll("button")];
    const at = buttons.findIndex((button) => button === document.activeElement);
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) {
      buttons[(at + step + buttons.length) % buttons.length]?.focus();
      event.preventDefault();
    } else if (event.key === "Escape") {
      this.close();
      this.workspace.holder.focus();
      event.stopPropagation();
    }
  }
}
