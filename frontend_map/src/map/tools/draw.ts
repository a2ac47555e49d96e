// Drawing: new lines, nodes and devices; moving, reshaping, splitting, merging, connecting, deleting; each an edit that
// can be undone. Shapes are drawn by terra-draw; every rule is the server's.
import L from "leaflet";
import { TerraDraw, TerraDrawLineStringMode, TerraDrawModeUndoRedo, TerraDrawPointMode, TerraDrawSelectMode, type TerraDrawMouseEvent } from "terra-draw";
import { fetchJson, figure, icon, make, Refusal } from "../../page";
import { elementForms, type ElementForms } from "../attribute_form";
import { Drafts, type Outcome } from "../drafts";
import { drawingAdapter } from "../drawing_panes";
import type { PipeAnswer } from "../facts";
import { measuresOf, positionIn } from "../measures";
import { elementAt } from "../pointing";
import { nearestOf, SnapGround, type SnapTarget } from "../snapping";
import type { Tool } from "../tools";
import { redo, undo } from "../undoing";
import { isWide, type Workspace } from "../workspace";
import { shareOf } from "./isolate";
import { conflictBox, type Operation } from "./shape_conflict";

type Mode = "pipe" | "node" | "device" | "reshape" | "move" | "split" | "merge" | "connect" | "disconnect" | "delete" | "lifecycle";

const MODES: Mode[] = ["pipe", "node", "device", "reshape", "move", "split", "merge", "connect", "disconnect", "delete", "lifecycle"];
const LIFECYCLES = ["planned", "under_construction", "in_service", "out_of_service"];
const DEFAULT_MATERIAL = "PE";
const KEEP_MS = 4000;
// A click so near to the last point ends a line.
const CLOSING_REACH_PX = 12;

class DrawTool implements Tool {
  private panel: HTMLElement | null = null;
  private mode: Mode = "pipe";
  private draw: TerraDraw | null = null;
  private line: TerraDrawLineStringMode;
  private readonly ground: SnapGround;
  private putting: Promise<void> = Promise.resolve();
  private readonly drafts: Drafts;
  private readonly snapped = new Map<string, SnapTarget>();
  private release: (() => void) | null = null;
  private forms: ElementForms | null = null;
  private template = "";
  private kind = "junction";
  private device = "valve";
  private lifecycle = "in_service";
  private pointer: [number, number] | null = null;
  private first: { uid: string; code: string } | null = null;
  private conflict: HTMLElement | null = null;
  private reshaping: { uid: string; version: number; feature: string | number } | null = null;
  private clicked = 0;
  private draftsShown = 0;
  private readonly onKey = (event: KeyboardEvent): void => {
    this.key(event);
  };
  private readonly onMove = (): void => {
    void this.ground.cover();
  };

  constructor(private readonly workspace: Workspace) {
    this.ground = new SnapGround(workspace);
    this.drafts = Drafts.of(workspace);
    this.line = this.lineMode();
    workspace.onEdit(() => {
      if (this.panel !== null) void this.ground.cover(true);
    });
  }

  // Life

  async open(panel: HTMLElement): Promise<void> {
    this.panel = panel;
    const { workspace } = this;
    if (this.draw === null) this.draw = this.started();
    this.release = workspace.takeClicks((place) => this.click(place));
    document.addEventListener("keydown", this.onKey);
    workspace.map.on("moveend", this.onMove);
    workspace.map.doubleClickZoom.disable();
    this.setMode(this.mode);
    const [forms] = await Promise.all([elementForms(workspace).catch(() => null), this.ground.cover()]);
    this.forms = forms;
    this.show();
  }

  close(): void {
    this.release?.();
    document.removeEventListener("keydown", this.onKey);
    this.workspace.map.off("moveend", this.onMove);
    this.workspace.map.doubleClickZoom.enable();
    this.draw?.stop();
    this.draw = null;
    this.panel = null;
    this.reshaping = null;
  }

  private lineMode(): TerraDrawLineStringMode {
    const snapping = { toCustom: (event: TerraDrawMouseEvent) => this.snap(event) };
    return new TerraDrawLineStringMode({ snapping, pointerDistance: CLOSING_REACH_PX, styles: { lineStringColor: "#d4006a", lineStringWidth: 4, snappingPointColor: "#1b7837", snappingPointWidth: 7 } });
  }

  private started(): TerraDraw {
    // A mode serves one TerraDraw only: each time the tool is opened they are made anew.
    this.line = this.lineMode();
    const point = new TerraDrawPointMode({ styles: { pointColor: "#d4006a", pointWidth: 7 } });
    const flags = { feature: { draggable: false, coordinates: { midpoints: true, draggable: true, deletable: true, snappable: { toCustom: (event: TerraDrawMouseEvent) => this.snap(event) } } } };
    const draw = new TerraDraw({
      adapter: drawingAdapter(L, this.workspace.map),
      modes: [this.line, point, new TerraDrawSelectMode({ flags: { linestring: flags }, allowManualDeselection: false })],
      undoRedo: { modeLevel: new TerraDrawModeUndoRedo() },
    });
    draw.on("finish", (id, context) => {
      if (context.action === "draw") void this.finished(id);
      else this.tell();
    });
    draw.on("change", () => this.tell());
    draw.start();
    return draw;
  }

  private key(event: KeyboardEvent): void {
    const isField = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement || event.target instanceof HTMLTextAreaElement;
    if (isField || !(event.ctrlKey || event.metaKey)) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) void this.again();
    else void this.back();
  }

  /** Take back the last bend while a line is being drawn, else the last edit. */
  private async back(): Promise<void> {
    if (this.draw?.getModeState() === "drawing" && this.draw.canUndo()) {
      this.draw.undo();
      this.tell();
    } else await undo(this.workspace);
  }

  private async again(): Promise<void> {
    if (this.draw?.getModeState() === "drawing" && this.draw.canRedo()) this.draw.redo();
    else await redo(this.workspace);
  }

  private setMode(mode: Mode): void {
    this.mode = mode;
    this.first = null;
    this.dropReshaping();
    this.draw?.setMode(mode === "pipe" ? "linestring" : mode === "node" ? "point" : mode === "reshape" ? "select" : "static");
    this.workspace.holder.dataset["drawing"] = mode;
    this.show();
  }

  // Snapping

  private snap(event: TerraDrawMouseEvent): [number, number] | undefined {
    this.pointer = [event.lng, event.lat];
    const target = this.ground.at([event.lat, event.lng]);
    this.workspace.holder.dataset["snap"] = target?.code ?? "";
    return target === null ? undefined : this.snappedTo(target);
  }

  private snappedTo(target: SnapTarget): [number, number] {
    // As the adapter rounds: by this the end of the line is found again.
    const position: [number, number] = [Number(target.position[0].toFixed(9)), Number(target.position[1].toFixed(9))];
    this.snapped.set(position.join(), target);
    return position;
  }

  private targetOf(position: GeoJSON.Position): SnapTarget | null {
    return this.snapped.get(position.slice(0, 2).map((number) => Number(number.toFixed(9))).join()) ?? null;
  }

  // What was drawn

  private async finished(id: string | number): Promise<void> {
    this.clicked = performance.now();
    const feature = this.draw?.getSnapshotFeature(id);
    if (feature === undefined) return;
    const { geometry } = feature;
    this.draw?.removeFeatures([id]);
    if (geometry.type === "LineString") await this.send([this.pipeOperation(geometry.coordinates)], geometry);
    else if (geometry.type === "Point") await this.send([this.nodeOperation(geometry.coordinates)], geometry);
    this.snapped.clear();
  }

  private pipeOperation(line: GeoJSON.Position[]): Operation {
    const operation: Operation = { op: "add_pipe", geometry: { type: "LineString", coordinates: line }, lifecycle: this.lifecycle };
    for (const [end, position] of [["start", line[0]], ["end", line.at(-1)]] as const) {
      const target = position === undefined ? null : this.targetOf(position);
      if (target?.node) operation[`${end}_node`] = target.node;
      else if (target?.pipe) operation[`${end}_onto_pipe`] = target.pipe;
    }
    const template = this.forms?.templates.find(({ uid }) => uid === this.template);
    operation["values"] = template === undefined ? { material: DEFAULT_MATERIAL } : template.values;
    return operation;
  }

  private nodeOperation(position: GeoJSON.Position): Operation {
    const target = this.targetOf(position) ?? this.ground.at([position[1] ?? 0, position[0] ?? 0]);
    const place = target?.pipe ? target.position : position.slice(0, 2);
    const template = this.forms?.templates.find(({ uid }) => uid === this.template && this.template !== "");
    const details = template?.element === "node" && template.kind === this.kind ? { details: template.details } : {};
    return { op: "add_node", kind: this.kind, geometry: { type: "Point", coordinates: place }, lifecycle: this.lifecycle, ...(target?.pipe ? { onto_pipe: target.pipe } : {}), ...details };
  }

  /** Send operations as one edit; what was drawn stays to be seen until the tiles have it. Null when it was refused. */
  private async send(operations: Operation[], drawn: GeoJSON.Geometry | null = null): Promise<Outcome | null> {
    const { workspace } = this;
    const shown = (this.draftsShown += 1);
    if (drawn !== null) workspace.overlay("draft", [{ type: "Feature", properties: {}, geometry: drawn }]);
    try {
      const outcome = await this.drafts.send(operations);
      const gone = (outcome.results ?? []).flatMap(({ deleted }) => deleted ?? []);
      // Whoever shows one of these would ask for what is there no more.
      workspace.selection.drop(gone);
      workspace.holder.dataset["editMs"] = String(Math.round(performance.now() - this.clicked));
      const remarks = (outcome.remarks ?? []).map(({ message, reason }) => message ?? reason ?? "").filter((text) => text !== "");
      workspace.say(this.drafts.plan === null ? [workspace.word("drawn"), ...remarks].join(" ") : workspace.word("plannedInto", { plan: this.drafts.plan.code }));
      await Promise.all([workspace.edited(), this.ground.cover(true)]);
      void this.dropDraft(shown);
      return outcome;
    } catch (error) {
      workspace.overlay("draft", []);
      this.refuse(error, operations);
      return null;
    } finally {
      this.show();
    }
  }

  /** Take a draft away once the tiles have what it shows, however long that takes; not one that was drawn meanwhile. */
  private async dropDraft(shown: number): Promise<void> {
    await Promise.all([this.workspace.whenDrawn(), new Promise((done) => window.setTimeout(done, KEEP_MS))]);
    if (shown === this.draftsShown) this.workspace.overlay("draft", []);
  }

  private refuse(error: unknown, operations: Operation[]): void {
    if (error instanceof Refusal && error.status === 412) void this.showConflict(operations);
    else this.workspace.sayFailure(error);
  }

  /** Somebody else changed the element first: do it all the same, on his version, or let it be. */
  private async showConflict(operations: Operation[]): Promise<void> {
    const { workspace } = this;
    void workspace.edited();
    this.conflict = await conflictBox(operations, workspace, (isMine) => {
      this.conflict = null;
      if (isMine) void this.send(operations.map((operation) => Object.fromEntries(Object.entries(operation).filter(([name]) => name !== "if_match"))));
    });
    this.show();
  }

  // Clicks on what is there

  private async click(place: L.LatLng): Promise<boolean> {
    this.clicked = performance.now();
    if (this.mode === "pipe" || this.mode === "node") return true;
    if (this.mode === "reshape" && this.reshaping !== null) return true;
    if (this.mode === "move" && this.first !== null) return this.moveTo(place);
    const classes = this.mode === "move" ? (["node"] as const) : this.mode === "delete" || this.mode === "lifecycle" ? (["node", "pipe"] as const) : (["pipe"] as const);
    const found = await elementAt(this.workspace, place, classes);
    if (found === null) {
      this.workspace.say(this.workspace.word(`pick_${this.mode}`));
      return true;
    }
    await this.act(found, place);
    return true;
  }

  private async act(found: { assetClass: string; uid: string; code: string }, place: L.LatLng): Promise<void> {
    const { workspace } = this;
    let { uid } = found;
    if (this.mode === "move" || (this.mode === "merge" && this.first === null)) {
      this.first = found;
      this.show();
    } else if (this.mode === "merge" && this.first !== null) {
      const first = this.first;
      this.first = null;
      const merged = await this.send([{ op: "merge_pipes", pipe: first.uid, other: found.uid, if_match: await this.versionOf("pipes", first.uid) }]);
      // Either of the two may be the one that is left.
      uid = merged?.results?.[0]?.pipe ?? uid;
    } else if (this.mode === "device" || this.mode === "split") await this.cut(found.uid, place);
    else if (this.mode === "reshape") await this.reshape(found.uid);
    else if (this.mode === "delete") this.askDelete(found);
    else if (this.mode === "lifecycle") await this.send([{ op: "change_lifecycle", [found.assetClass]: found.uid, to: this.lifecycle }]);
    else await this.connect(found.uid, place);
    // On a phone the card would lie over the tool and its buttons.
    if (isWide()) workspace.selection.set([{ assetClass: found.assetClass === "pipe" ? "pipe" : "node", uid }]);
  }

  /** Split a line, or place a device on it, at its point nearest to the click: no pointer hits within the tolerance. */
  private async cut(uid: string, place: L.LatLng): Promise<void> {
    const { geometry, version } = await fetchJson<PipeAnswer>(this.workspace.api(`pipes/${uid}/`));
    const point = { type: "Point", coordinates: nearestOf(geometry.coordinates, place) };
    const what = this.mode === "device" ? { op: "place_device", kind: this.device } : { op: "split_pipe" };
    await this.send([{ ...what, pipe: uid, point, if_match: version }], point as GeoJSON.Point);
  }

  private async versionOf(list: "pipes" | "nodes", uid: string): Promise<number> {
    const { version } = await fetchJson<{ version: number }>(this.workspace.api(`${list}/${uid}/`));
    return version;
  }

  private async moveTo(place: L.LatLng): Promise<boolean> {
    const node = this.first;
    this.first = null;
    if (node === null) return true;
    const target = this.ground.at(place);
    const onto = target?.pipe ?? null;
    const position = target === null ? [place.lng, place.lat] : target.position;
    const version = await this.versionOf("nodes", node.uid);
    await this.send([{ op: "move_node", node: node.uid, geometry: { type: "Point", coordinates: position }, if_match: version, ...(onto === null ? {} : { onto_pipe: onto }) }], { type: "Point", coordinates: position });
    return true;
  }

  /** Connect the nearer end of a line to what lies at the place chosen next; or let that end go. */
  private async connect(uid: string, place: L.LatLng): Promise<void> {
    const pipe = await fetchJson<PipeAnswer>(this.workspace.api(`pipes/${uid}/`));
    const end = shareOf(pipe.geometry.coordinates, place) < 0.5 ? "start" : "end";
    if (this.mode === "disconnect") {
      await this.send([{ op: "disconnect_pipe", pipe: uid, end, if_match: pipe.version }]);
      return;
    }
    this.workspace.say(this.workspace.word("connectTo", { code: pipe.code }));
    const release = this.workspace.takeClicks(async (to) => {
      release();
      const target = this.ground.at(to);
      const where = target?.node ? { node: target.node } : target?.pipe ? { onto_pipe: target.pipe, point: { type: "Point", coordinates: target.position } } : { point: { type: "Point", coordinates: [to.lng, to.lat] } };
      await this.send([{ op: "connect_pipe", pipe: uid, end, if_match: pipe.version, ...where }]);
      return true;
    });
  }

  private askDelete(found: { assetClass: string; uid: string; code: string }): void {
    const { workspace } = this;
    const yes = make("button", { type: "button", class: "button danger", id: "delete-yes" }, workspace.word("deleteIt", { code: found.code }));
    const no = make("button", { type: "button", class: "button" }, workspace.word("cancel"));
    const box = make("div", { class: "notice warn", role: "alertdialog" }, make("div", { class: "actions" }, yes, no));
    yes.addEventListener("click", () => {
      box.remove();
      const operation = found.assetClass === "pipe" ? { op: "delete_pipe", pipe: found.uid } : { op: "delete_node", node: found.uid };
      void this.send([operation]);
    });
    no.addEventListener("click", () => box.remove());
    this.panel?.prepend(box);
    yes.focus();
  }

  // Reshaping

  private async reshape(uid: string): Promise<void> {
    const pipe = await fetchJson<PipeAnswer>(this.workspace.api(`pipes/${uid}/`));
    if (this.draw === null) return;
    const id = this.draw.getFeatureId();
    const rounded = pipe.geometry.coordinates.map((position) => position.map((number) => Number(number.toFixed(9))));
    this.draw.addFeatures([{ id, type: "Feature", geometry: { type: "LineString", coordinates: rounded }, properties: { mode: "linestring" } }]);
    this.draw.selectFeature(id);
    this.reshaping = { uid, version: pipe.version, feature: id };
    this.show();
  }

  private dropReshaping(): void {
    if (this.reshaping !== null && this.draw?.hasFeature(this.reshaping.feature) === true) this.draw.removeFeatures([this.reshaping.feature]);
    this.reshaping = null;
  }

  private async keepShape(): Promise<void> {
    const { reshaping } = this;
    if (reshaping === null) return;
    const geometry = this.draw?.getSnapshotFeature(reshaping.feature)?.geometry;
    this.clicked = performance.now();
    this.draw?.deselectFeature(reshaping.feature);
    this.dropReshaping();
    if (geometry?.type === "LineString") await this.send([{ op: "redraw_pipe", pipe: reshaping.uid, geometry, if_match: reshaping.version }], geometry);
    this.draw?.setMode("select");
  }

  // The panel

  private show(): void {
    const { panel, workspace } = this;
    if (panel === null) return;
    const modes = MODES.map((mode) => {
      const button = make("button", { type: "button", class: "mode", "data-mode": mode, "aria-pressed": String(mode === this.mode) }, workspace.word(`draw_${mode}`));
      button.addEventListener("click", () => this.setMode(mode));
      return button;
    });
    const back = make("button", { type: "button", class: "button", id: "draw-undo" }, icon("undo"), workspace.word("undo"));
    const again = make("button", { type: "button", class: "button", id: "draw-redo" }, workspace.word("redo"));
    back.addEventListener("click", () => void this.back());
    again.addEventListener("click", () => void this.again());
    const plan = this.drafts.plan === null ? [] : [make("p", { class: "notice warn" }, workspace.word("drawingInPlan", { plan: `${this.drafts.plan.code} ${this.drafts.plan.name}` }))];
    // A question stays until it is answered, however often the panel is drawn anew.
    const question = this.conflict === null ? [] : [this.conflict];
    panel.replaceChildren(...question, ...plan, make("div", { class: "modes", role: "group", "aria-label": workspace.word("drawWhat") }, ...modes), make("p", { class: "notice", id: "draw-help" }, this.help()), ...this.settings(), make("div", { class: "actions" }, back, again));
    this.tell();
  }

  private help(): string {
    if (this.first !== null) return this.workspace.word(`pickNext_${this.mode}`, { code: this.first.code });
    return this.workspace.word(this.reshaping === null ? `pick_${this.mode}` : "reshapeHelp");
  }

  private settings(): HTMLElement[] {
    const { mode, workspace } = this;
    if (mode === "pipe") return [this.templateChoice("line"), this.choice("lifecycle", LIFECYCLES, (name) => workspace.texts.states[name] ?? name), make("p", { id: "draw-measures", class: "measures", "aria-live": "off" }), this.typed(), ...this.lineButtons()];
    if (mode === "node") return [this.choice("kind", workspace.settings.kinds.filter((kind) => !workspace.settings.deviceKinds.includes(kind)), (name) => workspace.kindName(name)), this.choice("lifecycle", LIFECYCLES, (name) => workspace.texts.states[name] ?? name), this.typed()];
    if (mode === "device") return [this.choice("device", workspace.settings.deviceKinds, (name) => workspace.kindName(name))];
    if (mode === "lifecycle") return [this.choice("lifecycle", [...LIFECYCLES, "removed"], (name) => workspace.texts.states[name] ?? name)];
    if (mode === "reshape" && this.reshaping !== null) return [make("p", { id: "draw-measures", class: "measures" }), this.shapeButtons()];
    return [];
  }

  private lineButtons(): HTMLElement[] {
    const finish = make("button", { type: "button", class: "button primary", id: "draw-finish" }, this.workspace.word("finishLine"));
    const drop = make("button", { type: "button", class: "button", id: "draw-drop" }, this.workspace.word("dropLine"));
    finish.addEventListener("click", () => void this.putting.then(() => this.finishLine()));
    drop.addEventListener("click", () => {
      this.draw?.setMode("static");
      this.draw?.setMode("linestring");
      this.tell();
    });
    return [make("div", { class: "actions" }, finish, drop)];
  }

  private shapeButtons(): HTMLElement {
    const keep = make("button", { type: "button", class: "button primary", id: "shape-keep" }, this.workspace.word("keepShape"));
    const drop = make("button", { type: "button", class: "button" }, this.workspace.word("cancel"));
    keep.addEventListener("click", () => void this.keepShape());
    drop.addEventListener("click", () => {
      this.setMode("reshape");
    });
    return make("div", { class: "actions" }, keep, drop);
  }

  private choice(name: "kind" | "device" | "lifecycle", offered: readonly string[], words: (name: string) => string): HTMLElement {
    const select = make("select", { id: `draw-${name}` }, ...offered.map((value) => make("option", { value }, words(value))));
    select.value = this[name];
    select.addEventListener("change", () => (this[name] = select.value));
    return make("label", { class: "field" }, make("span", {}, this.workspace.word(`draw_choice_${name}`)), select);
  }

  private templateChoice(what: "line" | "node"): HTMLElement {
    const offered = (this.forms?.templates ?? []).filter(({ element: of }) => of === what);
    if (this.template === "" && offered[0] !== undefined) this.template = offered[0].uid;
    const select = make("select", { id: "draw-template" }, ...offered.map(({ uid, title }) => make("option", { value: uid }, title)));
    select.value = this.template;
    select.addEventListener("change", () => (this.template = select.value));
    return make("label", { class: "field" }, make("span", {}, this.workspace.word("template")), select);
  }

  /** A length, a length with a bearing, or coordinates, put in by keyboard. */
  private typed(): HTMLElement {
    // The panel is drawn anew while somebody may be typing.
    const before = document.querySelector<HTMLInputElement>("#draw-typed")?.value ?? "";
    const input = make("input", { id: "draw-typed", autocomplete: "off", placeholder: this.workspace.word("typedExample"), value: before });
    const form = make("form", { class: "inline-form" }, make("label", { class: "field" }, make("span", {}, this.workspace.word("typedLabel")), input), make("button", { class: "button" }, this.workspace.word("put")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = input.value;
      if (text.trim() === "") return;
      input.value = "";
      // One after the other: the next may be typed while what stands at the last is asked for.
      this.putting = this.putting.then(async () => {
        if (await this.put(text)) return;
        input.value = text;
        this.workspace.say(this.workspace.word("typedBad"), true);
      });
    });
    return form;
  }

  private async put(text: string): Promise<boolean> {
    const line = this.currentLine();
    const last = line.at(-1) ?? null;
    const centre = this.workspace.map.getCenter();
    const towards = last !== null && this.pointer !== null ? measuresOf([last, this.pointer]).bearing : measuresOf(line).bearing;
    const named = positionIn(text, last, towards, [centre.lng, centre.lat]);
    if (named === null) return false;
    const standing = await this.ground.standingAt(named).catch(() => null);
    // As the adapter rounds its own: terra-draw refuses more decimals.
    const position: [number, number] = standing === null ? [Number(named[0].toFixed(9)), Number(named[1].toFixed(9))] : this.snappedTo(standing);
    const place = L.latLng(position[1], position[0]);
    if (!this.workspace.map.getBounds().contains(place)) this.workspace.map.panTo(place, { animate: false });
    const { x, y } = this.workspace.map.latLngToContainerPoint(place);
    const event: TerraDrawMouseEvent = { lng: position[0], lat: position[1], containerX: x, containerY: y, button: "left", heldKeys: [], isContextMenu: false };
    if (this.mode === "node") void this.send([this.nodeOperation(position)], { type: "Point", coordinates: position });
    else {
      // A click within reach of the last point ends the line; what is typed is meant, however near it lies.
      this.draw?.updateModeOptions<typeof TerraDrawLineStringMode>("linestring", { pointerDistance: 0 });
      this.line.onMouseMove(event);
      this.line.onClick(event);
      this.draw?.updateModeOptions<typeof TerraDrawLineStringMode>("linestring", { pointerDistance: CLOSING_REACH_PX });
    }
    this.tell();
    return true;
  }

  /** The bends set so far of the line that is being drawn; the last position of the shape is where the pointer is. */
  private currentLine(): GeoJSON.Position[] {
    const drawing = this.draw?.getSnapshot().find(({ geometry, properties }) => geometry.type === "LineString" && properties["currentlyDrawing"] === true);
    return drawing?.geometry.type === "LineString" ? drawing.geometry.coordinates.slice(0, -1) : [];
  }

  /** As Enter on the map does. */
  private finishLine(): void {
    if (this.currentLine().length > 0) this.line.onKeyUp({ key: "Enter", heldKeys: [], preventDefault: () => undefined });
  }

  /** Length, bearing and bends of what is being drawn or reshaped. */
  private tell(): void {
    const place = document.getElementById("draw-measures");
    if (place === null) return;
    const shape = this.reshaping === null ? undefined : this.draw?.getSnapshotFeature(this.reshaping.feature)?.geometry;
    const drawing = this.draw?.getSnapshot().find(({ properties }) => properties["currentlyDrawing"] === true)?.geometry;
    const geometry = shape ?? drawing;
    if (geometry?.type !== "LineString") {
      place.textContent = "";
      return;
    }
    const { length, bearing, bends } = measuresOf(geometry.coordinates);
    place.textContent = this.workspace.word("measures", { length: figure(length, 2), bearing: bearing === null ? "–" : figure(bearing, 1), bends });
  }
}

export function start(workspace: Workspace): Tool {
  return new DrawTool(workspace);
}
