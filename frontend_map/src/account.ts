// The account's page: what the meter counted between readings.
import uPlot from "uplot";
import { colours, dayLabel, draw, secondsOf, timeAxis, volumeAxis } from "./chart";
import { figure, settingsOf } from "./page";

interface Consumption {
  days: string[];
  volumes: number[];
  texts: { consumption: string; until: string };
}

const holder = document.getElementById("consumption-chart");
if (holder !== null) {
  const consumption = settingsOf<Consumption>("consumption");
  const bars = uPlot.paths.bars?.({ size: [0.6, 42], radius: 0.1 });
  draw(
    holder,
    {
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1e3), "Etc/UTC"),
      axes: [{ ...timeAxis(), splits: (chart) => Array.from(chart.data[0]) }, volumeAxis()],
      scales: {
        // Half a month of air on both sides, so that one bar alone is a bar too.
        x: { range: (_chart, low, high) => [low - 15 * 86400, high + 15 * 86400] },
        y: { range: (_chart, _low, high) => [0, Math.max(1, high) * 1.15] },
      },
      series: [
        { label: consumption.texts.until, value: (_chart, seconds: number | null) => (seconds === null ? "–" : dayLabel(seconds, true)) },
        {
          label: consumption.texts.consumption,
          stroke: colours.supply,
          fill: "#5b9fca",
          width: 0,
          points: { show: false },
          ...(bars === undefined ? {} : { paths: bars }),
          value: (_chart, value) => figure(value, 3),
        },
      ],
    },
    [consumption.days.map(secondsOf), consumption.volumes],
    190,
  );
}
