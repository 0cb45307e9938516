/**
 * The commands `effect-sms dead-letters` and `replay`, with which an operator
 * sees and repeats what could not be processed or forwarded.
 */
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
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

const replay = Command.make(
  "replay",
  Filters.replay,
  (input) =>
    Effect.flatMap(load, ({ replay }) => replay(input)).pipe(
      Effect.provideService(Logger.LogToStderr, true)
    )
).pipe(
  Command.withDescription(
    `Processes or forwards a dead letter again, by its id. With --since instead of an id, forwards the events of a span of
time again, whether or not they were taken before. Forwarded events keep their webhook-id. An event
that had no reply yet can get one, which is sent to the person.

${Access.sentence("scope operate")}

Exit codes: 0, 1 when the server cannot be reached, refuses, or knows nothing with this id, and 2 for an invalid command
line.`
  ),
  Command.withShortDescription("Processes or forwards events again"),
  Command.withExamples([
    { command: "effect-sms replay 01M8HB1GBNV30AR446VGK6NBM8", description: "Process a dead letter again" },
    {
      command: "effect-sms replay --since 2026-01-28T13:00:00Z --until 2026-01-28T14:00:00Z",
      description: "Forward the events of an hour again"
    }
  ])
)

export const commands = [list, replay] as const
