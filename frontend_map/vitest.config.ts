import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// A zone with a half hour in it, where nobody sits: a test that leans on the machine's clocks fails here.
process.env["TZ"] = "America/St_Johns";

const top = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export default defineConfig({
  root: top("."),
  test: {
    include: ["unit_tests/**/*.test.ts"],
    setupFiles: ["unit_tests/page_around.ts"],
    environment: "happy-dom",
    maxWorkers: 2,
    restoreMocks: true,
    unstubGlobals: true,
    // An unhandled rejection or error fails the run (Vitest's own default, said here since tests rely on it).
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
