// Scanning a label with the camera; what it says can be typed as well. The reader of codes is loaded when it is used.
import { type FieldContext, viewHead } from "./field_context";
import { search } from "./field_near";
import { make } from "./page";

interface Detector {
  detect(source: HTMLVideoElement): Promise<{ rawValue: string }[]>;
}

/** Where an address on a label leads, or what else the label says. */
export function labelled(text: string): { uid: string } | { code: string } {
  const uid = /\/e\/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\/?$/i.exec(text.trim())?.[1];
  return uid === undefined ? { code: text.trim() } : { uid: uid.toLowerCase() };
}

/** The card of an element whose class is not known: a label names only its uid. */
export async function openByUid(context: FieldContext, uid: string): Promise<boolean> {
  for (const type of ["node", "pipe"] as const) {
    const saved = await (type === "node" ? context.store.get("nodes", uid) : context.store.get("pipes", uid));
    if (saved !== undefined || (context.isOnline && (await context.find(type, uid)) !== null)) {
      window.location.hash = `#/asset/${type}/${uid}`;
      return true;
    }
  }
  return false;
}

export async function makeDetector(): Promise<Detector> {
  const native = (window as unknown as { BarcodeDetector?: { new (options: object): Detector; getSupportedFormats(): Promise<string[]> } }).BarcodeDetector;
  if (native !== undefined && (await native.getSupportedFormats()).includes("qr_code")) return new native({ formats: ["qr_code"] });
  const [{ BarcodeDetector, prepareZXingModule }, { default: wasm }] = await Promise.all([import("barcode-detector/ponyfill"), import("zxing-wasm/reader/zxing_reader.wasm?url")]);
  prepareZXingModule({ overrides: { locateFile: (path: string, prefix: string) => (path.endsWith(".wasm") ? wasm : prefix + path) } });
  return new BarcodeDetector({ formats: ["qr_code"] });
}

export class Scanner {
  private stream: MediaStream | null = null;
  private isOver = false;

  constructor(
    private readonly context: FieldContext,
    private readonly host: HTMLElement,
  ) {}

  async open(): Promise<void> {
    const { context } = this;
    const video = make("video", { playsinline: "", muted: "", class: "scan-video", "aria-label": context.word("camera") });
    const note = make("p", { class: "notice", role: "status" }, context.word("pointAtLabel"));
    const input = make("input", { maxlength: "200", autocomplete: "off", autocapitalize: "characters", "aria-label": context.word("codeByHand"), placeholder: context.word("codeByHand") });
    const form = make("form", { class: "search-row" }, input, make("button", { class: "button primary" }, context.word("open")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (input.value.trim() !== "") void this.found(input.value, note);
    });
    this.host.replaceChildren(viewHead(context, context.word("scan")), video, note, make("h2", {}, context.word("orByHand")), form);
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      const detector = await makeDetector();
      video.srcObject = this.stream;
      await video.play();
      await this.watch(detector, video, note);
    } catch (error) {
      console.warn("scan:", error);
      video.hidden = true;
      note.textContent = context.word("noCamera");
      note.classList.add("warn");
    }
    if (this.isOver) this.close();
  }

  private async watch(detector: Detector, video: HTMLVideoElement, note: HTMLElement): Promise<void> {
    while (!this.isOver) {
      const [code] = video.readyState >= 2 ? await detector.detect(video) : [];
      if (code !== undefined && (await this.found(code.rawValue, note))) return;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /** Open what a label or a hand says; whether there is such a thing. */
  private async found(text: string, note: HTMLElement): Promise<boolean> {
    const label = labelled(text);
    if ("uid" in label) {
      if (await openByUid(this.context, label.uid)) return true;
    } else {
      const { found } = await search(this.context, label.code);
      const exact = found.filter((one) => one.code.toLocaleLowerCase() === label.code.toLocaleLowerCase());
      const only = exact.length === 1 ? exact[0] : found.length === 1 ? found[0] : undefined;
      if (only !== undefined) {
        window.location.hash = `#/asset/${only.asset_class}/${only.uid}`;
        return true;
      }
      if (found.length > 0) {
        window.location.hash = `#/search/${encodeURIComponent(label.code)}`;
        return true;
      }
    }
    note.textContent = this.context.word("labelUnknown", { text: text.slice(0, 60) });
    note.classList.add("warn");
    return false;
  }

  close(): void {
    this.isOver = true;
    for (const track of this.stream?.getTracks() ?? []) track.stop();
  }
}
