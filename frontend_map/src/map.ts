// The network map: Leaflet for the map itself, MapLibre GL inside it for the vector tiles, tools beside it.
import L from "leaflet";
import "./styles/map.css";
import "./styles/map_losses.css";
import { element, make, settingsOf } from "./page";
import { notify } from "./notice";
import { startNetworkPicker } from "./network_picker";
import { type Hit, startSearchBox } from "./search_box";
import { Card } from "./map/card";
import { queryOf, viewIn, type ViewState } from "./map/permalink";
import { PickList } from "./map/pick_list";
import { Picker } from "./map/picking";
import { keyOf, referenceIn } from "./map/selection";
import { type MapSettings, type MapTexts, word } from "./map/settings";
import { HIDDEN_AT_FIRST } from "./map/style";
import { Toolbox } from "./map/tools";
import { lossesOf } from "./map/tools/losses";
import { Themes } from "./map/theming";
import { isWide, Workspace } from "./map/workspace";

const settings = settingsOf<MapSettings>("map-settings");
const texts = settingsOf<MapTexts>("map-texts");
const ELEMENT_CLASSES = ["node", "pipe", "zone"] as const;

class MapPage {
  private readonly workspace: Workspace;
  private readonly card: Card;
  private readonly tools: Toolbox;
  private readonly themes: Themes;
  private readonly view: ViewState;
  private date = "";
  /** What marks an address or coordinates that were searched for. */
  private foundPlace: L.CircleMarker | null = null;

  constructor(network: string) {
    this.view = viewIn(new URLSearchParams(window.location.search));
    this.workspace = new Workspace(settings, texts, network);
    this.card = new Card(this.workspace);
    new Picker(this.workspace);
    this.tools = new Toolbox(this.workspace);
    this.themes = Themes.of(this.workspace);
    this.restoreView();
    this.listen();
  }

  private restoreView(): void {
    const { at, hidden, shown, pipes, nodes } = this.view;
    if (at !== null) this.workspace.map.setView([at.latitude, at.longitude], at.zoom, { animate: false });
    for (const group of hidden) this.workspace.setGroup(group, false);
    for (const group of shown) this.workspace.setGroup(group, true);
    this.themes.restore(pipes, nodes);
  }

  private listen(): void {
    const { workspace } = this;
    element("fit").addEventListener("click", () => workspace.fit(true));
    element("share").addEventListener("click", () => void this.share());
    startSearchBox({
      input: element("search", HTMLInputElement),
      list: element("search-results"),
      address: `${settings.addresses.api}search/`,
      network: workspace.network,
      texts: { kinds: texts.kinds, nothingFound: word(texts, "nothingFound"), loadFailed: word(texts, "loadFailed"), found: word(texts, "found") },
      onChoose: (hit) => this.goTo(hit),
    });
    workspace.gl.on("idle", () => this.tellState());
    workspace.map.on("moveend", () => {
      this.tellCentre();
      this.remember();
    });
    workspace.selection.onChange(() => this.remember());
    this.tools.onChange(() => this.remember());
    this.themes.onChange(() => this.remember());
    lossesOf(workspace).onChange(() => this.remember());
    document.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("tarmoq:as-of", (event) => void this.showAsOf((event as CustomEvent<string>).detail));
    this.tellCentre();
  }

  /** Esc lets go of one thing at a time: the list, the tool, the selection. */
  private key(event: KeyboardEvent): void {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    if (this.foundPlace !== null) {
      this.foundPlace.remove();
      this.foundPlace = null;
    } else if (PickList.of(this.workspace).isOpen) PickList.of(this.workspace).close();
    else if (this.workspace.selection.size > 0) this.workspace.selection.clear();
    else this.tools.close();
  }

  async load(): Promise<void> {
    const { workspace, view } = this;
    const losses = lossesOf(workspace);
    const start = view.tool !== "" ? view.tool : isWide() && workspace.can("view balances") && !workspace.can("edit network") ? "losses" : "";
    await losses.load(view.month);
    losses.show(losses.month, view.basis === "billed" ? "billed" : losses.basis);
    if (start !== "") await this.tools.open(start);
    this.restoreLosses();
    if (view.date !== "") await this.showAsOf(view.date);
    await this.selectFromAddress();
    workspace.holder.dataset["started"] = "true";
  }

  /** What the zones' colours say: it needs the tool that says so. */
  private restoreLosses(): void {
    const { compare, other, look } = this.view;
    const losses = lossesOf(this.workspace);
    if (this.tools.name !== "losses") return;
    const otherMonth = losses.months.indexOf(other);
    if (compare === "beside" || compare === "difference") losses.compare(compare, otherMonth < 0 ? losses.other : otherMonth);
    else if (look === "heat") losses.setLook("heat");
  }

  private async selectFromAddress(): Promise<void> {
    const chosen = this.view.selected.map(referenceIn).filter((reference) => reference !== null);
    if (chosen.length === 0) return;
    this.workspace.selection.set(chosen);
    // The place was not given: what is chosen says where to look.
    if (this.view.at === null) await this.card.show(true);
  }

  private goTo(hit: Hit): void {
    const { workspace } = this;
    const kind = ELEMENT_CLASSES.find((name) => name === hit.class);
    // Another network is another map; accounts and bills have pages of their own.
    if (kind === undefined ? hit.longitude === null || !hit.address.startsWith(settings.addresses.page) : hit.network !== workspace.network) {
      window.location.assign(hit.address);
      return;
    }
    if (kind !== "zone" && hit.longitude !== null && hit.latitude !== null) {
      workspace.showAt([hit.latitude, hit.longitude], Math.max(workspace.map.getZoom(), 17));
    }
    this.foundPlace?.remove();
    // An address or coordinates have no card: what was found is marked and named.
    if (kind === undefined && hit.longitude !== null && hit.latitude !== null) {
      this.foundPlace = L.circleMarker([hit.latitude, hit.longitude], { radius: 9, color: "#d4006a", weight: 3, fillColor: "#ffffff", fillOpacity: 0.9 })
        .bindTooltip(make("span", {}, hit.label), { permanent: true, direction: "top", offset: [0, -8] })
        .addTo(workspace.map);
    }
    if (kind === undefined || hit.uid === null) return;
    workspace.selection.set([{ assetClass: kind, uid: hit.uid }]);
    if (kind === "zone") void this.card.show(true);
  }

  private async showAsOf(instant: string): Promise<void> {
    await this.tools.open("time");
    document.dispatchEvent(new CustomEvent("tarmoq:date", { detail: instant }));
    this.date = instant;
    this.remember();
  }

  private currentView(): ViewState {
    const { workspace } = this;
    const { lat, lng } = workspace.map.getCenter();
    const losses = lossesOf(workspace);
    const isLastMonth = losses.month === losses.months.length - 1;
    const hiddenNow = new Set(workspace.hiddenGroups);
    return {
      at: { latitude: lat, longitude: lng, zoom: workspace.map.getZoom() },
      selected: workspace.selection.elements.map(keyOf),
      tool: this.tools.name ?? "",
      hidden: [...hiddenNow].filter((group) => !HIDDEN_AT_FIRST.has(group)),
      shown: [...HIDDEN_AT_FIRST].filter((group) => !hiddenNow.has(group)),
      pipes: this.themes.pipes === "plain" ? "" : this.themes.pipes,
      nodes: this.themes.nodes === "kind" ? "" : this.themes.nodes,
      month: isLastMonth ? "" : losses.shownMonth,
      basis: losses.basis === "apportioned" ? "" : losses.basis,
      compare: losses.view === "month" ? "" : losses.view,
      other: losses.view === "month" ? "" : losses.otherMonth,
      look: losses.look === "fill" ? "" : losses.look,
      date: this.date,
    };
  }

  private remember(): void {
    window.history.replaceState(null, "", `?${queryOf(this.workspace.network, this.currentView())}`);
  }

  private async share(): Promise<void> {
    this.remember();
    try {
      await navigator.clipboard.writeText(window.location.href);
      this.workspace.say(this.workspace.word("linkCopied"));
    } catch {
      this.workspace.say(window.location.href);
    }
  }

  private tellCentre(): void {
    const centre = this.workspace.map.getCenter();
    const query = new URLSearchParams({ lon: centre.lng.toFixed(6), lat: centre.lat.toFixed(6) });
    element("near", HTMLAnchorElement).href = `${settings.addresses.field}?${query}`;
  }

  /** For tests and assistive tools: what is drawn, as data attributes of the map's element. */
  private tellState(): void {
    const { gl, holder } = this.workspace;
    const layers = ["node-symbols", "device-dots", "junctions", "pipes", "pipes-closed", "zones", "flow-ahead", "flow-back"];
    if (layers.some((layer) => gl.getLayer(layer) === undefined)) return;
    const drawn = gl.queryRenderedFeatures({ layers });
    for (const name of ["zones", "pipes", "nodes"]) {
      const uids = new Set(drawn.filter((feature) => feature.source === name).map((feature): unknown => feature.properties["uid"] ?? feature.id));
      holder.dataset[name] = String(uids.size);
    }
    const arrows = gl.queryRenderedFeatures({ layers: ["flow-ahead", "flow-back"] });
    holder.dataset["arrows"] = String(new Set(arrows.filter(({ layer, state }) => (layer.id === "flow-ahead" ? 1 : -1) * Number(state["flow"] ?? 0) > 0).map(({ id }) => id)).size);
    holder.dataset["ready"] = "true";
  }
}

function hasWebGl(): boolean {
  const canvas = document.createElement("canvas");
  return canvas.getContext("webgl2") !== null || canvas.getContext("webgl") !== null;
}

function say(name: string): void {
  notify(word(texts, name), { id: "map-message", isBad: true });
}

if (settings.network === null) {
  L.map("map", { attributionControl: false, zoomControl: false }).setView([41.3, 64.5], 6);
} else if (hasWebGl()) {
  startNetworkPicker();
  new MapPage(settings.network).load().catch((error: unknown) => {
    console.warn("map:", error);
    say("loadFailed");
  });
} else {
  say("webglMissing");
}
