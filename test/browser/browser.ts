/** A real browser: the Chromium of the system. */
import { Effect, type Scope } from "effect"
import { existsSync } from "node:fs"
import { type Browser, chromium } from "playwright-core"

const candidates = [
  process.env["CHROMIUM"] ?? "",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
]

/** Starts a browser that takes each of these hosts for this machine. It is closed with the scope. */
export const launch = (...hosts: ReadonlyArray<string>): Effect.Effect<Browser, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(() => {
      const executablePath = candidates.find((path) => existsSync(path))
      if (executablePath === undefined) {
        throw new Error("These tests need Chromium: apt-get install chromium, or set CHROMIUM to its path")
      }
      const rules = hosts.map((host) => `MAP ${host} 127.0.0.1`).join(", ")
      // The user of a container is often root, for whom Chromium has no sandbox.
      return chromium.launch({ executablePath, args: ["--no-sandbox", `--host-resolver-rules=${rules}`] })
    }),
    (browser) => Effect.promise(() => browser.close())
  )
