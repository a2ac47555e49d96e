// A server that answers as the test says, and remembers what it was asked.
import { vi } from "vitest";

export interface Question {
  address: string;
  method: string;
  headers: Record<string, string>;
  body: unknown;
  signal: AbortSignal | null;
}

export interface Server {
  questions: Question[];
  addresses: () => string[];
}

type Answer = Response | Promise<Response>;

export function json(value: unknown, status = 200): Response {
  return new Response(JSON.stringify(value), { status, headers: { "Content-Type": "application/json" } });
}

/** An answer that comes when the test says so, or never when it is called off. */
export function later(signal: AbortSignal | null): { answer: Promise<Response>; give: (response: Response) => void } {
  let give: (response: Response) => void = () => undefined;
  const answer = new Promise<Response>((resolve, reject) => {
    give = resolve;
    signal?.addEventListener("abort", () => {
      reject(new DOMException("called off", "AbortError"));
    });
  });
  return { answer, give };
}

export function serve(answer: (question: Question) => Answer): Server {
  const questions: Question[] = [];
  vi.stubGlobal("fetch", async (address: string, options: RequestInit = {}) => {
    const body = typeof options.body === "string" ? (JSON.parse(options.body) as unknown) : null;
    const question = { address, method: options.method ?? "GET", headers: (options.headers ?? {}) as Record<string, string>, body, signal: options.signal ?? null };
    questions.push(question);
    return answer(question);
  });
  return { questions, addresses: () => questions.map((question) => question.address) };
}
