/**
 * The command line.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Runtime from "effect/Runtime"
import { version } from "../internal/version.ts"
import { CodeOfInterruption, exitCodes, fail, Failed } from "./Failed.ts"
import * as Send from "./Send.ts"

// All that a server needs takes a while to load, and to send needs little of it.
const serve = Command.make(
  "serve",
  {},
  () => Effect.flatMap(Effect.promise(() => import("./Serve.ts")), ({ serve }) => serve)
).pipe(
  Command.withDescription(
    `Receives the webhooks of the carriers and sends messages, over HTTP. It is configured by the environment: the README
lists the variables. With no carrier configured it shows itself at work.`
  ),
  Command.withShortDescription("Receives webhooks and sends messages, over HTTP")
)

const root = Command.make("effect-sms").pipe(
  Command.withDescription("Sends and receives SMS and MMS through Twilio, Sinch, Telnyx and VoiceMeUp"),
  Command.withSubcommands([Send.command, serve])
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
  const codeOfInterruption = Ref.makeUnsafe(0)
  const program = Command.run(root, { version }).pipe(
    Effect.catchTag("ShowHelp", () => Effect.fail(new Failed({ code: exitCodes.usage }))),
    Effect.provideService(CodeOfInterruption, codeOfInterruption),
    Effect.provide([CliOutput.layerPresenter(presenter), NodeServices.layer])
  )
  NodeRuntime.runMain(program, {
    teardown: (exit, onExit) =>
      Runtime.defaultTeardown(exit, (code) => onExit(code === 130 ? Ref.getUnsafe(codeOfInterruption) : code))
  })
}
