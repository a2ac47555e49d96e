// The list of regulators: renewed every half minute while somebody looks at it.
import { type AgeTexts, keepTellingAges, tellAges } from "./ages";
import { element, settingsOf } from "./page";
import { renew } from "./renewing";

const STEP_MS = 30_000;
const texts = settingsOf<AgeTexts>("age-texts");

async function renewAndTell(): Promise<void> {
  await renew("regulators");
  tellAges(texts);
}

tellAges(texts);
keepTellingAges(texts);
window.setInterval(() => {
  if (document.hidden || element("regulators").contains(document.activeElement)) return;
  void renewAndTell().catch(() => undefined);
}, STEP_MS);
