// The search box of the header: on a narrow screen behind a button, everywhere by the key "/".
import { settingsOf } from "./page";
import { type SearchBoxTexts, startSearchBox } from "./search_box";

interface HeaderSearchSettings {
  address: string;
  texts: SearchBoxTexts;
}

export function startHeaderSearch(): void {
  const holder = document.getElementById("header-search");
  const input = holder?.querySelector("input");
  const list = holder?.querySelector("ul");
  const toggle = holder?.querySelector("button");
  if (!holder || !input || !list || !toggle) return;
  const { address, texts } = settingsOf<HeaderSearchSettings>("search-box");
  const box = startSearchBox({ input, list, address, texts, onChoose: (hit) => window.location.assign(hit.address) });
  const show = (isOpen: boolean): void => {
    holder.classList.toggle("open", isOpen);
    toggle.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) input.focus();
    else box.close();
  };
  toggle.addEventListener("click", () => show(!holder.classList.contains("open")));
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Node && holder.contains(event.target))) show(false);
  });
  document.addEventListener("keydown", (event) => {
    const isWriting = event.target instanceof HTMLElement && event.target.closest("input, textarea, select, [contenteditable]") !== null;
    if (event.key === "/" && !isWriting && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      show(true);
    } else if (event.key === "Escape" && event.target === input) {
      show(false);
      if (toggle.checkVisibility()) toggle.focus();
    }
  });
}
