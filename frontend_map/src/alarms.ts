// The page of all alarms: renewed every half minute.
import { type AlarmTexts, listenToAlarms } from "./alarm_handling";
import { notify } from "./notice";
import { element, settingsOf } from "./page";
import { renew } from "./renewing";

const STEP_MS = 30_000;
const { api } = settingsOf<{ api: string }>("alarms-settings");
const records = element("records");

const say = (message: string, isBad: boolean): void => {
  notify(message, { isBad });
};
listenToAlarms(records, api, settingsOf<AlarmTexts>("alarms-texts"), say, () => renew("records"));
window.setInterval(() => {
  if (!document.hidden && !records.contains(document.activeElement)) void renew("records").catch(() => undefined);
}, STEP_MS);
