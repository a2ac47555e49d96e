// Planned alternatives: make one, draw in it, compare it with the live network, its cost, approve or withdraw it.
import { momentDay } from "../../local_time";
import { fetchJson, figure, make, postJson, postOnce, sendJson } from "../../page";
import { Drafts } from "../drafts";
import { PlanMap } from "../plan_map";
import { boundsOf } from "../shapes";
import type { Tool } from "../tools";
import { isWide, type Workspace } from "../workspace";

interface Plan {
  uid: string;
  code: string;
  name: string;
  state: string;
  made_by: string | null;
  made_at: string;
}

interface PlanDetail extends Plan {
  operations: { ordinal: number; operation: string; parameters: Record<string, unknown> }[];
}

interface Difference {
  features: GeoJSON.Feature[];
  counts: Record<string, number>;
  laid_m: number;
  abandoned_m: number;
  conflicts: { element: string; reason: string }[];
}

interface CostLine {
  work: string;
  kind: string;
  material: string;
  diameter_m: number | null;
  quantity: string;
  unit: string;
  amount?: string;
}

interface Cost {
  lines: CostLine[];
  missing: CostLine[];
  total: string;
  currency: string;
  is_complete: boolean;
}

class PlansTool implements Tool {
  private panel: HTMLElement | null = null;
  private plans: Plan[] = [];
  private plan: PlanDetail | null = null;
  private difference: Difference | null = null;
  private cost: Cost | null = null;
  /** Why the plan cannot be laid over the network as it is now. */
  private hindrance = "";
  private beside: PlanMap | null = null;
  private readonly drafts: Drafts;

  constructor(private readonly workspace: Workspace) {
    this.drafts = Drafts.of(workspace);
    this.drafts.onPlanned(() => {
      if (this.plan !== null) void this.show(this.plan.uid);
    });
  }

  async open(panel: HTMLElement): Promise<void> {
    this.panel = panel;
    await this.list();
  }

  close(): void {
    this.panel = null;
    this.endBeside();
    this.workspace.overlay("difference", []);
  }

  private async list(): Promise<void> {
    const { results } = await fetchJson<{ results: Plan[] }>(this.workspace.api("plans/", { network: this.workspace.network, limit: "100" }));
    this.plans = results;
    this.plan = null;
    this.endBeside();
    this.workspace.overlay("difference", []);
    this.draw();
  }

  private async show(uid: string): Promise<void> {
    const { workspace } = this;
    try {
      this.plan = await fetchJson<PlanDetail>(workspace.api(`plans/${uid}/`));
      [this.difference, this.cost, this.hindrance] = [null, null, ""];
      // An empty plan has neither, and one that is approved is the network; one that cannot be laid over it is shown all the same.
      if (this.plan.operations.length > 0 && this.plan.state === "draft") {
        const asked = [fetchJson<Difference>(workspace.api(`plans/${uid}/difference/`)), fetchJson<Cost>(workspace.api(`plans/${uid}/cost/`))] as const;
        const [difference, cost] = await Promise.allSettled(asked);
        if (difference.status === "fulfilled") this.difference = difference.value;
        if (cost.status === "fulfilled") this.cost = cost.value;
        if (difference.status === "rejected") this.hindrance = workspace.reasonOf(difference.reason);
      }
      this.drawDifference();
    } catch (error) {
      workspace.sayFailure(error);
    }
    this.draw();
  }

  /** All changes over the live network; beside the planned one only what goes, for the rest is drawn there. */
  private drawDifference(): void {
    const features: GeoJSON.Feature[] = (this.difference?.features ?? []).map((feature) => ({ ...feature, properties: { ...feature.properties, role: feature.properties?.["change"] as unknown } }));
    const changes = this.beside === null ? features : features.filter(({ properties }) => properties?.["role"] === "removed");
    this.workspace.overlay("difference", changes);
    this.beside?.show(features);
  }

  private toggleBeside(plan: Plan): void {
    const { workspace } = this;
    const opens = this.beside === null;
    if (opens) this.beside = new PlanMap(workspace, [], [workspace.word("liveNetwork"), plan.name]);
    else this.endBeside();
    this.drawDifference();
    this.draw();
    const bounds = boundsOf(...(this.difference?.features ?? []).map(({ geometry }) => geometry));
    // Each map is half as wide; on a phone the search lies over both.
    if (bounds !== null && opens) workspace.map.fitBounds(bounds, { paddingTopLeft: isWide() ? [40, 60] : [10, 124], paddingBottomRight: [40, 40], maxZoom: 18, animate: false });
  }

  private endBeside(): void {
    this.beside?.close();
    this.beside = null;
  }

  private draw(): void {
    if (this.panel === null) return;
    this.panel.replaceChildren(...(this.plan === null ? this.listed() : this.described(this.plan)));
  }

  private listed(): HTMLElement[] {
    const { workspace } = this;
    const rows = this.plans.map((plan) => {
      const button = make("button", { type: "button", class: "row-button" }, make("strong", {}, plan.code), make("span", { class: "name" }, plan.name), make("span", { class: "muted small" }, workspace.word(`plan_${plan.state}`)));
      button.addEventListener("click", () => void this.show(plan.uid));
      return make("li", {}, button);
    });
    const list = rows.length === 0 ? make("p", { class: "muted" }, workspace.word("noPlans")) : make("ul", { id: "plans" }, ...rows);
    return workspace.can("edit network") ? [this.newForm(), list] : [list];
  }

  private newForm(): HTMLElement {
    const { workspace } = this;
    const code = make("input", { name: "code", required: "", maxlength: "60" });
    const name = make("input", { name: "name", required: "", maxlength: "200" });
    const message = make("p", { class: "field-error", role: "alert" });
    const form = make("form", { class: "stack", id: "plan-form" }, make("label", { class: "field" }, make("span", {}, workspace.word("code")), code), make("label", { class: "field" }, make("span", {}, workspace.word("planName")), name), make("button", { class: "button primary" }, workspace.word("newPlan")), message);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      postOnce<Plan>(workspace.api("plans/"), { network: workspace.network, code: code.value, name: name.value })
        .then((plan) => this.show(plan.uid))
        .catch((error: unknown) => {
          message.textContent = workspace.reasonOf(error);
        });
    });
    return make("details", this.plans.length === 0 ? { open: "" } : {}, make("summary", {}, workspace.word("newPlan")), form);
  }

  private described(plan: PlanDetail): HTMLElement[] {
    const { workspace } = this;
    const back = make("button", { type: "button", class: "link-button" }, `← ${workspace.word("allPlans")}`);
    back.addEventListener("click", () => void this.list());
    const parts: HTMLElement[] = [back, make("h3", { id: "plan-title" }, `${plan.code} · ${plan.name}`), make("p", { class: "muted small" }, `${workspace.word(`plan_${plan.state}`)} · ${plan.made_by ?? ""} · ${momentDay(plan.made_at)}`)];
    if (plan.state === "draft" && workspace.can("edit network")) parts.push(this.actions(plan));
    parts.push(...this.differenceParts(plan), ...this.costParts(), ...this.operationParts(plan));
    return parts;
  }

  private actions(plan: PlanDetail): HTMLElement {
    const { workspace, drafts } = this;
    const isDrawn = drafts.plan?.uid === plan.uid;
    const drawIn = make("button", { type: "button", class: "button primary", id: "plan-draw" }, workspace.word(isDrawn ? "stopDrawingInPlan" : "drawInPlan"));
    drawIn.addEventListener("click", () => {
      drafts.setPlan(isDrawn ? null : plan);
      this.draw();
      if (!isDrawn) document.querySelector<HTMLButtonElement>("[data-tool=draw]")?.click();
    });
    const verb = (name: string): HTMLElement => {
      const button = make("button", { type: "button", class: "button", id: `plan-${name}` }, workspace.word(`planMove_${name}`));
      button.addEventListener("click", () => void this.move(plan, name));
      return button;
    };
    return make("div", { class: "actions" }, drawIn, verb("approve"), verb("rebase"), verb("withdraw"));
  }

  private async move(plan: PlanDetail, verb: string): Promise<void> {
    const { workspace } = this;
    // Both are for good: the one changes the live network, the other ends the plan.
    if (verb !== "rebase" && !window.confirm(workspace.word(`planSure_${verb}`, { plan: plan.code }))) return;
    try {
      await postJson(workspace.api(`plans/${plan.uid}/${verb}/`), {});
      workspace.say(workspace.word(`planDone_${verb}`, { plan: plan.code }));
      if (this.drafts.plan?.uid === plan.uid && verb !== "rebase") this.drafts.setPlan(null);
      await Promise.all([workspace.edited(), this.show(plan.uid)]);
    } catch (error) {
      workspace.sayFailure(error);
      await this.show(plan.uid);
    }
  }

  private differenceParts(plan: Plan): HTMLElement[] {
    const { difference, workspace } = this;
    if (difference === null) return this.hindrance === "" ? [] : [make("p", { class: "alert", id: "plan-hindrance" }, this.hindrance)];
    const counts = (["added", "changed", "removed"] as const).map((role) => make("li", {}, make("span", { class: `swatch ${role}` }), `${workspace.word(`change_${role}`)}: ${difference.counts[role] ?? 0}`));
    const lengths = make("p", { class: "small" }, workspace.word("planLengths", { laid: figure(difference.laid_m), abandoned: figure(difference.abandoned_m) }));
    const zoom = make("button", { type: "button", class: "link-button" }, workspace.word("zoomTo"));
    zoom.addEventListener("click", () => {
      const bounds = boundsOf(...difference.features.map(({ geometry }) => geometry));
      if (bounds !== null) workspace.fitTo(bounds);
    });
    const beside = make("button", { type: "button", class: "button", id: "plan-beside", "aria-pressed": String(this.beside !== null) }, workspace.word("besideLive"));
    beside.addEventListener("click", () => this.toggleBeside(plan));
    const conflicts = difference.conflicts.map(({ element, reason }) => make("li", { class: "alert small" }, `${element}: ${reason}`));
    return [make("h3", {}, workspace.word("planDifference")), make("ul", { class: "legend", id: "plan-difference" }, ...counts), lengths, make("div", { class: "actions" }, beside, zoom), ...(conflicts.length === 0 ? [] : [make("ul", { class: "plain", id: "plan-conflicts" }, ...conflicts)])];
  }

  private costParts(): HTMLElement[] {
    const { cost, workspace } = this;
    if (cost === null) return [];
    const named = ({ work, kind, material, diameter_m: diameter }: CostLine): string => [work, kind, workspace.texts.materials[material.toLowerCase()] ?? material, diameter === null ? "" : `⌀ ${figure(diameter * 1000)} mm`].filter((part) => part !== "").join(" ");
    const rows = cost.lines.map((line) => make("tr", {}, make("th", { scope: "row" }, named(line)), make("td", { class: "number" }, `${figure(line.quantity, 1)} ${line.unit}`), make("td", { class: "number" }, figure(line.amount ?? null, 2))));
    const missing = cost.missing.map((line) => make("li", { class: "small alert" }, `${workspace.word("noPrice")}: ${named(line)}`));
    return [make("h3", {}, workspace.word("planCost")), make("table", {}, make("tbody", {}, ...rows)), make("p", { id: "plan-cost" }, make("strong", {}, `${figure(cost.total, 2)} ${cost.currency}`), cost.is_complete ? "" : ` ${workspace.word("costIncomplete")}`), make("ul", { class: "plain" }, ...missing)];
  }

  private operationParts(plan: PlanDetail): HTMLElement[] {
    const { workspace } = this;
    const rows = plan.operations.map(({ ordinal, operation }) => {
      const row = make("li", {}, `${ordinal}. ${workspace.word(`op_${operation}`)}`);
      if (plan.state === "draft" && workspace.can("edit network")) {
        const remove = make("button", { type: "button", class: "link-button" }, workspace.word("takeOut"));
        remove.addEventListener("click", () => {
          sendJson("DELETE", workspace.api(`plans/${plan.uid}/operations/${ordinal}/`))
            .then(() => this.show(plan.uid))
            .catch((error: unknown) => {
              workspace.sayFailure(error);
            });
        });
        row.append(" ", remove);
      }
      return row;
    });
    return [make("h3", {}, workspace.word("planOperations", { n: rows.length })), make("ul", { class: "plain small" }, ...rows)];
  }
}

export function start(workspace: Workspace): Tool {
  return new PlansTool(workspace);
}
