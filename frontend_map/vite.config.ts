import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const source = (name: string) => fileURLToPath(new URL(`./src/${name}`, import.meta.url));

// One program per page, under fixed names that the templates know; what they share carries a hash.
export default defineConfig({
  base: "./",
  // Leaflet is django-leaflet's, loaded by its template tag before our programs.
  resolve: { alias: { leaflet: source("leaflet_global.ts") } },
  publicDir: false,
  build: {
    outDir: "static/frontend_map/build",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: false,
    // MapLibre alone is 1 MB; it is loaded by the map page only.
    chunkSizeWarningLimit: 1500,
    rollupOptions: {
      input: {
        base: source("base.ts"),
        map: source("map.ts"),
        zone: source("zone.ts"),
        account: source("account.ts"),
        field: source("field.ts"),
        job: source("job.ts"),
        api_docs: source("api_docs.ts"),
        start_job: source("start_job.ts"),
        pick_network: source("pick_network.ts"),
        sensor: source("sensor.ts"),
        sensors: source("sensors.ts"),
        feeds: source("feeds.ts"),
        alarms: source("alarms.ts"),
        regulators: source("regulators.ts"),
        regulator: source("regulator.ts"),
        // The look of these six, which share it.
        devices: source("styles/devices.css"),
      },
      output: {
        entryFileNames: "[name].js",
        chunkFileNames: "shared/[name]-[hash].js",
        assetFileNames: "[name][extname]",
      },
    },
  },
});
