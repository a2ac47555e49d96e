// What `npm run lint` holds the programs and their tests to: faults, and the house's limits. Layout is not its business.
import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

const brief = { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true };

export default defineConfig(
  { ignores: ["static/", "node_modules/"] },
  {
    files: ["**/*.ts"],
    extends: [js.configs.recommended, tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      complexity: ["error", 20],
      "max-lines-per-function": ["error", { max: 70 }],
      eqeqeq: "error",
      "@typescript-eslint/no-confusing-void-expression": ["error", brief],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
    },
  },
  // A block of tests is a list, not a function.
  { files: ["unit_tests/**"], rules: { "max-lines-per-function": "off" } },
);
