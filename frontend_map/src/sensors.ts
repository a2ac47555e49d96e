// The list of devices: renewed every half minute while somebody looks at it.
import { type AgeTexts, keepTellingAges } from "./ages";
import { settingsOf } from "./page";
import { renew } from "./renewing";

const STEP_MS = 30_000;

keepTellingAges(settingsOf<AgeTexts>("age-texts"));
window.setInterval(() => {
  // Whoever tabs through the rows is not thrown out of them.
  const holder = document.getElementById("devices");
  if (document.hidden || holder?.contains(document.activeElement) === true) return;
  void renew("devices").catch(() => undefined);
}, STEP_MS);
