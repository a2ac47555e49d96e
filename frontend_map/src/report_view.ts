// What became of each row of a file (_file_report.html): counts, warnings, lines to filter, the protocol to keep.
import { element, figure, filled, make } from "./page";
import { type FileReport, protocolOf, saidOf, wantedLines } from "./register_report";

export type ReportTexts = Record<"rows" | "all" | "ofLines" | "noLines", string> & { outcomes: Record<string, string>; headings: string[] };

interface Look {
  isBad: boolean;
  /** Titles of columns by their codes. */
  titles: Map<string, string>;
}

const MOST_SHOWN = 500;

export class ReportView {
  #report: FileReport | null = null;
  #titles = new Map<string, string>();

  constructor(private readonly texts: ReportTexts) {
    element("report-outcome", HTMLSelectElement).addEventListener("input", () => this.#showLines());
    element("report-text", HTMLInputElement).addEventListener("input", () => this.#showLines());
    element("report-csv").addEventListener("click", () => {
      if (this.#report !== null) this.#save(protocolOf(this.#report, texts.headings, texts.outcomes), "text/csv", "csv");
    });
    element("report-json").addEventListener("click", () => {
      if (this.#report !== null) this.#save(JSON.stringify(this.#report, null, 1), "application/json", "json");
    });
  }

  hide(): void {
    element("step-report").hidden = true;
    this.#report = null;
  }

  show(shown: FileReport, title: string, look: Look): void {
    this.#report = shown;
    this.#titles = look.titles;
    element("report-title").textContent = title;
    element("report-message").textContent = shown.message;
    element("report-message").className = look.isBad ? "notice bad" : "notice";
    const facts: [string, number][] = [[this.texts.rows, shown.rows], ...Object.entries(shown.counts).map(([outcome, count]): [string, number] => [this.#word(outcome), count])];
    element("report-facts").replaceChildren(...facts.flatMap(([name, count]) => [make("dt", {}, name), make("dd", {}, figure(count))]));
    element("report-warnings").replaceChildren(...shown.warnings.map((warning) => make("p", { class: "notice warn" }, warning)));
    const outcomes = Object.keys(shown.counts).filter((outcome) => shown.lines.some((line) => line.outcome === outcome));
    element("report-outcome", HTMLSelectElement).replaceChildren(make("option", { value: "" }, this.texts.all), ...outcomes.map((outcome) => make("option", { value: outcome }, this.#word(outcome))));
    this.#showLines();
    element("step-report").hidden = false;
    element("report-title").focus();
  }

  #word(outcome: string): string {
    return this.texts.outcomes[outcome] ?? outcome;
  }

  #showLines(): void {
    if (this.#report === null) return;
    const all = this.#report.lines;
    const lines = wantedLines(all, element("report-outcome", HTMLSelectElement).value, element("report-text", HTMLInputElement).value);
    const table = element("report-table", HTMLTableElement);
    table.hidden = lines.length === 0;
    table.tBodies[0]?.replaceChildren(
      ...lines.slice(0, MOST_SHOWN).map((line) => {
        const column = line.column === "" ? "" : (this.#titles.get(line.column) ?? line.column);
        return make("tr", { class: line.outcome }, make("td", {}, String(line.row)), make("td", { class: "outcome" }, this.#word(line.outcome)), make("td", { class: "code" }, line.key), make("td", {}, column), make("td", {}, saidOf(line)));
      }),
    );
    element("report-count").textContent = all.length === 0 ? this.texts.noLines : filled(this.texts.ofLines, { shown: figure(Math.min(lines.length, MOST_SHOWN)), count: figure(all.length) });
  }

  #save(content: string, type: string, ending: string): void {
    const address = URL.createObjectURL(new Blob([content], { type }));
    const name = (this.#report?.file ?? "register").replace(/\.[^.]*$/, "");
    make("a", { href: address, download: `${name}-protocol.${ending}` }).click();
    URL.revokeObjectURL(address);
  }
}
