/**
 * The command `effect-sms tail`: follows what happens on a server.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Address } from "../Address.ts"
import { Kind } from "../events/Event.ts"
import * as Access from "./access.ts"
import { fail } from "./Failed.ts"
import * as Paint from "./paint.ts"

const flags = {
  url: Access.url,
  after: Flag.Int("after").pipe(
    Flag.withSchema(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))),
    Flag.withMetavar("position"),
    Flag.withDescription("Begin after this position. 0 is the oldest event that is kept. Begins now by default"),
    Flag.optional
  ),
  room: Flag.String("room").pipe(
    Flag.withMetavar("id"),
    Flag.withDescription("Only events of this room"),
    Flag.optional
  ),
  number: Flag.String("number").pipe(
    Flag.withSchema(Address),
    Flag.withMetavar("number"),
    Flag.withDescription("Only events of the person with this number, in any form with its country code"),
    Flag.optional
  ),
  kinds: Flag.Literals("kind", Kind.literals).pipe(
    Flag.withDescription("Only events of this kind. Repeat the flag for several"),
    Flag.between(0, Kind.literals.length)
  ),
  json: Flag.Boolean("json").pipe(
    Flag.withDescription("Print each event as a line of JSON"),
    Flag.withDefault(false)
  )
}

// Loaded on demand: other commands need none of it.
const loadClient = Effect.promise(() => import("../http/MessagesClient.ts"))
const loadLine = Effect.promise(() => import("./Line.ts"))

/** Completes when the reader of standard output is gone, as `head` is after its lines. */
const readerGone = Effect.callback<void>((resume) => {
  const listener = (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") resume(Effect.void)
  }
  process.stdout.on("error", listener)
  return Effect.sync(() => process.stdout.off("error", listener))
})

const tail = Effect.fnUntraced(
  function*(
    { after, json, kinds, number, room, url }: Command.Command.Config.Infer<typeof flags>
  ) {
    const access = yield* Access.read(url, "scope read")
    // Later, a server that does not answer is waited for.
    yield* Access.check(access.baseUrl)
    const [MessagesClient, Line] = [yield* loadClient, yield* loadLine]
    const { follow } = yield* MessagesClient.make(access)
    const paint = yield* Paint.ofOutput
    const entries = follow({
      after: Option.getOrUndefined(after),
      room: Option.getOrUndefined(room),
      number: Option.getOrUndefined(number),
      ...(kinds.length > 0 && { kinds })
    })
    yield* Effect.raceFirst(
      Stream.runForEach(entries, (entry) => Console.log(json ? Line.toJson(entry) : Line.format(entry, paint))),
      readerGone
    )
  },
  Effect.catchTags({
    Unauthorized: () => fail("The server does not know the token"),
    Forbidden: () => fail("The token needs the scope read"),
    BadRequest: ({ detail }) => fail(`The server refused the request: ${detail}`),
    NotFound: () => fail("The server has no events: it is of an earlier version, or the URL is of something else"),
    ConfigError: ({ message }) => fail(message),
    InvalidVariable: ({ message }) => fail(message)
  })
)

export const command = Command.make("tail", flags, (input) =>
  tail(input).pipe(
    Effect.provide(NodeHttpClient.layerUndici),
    // Standard output contains only the events.
    Effect.provideService(Logger.LogToStderr, true)
  )).pipe(
    Command.withDescription(
      `Follows what happens on a server: messages, sends and changes of deliveries, each in one line. Reconnects when the
connection is lost, without a gap.

${Access.sentence("scope read")}

Exit codes: 0, 1 when no server answers at the start or it refuses, and 2 for an invalid command line.`
    ),
    Command.withShortDescription("Follows what happens on a server"),
    Command.withExamples([
      { command: "effect-sms tail", description: "Follow the server on this machine" },
      {
        command: "effect-sms tail --url https://sms.example.com --after 0 --kind MessageReceived --json",
        description: "Print all received messages that are kept, and then new ones, as JSON"
      }
    ])
  )
