// What checks found: run them, look at the findings on the map, mend one by one or accept it with a reason.
import { fetchJson, figure, icon, make, pathOf, postJson } from "../../page";
import { detail } from "../facts";
import { runJob } from "../jobs";
import { boundsOf } from "../shapes";
import type { Tool } from "../tools";
import type { Workspace } from "../workspace";

interface Finding {
  uid: string;
  check_code: string;
  title: string;
  severity: "error" | "warning" | "note";
  explanation: string;
  elements: string[];
  element_codes: string[];
  geometry: GeoJSON.Geometry | null;
  repair: { operations: Record<string, unknown>[] } | null;
  is_accepted: boolean;
  acceptance_reason: string;
}

class ValidateTool implements Tool {
  private panel: HTMLElement | null = null;
  private findings: Finding[] = [];
  private next: string | null = null;
  private severity = "";
  private accepted = "false";
  private hadLayer = false;

  constructor(private readonly workspace: Workspace) {}

  async open(panel: HTMLElement): Promise<void> {
    this.panel = panel;
    this.hadLayer = this.workspace.isShown("findings");
    this.workspace.setGroup("findings", true);
    this.workspace.setGroup("dirty", true);
    await this.list();
  }

  close(): void {
    this.panel = null;
    this.workspace.overlay("preview", []);
    if (!this.hadLayer) {
      this.workspace.setGroup("findings", false);
      this.workspace.setGroup("dirty", false);
    }
  }

  private async list(more = false): Promise<void> {
    const query: Record<string, string> = { network: this.workspace.network, limit: "50", accepted: this.accepted };
    if (this.severity !== "") query["severity"] = this.severity;
    const address = more && this.next !== null ? pathOf(this.next) : this.workspace.api("findings/", query);
    const page = await fetchJson<{ next: string | null; results: Finding[] }>(address);
    this.findings = more ? [...this.findings, ...page.results] : page.results;
    this.next = page.next;
    this.draw();
  }

  private draw(): void {
    const { panel, workspace } = this;
    if (panel === null) return;
    const course = make("div", { id: "validation-course" });
    const parts: HTMLElement[] = [];
    if (workspace.can("edit network")) {
      const changed = make("button", { type: "button", class: "button primary", id: "check-changed" }, workspace.word("checkChanged"));
      const all = make("button", { type: "button", class: "button", id: "check-all" }, workspace.word("checkAll"));
      changed.addEventListener("click", () => void this.check("dirty", course));
      all.addEventListener("click", () => void this.check("all", course));
      parts.push(make("div", { class: "actions" }, changed, all), course);
    }
    const severity = this.choice("severity", ["", "error", "warning", "note"], this.severity, (value) => (this.severity = value));
    const accepted = this.choice("accepted", ["false", "true"], this.accepted, (value) => (this.accepted = value));
    parts.push(severity, accepted, this.listed());
    if (this.next !== null) {
      const button = make("button", { type: "button", class: "button" }, workspace.word("more"));
      button.addEventListener("click", () => void this.list(true));
      parts.push(button);
    }
    panel.replaceChildren(...parts);
  }

  private choice(name: string, values: string[], current: string, set: (value: string) => void): HTMLElement {
    const select = make("select", { id: `finding-${name}` }, ...values.map((value) => make("option", { value }, this.workspace.word(`finding_${name}_${value}`))));
    select.value = current;
    select.addEventListener("change", () => {
      set(select.value);
      void this.list();
    });
    return make("label", { class: "field" }, make("span", {}, this.workspace.word(`finding_${name}`)), select);
  }

  private listed(): HTMLElement {
    if (this.findings.length === 0) return make("p", { class: "muted" }, this.workspace.word("noFindings"));
    return make("ul", { class: "rows", id: "findings" }, ...this.findings.map((finding) => this.row(finding)));
  }

  private row(finding: Finding): HTMLElement {
    const { workspace } = this;
    const show = make("button", { type: "button", class: "row-button" }, make("span", { class: `severity ${finding.severity}` }, workspace.word(`finding_severity_${finding.severity}`)), make("span", { class: "name" }, finding.title));
    show.addEventListener("click", () => this.show(finding));
    const row = make("li", {}, show, make("span", { class: "small" }, finding.explanation));
    if (finding.is_accepted) row.append(make("span", { class: "muted small" }, `${workspace.word("acceptedFor")} ${finding.acceptance_reason}`));
    if (!workspace.can("edit network")) return row;
    const actions = make("div", { class: "actions" });
    if (finding.repair !== null && !finding.is_accepted) actions.append(this.action("repair", () => this.preview(finding, actions)));
    actions.append(finding.is_accepted ? this.action("withdraw", () => this.send(finding, "withdraw-acceptance", {})) : this.action("accept", () => this.askReason(finding, actions)));
    row.append(actions);
    return row;
  }

  private action(word: string, act: () => void | Promise<void>): HTMLButtonElement {
    const button = make("button", { type: "button", class: "link-button" }, this.workspace.word(word));
    button.addEventListener("click", () => void act());
    return button;
  }

  private show(finding: Finding): void {
    const { workspace } = this;
    const bounds = finding.geometry === null ? null : boundsOf(finding.geometry);
    if (bounds !== null) workspace.fitTo(bounds);
    const [first] = finding.elements;
    const [assetClass, uid] = first?.split(":") ?? [];
    if (uid !== undefined && (assetClass === "node" || assetClass === "pipe")) workspace.selection.set([{ assetClass, uid }]);
  }

  /** What the repair would do, in words and on the map, before it is done. */
  private preview(finding: Finding, actions: HTMLElement): void {
    const { workspace } = this;
    this.show(finding);
    if (finding.geometry !== null) workspace.overlay("preview", [{ type: "Feature", properties: {}, geometry: finding.geometry }]);
    const operations = finding.repair?.operations ?? [];
    const steps = operations.map((operation) => make("li", {}, stepOf(finding, operation, workspace)));
    actions.replaceChildren(
      make("div", { class: "notice" }, icon("edit"), make("div", {}, workspace.word("repairWould"), make("ul", { class: "plain" }, ...steps))),
      this.action("repairNow", () => this.send(finding, "repair", {})),
      this.action("cancel", () => {
        workspace.overlay("preview", []);
        this.draw();
      }),
    );
  }

  private askReason(finding: Finding, actions: HTMLElement): void {
    const reason = make("input", { required: "", maxlength: "300", "aria-label": this.workspace.word("acceptReason"), placeholder: this.workspace.word("acceptReason") });
    const form = make("form", { class: "inline-form" }, reason, make("button", { class: "button" }, this.workspace.word("accept")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.send(finding, "accept", { reason: reason.value });
    });
    actions.replaceChildren(form);
    reason.focus();
  }

  private async send(finding: Finding, verb: string, body: unknown): Promise<void> {
    const { workspace } = this;
    try {
      await postJson(workspace.api(`findings/${finding.uid}/${verb}/`), body);
      workspace.overlay("preview", []);
      workspace.say(workspace.word(verb === "repair" ? "repaired" : "saved"));
      await Promise.all([workspace.edited(), this.list()]);
    } catch (error) {
      workspace.sayFailure(error);
    }
  }

  private async check(what: "dirty" | "all", course: HTMLElement): Promise<void> {
    const { workspace } = this;
    try {
      const answer = await validate(workspace, what, course);
      workspace.say(workspace.word("checked", { found: figure(answer) }));
      await Promise.all([workspace.edited(), this.list()]);
    } catch (error) {
      workspace.sayFailure(error);
    }
  }
}

/** One step of a repair in words: what is done, to which elements, and the values that it sets. */
export function stepOf(finding: Pick<Finding, "elements" | "element_codes">, operation: Record<string, unknown>, workspace: Pick<Workspace, "word" | "texts">): string {
  const { op, node, pipe, onto_pipe: onto, values } = operation;
  const codeOf = (uid: unknown): string => finding.element_codes[finding.elements.findIndex((one) => one.endsWith(`:${String(uid)}`))] ?? "";
  const codes = [pipe, node].map(codeOf).filter((code) => code !== "");
  const { texts } = workspace;
  // The zone is told by its uid, which says nothing to a person; the finding's own sentence names it.
  const changed = settingsIn(values).map(([name, value]) => (name === "zone" ? workspace.word("zone") : `${texts.details[name] ?? workspace.word(name)}: ${detail(texts, name, value) ?? "–"}`));
  // A node that is put on a line splits it there.
  const split = onto === undefined ? [] : [workspace.word("op_onto_pipe", { pipe: codeOf(onto) })];
  return [[workspace.word(`op_${String(op)}`), ...codes].join(" "), ...split, ...changed].join(" · ");
}

function settingsIn(values: unknown): [string, unknown][] {
  if (typeof values !== "object" || values === null) return [];
  return Object.entries(values).flatMap(([name, value]) => (name === "details" ? settingsIn(value) : [[name, value] satisfies [string, unknown]]));
}

/** Check what was changed at once, the whole network in the background; answers how many findings stand. */
async function validate(workspace: Workspace, what: "dirty" | "all", course: HTMLElement): Promise<number> {
  const result = await runJob(workspace, workspace.networkApi("validation/"), what === "all" ? { all: true } : {}, course);
  const { found } = result;
  return typeof found === "number" ? found : 0;
}

export function start(workspace: Workspace): Tool {
  return new ValidateTool(workspace);
}
