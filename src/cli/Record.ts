/**
 * The command `effect-sms record`: records webhooks without personal data.
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import type { Lazy } from "../provider/Carrier.ts"
import * as Access from "./access.ts"

const flags = {
  out: Flag.String("out").pipe(
    Flag.withMetavar("file"),
    Flag.withDescription("The recording, a new file: one line of JSON for each webhook")
  ),
  to: Flag.String("to").pipe(
    Flag.withMetavar("url"),
    Flag.withDescription(`The address of the server. ${Access.defaultUrl} by default`),
    Flag.withDefault(Access.defaultUrl)
  ),
  port: Flag.Int("port").pipe(
    Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65535 }))),
    Flag.withMetavar("port"),
    Flag.withDescription("The port to listen on, for the carrier or a tunnel. 3001 by default"),
    Flag.withDefault(3001)
  ),
  host: Flag.String("host").pipe(
    Flag.withMetavar("address"),
    Flag.withDescription("The address to listen on. 127.0.0.1 by default, where a tunnel runs"),
    Flag.withDefault("127.0.0.1")
  )
}

export const command = (carriers: ReadonlyArray<Lazy>) =>
  Command.make("record", flags, (input) =>
    Effect.promise(() => import("./recordWebhooks.ts")).pipe(
      Effect.flatMap(({ recordWebhooks }) => recordWebhooks(input, carriers)),
      // Standard output contains only what was recorded.
      Effect.provideService(Logger.LogToStderr, true)
    )).pipe(
      Command.withDescription(
        `Records the webhooks of carriers without personal data, to replay them. It listens between the carrier, or a
tunnel, and the server, passes every request on as it came, and records the webhooks that are authentic: numbers, texts,
names, places, ids and URLs are replaced, the same by the same. Ctrl-C ends the recording.

It needs the variables that the server verifies webhooks with, PUBLIC_URL among them.

Exit codes: 0 when the recording was ended, 1 when it could not start, and 2 for an invalid command line.`
      ),
      Command.withShortDescription("Records webhooks without personal data"),
      Command.withExamples([
        {
          command: "effect-sms record --out webhooks.jsonl",
          description: "Listen on port 3001, for a server on port 3000"
        }
      ])
    )
