// A work order made of the element whose card is open.
import { fieldOf, make, postOnce } from "../page";
import type { CardElement } from "./card_tabs";
import type { Workspace } from "./workspace";

export function workForm(chosen: CardElement, workspace: Workspace): HTMLElement {
  const title = make("input", { name: "title", required: "", maxlength: "200" });
  const offered = Object.keys(workspace.texts.workKinds);
  const kind = make("select", { name: "kind" }, ...offered.map((name) => make("option", { value: name }, workspace.texts.workKinds[name] ?? name)));
  const due = make("input", { name: "due", type: "date" });
  const message = make("p", { class: "field-error", role: "alert" });
  const field = (label: string, control: HTMLElement): HTMLElement => make("label", { class: "field" }, make("span", {}, workspace.word(label)), control);
  const form = make("form", { class: "stack", id: "work-form" }, field("title", title), field("kindOfWork", kind), field("workDue", due), make("button", { class: "button" }, workspace.word("newWork")), message);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const until = fieldOf(form, "due").value;
    const body = { network: workspace.network, kind: kind.value, title: title.value, [chosen.assetClass]: chosen.uid, ...(until === "" ? {} : { due_at: new Date(`${until}T23:59:00`).toISOString() }) };
    postOnce(workspace.api("work-orders/"), body)
      .then(() => document.getElementById("tab-work")?.click())
      .catch((error: unknown) => {
        message.textContent = workspace.reasonOf(error);
      });
  });
  return make("details", {}, make("summary", {}, workspace.word("newWork")), form);
}
