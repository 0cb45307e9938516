/**
 * Demonstrates the server: sends sample webhooks to it over HTTP and prints the
 * results.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { Address } from "../Address.ts"
import * as Content from "../Content.ts"
import { padColumns } from "../internal/columns.ts"
import { partsKey } from "../mms/internal/window.ts"
import type { Any, Lazy } from "../provider/Carrier.ts"
import * as SmsProviders from "../provider/SmsProviders.ts"
import type { RoomEvent } from "../rooms/RoomEvent.ts"
import { RoomKit } from "../rooms/RoomKit.ts"
import type { WebhookRequest } from "../WebhookRequest.ts"

/** A simulated carrier, with generated credentials. */
export interface Player {
  readonly name: string
  readonly title: string
  readonly samples: Effect.Success<Any["samples"]>
}

/** Generates credentials for each carrier. */
export const cast = Effect.forEach(Effect.fnUntraced(function*(carrier: Lazy) {
  const { name, title } = carrier
  const samples = yield* Effect.flatMap(carrier.load, (carrier) => carrier.samples)
  const player: Player = { name, title, samples }
  return player
}))

/** Provides the providers that receive the players' webhooks. */
export const layerProviders = (cast: ReadonlyArray<Player>) =>
  Layer.effect(SmsProviders.SmsProviders, SmsProviders.make(cast.map(({ samples }) => samples.provider)))

// A number from the range reserved for fiction.
const customer = Address.make("+15145550142")
const ours = Address.make("+15145550100")
/** A customer outside the demonstration, whose message opens a new room. */
const newcomer = Address.make("+15145550199")

const urlsOf = (base: string, { name }: Player) => ({
  inboundUrl: `${base}/webhooks/sms/${name}/inbound`,
  statusUrl: `${base}/webhooks/sms/${name}/status`
})

/** Builds one webhook of each kind from a carrier, for the server at this base URL. */
export const webhooks = (base: string, player: Player) =>
  player.samples.webhooks({ ...urlsOf(base, player), customer, ours })

const send = Effect.fnUntraced(function*({ body, headers, url }: WebhookRequest) {
  const request = HttpClientRequest.post(url).pipe(
    HttpClientRequest.setBody(HttpBody.text(new TextDecoder().decode(body))),
    HttpClientRequest.setHeaders(headers)
  )
  const response = yield* HttpClient.execute(request)
  yield* response.text
  return response.status
})

const describe = (content: Content.Content): string => {
  const files = Content.media(content).map(({ mimeType }) => `[${mimeType ?? "file"}]`)
  const text = Content.text(content)
  return [...(text === "" ? [] : [JSON.stringify(text)]), ...files].join(" ")
}

const isOf = (messageId: string) => ({ source: { externalId, metadata } }: RoomEvent) =>
  externalId === messageId || metadata[partsKey]?.split(" ").includes(messageId) === true

/** Describes briefly what the kit did with the message. */
const outcome = Effect.fnUntraced(function*(messageId: string, answer: number) {
  const kit = yield* RoomKit
  for (const [index, room] of (yield* kit.rooms).toReversed().entries()) {
    const event = (yield* kit.events(room.id)).find(isOf(messageId))
    if (event !== undefined) {
      const { channelType, participant } = event.source
      return `room ${index + 1}: ${channelType} from ${participant}, ${describe(event.content)}`
    }
  }
  const status = (yield* kit.statuses).find((status) => status.messageId === messageId)
  if (status === undefined) {
    return answer === 200 ? "buffered: waits for its file" : "refused: no room or handler received it"
  }
  const error = status.errorCode === undefined ? "" : ` (${status.errorCode} ${status.errorMessage ?? ""})`
  return `message to ${status.recipient} is ${status.status}${error}`
})

const table = (rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  padColumns(rows).map((cells) => `  ${cells.join("  ")}`.trimEnd()).join("\n")

/** Formats a webhook that can be posted by hand as a curl command. */
const curl = Effect.fnUntraced(function*(base: string, cast: ReadonlyArray<Player>) {
  for (const player of cast) {
    const { manual } = player.samples
    if (manual === undefined) continue
    const { body, url } = yield* manual({ ...urlsOf(base, player), customer: newcomer, ours, text: "Hello from curl" })
    return `
  curl -H 'content-type: application/json' \\
    -d '${new TextDecoder().decode(body)}' \\
    '${url}'`
  }
  return ""
})

const next = (base: string, adminToken: Redacted.Redacted<string>, curl: string) => `
The server keeps running. Try next:

  curl ${base}/health
  curl -H 'Authorization: Bearer ${Redacted.value(adminToken)}' ${base}/rooms${curl}

  ${base}/docs documents the whole API.

To receive from your own carriers, set their variables and restart: the auth token
or secret that the carrier signs with, and PUBLIC_URL. The README lists all of
them. Ctrl-C stops the server.
`

/**
 * Sends every webhook and prints a line for each.
 */
export const play = Effect.fnUntraced(function*({ adminToken, base, cast }: {
  readonly base: string
  readonly cast: ReadonlyArray<Player>
  readonly adminToken: Redacted.Redacted<string>
}) {
  yield* Console.log(`
effect-sms listens on ${base}

No carrier is configured, so this is a demonstration. The server generated
credentials and now sends itself sample webhooks of each carrier over HTTP, signed
as the carrier signs them, and one forged webhook, changed after signing (or with
a wrong token, if the carrier does not sign). The warnings below are the log
entries about the forged webhooks.
`)
  const rows = yield* Effect.forEach(cast, (player) =>
    Effect.flatMap(
      webhooks(base, player),
      Effect.forEach(Effect.fnUntraced(function*({ kind, messageId, request }) {
        const status = yield* send(request)
        return [player.title, kind, String(status), yield* outcome(messageId, status)]
      }))
    ))
  yield* Console.log(table([["CARRIER", "WEBHOOK", "ANSWER", "RESULT"], ...rows.flat()]))
  yield* Console.log(next(base, adminToken, yield* curl(base, cast)))
})
