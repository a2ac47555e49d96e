// Which theme colours lines and nodes now, and the values that a theme needs beyond the tiles.
import { fetchJson } from "../page";
import { onTheme, shownTheme } from "../theme";
import { arrowOpacity } from "./style";
import { NODE_THEMES, nodeColour, type NodeTheme, PIPE_THEMES, pipeColour, type PipeTheme, PLAIN_BY_NIGHT, SIMULATED } from "./themes";
import type { Workspace } from "./workspace";

interface SimulationValues {
  pipes: { uid: string[]; flow_m3h: (number | null)[]; velocity_m_s: (number | null)[] };
  nodes: { uid: string[]; pressure_m: (number | null)[]; head_m: (number | null)[] };
}

interface Run {
  uid: string;
  state?: string;
}

export class Themes {
  pipes: PipeTheme = "plain";
  nodes: NodeTheme = "kind";
  /** The run and the second of it whose values colour the map; the newest run's beginning at first. */
  private run = "";
  private second = 0;
  private readonly listeners: (() => void)[] = [];
  private readonly fetched = new Set<string>();

  private static readonly ofWorkspace = new WeakMap<Workspace, Themes>();

  private constructor(private readonly workspace: Workspace) {
    // The workspace has given plain pipes the new theme's colour; they may have another.
    onTheme(() => void this.show(this.pipes, this.nodes));
  }

  static of(workspace: Workspace): Themes {
    const known = Themes.ofWorkspace.get(workspace) ?? new Themes(workspace);
    Themes.ofWorkspace.set(workspace, known);
    return known;
  }

  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  restore(pipes: string, nodes: string): void {
    const pipeTheme = PIPE_THEMES.find((theme) => theme === pipes);
    const nodeTheme = NODE_THEMES.find((theme) => theme === nodes);
    if (pipeTheme !== undefined || nodeTheme !== undefined) void this.show(pipeTheme ?? "plain", nodeTheme ?? "kind");
  }

  async show(pipes: PipeTheme, nodes: NodeTheme): Promise<void> {
    this.pipes = pipes;
    this.nodes = nodes;
    const { workspace } = this;
    await workspace.whenLoaded();
    const { gl } = workspace;
    const isDark = pipes === "plain" && shownTheme() === "dark";
    gl.setPaintProperty("pipes", "line-color", isDark ? PLAIN_BY_NIGHT : pipeColour(pipes, new Date().getFullYear()));
    const colour = nodeColour(nodes);
    gl.setPaintProperty("junctions", "circle-color", colour ?? "#ffffff");
    gl.setPaintProperty("junctions", "circle-radius", ["interpolate", ["linear"], ["zoom"], 13.5, colour === null ? 1.4 : 3, 17, colour === null ? 4.2 : 7]);
    const hasArrows = SIMULATED.has(pipes) || SIMULATED.has(nodes);
    gl.setPaintProperty("flow-ahead", "icon-opacity", arrowOpacity(1, hasArrows));
    gl.setPaintProperty("flow-back", "icon-opacity", arrowOpacity(-1, hasArrows));
    gl.setLayerZoomRange("junctions", colour === null ? 13.5 : 11, 24);
    for (const listener of this.listeners) listener();
    await this.fetchValues();
  }

  /** The run and the second of it that colour the map; null before any did. */
  get shownRun(): { simulation: string; time_s: number } | null {
    return this.run === "" ? null : { simulation: this.run, time_s: this.second };
  }

  /** Colour by another run, or another moment of it. */
  async showRun(run: string, second: number): Promise<void> {
    this.run = run;
    this.second = second;
    await this.fetchValues();
  }

  private async fetchValues(): Promise<void> {
    if (this.pipes === "breaks") await this.once("breaks", () => this.fetchBreaks());
    if (SIMULATED.has(this.pipes) || SIMULATED.has(this.nodes)) {
      if (this.run === "") this.run = await this.newestRun();
      if (this.run === "") this.workspace.say(this.workspace.word("noSimulation"));
      else await this.once(`${this.run}@${this.second}`, () => this.fetchSimulation());
    }
  }

  /** Values stay with the map's features; what stands there already is not fetched again. */
  private async once(name: string, fetchThem: () => Promise<void>): Promise<void> {
    if (this.fetched.has(name)) return;
    if (name.includes("@")) for (const other of [...this.fetched]) if (other.includes("@")) this.fetched.delete(other);
    this.fetched.add(name);
    try {
      await fetchThem();
    } catch (error) {
      this.fetched.delete(name);
      throw error;
    }
  }

  private async newestRun(): Promise<string> {
    const answer = await fetchJson<Run[] | { results: Run[] }>(this.workspace.networkApi("simulations/"));
    const runs = Array.isArray(answer) ? answer : answer.results;
    return runs[0]?.uid ?? "";
  }

  private async fetchBreaks(): Promise<void> {
    const found = await fetchJson<Record<string, number>>(this.workspace.networkApi("pipe-values/", { theme: "breaks" }));
    for (const [uid, breaks] of Object.entries(found)) this.workspace.setState({ assetClass: "pipe", uid }, { breaks });
    if (Object.keys(found).length === 0) this.workspace.say(this.workspace.word("noBreaks"));
  }

  private async fetchSimulation(): Promise<void> {
    const found = await fetchJson<SimulationValues>(this.workspace.api(`simulations/${this.run}/values/`, { time_s: String(this.second) }));
    const { pipes, nodes } = found;
    pipes.uid.forEach((uid, index) => this.workspace.setState({ assetClass: "pipe", uid }, { flow: pipes.flow_m3h[index] ?? null, velocity: pipes.velocity_m_s[index] ?? null }));
    nodes.uid.forEach((uid, index) => this.workspace.setState({ assetClass: "node", uid }, { pressure: nodes.pressure_m[index] ?? null, head: nodes.head_m[index] ?? null }));
  }
}
