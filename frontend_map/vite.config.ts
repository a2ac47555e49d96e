import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { VitePWA } from "vite-plugin-pwa";

const source = (name: string) => fileURLToPath(new URL(`./src/${name}`, import.meta.url));
const BUILD = "/static/frontend_map/build/";

// One program per page, under fixed names that the templates know; what they share carries a hash.
export default defineConfig({
  base: "./",
  // Leaflet is django-leaflet's, loaded by its template tag before our programs.
  resolve: { alias: { leaflet: source("leaflet_global.ts") } },
  publicDir: false,
  plugins: [
    // The field page without a network. Its service worker is served from the root of the site (frontend_map/views/field.py).
    VitePWA({
      strategies: "injectManifest",
      srcDir: "src",
      filename: "offline_worker.ts",
      injectRegister: false,
      // static/frontend_map/field.webmanifest: the plugin would name its own by an address that ours is not.
      manifest: false,
      includeManifestIcons: false,
      injectManifest: {
        // What the field page is made of; the desk's map alone is a megabyte.
        globPatterns: ["base.{js,css}", "pressed_early.js", "field.{js,css}", "shared/field_*.js", "shared/page-*.js", "shared/leaflet_global-*.js", "shared/preload-helper-*.js", "shared/search_box-*.js", "shared/theme-*.js"],
        modifyURLPrefix: { "": BUILD },
      },
    }),
  ],
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
        // A plain script of every page's head: it imports nothing.
        pressed_early: source("pressed_early.ts"),
        map: source("map.ts"),
        zone: source("zone.ts"),
        water_audit: source("water_audit.ts"),
        audit_files: source("audit_files.ts"),
        losses: source("losses.ts"),
        leak_events: source("leak_events.ts"),
        // The look of the pages of losses and of the books, which share it.
        loss_pages: source("styles/loss_pages.css"),
        account: source("account.ts"),
        new_account: source("new_account.ts"),
        // The look of these two, which share it.
        accounts: source("styles/accounts.css"),
        billing: source("billing.ts"),
        bills: source("bills.ts"),
        invoice: source("invoice.ts"),
        person: source("person.ts"),
        suspense: source("suspense.ts"),
        messages: source("messages.ts"),
        meters: source("meters.ts"),
        cash_desk: source("cash_desk.ts"),
        reading_route: source("reading_route.ts"),
        handheld: source("handheld.ts"),
        field: source("field.ts"),
        work: source("work.ts"),
        job: source("job.ts"),
        api_docs: source("api_docs.ts"),
        start_job: source("start_job.ts"),
        passkeys: source("passkeys.ts"),
        pick_network: source("pick_network.ts"),
        imports: source("imports.ts"),
        register_files: source("register_files.ts"),
        sensor: source("sensor.ts"),
        sensors: source("sensors.ts"),
        feeds: source("feeds.ts"),
        alarms: source("alarms.ts"),
        alarm_rules: source("alarm_rules.ts"),
        regulators: source("regulators.ts"),
        regulator: source("regulator.ts"),
        // Of the registers, whose theme loads it as a plain script: it imports nothing.
        registers: source("registers.ts"),
        // The look of these seven, which share it.
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
