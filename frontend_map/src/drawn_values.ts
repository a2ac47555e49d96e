/** Lengths and turns that a template has computed: the policy takes no styles written in a page. */
export function drawValues(within: ParentNode): void {
  for (const bar of within.querySelectorAll<HTMLElement>("[data-width]")) bar.style.width = bar.dataset["width"] ?? "";
  for (const mark of within.querySelectorAll<HTMLElement>("[data-left]")) mark.style.left = mark.dataset["left"] ?? "";
  for (const needle of within.querySelectorAll<HTMLElement>("[data-turn]")) needle.style.transform = `rotate(${needle.dataset["turn"] ?? 0}deg)`;
}
