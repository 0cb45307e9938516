/** The command line, as a process of its own. */
import { Effect } from "effect"
import { spawn } from "node:child_process"

const root = new URL("../../", import.meta.url)
export const limit = 30_000

export interface Run {
  /** Waits until all of the output so far fits, and gives it. */
  readonly until: (pattern: RegExp) => Effect.Effect<string>
  readonly output: () => string
  readonly errors: () => string
  /** The code it ended with, and the milliseconds from the signal. */
  readonly end: (signal: NodeJS.Signals) => Effect.Effect<readonly [code: number | null, elapsed: number]>
  readonly ended: Effect.Effect<number | null>
}

/** Starts the command with these arguments and variables, and no other variables. `program` is what Node is given. */
export const run = (
  args: ReadonlyArray<string>,
  env: Record<string, string>,
  program: ReadonlyArray<string> = ["src/main.ts"]
) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() =>
        spawn(process.execPath, [...program, ...args], {
          cwd: root,
          // Not the file that a server makes by default.
          env: { DATABASE_URL: "memory:", ...env },
          stdio: ["ignore", "pipe", "pipe"]
        })
      ),
      (child) => Effect.sync(() => child.kill("SIGKILL"))
    ),
    (child): Run => {
      let output = ""
      let errors = ""
      child.stdout!.on("data", (data) => output += data)
      child.stderr!.on("data", (data) => errors += data)
      const closed = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)))
      const ended = Effect.promise(() => closed)
      return {
        output: () => output,
        errors: () => errors,
        ended,
        until: (pattern) =>
          Effect.callback<string>((resume) => {
            const check = () => {
              if (pattern.test(output)) resume(Effect.succeed(output))
              else if (child.exitCode !== null) resume(Effect.die(new Error(`It ended.\n${output}${errors}`)))
            }
            child.stdout!.on("data", check)
            child.once("close", check)
            check()
          }),
        end: (signal) =>
          Effect.suspend(() => {
            const begun = performance.now()
            child.kill(signal)
            return Effect.map(ended, (code) => [code, performance.now() - begun] as const)
          })
      }
    }
  )
