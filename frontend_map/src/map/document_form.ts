// A document or photo put to an element: kept in the register of documents, with its file.
import { fieldOf, make, postOnce, sendForm } from "../page";
import type { CardElement } from "./card_tabs";
import type { Workspace } from "./workspace";

const KINDS = ["photo", "as_built", "design", "passport", "act", "permit", "survey", "other"];

export function documentForm(chosen: CardElement, workspace: Workspace): HTMLElement {
  const title = make("input", { name: "title", required: "", maxlength: "200" });
  const kind = make("select", { name: "kind" }, ...KINDS.map((name) => make("option", { value: name }, workspace.texts.states[name] ?? name)));
  const file = make("input", { name: "file", type: "file", accept: "image/*,application/pdf", required: "" });
  const message = make("p", { class: "small", role: "status" });
  const send = make("button", { class: "button" }, workspace.word("addDocument"));
  const form = make(
    "form",
    { class: "stack" },
    make("label", { class: "field" }, make("span", {}, workspace.word("title")), title),
    make("label", { class: "field" }, make("span", {}, workspace.word("kindOfDocument")), kind),
    make("label", { class: "field" }, make("span", {}, workspace.word("file")), file),
    send,
    message,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send.disabled = true;
    save(chosen, workspace, form)
      .then(() => document.getElementById("tab-documents")?.click())
      .catch((error: unknown) => {
        send.disabled = false;
        message.textContent = workspace.word("failed", { reason: workspace.reasonOf(error) });
      });
  });
  return make("details", {}, make("summary", {}, workspace.word("addDocument")), form);
}

async function save(chosen: CardElement, workspace: Workspace, form: HTMLFormElement): Promise<void> {
  const made = await postOnce<{ uid: string }>(workspace.api("documents/"), { title: fieldOf(form, "title").value, kind: fieldOf(form, "kind").value, division: workspace.settings.division });
  const content = new FormData();
  const file = fieldOf(form, "file");
  if (file instanceof HTMLInputElement && file.files?.[0] !== undefined) content.set("file", file.files[0]);
  await sendForm(workspace.api(`documents/${made.uid}/file/`), content);
  await postOnce(workspace.api("document-links/"), { document: made.uid, target_kind: chosen.assetClass, target: chosen.uid });
}
