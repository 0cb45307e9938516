/**
 * The commands `effect-sms intents`, `resend` and `give-up`, with which an
 * operator decides about sends with an unknown outcome. They call the HTTP API
 * of a running server, which has the hooks, the carriers and the store.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import { State } from "../sending/IntentStore.ts"
import * as Access from "./access.ts"

const common = {
  url: Access.url,
  json: Flag.Boolean("json").pipe(Flag.withDescription("Print the answer as JSON"), Flag.withDefault(false))
}

const id = Argument.String("id").pipe(Argument.withDescription("The id of the send, from `effect-sms intents`"))

// Loaded on demand: the other commands need no client of the server.
const load = Effect.promise(() => import("./operateIntents.ts"))

const access = Access.sentence("scopes read and operate")

const list = Command.make(
  "intents",
  {
    ...common,
    state: Flag.Literals("state", State.literals).pipe(
      Flag.withDescription("Only sends in this state. `unknown`: those that nobody has decided about"),
      Flag.optional
    ),
    limit: Flag.Int("limit").pipe(
      Flag.withDescription("The maximum number of sends. 100 by default, 500 at most"),
      Flag.optional
    )
  },
  ({ json, limit, state, url }) =>
    Effect.flatMap(load, ({ list }) =>
      list({
        json,
        url,
        limit: Option.getOrUndefined(limit),
        state: Option.getOrUndefined(state)
      })).pipe(Effect.provideService(Logger.LogToStderr, true))
).pipe(
  Command.withDescription(
    `Lists sends, the latest first: id, state, time, provider, and why. Numbers are printed with --json alone.

${access}

Exit codes: 0, 1 when the server cannot be reached or refuses, and 2 for an invalid command line.`
  ),
  Command.withShortDescription("Lists sends, such as those with an unknown outcome"),
  Command.withExamples([
    { command: "effect-sms intents --state unknown", description: "List the sends to decide about" }
  ])
)

const resend = Command.make(
  "resend",
  { ...common, id },
  ({ id, json, url }) =>
    Effect.flatMap(load, ({ resend }) => resend(id, { json, url })).pipe(
      Effect.provideService(Logger.LogToStderr, true)
    )
).pipe(
  Command.withDescription(
    `Sends a message with an unknown outcome again. The server asks the carrier first, and sends nothing if that has the
message. Otherwise the recipient may receive it twice. A repeated command sends it only once.

${access}

Exit codes: 0 when the carrier has the message, 1 when the server cannot be reached, refuses, or knows no such send with
an unknown outcome, 2 for an invalid command line, 3 when the message was refused, 4 when the outcome is unknown again,
and 5 when only a part of it was sent.`
  ),
  Command.withShortDescription("Sends a message with an unknown outcome again")
)

const giveUp = Command.make(
  "give-up",
  { ...common, id },
  ({ id, json, url }) =>
    Effect.flatMap(load, ({ giveUp }) => giveUp(id, { json, url })).pipe(
      Effect.provideService(Logger.LogToStderr, true)
    )
).pipe(
  Command.withDescription(
    `Decides that a message with an unknown outcome is not sent again. A delivery report that comes later still tells that
it was sent.

${access}

Exit codes: 0, 1 when the server cannot be reached, refuses, or knows no such send with an unknown outcome, and 2 for an
invalid command line.`
  ),
  Command.withShortDescription("Gives up a message with an unknown outcome")
)

export const commands = [list, resend, giveUp] as const
