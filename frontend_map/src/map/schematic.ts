// The schematic of a zone as a picture over the map: enlarged by buttons, wheel and keys, and kept as a file.
import { icon, make } from "../page";
import type { Workspace } from "./workspace";
import { isWide } from "./workspace";

const LEAST = 0.25;
const MOST = 6;
const STEP = 1.4;

/** The next size of a picture, of its natural one; it stays within what is of use. */
export function scaled(size: number, factor: number): number {
  return Math.min(MOST, Math.max(LEAST, size * factor));
}

/** Show a zone's schematic; the dialogue removes itself when it is closed. */
export function showSchematic(workspace: Workspace, zone: { uid: string; name: string }): void {
  const address = workspace.api(`zones/${zone.uid}/schematic.svg`, { direction: isWide() ? "right" : "down" });
  const title = `${workspace.word("schematic")}: ${zone.name}`;
  const picture = make("img", { id: "schematic-picture", alt: title, draggable: "false" });
  const frame = make("div", { class: "schematic-frame", tabindex: "0", role: "group", "aria-label": title }, picture);
  let size = 1;
  const resize = (factor: number): void => {
    size = scaled(size, factor);
    picture.style.width = `${Math.round(picture.naturalWidth * size)}px`;
    frame.dataset["size"] = size.toFixed(2);
  };
  const button = (id: string, symbol: string, word: string, act: () => void): HTMLButtonElement => {
    const made = make("button", { type: "button", class: "icon-button", id, title: workspace.word(word), "aria-label": workspace.word(word) }, icon(symbol));
    made.addEventListener("click", act);
    return made;
  };
  const keep = make("a", { class: "button", id: "schematic-file", href: address, download: `${zone.name}.svg` }, icon("download"), workspace.word("asPicture"));
  const closer = button("schematic-close", "close", "close", () => dialog.close());
  const bar = make("div", { class: "panel-head" }, make("h2", {}, title), keep, button("schematic-less", "minus", "zoomOut", () => resize(1 / STEP)), button("schematic-more", "plus", "zoomIn", () => resize(STEP)), closer);
  const dialog = make("dialog", { class: "schematic", id: "schematic", "aria-label": title }, bar, frame);
  picture.addEventListener("load", () => {
    // At first all of it is seen, and nothing is drawn larger than it is.
    const fits = Math.min(frame.clientWidth / picture.naturalWidth, frame.clientHeight / picture.naturalHeight, 1);
    resize(fits);
    dialog.dataset["ready"] = "true";
  });
  picture.addEventListener("error", () => {
    dialog.close();
    workspace.say(workspace.word("loadFailed"), true);
  });
  frame.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    resize(event.deltaY < 0 ? STEP : 1 / STEP);
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "+" || event.key === "=") resize(STEP);
    else if (event.key === "-") resize(1 / STEP);
    // Esc closes the picture, and not what is chosen on the map too.
    event.stopPropagation();
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  picture.src = address;
}

/** A button that opens the schematic of a zone. */
export function schematicButton(workspace: Workspace, zone: { uid: string; name: string }): HTMLButtonElement {
  const made = make("button", { type: "button", class: "button", "data-schematic": zone.uid }, icon("profile"), workspace.word("schematic"));
  made.addEventListener("click", () => showSchematic(workspace, zone));
  return made;
}
