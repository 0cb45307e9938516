/**
 * The flags of the commands that list and replay something.
 */
import * as Argument from "effect/cli/Argument"
import type * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import type * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Address } from "../Address.ts"
import { compact } from "../internal/record.ts"
import { ZonedTime } from "../internal/zonedTime.ts"
import { State } from "../sending/IntentStore.ts"
import * as Access from "./access.ts"
import { anyCase } from "./choice.ts"

/** The most items that a page of the server has. */
const maxLimit = 200

/** Builds the flag of a time. */
const time = (name: string, description: string) =>
  Flag.String(name).pipe(
    Flag.withSchema(ZonedTime),
    Flag.withMetavar("time"),
    Flag.withDescription(`${description}, as 2026-01-28T13:00:00Z`),
    Flag.optional
  )

const json = Flag.Boolean("json").pipe(
  Flag.withDescription("Print the answer as JSON"),
  Flag.withDefault(false)
)

/** The flags of every list: its filters, and which page of it to print. */
const flags = {
  number: Flag.String("number").pipe(
    Flag.withSchema(Address),
    Flag.withMetavar("number"),
    Flag.withDescription("Only those of the person with this number, in any form with its country code"),
    Flag.optional
  ),
  provider: Flag.String("provider").pipe(
    Flag.withMetavar("name"),
    Flag.withDescription("Only those of this provider"),
    Flag.optional
  ),
  since: time("since", "Only those from this time on"),
  until: time("until", "Only those before this time"),
  limit: Flag.Int("limit").pipe(
    Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: maxLimit }))),
    Flag.withMetavar("count"),
    Flag.withDescription(`The maximum number of items. 50 by default, ${maxLimit} at most`),
    Flag.optional
  ),
  cursor: Flag.String("cursor").pipe(
    Flag.withMetavar("cursor"),
    Flag.withDescription("Print the page after the one that named this cursor. Repeat its filters"),
    Flag.optional
  )
}

export const messages = {
  url: Access.url,
  ...flags,
  room: Flag.String("room").pipe(
    Flag.withMetavar("id"),
    Flag.withDescription("Only messages of the room with this id"),
    Flag.optional
  ),
  state: anyCase("state", ["received", "blocked", ...State.literals]).pipe(
    Flag.withDescription("Only messages in this state: received ones, or sent ones"),
    Flag.optional
  ),
  direction: anyCase("direction", ["inbound", "outbound"]).pipe(
    Flag.withDescription("Only received messages, or only sent ones"),
    Flag.optional
  ),
  json: json
}

export const deadLetters = {
  url: Access.url,
  ...flags,
  kind: Flag.Literals("kind", ["inbox", "forward"]).pipe(
    Flag.withDescription("Only received events that could not be processed, or those that an endpoint did not take"),
    Flag.optional
  ),
  event: Flag.String("event").pipe(
    Flag.withMetavar("event"),
    Flag.withDescription("Only this kind of event, such as InboundMessage or MessageReceived"),
    Flag.optional
  ),
  json: json
}

const count = (name: string, description: string) =>
  Flag.Int(name).pipe(
    Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))),
    Flag.withMetavar("count"),
    Flag.withDescription(description),
    Flag.optional
  )

export const replay = {
  url: Access.optionalUrl,
  id: Argument.String("id").pipe(
    Argument.withDescription("The id of a dead letter, or the webhook-id of a forwarded event"),
    Argument.optional
  ),
  since: time("since", "Forward the events from this time on again"),
  until: time("until", "With --since: only those before this time. Now by default"),
  endpoint: Flag.String("endpoint").pipe(
    Flag.withMetavar("url"),
    Flag.withDescription("With --since: forward only to this endpoint"),
    Flag.optional
  ),
  recording: Flag.String("recording").pipe(
    Flag.withMetavar("file"),
    Flag.withDescription("Send the webhooks of this recording, which effect-sms record made, to a server"),
    Flag.optional
  ),
  to: Flag.String("to").pipe(
    Flag.withMetavar("url"),
    Flag.withDescription(`With --recording: the address of the server. ${Access.defaultUrl} by default`),
    Flag.optional
  ),
  repeats: count("repeats", "With --recording: send each webhook up to so many times again. 0 by default"),
  shuffle: count("shuffle", "With --recording: let each webhook come up to so many places late. 0 by default"),
  seed: Flag.Int("seed").pipe(
    Flag.withMetavar("number"),
    Flag.withDescription("With --recording: another number repeats and shuffles in another way. 1 by default"),
    Flag.optional
  ),
  speed: Flag.Finite("speed").pipe(
    Flag.withSchema(Schema.Number.check(Schema.isBetween({ minimum: 0.001, maximum: 1_000_000 }))),
    Flag.withMetavar("factor"),
    Flag.withDescription(
      "With --recording: keep the times between webhooks, so many times as fast. As fast as the server answers by default"
    ),
    Flag.optional
  ),
  keys: Flag.Boolean("keys").pipe(
    Flag.withDescription(
      "Print new key pairs of the carriers that sign with a private key, to replay their webhooks with"
    ),
    Flag.withDefault(false)
  ),
  json: json
}

/** The values of the flags of each command. */
export type Messages = Command.Command.Config.Infer<typeof messages>
export type DeadLetters = Command.Command.Config.Infer<typeof deadLetters>
export type Replay = Command.Command.Config.Infer<typeof replay>

/** The values of the flags of every list. */
type Values = {
  readonly number: Option.Option<Address>
  readonly provider: Option.Option<string>
  readonly since: Option.Option<DateTime.Utc>
  readonly until: Option.Option<DateTime.Utc>
  readonly limit: Option.Option<number>
  readonly cursor: Option.Option<string>
}

/** Returns the query of a list. */
export const queryOf = ({ cursor, limit, number, provider, since, until }: Values) =>
  compact({
    cursor: Option.getOrUndefined(cursor),
    limit: Option.getOrUndefined(limit),
    number: Option.getOrUndefined(number),
    provider: Option.getOrUndefined(provider),
    since: Option.getOrUndefined(since),
    until: Option.getOrUndefined(until)
  })
