/**
 * The command line.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Runtime from "effect/Runtime"
import * as Carriers from "../Carriers.ts"
import { version } from "../internal/version.ts"
import type { Lazy } from "../provider/Carrier.ts"
import { CodeOfInterruption, exitCodes, Failed } from "./Failed.ts"
import { presenter } from "./presenter.ts"

const serveName = "serve"

// Loaded on demand: the server's modules take a while to load, and sending needs few of them.
const serve = (carriers: ReadonlyArray<Lazy>) =>
  Command.make(
    serveName,
    {},
    () => Effect.flatMap(Effect.promise(() => import("./Serve.ts")), ({ serve }) => serve(carriers))
  ).pipe(
    Command.withDescription(
      `Receives the webhooks of the carriers and sends messages, over HTTP. Environment variables configure the server: those
of the carriers are listed below, and docs/server.md has the others: PORT, PUBLIC_URL, ADMIN_TOKEN, DATABASE_URL,
FORWARD_URL and more. Without a configured carrier, it runs a demonstration.`
    ),
    Command.withShortDescription("Receives webhooks and sends messages, over HTTP")
  )

/** The modules of the commands. Their options bring in what a single command needs, and others do not. */
const modules = (carriers: ReadonlyArray<Lazy>) =>
  [
    {
      names: ["send"],
      load: Effect.map(Effect.promise(() => import("./Send.ts")), ({ command }) => [command(carriers)])
    },
    { names: [serveName], load: Effect.succeed([serve(carriers)]) },
    { names: ["tail"], load: Effect.map(Effect.promise(() => import("./Tail.ts")), ({ command }) => [command]) },
    {
      names: ["messages"],
      load: Effect.map(Effect.promise(() => import("./Messages.ts")), ({ command }) => [command])
    },
    {
      names: ["dead-letters", "replay"],
      load: Effect.map(Effect.promise(() => import("./DeadLetters.ts")), ({ commands }) => commands(carriers))
    },
    {
      names: ["record"],
      load: Effect.map(Effect.promise(() => import("./Record.ts")), ({ command }) => [command(carriers)])
    },
    {
      names: ["doctor"],
      load: Effect.map(Effect.promise(() => import("./Doctor.ts")), ({ command }) => [command(carriers)])
    },
    {
      names: ["emulate"],
      load: Effect.map(Effect.promise(() => import("./Emulate.ts")), ({ command }) => [command(carriers)])
    },
    { names: ["init"], load: Effect.map(Effect.promise(() => import("./Init.ts")), ({ command }) => [command]) },
    { names: ["token"], load: Effect.map(Effect.promise(() => import("./Token.ts")), ({ command }) => [command]) },
    { names: ["forget"], load: Effect.map(Effect.promise(() => import("./Forget.ts")), ({ command }) => [command]) },
    { names: ["consent"], load: Effect.map(Effect.promise(() => import("./Consent.ts")), ({ command }) => [command]) },
    {
      names: ["intents", "resend", "give-up"],
      load: Effect.map(Effect.promise(() => import("./Intents.ts")), ({ commands }) => commands)
    }
  ] as const

type Subcommand = Effect.Success<ReturnType<typeof modules>[number]["load"]>[number]

/** Loads the command that the first argument names, or all of them where it names none. */
const root = Effect.fnUntraced(function*(carriers: ReadonlyArray<Lazy>, first: string | undefined) {
  const all = modules(carriers)
  const named = all.filter(({ names }) => names.some((name) => name === first))
  const loads: ReadonlyArray<Effect.Effect<ReadonlyArray<Subcommand>>> = (named.length > 0 ? named : all).map((
    { load }
  ) => load)
  const loaded = yield* Effect.all(loads, { concurrency: "unbounded" })
  return Command.make("effect-sms").pipe(
    Command.withDescription(
      `Sends and receives SMS and MMS through ${Carriers.titles(carriers)}`
    ),
    Command.withSubcommands(loaded.flat())
  )
})

/** Appends the variables of the carriers to the help of `serve`. The carriers are loaded only for that help. */
const withVariables = (carriers: ReadonlyArray<Lazy>): CliOutput.Presenter => ({
  present: Effect.fnUntraced(function*(event) {
    yield* presenter.present(event)
    if (event._tag !== "Help" || event.commandPath.at(-1) !== serveName) return
    const { help } = yield* Effect.promise(() => import("./Variables.ts"))
    yield* Console.log(`\n${yield* help(carriers)}`)
  })
})

/** How long a call to the file system may still take when the process ends. */
const fileTimeout = "1 second"

/**
 * Ends the process. Node waits for its calls to the file system when it exits,
 * for ever where that hangs, so then the process is killed.
 */
const exit = (end: () => void): void => {
  const isWaiting = () => process.getActiveResourcesInfo().some((resource) => resource.startsWith("FSReq"))
  if (!isWaiting()) return end()
  const endOrKill = Effect.sync(() => isWaiting() ? process.kill(process.pid, "SIGKILL") : end())
  Effect.runFork(Effect.delay(endOrKill, fileTimeout))
}

/**
 * Runs the command from the process arguments, and exits. Pass a list to add a
 * carrier of your own.
 *
 * @category running
 * @since 0.1.0
 */
export const main = (carriers: ReadonlyArray<Lazy> = Carriers.all): void => {
  const codeOfInterruption = Ref.makeUnsafe(0)
  const program = Effect.flatMap(root(carriers, process.argv[2]), Command.run({ version })).pipe(
    Effect.catchTag("ShowHelp", () => Effect.fail(new Failed({ code: exitCodes.usage }))),
    Effect.provideService(CodeOfInterruption, codeOfInterruption),
    Effect.provide([CliOutput.layerPresenter(withVariables(carriers)), NodeServices.layer])
  )
  NodeRuntime.runMain(program, {
    teardown: (result, onExit) => {
      // A terminal signals npm and this process, and npm passes the signal on: the second one must not kill what is ending.
      for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => {})
      Runtime.defaultTeardown(
        result,
        (code) => exit(() => onExit(code === 130 ? Ref.getUnsafe(codeOfInterruption) : code))
      )
    }
  })
}
