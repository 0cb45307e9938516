/**
 * The command `effect-sms forget`: deletes what a database has of a person.
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { argument } from "./personArgument.ts"

const config = {
  address: argument,
  json: Flag.Boolean("json").pipe(Flag.withDescription("Print the numbers as JSON"), Flag.withDefault(false))
}

export const command = Command.make(
  "forget",
  config,
  ({ address, json }) =>
    Effect.promise(() => import("./forgetPerson.ts")).pipe(
      Effect.flatMap(({ forgetPerson }) => forgetPerson(address, json)),
      // Standard output contains only the result.
      Effect.provideService(Logger.LogToStderr, true)
    )
).pipe(
  Command.withDescription(
    `Deletes what the database of DATABASE_URL has of a person, whether or not a server is running: the person's rooms,
webhooks, sends, delivery statuses, split messages and re-hosted files. A room with others stays, without the person.
Where a row of somebody else names the person, the digits of the number become nines.

Prints how many rows and files that were. Repeating the command does no harm.

Exit codes: 0 when nothing of the person is left, 1 when the database or the media store failed or is not configured,
and 2 for an invalid command line.`
  ),
  Command.withShortDescription("Deletes what the database has of a person"),
  Command.withExamples([
    { command: "effect-sms forget +15145550142", description: "Forget a person" },
    { command: "effect-sms forget +15145550142 --json", description: "Print the numbers of rows and files as JSON" }
  ])
)
