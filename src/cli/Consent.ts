/**
 * The command `effect-sms consent`, with which an operator sees and changes who
 * may be texted. It calls the HTTP API of a running server.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Access from "./access.ts"
import { argument } from "./personArgument.ts"

const url = { url: Access.url }

const common = {
  ...url,
  json: Flag.Boolean("json").pipe(Flag.withDescription("Print the answer as JSON"), Flag.withDefault(false))
}

// Loaded on demand: the other commands need no client of the server.
const load = Effect.promise(() => import("./operateConsent.ts"))

const toStderr = Effect.provideService(Logger.LogToStderr, true)

const access = Access.sentence("scopes read and operate")

const codes = "Exit codes: 0, 1 when the server cannot be reached or refuses, and 2 for an invalid command line."

const sender = Flag.String("sender").pipe(
  Flag.withDescription("Our number that it concerns. All of them by default"),
  Flag.optional
)

const show = Command.make(
  "show",
  { ...common, address: argument },
  ({ address, json, url }) => toStderr(Effect.flatMap(load, ({ show }) => show(address, { json, url })))
).pipe(
  Command.withDescription(
    `Prints whether a person may be texted, and what was said about it, the latest first.

${access}

${codes}`
  ),
  Command.withShortDescription("Shows whether a person may be texted, and why"),
  Command.withExamples([{
    command: "effect-sms consent show +15145550142",
    description: "Show the consent of a person"
  }])
)

const set = Command.make(
  "set",
  {
    ...common,
    address: argument,
    action: Argument.Literals("action", ["stop", "start"]).pipe(
      Argument.withDescription("`stop` opts the person out, `start` opts the person in")
    ),
    sender,
    words: Flag.String("words").pipe(
      Flag.withDescription("A remark, such as where the person said it"),
      Flag.optional
    )
  },
  ({ action, address, sender, words, ...options }) =>
    toStderr(
      Effect.flatMap(load, ({ set }) =>
        set(address, action, {
          ...options,
          sender: Option.getOrUndefined(sender),
          words: Option.getOrUndefined(words)
        }))
    )
).pipe(
  Command.withDescription(
    `Opts a person out or in, and prints what holds now. A carrier that blocks the person by itself still does so.

${access}

${codes}`
  ),
  Command.withShortDescription("Opts a person out or in"),
  Command.withExamples([
    {
      command: "effect-sms consent set +15145550142 stop --words \"by telephone\"",
      description: "Record an opt-out that was said elsewhere"
    }
  ])
)

const importFile = Command.make(
  "import",
  {
    ...url,
    file: Argument.String("file").pipe(Argument.withDescription("A CSV file with the columns person and action"))
  },
  ({ file, url }) => toStderr(Effect.flatMap(load, ({ importFile }) => importFile(file, { url })))
).pipe(
  Command.withDescription(
    `Imports a CSV file. The columns person and action (stop or start) are required, saidAt, sender, provider and words
optional. Without saidAt, a stop counts as said now, and a start as said before everything else, so that a list of old
consents takes no opt-out back. A file with an invalid line is not imported. Repeating the command does no harm.

${access}

Exit codes: 0, 1 when the file has an invalid line, or the server cannot be reached or refuses, and 2 for an invalid
command line.`
  ),
  Command.withShortDescription("Imports opt-outs and opt-ins from a CSV file"),
  Command.withExamples([{
    command: "effect-sms consent import opt-outs.csv",
    description: "Import a list of opt-outs"
  }])
)

const exportAll = Command.make(
  "export",
  url,
  ({ url }) => toStderr(Effect.flatMap(load, ({ exportAll }) => exportAll({ url })))
).pipe(
  Command.withDescription(
    `Prints the consent ledger as CSV, the oldest entries first. A person who was forgotten has no number.

${access}

${codes}`
  ),
  Command.withShortDescription("Prints the consent ledger as CSV"),
  Command.withExamples([{ command: "effect-sms consent export > consents.csv", description: "Export the ledger" }])
)

export const command = Command.make("consent").pipe(
  Command.withDescription("Sees and changes who may be texted."),
  Command.withShortDescription("Sees and changes who may be texted"),
  Command.withSubcommands([show, set, importFile, exportAll])
)
