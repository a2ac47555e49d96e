// Acknowledging and closing alarms, wherever they are listed.
import { eventElement, failureOf, postJson } from "./page";

export interface AlarmTexts {
  acknowledged: string;
  closed: string;
  failed: string;
  loadFailed: string;
}

/** Buttons with `data-alarm` and `data-act` inside `holder` do what they say; then `done` has the list renewed. */
export function listenToAlarms(holder: HTMLElement, api: string, texts: AlarmTexts, tell: (message: string, isBad: boolean) => void, done: () => Promise<void>): void {
  holder.addEventListener("click", (event) => {
    const button = eventElement(event, "button[data-alarm]", HTMLButtonElement);
    if (button === null) return;
    const alarm = button.dataset["alarm"] ?? "";
    const act = button.dataset["act"] ?? "acknowledge";
    button.disabled = true;
    void postJson(`${api}${alarm}/${act}/`, {})
      .then(async () => {
        tell(act === "close" ? texts.closed : texts.acknowledged, false);
        await done();
      })
      .catch((error: unknown) => {
        tell(failureOf(error, texts), true);
      })
      .finally(() => (button.disabled = false));
  });
}
