// A file chosen or dropped (#drop-zone, #file).
import { element } from "./page";

/** Call `taken` with each file that a person chooses, or drops where it says so. */
export function takeFiles(taken: (file: File) => void): void {
  const zone = element("drop-zone");
  const field = element("file", HTMLInputElement);
  field.addEventListener("change", () => {
    const chosen = field.files?.[0];
    if (chosen !== undefined) taken(chosen);
    // The same file, once it was corrected, is a change again.
    field.value = "";
  });
  for (const name of ["dragover", "dragenter"] as const) {
    zone.addEventListener(name, (event) => {
      event.preventDefault();
      zone.classList.add("over");
    });
  }
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    const dropped = event.dataTransfer?.files[0];
    if (dropped !== undefined) taken(dropped);
  });
}
