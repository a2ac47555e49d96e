// What the board of leak events computes: which moves there are, and what a form sends.

export type EventState = "new" | "open" | "under_investigation" | "field_work" | "closed";

export interface MoveForm {
  to: string;
  outcome: string;
  leak: string;
  pipe: string;
  position: string;
  cost: string;
  note: string;
}

export interface MoveBody {
  to: string;
  outcome?: string;
  leak?: string;
  pipe?: string;
  position?: number;
  cost?: string;
  note?: string;
}

/** What is sent of a filled form: only what belongs to the move, and nothing empty. */
export function moveBody(form: MoveForm, numberIn: (text: string) => number): MoveBody {
  const body: MoveBody = { to: form.to };
  const note = form.note.trim();
  if (note !== "") body.note = note;
  const cost = numberIn(form.cost);
  if (Number.isFinite(cost)) body.cost = cost.toFixed(2);
  if (form.to !== "closed") return body;
  body.outcome = form.outcome;
  if (form.outcome !== "found") return body;
  const position = numberIn(form.position);
  if (form.leak.trim() !== "") body.leak = form.leak.trim();
  else if (form.pipe.trim() !== "") {
    body.pipe = form.pipe.trim();
    if (Number.isFinite(position)) body.position = position;
  }
  return body;
}

/** Where an arrow key leads on the board: the column and the place in it, or null where there is nothing further. */
export function neighbour(sizes: number[], column: number, place: number, key: string): { column: number; place: number } | null {
  if (key === "ArrowDown" || key === "ArrowUp") {
    const next = place + (key === "ArrowDown" ? 1 : -1);
    return next >= 0 && next < (sizes[column] ?? 0) ? { column, place: next } : null;
  }
  if (key !== "ArrowLeft" && key !== "ArrowRight") return null;
  const step = key === "ArrowRight" ? 1 : -1;
  for (let at = column + step; at >= 0 && at < sizes.length; at += step) {
    const size = sizes[at] ?? 0;
    if (size > 0) return { column: at, place: Math.min(place, size - 1) };
  }
  return null;
}
