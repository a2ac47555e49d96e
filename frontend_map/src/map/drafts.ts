// Where drawn operations go: to the live network as an edit, or into a plan that is open for drawing.
import { postOnce } from "../page";
import type { Workspace } from "./workspace";

export interface OpenPlan {
  uid: string;
  code: string;
  name: string;
}

export interface Outcome {
  results?: (Record<string, unknown> & { pipe?: string; deleted?: string | string[] })[];
  remarks?: { message?: string; reason?: string }[];
}

export class Drafts {
  plan: OpenPlan | null = null;
  private readonly listeners: (() => void)[] = [];
  private static readonly ofWorkspace = new WeakMap<Workspace, Drafts>();

  private constructor(private readonly workspace: Workspace) {}

  static of(workspace: Workspace): Drafts {
    const known = Drafts.ofWorkspace.get(workspace) ?? new Drafts(workspace);
    Drafts.ofWorkspace.set(workspace, known);
    return known;
  }

  onPlanned(listener: () => void): void {
    this.listeners.push(listener);
  }

  setPlan(plan: OpenPlan | null): void {
    this.plan = plan;
    this.workspace.holder.dataset["plan"] = plan?.code ?? "";
  }

  /** Send operations: one edit of all of them, or so many steps of the open plan. */
  async send(operations: Record<string, unknown>[]): Promise<Outcome> {
    const { workspace, plan } = this;
    if (plan === null) return postOnce<Outcome>(workspace.networkApi("edits/"), { operations });
    const outcome = await postOnce<Outcome>(workspace.api(`plans/${plan.uid}/operations/`), { operations });
    for (const listener of this.listeners) listener();
    return outcome;
  }
}
