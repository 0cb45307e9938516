/**
 * Runs `effect-sms init` without `@effect/platform-node`, which is not installed
 * yet where the project is to be: `npx` installs this package alone.
 */
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Path from "effect/Path"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Sink from "effect/Sink"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as Terminal from "effect/Terminal"
import { version } from "../internal/version.ts"
import { exitCodes } from "./Failed.ts"
import { command } from "./Init.ts"
import { presenter } from "./presenter.ts"

/** What parsing a command line needs. `init` asks nothing, and starts nothing. */
const services = Layer.mergeAll(
  FileSystem.layerNoop({}),
  Path.layer,
  Layer.sync(
    Stdio.Stdio,
    () =>
      Stdio.make({
        args: Effect.sync(() => process.argv.slice(2)),
        stdin: Stream.empty,
        stdout: () => Sink.drain,
        stderr: () => Sink.drain
      })
  ),
  Layer.succeed(
    Terminal.Terminal,
    Terminal.make({
      columns: Effect.sync(() => process.stdout.columns ?? 80),
      rows: Effect.sync(() => process.stdout.rows ?? 24),
      size: Effect.die("init reads no keys"),
      readInput: Effect.die("init reads no keys"),
      readLine: Effect.die("init reads no keys"),
      display: () => Effect.void
    })
  ),
  Layer.succeed(
    ChildProcessSpawner.ChildProcessSpawner,
    ChildProcessSpawner.make(() => Effect.die("init starts no process"))
  )
)

/** Runs the command from the process arguments, and sets the exit code. */
export const main = (): void => {
  const root = Command.make("effect-sms").pipe(Command.withSubcommands([command]))
  const program = Command.run(root, { version }).pipe(
    Effect.as(0),
    Effect.catchTag("ShowHelp", () => Effect.succeed<number>(exitCodes.usage)),
    Effect.catchTag("Failed", ({ code }) => Effect.succeed(code)),
    Effect.provide([CliOutput.layerPresenter(presenter), services])
  )
  Effect.runFork(Effect.map(program, (code) => {
    process.exitCode = code
  }))
}
