// The page of a zone's water audit: the waterfall from the input to real losses.
import { decimalsThatAdd } from "./balances";
import { figure, settingsOf } from "./page";
import { offerPictures } from "./pictures";
import { barsOf, type Step, sumsOf, waterfallPicture } from "./waterfall";

const waterfall = document.getElementById("waterfall");
if (waterfall !== null) {
  const bars = barsOf(settingsOf<Step[]>("waterfall-data"));
  const decimals = decimalsThatAdd(sumsOf(bars));
  waterfall.append(waterfallPicture(bars, settingsOf<Record<string, string>>("audit-texts"), (value) => `${figure(value, decimals)} m³`, document.title));
}
offerPictures("water-audit");
