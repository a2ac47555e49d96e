// Work that runs in the background: asked for, followed, and told when it is over.
import { fetchJson, make, postJson, Refusal } from "../page";
import type { Workspace } from "./workspace";

interface JobAnswer {
  state: string;
  progress_done: number;
  progress_total: number;
  error: string;
  result: Record<string, unknown> | null;
}

const ENDED = new Set(["succeeded", "failed", "cancelled"]);
const EACH_MS = 700;
const nothingUid = "00000000-0000-0000-0000-000000000000";

/** Ask for a job and wait for its end, its course shown in `place`. Answers its result; throws what it failed of. */
export async function runJob(workspace: Workspace, address: string, body: unknown, place: HTMLElement): Promise<Record<string, unknown>> {
  const accepted = await postJson<{ uid?: string }>(address, body);
  const { uid } = accepted;
  // What was little work is done already, and this is its result.
  if (uid === undefined) return accepted;
  return followJob(workspace, uid, place);
}

/** Wait for a job's end, its course shown in `place`. Answers its result; throws what it failed of. */
export async function followJob(workspace: Workspace, uid: string, place: HTMLElement): Promise<Record<string, unknown>> {
  const page = workspace.settings.addresses.job.replace(nothingUid, uid);
  const bar = make("progress", { "aria-label": workspace.word("jobStarted") });
  const said = make("span", { class: "small" }, workspace.word("jobStarted"));
  place.replaceChildren(make("p", { class: "job-course", role: "status" }, bar, said, make("a", { href: page }, workspace.word("openJob"))));
  const job = await endOfJob(
    (path) => workspace.api(path),
    uid,
    ({ progress_done: done, progress_total: total }) => {
      if (total === 0) return;
      bar.max = total;
      bar.value = done;
    },
  );
  place.replaceChildren();
  if (job.state !== "succeeded") throw new Refusal(job.error || job.state);
  return job.result ?? {};
}

/** Ask for a job until it has ended, telling each step. */
export async function endOfJob(api: (path: string) => string, uid: string, tell: (job: JobAnswer) => void = () => undefined): Promise<JobAnswer> {
  for (;;) {
    const job = await fetchJson<JobAnswer>(api(`jobs/${uid}/`));
    tell(job);
    if (ENDED.has(job.state)) return job;
    await new Promise((resolve) => window.setTimeout(resolve, EACH_MS));
  }
}
