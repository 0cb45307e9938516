#!/usr/bin/env node
/**
 * The executable. It needs a Node package that is optional for users of the
 * library, so the command line is imported dynamically. `init` runs without it.
 */
import * as Module from "node:module"
import { refusal } from "./internal/nodeVersion.ts"

const isMissing = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND" &&
  error.message.includes("'@effect/platform-node'")

// Half of the time of a short command would be spent on compiling what the last one compiled.
// Node before 22 has none. It can run `init`, which brings a newer one.
if ("enableCompileCache" in Module) Module.enableCompileCache()

const refused = refusal(process.versions.node, process.argv.slice(2))
if (refused !== undefined) {
  process.stderr.write(`${refused}\n`)
  process.exit(1)
}

try {
  const { main } = await import("./cli/Cli.ts")
  main()
} catch (error) {
  if (!isMissing(error)) throw error
  if (process.argv[2] === "init") {
    const { main } = await import("./cli/initMain.ts")
    main()
  } else {
    process.stderr.write("effect-sms needs @effect/platform-node: npm install @effect/platform-node\n")
    process.exitCode = 1
  }
}
