import { defineConfig } from "vitest/config"

// `effect-sms` is imported from the sources, so that no test needs a build.
const conditions = ["effect-sms/source"]

// Continuous integration counts the tests in this file.
const report = process.env["TEST_REPORT"]

// They start the program, again and again: a third of the time that all tests without a service would take.
const processes = [
  "test/main/**/*.test.ts",
  "test/{emulator,fifth-carrier}/Process.test.ts",
  "test/http/MediaProcess.test.ts"
]

export default defineConfig({
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    // Loading Effect takes a second. Files share it, and all cores: a quarter of the time.
    isolate: false,
    setupFiles: "test/seed.ts",
    maxWorkers: "100%",
    // No test measures time. A property takes as long as it takes on a machine that is busy with other things.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: report === undefined ? ["default"] : ["default", ["json", { outputFile: report }]],
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: [
            ...processes,
            "test/browser/**",
            "test/crash/**",
            "test/examples/**",
            "test/integration/**",
            "test/package/**",
            "test/soak/**"
          ]
        }
      },
      { extends: true, test: { name: "processes", include: processes } },
      // Webhooks are served in front of the router, and these are the same tests without that.
      {
        extends: true,
        test: {
          name: "routed",
          include: [
            "test/http/{AccessLog,Adversarial,Conversation,Guards,Hosts,InboxKeys,Processing,RefusalLog}.test.ts",
            "test/http/{Refusals,ResponseHeaders,SlowCallers,SplitMms,Unread,Webhooks}.test.ts"
          ],
          env: { WEBHOOKS: "routed" }
        }
      },
      {
        extends: true,
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          // Each test has a database made for it, and some start processes.
          testTimeout: 30_000,
          // Starts a Postgres of its own.
          globalSetup: "test/integration/postgres.ts"
        }
      },
      {
        extends: true,
        test: {
          name: "crash",
          include: ["test/crash/**/*.test.ts"],
          // Kills servers of its own, on a Postgres of its own.
          globalSetup: "test/integration/postgres.ts"
        }
      },
      // Floods servers of its own and watches their memory.
      { extends: true, test: { name: "soak", include: ["test/soak/**/*.test.ts"] } },
      // Needs Chromium.
      { extends: true, test: { name: "browser", include: ["test/browser/**/*.test.ts"] } },
      {
        extends: true,
        test: { name: "examples", include: ["test/examples/**/*.test.ts", "examples/starter/**/*.test.ts"] }
      },
      // Packs and installs the package, which needs the build and a registry.
      { extends: true, test: { name: "package", include: ["test/package/**/*.test.ts"] } }
    ]
  }
})
