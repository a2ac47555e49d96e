// The card of what is chosen: of one element with its tabs, or of many with what can be done with them.
import { element, fetchJson, make, Refusal } from "../page";
import { head, nodeTable, type NodeAnswer, pipeTable, type PipeAnswer } from "./facts";
import { CARD_TABS, type CardElement } from "./card_tabs";
import { type ElementReference, keyOf } from "./selection";
import { lossesOf } from "./tools/losses";
import { schematicButton } from "./schematic";
import type { Workspace } from "./workspace";
import { centreOf } from "./zone_centre";

const NEAR_ENOUGH = 17;

export class Card {
  private readonly holder = element("details");
  private tab = "facts";
  private shown = "";

  constructor(private readonly workspace: Workspace) {
    workspace.selection.onChange(() => void this.show());
    workspace.onEdit(() => void this.show());
    lossesOf(workspace).onChange(() => {
      if (workspace.selection.single?.assetClass === "zone") void this.show();
    });
  }

  async show(moves = this.workspace.moves): Promise<void> {
    const { selection, holder } = this.workspace;
    this.workspace.moves = false;
    const { single } = selection;
    holder.dataset["selected"] = single === null ? "" : keyOf(single);
    if (selection.size === 0) this.hide();
    else if (single === null) this.showMany();
    else {
      try {
        await this.showOne(single, moves);
      } catch (error) {
        this.explainFailure(single, error);
      }
    }
  }

  private hide(): void {
    this.holder.hidden = true;
    this.shown = "";
  }

  private fill(...content: (HTMLElement | null)[]): void {
    this.holder.replaceChildren(...content.filter((part) => part !== null));
    this.holder.hidden = false;
  }

  private explainFailure(chosen: ElementReference, error: unknown): void {
    const { workspace } = this;
    if (!this.isStill(chosen)) return;
    const isMissing = error instanceof Refusal && error.status === 404;
    workspace.say(isMissing ? workspace.word("elementMissing") : workspace.reasonOf(error), true);
    if (isMissing) workspace.selection.clear();
  }

  private isStill(chosen: ElementReference): boolean {
    const { single } = this.workspace.selection;
    return single !== null && keyOf(single) === keyOf(chosen);
  }

  private showMany(): void {
    const { workspace } = this;
    const { elements } = workspace.selection;
    const counts = { node: 0, pipe: 0, zone: 0 };
    for (const { assetClass } of elements) counts[assetClass] += 1;
    const heading = head(workspace.texts, "table", workspace.word("chosenMany", { n: elements.length }), "", () => workspace.selection.clear());
    const words = (["pipe", "node", "zone"] as const).filter((name) => counts[name] > 0).map((name) => make("li", {}, `${workspace.word(`${name}s`)}: ${counts[name]}`));
    this.fill(heading, make("ul", { class: "plain" }, ...words), make("p", { class: "muted small" }, workspace.word("manyHelp")));
  }

  private async showOne(chosen: ElementReference, moves: boolean): Promise<void> {
    if (keyOf(chosen) !== this.shown) this.tab = "facts";
    if (chosen.assetClass === "zone") this.showZone(chosen, moves);
    else if (chosen.assetClass === "pipe") await this.showPipe(chosen, moves);
    else await this.showNode(chosen, moves);
    if (this.isStill(chosen)) this.shown = keyOf(chosen);
  }

  private showZone(chosen: ElementReference, moves: boolean): void {
    const { workspace } = this;
    const losses = lossesOf(workspace);
    const zone = losses.zones.find((candidate) => candidate.uid === chosen.uid);
    if (zone === undefined) return;
    const centre = centreOf(zone.geometry?.coordinates);
    if (moves) losses.zoomTo(zone);
    const heading = head(workspace.texts, "zone", zone.name, `${workspace.kindName("zone")} ${zone.code}`, () => workspace.selection.clear());
    const body = workspace.can("view balances") ? losses.bodyOf(zone.uid) : null;
    this.fill(heading, body, schematicButton(workspace, zone));
    if (centre !== null && !moves) workspace.bringIntoView(centre);
  }

  private async showPipe(chosen: ElementReference, moves: boolean): Promise<void> {
    const { workspace } = this;
    const pipe = await fetchJson<PipeAnswer>(workspace.api(`pipes/${chosen.uid}/`));
    if (!this.isStill(chosen)) return;
    const middle = pipe.geometry.coordinates[Math.floor(pipe.geometry.coordinates.length / 2)];
    if (moves && middle !== undefined) workspace.showAt([middle[1], middle[0]], NEAR_ENOUGH);
    const heading = head(workspace.texts, "pipe", pipe.code, `${workspace.kindName("pipe")} · ${pipe.network}`, () => workspace.selection.clear());
    this.fillTabs(heading, { ...chosen, assetClass: "pipe", answer: pipe, facts: pipeTable(workspace.texts, pipe) });
  }

  private async showNode(chosen: ElementReference, moves: boolean): Promise<void> {
    const { workspace } = this;
    const node = await fetchJson<NodeAnswer>(workspace.api(`nodes/${chosen.uid}/`));
    if (!this.isStill(chosen)) return;
    const [longitude, latitude] = node.geometry.coordinates;
    if (moves) workspace.showAt([latitude, longitude], NEAR_ENOUGH);
    else workspace.bringIntoView([latitude, longitude]);
    const heading = head(workspace.texts, node.kind, node.code, `${workspace.kindName(node.kind)} · ${node.network}`, () => workspace.selection.clear());
    this.fillTabs(heading, { ...chosen, assetClass: "node", answer: node, facts: nodeTable(workspace.texts, node) });
  }

  private fillTabs(heading: HTMLElement, chosen: CardElement): void {
    const { workspace } = this;
    const body = make("div", { class: "tab-body", role: "tabpanel", id: "card-tab", tabindex: "0" });
    const offered = CARD_TABS.filter((tab) => tab.isFor(chosen, workspace));
    const buttons = offered.map((tab) => {
      const button = make("button", { type: "button", role: "tab", id: `tab-${tab.name}`, "aria-controls": "card-tab" }, workspace.word(tab.word));
      button.addEventListener("click", () => open(tab.name));
      return button;
    });
    const bar = make("div", { class: "tabs", role: "tablist" }, ...buttons);
    bar.addEventListener("keydown", (event) => {
      const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
      const at = buttons.findIndex((button) => button === document.activeElement);
      if (step === 0 || at < 0) return;
      const next = buttons[(at + step + buttons.length) % buttons.length];
      next?.click();
      next?.focus();
    });
    const open = (name: string): void => {
      this.tab = name;
      for (const [index, button] of buttons.entries()) {
        const isOpen = offered[index]?.name === name;
        button.setAttribute("aria-selected", String(isOpen));
        button.tabIndex = isOpen ? 0 : -1;
      }
      const tab = offered.find((candidate) => candidate.name === name);
      body.setAttribute("aria-labelledby", `tab-${name}`);
      body.replaceChildren(make("p", { class: "muted" }, workspace.word("loading")));
      void Promise.resolve(tab?.fill(chosen, workspace))
        .then((content) => {
          if (this.tab === name && this.isStill(chosen)) body.replaceChildren(...(content ?? []));
        })
        .catch((error: unknown) => {
          console.warn("map:", error);
          body.replaceChildren(make("p", { class: "notice warn" }, workspace.reasonOf(error)));
        });
    };
    this.fill(heading, bar, body);
    open(offered.some((tab) => tab.name === this.tab) ? this.tab : "facts");
  }
}
