/**
 * The command `effect-sms messages`: lists what a server received and sent.
 */
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Access from "./access.ts"
import * as Filters from "./filters.ts"

export const command = Command.make("messages", Filters.messages, (input) =>
  // Loaded on demand: other commands need no client of the server.
  Effect.promise(() => import("./listMessages.ts")).pipe(
    Effect.flatMap(({ list }) => list(input)),
    // Standard output contains only the list.
    Effect.provideService(Logger.LogToStderr, true)
  )).pipe(
    Command.withDescription(
      `Lists messages that a server received and sent, the latest first: local time, person, state, provider and text. When
there are more, the cursor of the next page is on the standard error stream, and in the JSON as next.

${Access.sentence("scope read")}

Exit codes: 0, 1 when the server cannot be reached or refuses, and 2 for an invalid command line.`
    ),
    Command.withShortDescription("Lists received and sent messages"),
    Command.withExamples([
      { command: "effect-sms messages --number +15145550142", description: "List the messages of a person" },
      {
        command: "effect-sms messages --direction outbound --state refused --since 2026-01-28T00:00:00Z --json",
        description: "Print the messages that were refused since then as JSON"
      }
    ])
  )
