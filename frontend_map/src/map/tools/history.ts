// The edits of the network, newest first: who did what and when, and undoing them.
import { momentName } from "../../local_time";
import { fetchJson, icon, make, pathOf } from "../../page";
import { boundsOf } from "../shapes";
import type { Tool } from "../tools";
import { redo, undo } from "../undoing";
import type { Workspace } from "../workspace";

interface EditAnswer {
  uid: string;
  operation: string;
  summary: string;
  by: string | null;
  made_at: string;
  undoes: string | null;
  undone_by: string | null;
}

interface EditDetail extends EditAnswer {
  changes: { geometry: GeoJSON.Geometry | null }[];
  elements: { uid: string; class?: string; code?: string }[];
}

class HistoryTool implements Tool {
  private panel: HTMLElement | null = null;
  private edits: EditAnswer[] = [];
  private next: string | null = null;

  constructor(private readonly workspace: Workspace) {
    workspace.onEdit(() => {
      if (this.panel !== null) void this.list();
    });
  }

  async open(panel: HTMLElement): Promise<void> {
    this.panel = panel;
    await this.list();
  }

  close(): void {
    this.panel = null;
    this.workspace.overlay("preview", []);
  }

  private async list(more = false): Promise<void> {
    const address = more && this.next !== null ? pathOf(this.next) : this.workspace.api("edits/", { network: this.workspace.network, limit: "30" });
    const page = await fetchJson<{ next: string | null; results: EditAnswer[] }>(address);
    this.edits = more ? [...this.edits, ...page.results] : page.results;
    this.next = page.next;
    this.draw();
  }

  private draw(): void {
    const { panel, workspace } = this;
    if (panel === null) return;
    const parts: HTMLElement[] = [];
    if (workspace.can("edit network")) {
      const back = make("button", { type: "button", class: "button" }, icon("undo"), workspace.word("undoLast"));
      const again = make("button", { type: "button", class: "button" }, workspace.word("redo"));
      back.addEventListener("click", () => void undo(workspace));
      again.addEventListener("click", () => void redo(workspace));
      parts.push(make("div", { class: "actions" }, back, again));
    }
    parts.push(this.edits.length === 0 ? make("p", { class: "muted" }, workspace.word("noEdits")) : make("ul", { class: "rows", id: "edits" }, ...this.edits.map((edit) => this.row(edit))));
    if (this.next !== null) {
      const button = make("button", { type: "button", class: "button" }, workspace.word("more"));
      button.addEventListener("click", () => void this.list(true));
      parts.push(button);
    }
    panel.replaceChildren(...parts);
  }

  private row(edit: EditAnswer): HTMLElement {
    const { workspace } = this;
    const known = workspace.texts[`op_${edit.operation}`];
    const name = typeof known === "string" ? known : edit.operation;
    const show = make("button", { type: "button", class: "link-button" }, workspace.word("zoomTo"));
    show.addEventListener("click", () => void this.show(edit));
    const row = make("li", { class: edit.undone_by === null ? "" : "undone" }, make("strong", {}, edit.summary || name), make("span", { class: "muted small" }, `${momentName(edit.made_at)} · ${edit.by ?? workspace.word("bySystem")}`), show);
    if (edit.undone_by !== null) row.append(make("span", { class: "small" }, workspace.word("wasUndone")));
    else if (workspace.can("edit network") && edit.undoes === null) {
      const take = make("button", { type: "button", class: "link-button" }, workspace.word("undo"));
      take.addEventListener("click", () => void undo(workspace, edit.uid));
      row.append(take);
    }
    return row;
  }

  private async show(edit: EditAnswer): Promise<void> {
    const detail = await fetchJson<EditDetail>(this.workspace.api(`edits/${edit.uid}/`));
    const shapes = detail.changes.map(({ geometry }) => geometry).filter((geometry) => geometry !== null);
    const bounds = boundsOf(...shapes);
    if (bounds === null) this.workspace.say(this.workspace.word("noPlace"));
    else this.workspace.fitTo(bounds);
    this.workspace.overlay("preview", shapes.map((geometry) => ({ type: "Feature", properties: {}, geometry })));
  }
}

export function start(workspace: Workspace): Tool {
  return new HistoryTool(workspace);
}
