// Choosing on the map, by pointer and by key: what lies there, asked for by a list when it is more than one thing.
import type L from "leaflet";
import { candidatesUnder } from "./candidates";
import { oncePerFrame } from "./frames";
import { PickList } from "./pick_list";
import type { ElementReference } from "./selection";
import type { Workspace } from "./workspace";

const MOST_LISTED = 12;

export class Picker {
  private readonly list: PickList;

  constructor(private readonly workspace: Workspace) {
    this.list = PickList.of(workspace);
    workspace.takeClicks((place, pressed) => this.click(place, pressed.shiftKey || pressed.ctrlKey));
    const hover = oncePerFrame((place: L.LatLng) => this.hover(place));
    workspace.map.on("mousemove", (event) => hover(event.latlng));
    // The cross in the middle is for who has only keys.
    workspace.holder.addEventListener("pointerdown", () => workspace.holder.classList.remove("by-keyboard"));
    workspace.holder.addEventListener("focusout", () => workspace.holder.classList.remove("by-keyboard"));
    workspace.holder.addEventListener("keyup", () => workspace.holder.classList.toggle("by-keyboard", document.activeElement === workspace.holder));
    workspace.holder.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.target !== workspace.holder) return;
      // Else the same press would also choose the first of the list that opens.
      event.preventDefault();
      void workspace.clickAt(workspace.map.getCenter(), event);
    });
  }

  private zoneAt(place: L.LatLng): ElementReference | null {
    const { gl } = this.workspace;
    if (gl.getLayer("zones") === undefined) return null;
    const spot = gl.project([place.lng, place.lat]);
    const zone = gl.queryRenderedFeatures([spot.x, spot.y], { layers: ["zones"] })[0]?.properties["uid"] as unknown;
    return typeof zone === "string" ? { assetClass: "zone", uid: zone } : null;
  }

  private async click(place: L.LatLng, adds: boolean): Promise<boolean> {
    this.list.close();
    const found = candidatesUnder(this.workspace, place);
    const [first] = found;
    if (first !== undefined) {
      const meant = found.length === 1 ? first : await this.list.ask(place, found, MOST_LISTED);
      if (meant !== null) this.choose(meant, adds);
    } else {
      const zone = this.zoneAt(place);
      if (zone !== null) this.choose(zone, adds);
      else if (!adds) this.workspace.selection.clear();
    }
    return true;
  }

  private choose({ assetClass, uid }: ElementReference, adds: boolean): void {
    if (adds) this.workspace.selection.toggle({ assetClass, uid });
    else this.workspace.selection.set([{ assetClass, uid }]);
  }

  private hover(place: L.LatLng): void {
    const { gl, holder } = this.workspace;
    if (!gl.isStyleLoaded() || gl.isMoving()) return;
    holder.style.cursor = candidatesUnder(this.workspace, place).length === 0 ? "" : "pointer";
  }
}
