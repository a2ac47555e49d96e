// A job's page: asks for its progress until it has ended.
import { dayName, element, fetchJson, figure, filled, postJson, Refusal, settingsOf } from "./page";

interface JobFile {
  name: string;
  size_bytes: number;
  kept_until: string;
}
interface Job {
  state: string;
  progress_done: number;
  progress_total: number;
  message: string;
  result: { file?: JobFile } | null;
  error: string;
  soft_limit_passed_at: string | null;
}
interface Settings {
  address: string;
  states: Record<string, string>;
  messages: Record<string, string>;
  lost: string;
  sure: string;
  not_cancelled: string;
  kept_until: string;
}

const settings = settingsOf<Settings>("job-settings");
const holder = element("job");
const bar = element("job-progress");
const lost = element("job-lost");
const cancel = document.querySelector<HTMLButtonElement>("#job-cancel");
const STEP_MS = 1000;
const ENDED = new Set(["succeeded", "failed", "cancelled"]);
const wasEnded = ENDED.has(holder.dataset["state"] ?? "");

function show(job: Job): void {
  const state = element("job-state");
  state.className = `state ${job.state}`;
  state.textContent = settings.states[job.state] ?? job.state;
  holder.dataset["state"] = job.state;
  const hasEnded = ENDED.has(job.state);
  const share = job.state === "succeeded" ? 1 : job.progress_total > 0 ? job.progress_done / job.progress_total : 0;
  (bar.firstElementChild as HTMLElement).style.width = `${share * 100}%`;
  bar.setAttribute("aria-valuenow", String(job.progress_done));
  bar.setAttribute("aria-valuemax", String(job.progress_total));
  element("job-message").textContent = hasEnded ? "" : (settings.messages[job.message] ?? job.message);
  element("job-count").textContent = job.progress_total > 0 ? `${figure(job.progress_done)} / ${figure(job.progress_total)}` : "";
  element("job-error").textContent = job.error;
  element("job-error").hidden = job.error === "";
  element("job-slow").hidden = hasEnded || job.soft_limit_passed_at === null;
  if (cancel !== null) cancel.hidden = hasEnded;
  showFile(job.state === "succeeded" ? job.result?.file : undefined);
}

function showFile(file: JobFile | undefined): void {
  const isKept = file !== undefined && file.kept_until >= new Date().toISOString().slice(0, 10);
  element("job-file-card").hidden = !isKept;
  if (!isKept) return;
  element("job-file-name").textContent = file.name;
  const size = file.size_bytes < 1e6 ? `${figure(Math.ceil(file.size_bytes / 1e3))} kB` : `${figure(file.size_bytes / 1e6, 1)} MB`;
  element("job-file-facts").textContent = `${size} · ${filled(settings.kept_until, { day: dayName(file.kept_until) })}`;
}

async function end(button: HTMLButtonElement): Promise<void> {
  if (!window.confirm(settings.sure)) return;
  const refusal = element("job-refusal");
  button.disabled = true;
  refusal.hidden = true;
  try {
    show(await postJson<Job>(`${settings.address}cancel/`, {}));
  } catch (error) {
    refusal.textContent = filled(settings.not_cancelled, { reason: error instanceof Refusal ? error.message : settings.lost });
    refusal.hidden = false;
  } finally {
    button.disabled = false;
  }
}

async function follow(): Promise<void> {
  for (;;) {
    try {
      const job = await fetchJson<Job>(settings.address);
      lost.hidden = true;
      show(job);
      if (ENDED.has(job.state)) {
        // The server puts the result into words.
        if (!wasEnded) window.location.reload();
        return;
      }
    } catch {
      lost.textContent = settings.lost;
      lost.hidden = false;
    }
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
}

cancel?.addEventListener("click", () => void end(cancel));
void follow();
