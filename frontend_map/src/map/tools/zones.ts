// Zones flooded from the graph: what would change is said first, then done as one edit that can be undone.
import { fetchAll, fetchJson, figure, icon, make, postJson } from "../../page";
import { schematicButton } from "../schematic";
import type { Tool } from "../tools";
import { undo } from "../undoing";
import type { Workspace } from "../workspace";

interface FloodedZone {
  zone: string;
  status: string;
  members: number;
  add: string[];
  remove: string[];
  disconnected: string[];
}

interface Flooding {
  applied: boolean;
  zones: FloodedZone[];
  conflicts: { zones: string[]; nodes: number; way: string[] }[];
  without_zone: string[];
  changes: number;
}

interface ZoneRow {
  uid: string;
  code: string;
  name: string;
}

const MOST_CODES = 30;

class ZonesTool implements Tool {
  private panel: HTMLElement | null = null;
  private zones: ZoneRow[] = [];
  private flooding: Flooding | null = null;
  private regulatorsBound = false;
  private asked = 0;
  private said = "";

  constructor(private readonly workspace: Workspace) {
    workspace.onEdit(() => {
      if (this.panel !== null) void this.look();
    });
  }

  async open(panel: HTMLElement): Promise<void> {
    this.panel = panel;
    this.said = "";
    panel.replaceChildren(make("p", { class: "muted" }, this.workspace.word("loading")));
    this.zones = await fetchAll<ZoneRow>(this.workspace.api("zones/", { network: this.workspace.network, limit: "1000" }));
    await this.look();
  }

  close(): void {
    this.panel = null;
  }

  private async look(): Promise<void> {
    const { workspace } = this;
    const ask = (this.asked += 1);
    try {
      const flooding = await fetchJson<Flooding>(workspace.networkApi("zone-flooding/", { regulators: String(this.regulatorsBound) }));
      if (ask !== this.asked) return;
      this.flooding = flooding;
    } catch (error) {
      console.warn("map:", error);
      workspace.sayFailure(error);
    }
    this.draw();
  }

  private async apply(): Promise<void> {
    const { workspace } = this;
    try {
      const { changes } = await postJson<Flooding>(workspace.networkApi("zone-flooding/"), { regulators: this.regulatorsBound });
      this.said = workspace.word("flooded", { n: figure(changes) });
      workspace.say(this.said);
      await workspace.edited();
    } catch (error) {
      workspace.sayFailure(error);
    }
  }

  private draw(): void {
    const { panel, flooding, workspace } = this;
    if (panel === null) return;
    if (this.zones.length === 0) {
      panel.replaceChildren(make("p", { class: "empty" }, icon("zone"), workspace.word("noZones")));
      return;
    }
    if (flooding === null) return;
    const bound = make("input", { type: "checkbox", id: "flood-regulators" });
    bound.checked = this.regulatorsBound;
    bound.addEventListener("change", () => {
      this.regulatorsBound = bound.checked;
      void this.look();
    });
    const sum = make("p", { class: "notice", id: "flood-sum" }, workspace.word(flooding.changes === 0 ? "floodNothing" : "floodWould", { n: figure(flooding.changes) }));
    const without = flooding.without_zone.length === 0 ? [] : [this.codes("floodWithout", flooding.without_zone)];
    panel.replaceChildren(
      make("p", { class: "muted small" }, workspace.word("floodHelp")),
      make("label", { class: "check" }, bound, make("span", {}, workspace.word("floodRegulators"))),
      sum,
      ...this.actions(flooding),
      ...this.conflicts(flooding),
      make("ul", { class: "plain rows", id: "flooded-zones" }, ...flooding.zones.map((zone) => this.row(zone))),
      ...without,
    );
  }

  private actions({ changes }: Flooding): HTMLElement[] {
    const { workspace } = this;
    if (!workspace.can("edit network")) return [];
    const parts: HTMLElement[] = [];
    if (changes > 0) {
      const apply = make("button", { type: "button", class: "button primary", id: "flood-apply" }, workspace.word("floodApply"));
      apply.addEventListener("click", () => {
        apply.disabled = true;
        void this.apply().finally(() => {
          apply.disabled = false;
        });
      });
      parts.push(apply);
    }
    if (this.said !== "") {
      const back = make("button", { type: "button", class: "button", id: "flood-undo" }, icon("undo"), workspace.word("undo"));
      back.addEventListener("click", () => {
        this.said = "";
        void undo(workspace);
      });
      parts.push(make("p", { class: "small", id: "flood-done" }, this.said), back);
    }
    return parts.length === 0 ? [] : [make("div", { class: "actions" }, ...parts)];
  }

  private conflicts({ conflicts }: Flooding): HTMLElement[] {
    if (conflicts.length === 0) return [];
    const rows = conflicts.map(({ zones, nodes, way }) => make("li", { class: "small alert" }, this.workspace.word("floodConflict", { zones: zones.join(", "), n: figure(nodes) }), make("span", { class: "muted" }, ` ${way.slice(0, MOST_CODES).join(" – ")}`)));
    return [make("ul", { class: "plain", id: "flood-conflicts" }, ...rows)];
  }

  private row(flooded: FloodedZone): HTMLElement {
    const { workspace } = this;
    const zone = this.zones.find(({ code }) => code === flooded.zone);
    const changes = [
      ...(flooded.add.length === 0 ? [] : [this.codes("floodComes", flooded.add)]),
      ...(flooded.remove.length === 0 ? [] : [this.codes("floodGoes", flooded.remove)]),
      ...(flooded.disconnected.length === 0 ? [] : [this.codes("floodDisconnected", flooded.disconnected)]),
    ];
    const name = zone === undefined || zone.name === zone.code ? flooded.zone : `${flooded.zone} · ${zone.name}`;
    return make(
      "li",
      { "data-zone": flooded.zone, "data-status": flooded.status },
      make("strong", {}, name),
      make("span", { class: flooded.status === "dirty" ? "alert small" : "muted small" }, `${workspace.word(`flood_${flooded.status.replace(" ", "_")}`)} · ${workspace.word("floodMembers", { n: figure(flooded.members) })}`),
      ...changes,
      ...(zone === undefined ? [] : [schematicButton(workspace, zone)]),
    );
  }

  private codes(word: string, codes: string[]): HTMLElement {
    const { workspace } = this;
    const more = codes.length > MOST_CODES ? ` ${workspace.word("andMore", { n: codes.length - MOST_CODES })}` : "";
    return make("details", { class: "plain small" }, make("summary", {}, workspace.word(word, { n: figure(codes.length) })), make("span", {}, `${codes.slice(0, MOST_CODES).join(", ")}${more}`));
  }
}

export function start(workspace: Workspace): Tool {
  return new ZonesTool(workspace);
}
