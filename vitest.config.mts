import { defineConfig } from "vitest/config";

// biome-ignore lint/style/noDefaultExport: vitest looks for one
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // They have a command of their own: test:cluster.
    exclude: ["test/cluster/**"],
    reporters: ["default", "./test/closing-line.ts"],
    // Engine tests and the vendor's SDKs start processes; two cores are busy with a few of them.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
