/** The command line, as a process of its own. */
import { Effect } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { dirname } from "node:path"

const root = new URL("../../", import.meta.url)
export const limit = 30_000

/** What npm, and the programs that it starts, need to find each other. */
export const searchPath = { PATH: `${dirname(process.execPath)}:${process.env["PATH"]}` }

export interface Run {
  readonly pid: number
  /** Waits until all of the output so far fits, and gives it. */
  readonly until: (pattern: RegExp) => Effect.Effect<string>
  readonly output: () => string
  readonly errors: () => string
  /** The code it ended with, once nothing that it started runs on, and the milliseconds from the signal. */
  readonly end: (signal: NodeJS.Signals) => Effect.Effect<readonly [code: number | null, elapsed: number]>
  readonly ended: Effect.Effect<number | null>
}

/** Signals the process and all that it started, as a terminal does. */
const signalGroup = (child: ChildProcess, signal: NodeJS.Signals): void => {
  try {
    process.kill(-child.pid!, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error
  }
}

/** Starts a program in a folder, the root of the repository by default, with these variables and no others. */
export const launch = (
  command: string,
  args: ReadonlyArray<string>,
  env: Record<string, string>,
  cwd: string | URL = root
) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() =>
        spawn(command, args, {
          cwd,
          // Not the file that a server makes by default, and the log as people read it.
          env: { DATABASE_URL: "memory:", LOG_FORMAT: "pretty", ...env },
          stdio: ["ignore", "pipe", "pipe"],
          // A process group of its own.
          detached: true
        })
      ),
      (child) => Effect.sync(() => signalGroup(child, "SIGKILL"))
    ),
    (child): Run => {
      let output = ""
      let errors = ""
      child.stdout!.on("data", (data) => output += data)
      child.stderr!.on("data", (data) => errors += data)
      const closed = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)))
      const ended = Effect.promise(() => closed)
      return {
        pid: child.pid!,
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
            // Ctrl-C reaches every process of a terminal, and a kill must leave none; a supervisor signals the one it started.
            if (signal === "SIGTERM") child.kill(signal)
            else signalGroup(child, signal)
            return Effect.map(ended, (code) => [code, performance.now() - begun] as const)
          })
      }
    }
  )

/** Starts the command line with these arguments and variables, and no others. `program` is what Node is given. */
export const run = (
  args: ReadonlyArray<string>,
  env: Record<string, string>,
  program: ReadonlyArray<string> = ["src/main.ts"]
) => launch(process.execPath, [...program, ...args], env)
