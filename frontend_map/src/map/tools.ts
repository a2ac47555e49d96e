// The tools of the map: each is loaded when it is first opened, works in the panel on the left, and ends when it closes.
import { element } from "../page";
import { isWide, type Workspace } from "./workspace";

export interface Tool {
  /** Fill the panel (empty before) and begin. */
  open(panel: HTMLElement): void | Promise<void>;
  /** Whether it has brought what it is about out from under its panel itself; asked on phones, once it stands. */
  hasPlaced?(): boolean;
  /** Let go of clicks, overlays and requests. */
  close(): void;
}

export interface ToolModule {
  start(workspace: Workspace): Tool;
}

const LOADERS: Record<string, () => Promise<ToolModule>> = {
  layers: () => import("./tools/layers"),
  losses: () => import("./tools/losses"),
  draw: () => import("./tools/draw"),
  table: () => import("./tools/attribute_table"),
  print: () => import("./tools/print"),
  trace: () => import("./tools/trace"),
  isolate: () => import("./tools/isolate"),
  validate: () => import("./tools/validate"),
  simulate: () => import("./tools/simulate"),
  profile: () => import("./tools/profile"),
  zones: () => import("./tools/zones"),
  plans: () => import("./tools/plans"),
  history: () => import("./tools/history"),
  time: () => import("./tools/time"),
};

export class Toolbox {
  private readonly panel = element("tool-panel");
  private readonly body = element("tool-body");
  private readonly started = new Map<string, Tool>();
  private current: { name: string; tool: Tool } | null = null;
  private readonly listeners: ((name: string | null) => void)[] = [];

  constructor(private readonly workspace: Workspace) {
    for (const button of this.buttons()) button.addEventListener("click", () => void this.toggle(button.dataset["tool"] ?? ""));
    element("tool-close").addEventListener("click", () => this.close());
    const menu = element("tools-menu", HTMLButtonElement);
    menu.addEventListener("click", () => {
      const isOpen = element("toolbar").classList.toggle("is-open");
      menu.setAttribute("aria-expanded", String(isOpen));
    });
    // On a phone the open menu would lie over what is found.
    element("search").addEventListener("focus", () => {
      element("toolbar").classList.remove("is-open");
      menu.setAttribute("aria-expanded", "false");
    });
  }

  private buttons(): HTMLButtonElement[] {
    return [...document.querySelectorAll<HTMLButtonElement>("button[data-tool]")];
  }

  get name(): string | null {
    return this.current?.name ?? null;
  }

  onChange(listener: (name: string | null) => void): void {
    this.listeners.push(listener);
  }

  has(name: string): boolean {
    return LOADERS[name] !== undefined && this.buttons().some((button) => button.dataset["tool"] === name);
  }

  async toggle(name: string): Promise<void> {
    if (this.current?.name === name) this.close();
    else await this.open(name);
  }

  /** Open a tool and answer it once it stands; another that was open is closed. */
  async open(name: string): Promise<Tool | null> {
    const load = LOADERS[name];
    if (load === undefined || !this.has(name)) return null;
    this.close();
    element("toolbar").classList.remove("is-open");
    const tool = this.started.get(name) ?? (await load()).start(this.workspace);
    this.started.set(name, tool);
    this.current = { name, tool };
    element("tool-title").textContent = this.workspace.texts.tools[name] ?? name;
    this.body.replaceChildren();
    this.panel.hidden = false;
    this.panel.dataset["tool"] = name;
    this.tell();
    await tool.open(this.body);
    // On a phone the panel takes the lower part: what was in the middle moves out from under it.
    if (!isWide() && tool.hasPlaced?.() !== true) this.workspace.map.panBy([0, this.panel.offsetHeight / 2], { animate: false });
    return tool;
  }

  close(): void {
    if (this.current === null) return;
    const { name, tool } = this.current;
    this.current = null;
    tool.close();
    this.body.replaceChildren();
    this.panel.hidden = true;
    this.tell();
    if (isWide()) this.buttons().find((button) => button.dataset["tool"] === name)?.focus();
  }

  private tell(): void {
    for (const button of this.buttons()) button.setAttribute("aria-pressed", String(button.dataset["tool"] === this.name));
    for (const listener of this.listeners) listener(this.name);
  }
}
