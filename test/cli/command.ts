/** A command of the command line in this process, with what it prints. */
import { NodeServices } from "@effect/platform-node"
import { ConfigProvider, Console, Effect } from "effect"
import { Command } from "effect/cli"
import { Failed } from "../../src/cli/Failed.ts"
import { secrets } from "../http/carriers.ts"
import { port } from "../http/server.ts"

export interface Printed {
  /** 0 when the command succeeded. */
  readonly code: number
  readonly output: string
  readonly errors: string
}

/** Runs a command to its end, with these variables. */
export const runCommand = Effect.fnUntraced(function*<Name extends string, Input, ContextInput, E, R>(
  command: Command.Command<Name, Input, ContextInput, E, R>,
  args: ReadonlyArray<string>,
  env: Record<string, string>
) {
  const [output, errors] = [Array<string>(), Array<string>()]
  const console: Console.Console = Object.assign(Object.create(globalThis.console) as Console.Console, {
    log: (line: string) => void output.push(line),
    error: (line: string) => void errors.push(line)
  })
  const code = yield* Command.runWith(command, { version: "0" })(args).pipe(
    Effect.provideService(Console.Console, console),
    Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env })),
    Effect.provide(NodeServices.layer),
    Effect.match({
      onSuccess: () => 0,
      // Anything else is an invalid command line.
      onFailure: (error: unknown) => error instanceof Failed ? error.code : 2
    })
  )
  return {
    code,
    output: output.join("\n"),
    errors: errors.join("\n")
  }
})

/** Runs commands against the gateway of the test. */
export const commander =
  <Name extends string, Input, ContextInput, E, R>(command: Command.Command<Name, Input, ContextInput, E, R>) =>
  (args: ReadonlyArray<string>, env: Record<string, string> = { ADMIN_TOKEN: secrets.admin }) =>
    Effect.flatMap(port, (port) => runCommand(command, [...args, "--url", `http://127.0.0.1:${port}`], env))
