// Month, playing and basis of the losses: at the head of the panel, on a phone in a bar that no sheet covers.
import { element, icon, make, monthName } from "../../page";
import { isWide } from "../workspace";
import type { Losses } from "./losses";

/** The controls are made once and then kept up to date, so that a slider that is being drawn stays under the finger. */
export class LossControls {
  readonly root: HTMLElement;
  private readonly slider = make("input", { type: "range", id: "month", min: "0", step: "1" });
  private readonly name = make("strong", { id: "month-name" });
  private readonly back: HTMLButtonElement;
  private readonly forward: HTMLButtonElement;
  private readonly playButton = make("button", { type: "button", class: "icon-button", id: "month-play" });
  private readonly bases: HTMLInputElement[] = [];

  constructor(private readonly losses: Losses) {
    const { workspace } = losses;
    this.slider.setAttribute("aria-label", workspace.word("month"));
    this.slider.addEventListener("input", () => {
      losses.stop();
      losses.show(Number(this.slider.value));
    });
    this.back = this.step("left", "earlierMonth", -1);
    this.back.id = "month-back";
    this.forward = this.step("right", "laterMonth", 1);
    this.forward.id = "month-forward";
    this.playButton.addEventListener("click", () => {
      if (losses.isPlaying) losses.stop();
      else losses.play();
    });
    const month = make("div", { class: "month-row" }, this.back, make("label", { class: "month" }, this.name, this.slider), this.forward, this.playButton);
    this.root = make("div", { class: "loss-controls" }, month, this.basisRow());
    losses.onChange(() => this.update());
    this.update();
  }

  private step(symbol: string, label: string, step: number): HTMLButtonElement {
    const { losses } = this;
    const made = make("button", { type: "button", class: "icon-button", "aria-label": losses.workspace.word(label) }, icon(symbol));
    made.addEventListener("click", () => {
      losses.stop();
      losses.show(losses.month + step);
    });
    return made;
  }

  private basisRow(): HTMLElement {
    const { losses } = this;
    const choices = (["apportioned", "billed"] as const).map((basis) => {
      const input = make("input", { type: "radio", name: "basis", value: basis });
      input.addEventListener("change", () => losses.show(losses.month, basis));
      this.bases.push(input);
      return make("label", {}, input, make("span", {}, losses.workspace.word(basis)));
    });
    return make("div", { class: "segmented", role: "radiogroup", "aria-label": losses.workspace.word("basis") }, ...choices);
  }

  update(): void {
    const { months, month, shownMonth, basis, isPlaying, workspace } = this.losses;
    this.slider.max = String(Math.max(0, months.length - 1));
    this.slider.value = String(month);
    this.slider.disabled = months.length < 2;
    this.name.textContent = shownMonth === "" ? workspace.word("noBalances") : monthName(shownMonth);
    this.slider.setAttribute("aria-valuetext", this.name.textContent);
    this.back.disabled = month <= 0;
    this.forward.disabled = month >= months.length - 1;
    this.playButton.disabled = months.length < 2;
    this.playButton.replaceChildren(icon(isPlaying ? "pause" : "play"));
    this.playButton.setAttribute("aria-label", workspace.word(isPlaying ? "pauseMonths" : "playMonths"));
    for (const input of this.bases) input.checked = input.value === basis;
  }
}

/** On a phone: over the bottom edge while the losses are open or a zone is chosen; sheets stand above it. */
export class LossBar {
  private readonly bar: HTMLElement;
  private readonly panel = element("tool-panel");

  constructor(private readonly losses: Losses) {
    this.bar = make("section", { class: "loss-bar card", id: "loss-bar", "aria-label": losses.workspace.word("month") });
    this.bar.hidden = true;
    document.querySelector(".map-frame")?.append(this.bar);
    losses.workspace.selection.onChange(() => this.show());
    new MutationObserver(() => this.show()).observe(this.panel, { attributes: true, attributeFilter: ["hidden", "data-tool"] });
    window.matchMedia("(min-width: 861px)").addEventListener("change", () => this.show());
    this.show();
  }

  private get isWanted(): boolean {
    if (isWide()) return false;
    const isOpen = !this.panel.hidden && this.panel.dataset["tool"] === "losses";
    return isOpen || this.losses.workspace.selection.single?.assetClass === "zone";
  }

  private show(): void {
    const isShown = this.isWanted;
    if (isShown && this.bar.childElementCount === 0) this.bar.append(new LossControls(this.losses).root);
    this.bar.hidden = !isShown;
    document.querySelector(".map-frame")?.classList.toggle("has-loss-bar", isShown);
  }
}
