// The crew's map: what is around, drawn from the same rows as are saved, so that it looks the same without a network.
import L from "leaflet";
import { readAround } from "./field_area";
import { type FieldContext, viewHead } from "./field_context";
import { type Box, isWithin, lineMeets } from "./field_geometry";
import { byUrgency, orderRow } from "./field_orders";
import { follow } from "./field_position";
import type { FieldNode, FieldPipe, WorkOrder } from "./field_types";
import { icon, make } from "./page";
import { onTheme, shownTheme } from "./theme";

const LEAST_ZOOM = 15;
const MOST_DRAWN = 6000;
const LOOKS = {
  light: { pipe: "#12608f", idle: "#8496a3", closed: "#b3261e", node: "#0b5d8f", inside: "#ffffff", kinds: { valve: "#6d2f9c", regulator: "#6d2f9c", hydrant: "#b3261e", pump: "#1c6e43", pumping_station: "#1c6e43", bulk_meter: "#9a5b00", junction: "#12608f" } },
  dark: { pipe: "#5fb4e6", idle: "#7d8f9b", closed: "#ff8a80", node: "#7cc4f0", inside: "#16222c", kinds: { valve: "#cf9ff2", regulator: "#cf9ff2", hydrant: "#ff8a80", pump: "#7fd6a5", pumping_station: "#7fd6a5", bulk_meter: "#f0b45c", junction: "#5fb4e6" } },
};

type Elements = { nodes: FieldNode[]; pipes: FieldPipe[] };

export class FieldMap {
  private readonly map: L.Map;
  private readonly drawn = L.layerGroup();
  private readonly work = L.layerGroup();
  private readonly me = L.layerGroup();
  private readonly note = make("p", { class: "map-note", role: "status", hidden: "" });
  private readonly list = make("div", { class: "map-list" });
  private readonly forgetTheme: () => void;
  private shown: Elements = { nodes: [], pipes: [] };
  private stop: (() => void) | null = null;
  private isFollowing = false;
  /** Opened without a place: the first work shows where. */
  private isAnywhere = false;
  private heading: number | null = null;
  private loading = 0;

  constructor(
    private readonly context: FieldContext,
    host: HTMLElement,
    parts: string[],
  ) {
    const holder = make("div", { class: "field-map", role: "application", "aria-label": context.word("map") });
    const buttons = make("div", { class: "field-map-buttons" });
    host.replaceChildren(viewHead(context, context.word("map")), make("div", { class: "field-map-frame" }, holder, buttons, this.note), this.list);
    this.map = L.map(holder, { preferCanvas: true, attributionControl: false, minZoom: 4, maxZoom: 21 });
    L.control.scale({ imperial: false }).addTo(this.map);
    if (context.settings.basemap !== "") L.tileLayer(context.settings.basemap, { maxZoom: 21, maxNativeZoom: 19 }).addTo(this.map);
    for (const layer of [this.drawn, this.work, this.me]) layer.addTo(this.map);
    const locateButton = make("button", { type: "button", class: "icon-button", "aria-pressed": "false", "aria-label": context.word("followMe"), title: context.word("followMe") }, icon("locate"));
    locateButton.addEventListener("click", () => {
      this.isFollowing = !this.isFollowing;
      locateButton.setAttribute("aria-pressed", String(this.isFollowing));
      if (this.isFollowing) this.watch();
      this.centreOnMe();
    });
    buttons.append(locateButton);
    this.map.on("dragstart", () => {
      this.isFollowing = false;
      locateButton.setAttribute("aria-pressed", "false");
    });
    this.map.on("moveend", () => void this.load());
    this.forgetTheme = onTheme(() => this.draw(this.shown));
    this.open(parts);
    this.watch();
    void this.showWork();
  }

  close(): void {
    this.stop?.();
    this.forgetTheme();
    window.removeEventListener("deviceorientationabsolute", this.turned as EventListener);
    this.map.remove();
  }

  private open([lon, lat]: string[]): void {
    if (lon !== undefined && lat !== undefined) {
      const place: L.LatLngTuple = [Number(lat), Number(lon)];
      this.map.setView(place, 18);
      L.circleMarker(place, { radius: 16, color: "#b98900", weight: 3, fillColor: "#ffd23e", fillOpacity: 0.35, interactive: false }).addTo(this.map);
      return;
    }
    this.isAnywhere = this.context.here === null;
    const here = this.context.here;
    const { extent } = this.context.settings;
    if (here !== null) this.map.setView([here.coords.latitude, here.coords.longitude], 17);
    else if (extent !== null) this.map.setView([(extent[1] + extent[3]) / 2, (extent[0] + extent[2]) / 2], 16);
    else this.map.setView([41.3, 69.3], 11);
  }

  // --- me ---

  private watch(): void {
    if (this.stop !== null) return;
    this.stop = follow(
      this.context,
      () => {
        this.drawMe();
        if (this.isFollowing) this.centreOnMe();
      },
      () => this.tell(this.context.here === null ? this.context.word("noPosition") : ""),
    );
    window.addEventListener("deviceorientationabsolute", this.turned as EventListener);
  }

  private readonly turned = (event: DeviceOrientationEvent): void => {
    if (event.alpha === null) return;
    this.heading = (360 - event.alpha) % 360;
    this.drawMe();
  };

  private drawMe(): void {
    const here = this.context.here;
    if (here === null) return;
    const { latitude, longitude, accuracy, heading } = here.coords;
    const place: L.LatLngTuple = [latitude, longitude];
    this.me.clearLayers();
    L.circle(place, { radius: accuracy, color: "#0b5d8f", weight: 1, fillOpacity: 0.12, interactive: false }).addTo(this.me);
    const direction = this.heading ?? (heading !== null && Number.isFinite(heading) ? heading : null);
    const dot = make("span", { class: direction === null ? "me" : "me turned" });
    dot.style.transform = `rotate(${direction ?? 0}deg)`;
    L.marker(place, { icon: L.divIcon({ html: dot, className: "me-holder", iconSize: [24, 24] }), keyboard: false, alt: this.context.word("me"), title: this.context.word("positionKnown", { metres: Math.round(accuracy) }) }).addTo(this.me);
  }

  private centreOnMe(): void {
    const here = this.context.here;
    if (here === null || !this.isFollowing) return;
    this.map.setView([here.coords.latitude, here.coords.longitude], Math.max(this.map.getZoom(), 17));
  }

  // --- what is around ---

  private tell(text: string): void {
    this.note.textContent = text;
    this.note.hidden = text === "";
  }

  private async load(): Promise<void> {
    const mine = ++this.loading;
    if (this.map.getZoom() < LEAST_ZOOM) {
      this.drawn.clearLayers();
      this.tell(this.context.word("comeCloser"));
      return;
    }
    const bounds = this.map.getBounds();
    const box: Box = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
    const online = await this.around(box).catch(() => null);
    const found = online ?? (await this.savedAround(box));
    if (mine !== this.loading) return;
    this.draw(found);
    this.tell(online === null ? this.context.word("savedOnly") : found.nodes.length + found.pipes.length === 0 ? this.context.word("nothingHere") : "");
  }

  private async around(box: Box): Promise<Elements | null> {
    if (!navigator.onLine || !this.context.settings.maySync) return null;
    return await readAround<Elements>(box, { nodes: [], pipes: [] });
  }

  private async savedAround(box: Box): Promise<Elements> {
    const nodes = (await this.context.store.getAll("nodes")).filter((node) => isWithin(box, node));
    const pipes = (await this.context.store.getAll("pipes")).filter((pipe) => lineMeets(box, pipe.line));
    return { nodes, pipes };
  }

  private draw(found: Elements): void {
    const looks = LOOKS[shownTheme()];
    this.shown = found;
    this.drawn.clearLayers();
    for (const pipe of found.pipes.slice(0, MOST_DRAWN)) {
      const line: L.LatLngTuple[] = [];
      for (let at = 0; at + 1 < pipe.line.length; at += 2) line.push([pipe.line[at + 1] as number, pipe.line[at] as number]);
      const isClosed = pipe.status === "closed";
      const shown = L.polyline(line, { color: isClosed ? looks.closed : pipe.lifecycle === "in_service" ? looks.pipe : looks.idle, weight: 3 + Math.min(5, (pipe.diameter_m ?? 0.1) * 8), ...(isClosed ? { dashArray: "6 5" } : {}), interactive: !pipe.is_connector });
      if (!pipe.is_connector) shown.on("click", () => (window.location.hash = `#/asset/pipe/${pipe.uid}`));
      shown.addTo(this.drawn);
    }
    for (const node of found.nodes.slice(0, MOST_DRAWN)) this.drawNode(node);
  }

  private drawNode(node: FieldNode): void {
    const details = node.details ?? {};
    const isClosed = details["status"] === "closed";
    const isBad = details["is_accessible"] === false || details["is_broken"] === true;
    const looks = LOOKS[shownTheme()];
    const colour = (looks.kinds as Record<string, string>)[node.kind] ?? looks.node;
    L.circleMarker([node.lat, node.lon], {
      radius: node.kind === "junction" ? 4 : 9,
      color: isBad ? looks.closed : colour,
      weight: isBad ? 4 : 2,
      fillColor: isClosed ? colour : looks.inside,
      fillOpacity: 1,
    })
      .bindTooltip(`${this.context.kind(node.kind)} ${node.code}`)
      .on("click", () => (window.location.hash = `#/asset/node/${node.uid}`))
      .addTo(this.drawn);
  }

  private async showWork(): Promise<void> {
    if (!this.context.settings.seesWork) return;
    const { orders } = await this.context.orders();
    for (const order of orders) this.drawOrder(order);
    const first = byUrgency(orders)[0];
    if (this.isAnywhere && first !== undefined) this.map.setView([first.latitude, first.longitude], 17);
    // Every answer of the map is a list, too.
    if (orders.length > 0) this.list.replaceChildren(make("h2", {}, this.context.word("work")), make("ul", { class: "order-list" }, ...orders.map((order) => orderRow(this.context, order))));
  }

  private drawOrder(order: WorkOrder): void {
    const isMine = order.assignee === this.context.settings.viewer;
    const mark = make("span", { class: `work-mark priority-${order.priority} ${isMine ? "mine" : ""}` }, "!");
    L.marker([order.latitude, order.longitude], { icon: L.divIcon({ html: mark, className: "work-holder", iconSize: [32, 32] }), title: order.title, alt: order.title })
      .on("click", () => (window.location.hash = `#/order/${order.uid}`))
      .addTo(this.work);
  }
}
