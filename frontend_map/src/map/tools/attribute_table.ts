// The attribute table under the map: filtered, sorted and paged by the server, chosen together with the map.
import { AjaxModule, FilterModule, FormatModule, FrozenColumnsModule, InteractionModule, PageModule, ResizeColumnsModule, ResizeTableModule, type ColumnDefinition, type RowComponent, SelectRowModule, SortModule, Tabulator } from "tabulator-tables";
import "tabulator-tables/dist/css/tabulator_simple.min.css";
import { element, figure, icon, make, postJson, postOnce, textOf } from "../../page";
import { changedValues, elementForms, type FormField, fieldRow, showRefusal } from "../attribute_form";
import { askForFile, fileOfJob, save } from "../downloads";
import { boxOf, columnsAtFirst, commonFields, commonValue, conditionsOf, type ElementColumn, type ElementPage, type ElementRow, nextStates, operationsFor, shownValue, type TableFilter } from "../element_table";
import { followJob } from "../jobs";
import type { ElementReference } from "../selection";
import type { Tool } from "../tools";
import { undo } from "../undoing";
import { isWide, type Workspace } from "../workspace";

Tabulator.registerModule([AjaxModule, FilterModule, FormatModule, FrozenColumnsModule, InteractionModule, PageModule, ResizeColumnsModule, ResizeTableModule, SelectRowModule, SortModule]);

const PAGE_SIZE = 200;
const FORMATS = ["xlsx", "csv", "gpkg", "geojson", "dxf"] as const;
const TYPING_MS = 350;

const MARK_WIDTH = 44;

function widthOf({ name, type }: ElementColumn): number {
  if (name === "code") return isWide() ? 170 : 120;
  return type === "number" || type === "integer" ? 142 : 152;
}

interface Forms {
  lifecycle: { choices: { value: string; title: string }[]; transitions: Record<string, string[]> };
  line: { fields: TableField[] };
  nodes: Record<string, { fields: TableField[] }>;
}
type TableField = FormField & { column: string; operation: string; path: string };

class AttributeTable implements Tool {
  private readonly drawer = element("drawer");
  private panel: HTMLElement | null = null;
  private table: Tabulator | null = null;
  private elementClass = "pipe";
  private columns: ElementColumn[] = [];
  private readonly texts = new Map<string, string>();
  private onlyChosen = false;
  private onlyInView = false;
  private isFollowing = false;
  private typing = 0;
  private readonly count = make("output", { class: "muted", id: "table-count" });
  private readonly message = make("p", { class: "field-error", role: "status", id: "table-message" });

  constructor(private readonly workspace: Workspace) {
    workspace.selection.onChange(() => this.followMap());
    workspace.onEdit(() => void this.renew());
    workspace.map.on("moveend", () => {
      if (this.onlyInView) void this.renew();
    });
  }

  async open(panel: HTMLElement): Promise<void> {
    this.panel = panel;
    this.hidePanel();
    document.body.classList.add("has-table");
    await this.build();
  }

  close(): void {
    this.table?.destroy();
    this.table = null;
    this.panel = null;
    this.drawer.hidden = true;
    this.drawer.replaceChildren();
    this.drawer.classList.remove("element-table");
    document.body.classList.remove("has-table");
  }

  /** The panel beside the map is for columns and edits only; the table has the drawer. */
  private hidePanel(): void {
    this.panel?.replaceChildren();
    element("tool-panel").hidden = true;
  }

  private word(name: string): string {
    return this.workspace.word(name);
  }

  // The drawer

  private async build(): Promise<void> {
    this.table?.destroy();
    this.table = null;
    const holder = make("div", { id: "element-rows" });
    this.drawer.classList.add("element-table");
    this.drawer.setAttribute("aria-label", this.workspace.texts.tools["table"] ?? "");
    this.drawer.replaceChildren(this.head(), this.message, holder);
    this.drawer.hidden = false;
    this.message.textContent = this.word("loading");
    const first = await this.ask(1);
    this.message.textContent = "";
    if (this.panel === null || !holder.isConnected) return;
    this.columns = first.columns;
    this.table = new Tabulator(holder, {
      index: "uid",
      height: "100%",
      layout: "fitData",
      columns: this.definitions(),
      columnDefaults: { headerSortTristate: true, resizable: true },
      sortMode: "remote",
      progressiveLoad: "scroll",
      paginationSize: PAGE_SIZE,
      ajaxURL: "elements",
      ajaxRequestFunc: (_address, _configuration, parameters: { page: number }) => this.page(parameters.page),
      selectableRows: true,
      placeholder: this.word("nothingFound"),
      // The drawer says itself that it loads.
      dataLoader: false,
      rowFormatter: (row) => this.makeReachable(row),
      // A row is chosen by touching it anywhere.
      rowHeight: isWide() ? 34 : 44,
    });
    this.table.on("rowSelectionChanged", () => this.tellMap());
    this.table.on("rowDblClick", (_event, row) => this.zoomTo([row.getData() as ElementRow]));
    this.table.on("dataLoaded", () => this.followMap());
    this.table.on("tableBuilt", () => this.nameParts(holder));
  }

  /** The library's scrolling box stands between the grid and its rows, and its checkboxes speak English. */
  private nameParts(holder: HTMLElement): void {
    holder.querySelector(".tabulator-tableholder")?.setAttribute("role", "rowgroup");
    holder.querySelector(".tabulator-table")?.setAttribute("role", "presentation");
    holder.querySelector(".tabulator-header .row-mark input")?.setAttribute("aria-label", this.word("chooseAll"));
  }

  private head(): HTMLElement {
    const { settings } = this.workspace;
    const classes = ["pipe", "node", ...settings.kinds];
    const titles: Record<string, string> = { pipe: this.workspace.kindName("pipe"), node: this.word("allNodes") };
    const choose = make("select", { id: "table-class", "aria-label": this.word("tableClass") }, ...classes.map((name) => make("option", { value: name }, titles[name] ?? this.workspace.kindName(name))));
    choose.value = this.elementClass;
    choose.addEventListener("change", () => {
      this.elementClass = choose.value;
      this.texts.clear();
      this.hidePanel();
      void this.build();
    });
    const chosen = this.toggle("table-chosen", "onlyChosen", this.onlyChosen, (isOn) => (this.onlyChosen = isOn));
    const inView = this.toggle("table-view", "onlyInView", this.onlyInView, (isOn) => (this.onlyInView = isOn));
    const exporting = make("select", { id: "table-export", "aria-label": this.word("exportAs") }, make("option", { value: "" }, this.word("exportAs")), ...FORMATS.map((format) => make("option", { value: format }, this.word(`format_${format}`))));
    exporting.addEventListener("change", () => {
      const format = exporting.value;
      exporting.value = "";
      if (format !== "") void this.export(format);
    });
    const buttons = [
      this.button("table-zoom", "zoomToChosen", () => this.zoomTo(this.selectedRows())),
      this.button("table-columns", "chooseColumns", () => this.chooseColumns()),
      ...(this.workspace.can("edit network") ? [this.button("table-edit", "editRows", () => void this.edit())] : []),
    ];
    const close = make("button", { type: "button", class: "icon-button", "aria-label": this.word("close") }, icon("close"));
    close.addEventListener("click", () => element("tool-close").click());
    return make("div", { class: "table-head" }, choose, this.count, chosen, inView, ...buttons, exporting, close);
  }

  private button(id: string, name: string, act: () => void): HTMLElement {
    const button = make("button", { type: "button", class: "button", id }, this.word(name));
    button.addEventListener("click", act);
    return button;
  }

  private toggle(id: string, name: string, isOn: boolean, set: (isOn: boolean) => void): HTMLElement {
    const box = make("input", { type: "checkbox", id });
    box.checked = isOn;
    box.addEventListener("change", () => {
      set(box.checked);
      void this.renew();
    });
    return make("label", { class: "check", for: id }, box, this.word(name));
  }

  private definitions(): ColumnDefinition[] {
    const shown = columnsAtFirst(this.columns, this.keptColumns());
    const mark: ColumnDefinition = { title: "", field: "", formatter: "rowSelection", titleFormatter: "rowSelection", headerSort: false, resizable: false, frozen: true, hozAlign: "center", width: MARK_WIDTH, cssClass: "row-mark" };
    const attributes = this.columns.map((column): ColumnDefinition => ({
      title: column.unit === "" ? column.title : `${column.title}, ${column.unit}`,
      field: column.name,
      visible: shown.has(column.name),
      frozen: column.name === "code",
      hozAlign: column.type === "number" || column.type === "integer" ? "right" : "left",
      minWidth: 84,
      width: widthOf(column),
      titleFormatter: () => this.heading(column),
      // Texts are set as text, never read as markup.
      formatter: (cell) => make("span", {}, this.shown(column, cell.getValue())),
    }));
    return [mark, ...attributes];
  }

  private shown(column: ElementColumn, value: unknown): string {
    const text = shownValue(column, value, { yes: this.word("yes"), no: this.word("no"), figure });
    return column.name === "material" ? (this.workspace.texts.materials[text.toLowerCase()] ?? text) : text;
  }

  /** A column's title with the filter under it. */
  private heading(column: ElementColumn): HTMLElement {
    const title = column.unit === "" ? column.title : `${column.title}, ${column.unit}`;
    const label = `${this.word("filter")}: ${title}`;
    const choices = column.type === "truth" ? [{ value: "true", title: this.word("yes") }, { value: "false", title: this.word("no") }] : column.choices;
    const control = choices.length > 0 ? make("select", { "aria-label": label }, make("option", { value: "" }, ""), ...choices.map((one) => make("option", { value: one.value }, one.title)), make("option", { value: "-" }, this.word("unknown"))) : make("input", { type: "text", "aria-label": label, placeholder: column.type === "number" || column.type === "integer" ? ">100" : "…", title: this.word(`filterHint_${column.type === "text" ? "text" : "number"}`) });
    control.value = this.texts.get(column.name) ?? "";
    control.dataset["filter"] = column.name;
    for (const name of ["click", "mousedown", "keydown"]) control.addEventListener(name, (event) => event.stopPropagation());
    control.addEventListener(control instanceof HTMLSelectElement ? "change" : "input", () => this.filterBy(column, control));
    return make("div", { class: "column-head" }, make("span", {}, title), control);
  }

  private filterBy(column: ElementColumn, control: HTMLInputElement | HTMLSelectElement): void {
    const isUnderstood = conditionsOf(column, control.value) !== null;
    control.setAttribute("aria-invalid", String(!isUnderstood));
    this.message.textContent = isUnderstood ? "" : this.word("filterHint_number");
    if (!isUnderstood) return;
    this.texts.set(column.name, control.value);
    window.clearTimeout(this.typing);
    this.typing = window.setTimeout(() => void this.renew(), TYPING_MS);
  }

  /** Rows are reached and chosen by keys: arrows go, Space chooses, Enter shows on the map. */
  private makeReachable(row: RowComponent): void {
    const place = row.getElement();
    place.tabIndex = 0;
    place.querySelector(".row-mark input")?.setAttribute("aria-label", textOf((row.getData() as ElementRow)["code"]));
    place.onkeydown = (event) => {
      const next = event.key === "ArrowDown" ? place.nextElementSibling : event.key === "ArrowUp" ? place.previousElementSibling : null;
      if (next instanceof HTMLElement) next.focus();
      else if (event.key === " ") row.toggleSelect();
      else if (event.key === "Enter") this.zoomTo([row.getData() as ElementRow]);
      else return;
      event.preventDefault();
    };
  }

  // Asking the server

  private filter(): TableFilter {
    const where = this.columns.flatMap((column) => conditionsOf(column, this.texts.get(column.name) ?? "") ?? []);
    const filter: TableFilter = { class: this.elementClass };
    if (where.length > 0) filter.where = where;
    if (this.onlyInView) {
      const bounds = this.workspace.map.getBounds();
      filter.bbox = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
    }
    if (this.onlyChosen) filter.uids = this.workspace.selection.elements.map(({ uid }) => uid);
    const sort = (this.table?.getSorters() ?? []).map(({ field, dir }) => `${dir === "desc" ? "-" : ""}${field}`);
    if (sort.length > 0) filter.sort = sort;
    return filter;
  }

  private ask(page: number, size = PAGE_SIZE): Promise<ElementPage> {
    return postJson<ElementPage>(this.workspace.networkApi("elements/query/"), { ...this.filter(), offset: (page - 1) * size, limit: size });
  }

  private async page(page: number): Promise<{ data: ElementRow[]; last_page: number }> {
    try {
      const answer = await this.ask(page);
      this.count.textContent = this.workspace.word("rowsFound", { n: `${answer.is_counted ? "" : "> "}${figure(answer.count)}` });
      this.drawer.dataset["count"] = String(answer.count);
      return { data: answer.results, last_page: Math.max(1, Math.ceil(answer.count / PAGE_SIZE)) };
    } catch (error) {
      this.message.textContent = this.workspace.reasonOf(error);
      return { data: [], last_page: 1 };
    }
  }

  private async renew(): Promise<void> {
    await this.table?.setData("elements");
  }

  // Chosen on the map, chosen in the table

  private selectedRows(): ElementRow[] {
    return (this.table?.getSelectedData() ?? []) as ElementRow[];
  }

  private tellMap(): void {
    if (this.isFollowing) return;
    const rows = this.selectedRows();
    const listed = new Set(((this.table?.getData() ?? []) as ElementRow[]).map(({ uid }) => uid));
    // What is chosen on the map and not in the table stays chosen.
    const others = this.workspace.selection.elements.filter(({ uid }) => !listed.has(uid));
    const chosen: ElementReference[] = rows.map((row) => ({ assetClass: row.class, uid: row.uid }));
    this.isFollowing = true;
    this.workspace.selection.set([...others, ...chosen]);
    this.isFollowing = false;
  }

  private followMap(): void {
    if (this.table === null || this.isFollowing) return;
    if (this.onlyChosen && this.drawer.dataset["chosen"] !== String(this.workspace.selection.size)) {
      this.drawer.dataset["chosen"] = String(this.workspace.selection.size);
      void this.renew();
      return;
    }
    this.isFollowing = true;
    const wanted = new Set(this.workspace.selection.elements.map(({ uid }) => uid));
    for (const row of this.table.getRows()) {
      const isChosen = wanted.has((row.getData() as ElementRow).uid);
      if (isChosen !== row.isSelected()) row.toggleSelect();
    }
    this.isFollowing = false;
  }

  private zoomTo(rows: readonly ElementRow[]): void {
    const box = boxOf(rows.length > 0 ? rows : ((this.table?.getData() ?? []) as ElementRow[]));
    if (box === null) return;
    // Above the drawer.
    const covered = this.drawer.getBoundingClientRect().height + 20;
    this.workspace.map.fitBounds(box, { paddingTopLeft: [40, 90], paddingBottomRight: [60, covered], maxZoom: 18 });
    const [only] = rows;
    if (rows.length === 1 && only !== undefined) this.workspace.selection.set([{ assetClass: only.class, uid: only.uid }]);
  }

  // Columns

  private get keptName(): string {
    return `tarmoq-columns-${this.elementClass}`;
  }

  private keptColumns(): string[] | null {
    const kept = window.localStorage.getItem(this.keptName);
    return kept === null ? null : kept.split(",");
  }

  private chooseColumns(): void {
    const { panel, table } = this;
    if (panel === null || table === null) return;
    const boxes = this.columns.map((column) => {
      const box = make("input", { type: "checkbox" });
      box.checked = table.getColumn(column.name).isVisible();
      box.disabled = column.name === "code";
      box.addEventListener("change", () => {
        if (box.checked) table.showColumn(column.name);
        else table.hideColumn(column.name);
        const shown = this.columns.filter(({ name }) => table.getColumn(name).isVisible());
        window.localStorage.setItem(this.keptName, shown.map(({ name }) => name).join(","));
      });
      return make("label", { class: "check" }, box, column.title);
    });
    this.showPanel(this.word("chooseColumns"), make("div", { class: "column-list" }, ...boxes));
  }

  private showPanel(title: string, ...parts: HTMLElement[]): void {
    const done = make("button", { type: "button", class: "button" }, this.word("close"));
    done.addEventListener("click", () => this.hidePanel());
    element("tool-title").textContent = title;
    this.panel?.replaceChildren(...parts, make("div", { class: "actions" }, done));
    element("tool-panel").hidden = false;
    this.panel?.querySelector<HTMLElement>("input, select")?.focus();
  }

  // Export

  private async export(format: string): Promise<void> {
    const { workspace } = this;
    workspace.say(this.word("exporting"));
    try {
      const answer = await askForFile(workspace.networkApi("element-export/"), { ...this.filter(), format });
      if ("job" in answer) window.location.assign(await fileOfJob((path) => workspace.api(path), answer.job));
      else save(answer.file, answer.name);
      workspace.say(this.word("exported"));
    } catch (error) {
      workspace.sayFailure(error);
    }
  }

  // Edits of what is chosen

  private async edit(): Promise<void> {
    const rows = this.selectedRows();
    if (rows.length === 0) {
      this.workspace.say(this.word("chooseRowsFirst"), true);
      return;
    }
    const forms = (await elementForms(this.workspace)) as unknown as Forms;
    const kinds = new Set(rows.map(({ kind }) => kind));
    const [kind] = kinds;
    const all = rows[0]?.class === "pipe" ? forms.line.fields : (forms.nodes[kind ?? ""]?.fields ?? []);
    const fields = commonFields(all, rows, kinds.size === 1) as TableField[];
    const before = (field: FormField): unknown => (field.name === "zone" ? undefined : commonValue(field, rows));
    const message = make("p", { class: "field-error", role: "alert" });
    const place = make("div", {});
    const states = nextStates(rows, forms.lifecycle.transitions);
    const state = make("select", { id: "bulk-lifecycle", name: "lifecycle" }, make("option", { value: "" }, this.word("unchanged")), ...states.map((value) => make("option", { value }, forms.lifecycle.choices.find((choice) => choice.value === value)?.title ?? value)));
    const send = make("button", { class: "button primary" }, this.workspace.word("setOnRows", { n: figure(rows.length) }));
    const others = this.workspace.selection.size - rows.length;
    const left = others > 0 ? make("p", { class: "notice" }, this.workspace.word("bulkOthers", { n: figure(others) })) : null;
    const form = make("form", { class: "stack", id: "bulk-form" }, make("p", { class: "muted small" }, this.word("bulkHint")), left, message, ...fields.map((field) => fieldRow({ ...field, is_required: false }, before(field), (name) => this.word(name))), ...(states.length > 0 ? [make("label", { class: "field", for: "bulk-lifecycle" }, make("span", {}, this.word("lifecycle")), state)] : []), place, make("div", { class: "actions" }, send));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const { values, bad } = changedValues(fields, form, before);
      const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null && value !== ""));
      if (bad.length > 0) message.textContent = this.word("notANumber");
      else void this.send(operationsFor(rows, fields, given, state.value), form, message, place);
    });
    this.showPanel(this.word("editChosen"), form);
  }

  private async send(operations: Record<string, unknown>[], form: HTMLFormElement, message: HTMLElement, place: HTMLElement): Promise<void> {
    const { workspace } = this;
    if (operations.length === 0) {
      message.textContent = this.word("nothingToSet");
      return;
    }
    try {
      const address = workspace.networkApi("edits/");
      const answer = await postOnce<{ uid: string; operation?: string }>(address, { operations });
      // Few operations are an edit at once, many a job whose result names the edit.
      const edit = answer.operation === undefined ? textOf((await followJob(workspace, answer.uid, place))["edit"]) : answer.uid;
      this.offerUndo(operations.length, edit);
      await workspace.edited();
    } catch (error) {
      showRefusal(form, message, error, (name) => this.word(name));
    }
  }

  private offerUndo(number: number, edit: string): void {
    const button = make("button", { type: "button", class: "button", id: "bulk-undo" }, this.word("undo"));
    button.addEventListener("click", () => {
      this.hidePanel();
      void undo(this.workspace, edit === "" ? undefined : edit);
    });
    this.showPanel(this.word("editChosen"), make("p", { role: "status" }, this.workspace.word("setDone", { n: figure(number) })), button);
  }
}

export function start(workspace: Workspace): Tool {
  return new AttributeTable(workspace);
}
