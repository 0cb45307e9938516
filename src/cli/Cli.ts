/**
 * The command line.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import { version } from "../internal/version.ts"
import { exitCodes, fail, Failed } from "./Failed.ts"
import * as Send from "./Send.ts"
import * as Serve from "./Serve.ts"

const root = Command.make("effect-sms").pipe(
  Command.withDescription("Sends and receives SMS and MMS through Twilio, Sinch, Telnyx and VoiceMeUp"),
  Command.withSubcommands([Send.command, Serve.command])
)

/** What is wrong with a command line, in one line, where the default would print the whole help. */
const presenter: CliOutput.Presenter = {
  present: (event) =>
    event._tag === "InvalidInvocation"
      ? Effect.ignore(fail(
        `${event.errors.map(({ message }) => message).join("; ")}. See ${event.commandPath.join(" ")} --help`
      ))
      : CliOutput.defaultPresenter.present(event)
}

/** Runs the command that the arguments of the process name, and ends the process. */
export const main = (): void => {
  const program = Command.run(root, { version }).pipe(
    Effect.catchTag("ShowHelp", () => Effect.fail(new Failed({ code: exitCodes.usage }))),
    Effect.provide(CliOutput.layerPresenter(presenter)),
    Effect.provide(NodeServices.layer)
  )
  NodeRuntime.runMain(program, {
    // To be told to end is no failure of a server.
    teardown: (exit, onExit) => Runtime.defaultTeardown(exit, (code) => onExit(code === 130 ? 0 : code))
  })
}
