// Which element a tool's click means: the one of the classes it asks for, or the one chosen from a list.
import type L from "leaflet";
import { type Candidate, candidatesUnder } from "./candidates";
import { PickList } from "./pick_list";
import type { AssetClass } from "./selection";
import type { Workspace } from "./workspace";

/** The element of these classes under a place; where several lie there, the person says which. Null when there is none. */
export async function elementAt(workspace: Workspace, place: L.LatLng, classes: readonly AssetClass[]): Promise<Candidate | null> {
  const found = candidatesUnder(workspace, place).filter(({ assetClass }) => classes.includes(assetClass));
  return found.length > 1 ? PickList.of(workspace).ask(place, found) : (found[0] ?? null);
}
