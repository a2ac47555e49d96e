// Files that the server makes: at once, or by a job that is waited for.
import { Refusal } from "../page";
import { endOfJob } from "./jobs";

/** Ask for a file; answers it, or the uid of the job that makes it. Throws a Refusal in the server's words. */
export async function askForFile(address: string, body: unknown): Promise<{ file: Blob; name: string } | { job: string }> {
  const token = document.querySelector<HTMLInputElement>("input[name=csrfmiddlewaretoken]")?.value ?? "";
  const response = await fetch(address, { method: "POST", credentials: "same-origin", headers: { "Content-Type": "application/json", "X-CSRFToken": token }, body: JSON.stringify(body) });
  if (response.status === 202) return { job: ((await response.json()) as { uid: string }).uid };
  if (!response.ok) {
    const answer = (await response.json().catch(() => null)) as { error?: { message?: string } } | null;
    throw new Refusal(answer?.error?.message ?? String(response.status), response.status, answer);
  }
  const name = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ?? "file";
  return { file: await response.blob(), name };
}

/** Wait for a job that makes a file; answers the address of the file. */
export async function fileOfJob(api: (path: string) => string, uid: string): Promise<string> {
  const { state, error } = await endOfJob(api, uid);
  if (state !== "succeeded") throw new Refusal(error === "" ? state : error);
  return api(`jobs/${uid}/file/`);
}

/** Hand a file to the browser, which saves it. */
export function save(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // The browser takes the file at once; its address is of no use after.
  window.setTimeout(() => {
    URL.revokeObjectURL(link.href);
  }, 10_000);
}
