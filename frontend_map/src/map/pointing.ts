// Which element a tool's click means: the nearest of the classes it asks for, or the one chosen from a list.
import type L from "leaflet";
import { element, icon, make } from "../page";
import { type Candidate, candidatesUnder } from "./picking";
import type { AssetClass } from "./selection";
import type { Workspace } from "./workspace";

/** The element of these classes under a place; where several lie there, the person says which. Null when there is none. */
export async function elementAt(workspace: Workspace, place: L.LatLng, classes: readonly AssetClass[]): Promise<Candidate | null> {
  const found = candidatesUnder(workspace, place).filter(({ assetClass }) => classes.includes(assetClass));
  const [only] = found;
  if (only === undefined || found.length === 1) return only ?? null;
  return ask(workspace, place, found);
}

async function ask(workspace: Workspace, place: L.LatLng, found: readonly Candidate[]): Promise<Candidate | null> {
  const list = element("pick-list");
  const point = workspace.map.latLngToContainerPoint(place);
  return new Promise((resolve) => {
    const settle = (chosen: Candidate | null): void => {
      list.hidden = true;
      workspace.map.off("movestart", cancel);
      resolve(chosen);
    };
    const cancel = (): void => {
      settle(null);
    };
    const items = found.map((candidate) => {
      const button = make("button", { type: "button" }, icon(candidate.kind), make("span", { class: "name" }, candidate.code), make("span", { class: "muted small" }, workspace.kindName(candidate.kind)));
      button.addEventListener("click", () => {
        settle(candidate);
      });
      return make("li", {}, button);
    });
    list.replaceChildren(make("p", { class: "muted small" }, workspace.word("severalHere", { n: found.length })), make("ul", {}, ...items));
    list.hidden = false;
    const size = workspace.map.getSize();
    list.style.left = `${Math.max(8, Math.min(point.x + 12, size.x - list.offsetWidth - 8))}px`;
    list.style.top = `${Math.max(8, Math.min(point.y - 12, size.y - list.offsetHeight - 8))}px`;
    list.querySelector("button")?.focus();
    workspace.map.once("movestart", cancel);
  });
}
