// A job's page: asks for its progress until it has ended.
import { element, fetchJson, figure, settingsOf } from "./page";

interface Job {
  state: string;
  progress_done: number;
  progress_total: number;
  message: string;
  result: unknown;
  error: string;
}
interface Settings {
  address: string;
  states: Record<string, string>;
  lost: string;
}

const settings = settingsOf<Settings>("job-settings");
const holder = element("job");
const bar = element("job-progress");
const lost = element("job-lost");
const STEP_MS = 1000;

function show(job: Job): void {
  const state = element("job-state");
  state.className = `state ${job.state}`;
  state.textContent = settings.states[job.state] ?? job.state;
  holder.dataset["state"] = job.state;
  const hasEnded = job.state === "succeeded" || job.state === "failed";
  const share = job.state === "succeeded" ? 1 : job.progress_total > 0 ? job.progress_done / job.progress_total : 0;
  (bar.firstElementChild as HTMLElement).style.width = `${share * 100}%`;
  bar.setAttribute("aria-valuenow", String(job.progress_done));
  bar.setAttribute("aria-valuemax", String(job.progress_total));
  element("job-message").textContent = hasEnded ? "" : job.message;
  element("job-count").textContent = job.progress_total > 0 ? `${figure(job.progress_done)} / ${figure(job.progress_total)}` : "";
  element("job-error").textContent = job.error;
  element("job-error").hidden = job.error === "";
  element("job-result-card").hidden = job.result === null;
  element("job-result").textContent = job.result === null ? "" : JSON.stringify(job.result, null, 2);
}

async function follow(): Promise<void> {
  for (;;) {
    try {
      const job = await fetchJson<Job>(settings.address);
      lost.hidden = true;
      show(job);
      if (job.state === "succeeded" || job.state === "failed") return;
    } catch {
      lost.textContent = settings.lost;
      lost.hidden = false;
    }
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
}

void follow();
