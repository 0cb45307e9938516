/**
 * The commands `effect-sms dead-letters` and `replay`, with which an operator
 * sees and repeats what could not be processed or forwarded.
 */
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import type { Lazy } from "../provider/Carrier.ts"
import * as Access from "./access.ts"
import * as Filters from "./filters.ts"

// Loaded on demand: the other commands need no client of the server.
const load = Effect.promise(() => import("./operateDeadLetters.ts"))

const list = Command.make(
  "dead-letters",
  Filters.deadLetters,
  (input) =>
    Effect.flatMap(load, ({ list }) => list(input)).pipe(
      // Standard output contains only the list.
      Effect.provideService(Logger.LogToStderr, true)
    )
).pipe(
  Command.withDescription(
    `Lists events that a server could not process or forward, the latest first: id, local time, kind, event, provider or
endpoint, number of failures, and the kind of the last error. When there are more, the cursor of the next page is on the standard error
stream, and in the JSON as next.

${Access.sentence("scope read")}

Exit codes: 0, 1 when the server cannot be reached or refuses, and 2 for an invalid command line.`
  ),
  Command.withShortDescription("Lists events that could not be processed or forwarded"),
  Command.withExamples([
    { command: "effect-sms dead-letters --event InboundMessage", description: "List the messages to replay" }
  ])
)

const replay = (carriers: ReadonlyArray<Lazy>) =>
  Command.make(
    "replay",
    Filters.replay,
    (input) =>
      Effect.flatMap(load, ({ replay }) => replay(input, carriers)).pipe(
        Effect.provideService(Logger.LogToStderr, true)
      )
  ).pipe(
    Command.withDescription(
      `Processes or forwards a dead letter again, by its id. With --since instead of an id, forwards the events of a span of
time again, whether or not they were taken before. Forwarded events keep their webhook-id. An event
that had no reply yet can get one, which is sent to the person. ${Access.sentence("scope operate")}

With --recording instead, sends the webhooks of a recording to a server, signed anew with the variables that the server
verifies them with. They need no token. --repeats and --shuffle vary how often and in which order they come.

Exit codes: 0, 1 when the server cannot be reached, refuses, or knows nothing with this id, and 2 for an invalid command
line.`
    ),
    Command.withShortDescription("Processes or forwards events again, or sends recorded webhooks"),
    Command.withExamples([
      { command: "effect-sms replay 01M8HB1GBNV30AR446VGK6NBM8", description: "Process a dead letter again" },
      {
        command: "effect-sms replay --since 2026-01-28T13:00:00Z --until 2026-01-28T14:00:00Z",
        description: "Forward the events of an hour again"
      },
      {
        command: "effect-sms replay --recording webhooks.jsonl --repeats 2 --shuffle 5",
        description: "Send recorded webhooks in another order, some of them several times"
      }
    ])
  )

export const commands = (carriers: ReadonlyArray<Lazy>) => [list, replay(carriers)] as const
