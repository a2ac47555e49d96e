// Pictures of a page as files: SVG as it is, and PNG of an SVG or of a chart's canvas.

function offer(address: string, name: string): void {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
}

function svgText(svg: SVGSVGElement): string {
  return new XMLSerializer().serializeToString(svg);
}

async function pngOf(svg: SVGSVGElement): Promise<string> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svgText(svg))}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  const { width, height } = svg.viewBox.baseVal;
  canvas.width = width * 2;
  canvas.height = height * 2;
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/png");
}

/** A chart's canvas on white: it is clear where nothing is drawn. */
function pngOfCanvas(drawn: HTMLCanvasElement): string {
  const canvas = document.createElement("canvas");
  canvas.width = drawn.width;
  canvas.height = drawn.height;
  const context = canvas.getContext("2d");
  if (context !== null) {
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(drawn, 0, 0);
  }
  return canvas.toDataURL("image/png");
}

/** Make the buttons that name a picture (`data-picture`: the id around it) and a form (`svg`, `png`) give it as a file. */
export function offerPictures(prefix: string): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-picture]")) {
    button.addEventListener("click", () => {
      const { picture = "", form = "" } = button.dataset;
      const holder = document.getElementById(picture);
      const svg = holder?.querySelector("svg");
      const canvas = holder?.querySelector("canvas");
      const name = `${prefix}-${picture}.${form}`;
      if (svg instanceof SVGSVGElement && form === "svg") offer(`data:image/svg+xml;charset=utf-8,${encodeURIComponent(svgText(svg))}`, name);
      else if (svg instanceof SVGSVGElement) void pngOf(svg).then((address) => offer(address, name));
      else if (canvas instanceof HTMLCanvasElement) offer(pngOfCanvas(canvas), name);
    });
  }
}
