import { defineConfig } from "vitest/config";

// biome-ignore lint/style/noDefaultExport: vitest looks for one
export default defineConfig({
  test: {
    include: ["test/cluster/**/*.test.ts"],
    reporters: ["default", "./test/closing-line.ts"],
    testTimeout: 60_000,
    hookTimeout: 240_000,
    // A control plane and an engine are enough for two cores.
    maxWorkers: 1,
  },
});
