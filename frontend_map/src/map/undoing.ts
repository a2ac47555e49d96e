// Undo and redo of the network's edits, from buttons and keys.
import { postOnce } from "../page";
import type { Workspace } from "./workspace";

/** Undo an edit, the viewer's last one where none is named; says how it went. */
export async function undo(workspace: Workspace, edit?: string): Promise<void> {
  await send(workspace, "undo", edit);
}

/** Do again what was undone last. */
export async function redo(workspace: Workspace): Promise<void> {
  await send(workspace, "redo");
}

async function send(workspace: Workspace, verb: "undo" | "redo", edit?: string): Promise<void> {
  try {
    await postOnce(workspace.networkApi(`${verb}/`), edit === undefined ? {} : { edit });
    workspace.say(workspace.word(verb === "undo" ? "undone" : "redone"));
    await workspace.edited();
  } catch (error) {
    workspace.sayFailure(error);
  }
}
