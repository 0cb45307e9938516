/**
 * Shows the server at work: plays the webhooks to it over HTTP and prints what
 * came out.
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

/** A carrier that plays its part, with credentials that were made up. */
export interface Player {
  readonly name: string
  readonly title: string
  readonly samples: Effect.Success<Any["samples"]>
}

/** Makes up credentials for each carrier. */
export const cast = Effect.forEach(Effect.fnUntraced(function*(carrier: Lazy) {
  const { name, title } = carrier
  const samples = yield* Effect.flatMap(carrier.load, (carrier) => carrier.samples)
  const player: Player = { name, title, samples }
  return player
}))

/** Provides the providers that receive what the players send. */
export const layerProviders = (cast: ReadonlyArray<Player>) =>
  Layer.effect(SmsProviders.SmsProviders, SmsProviders.make(cast.map(({ samples }) => samples.provider)))

// From the range that is reserved for fiction.
const customer = Address.make("+15145550142")
const ours = Address.make("+15145550100")
/** Not in the demonstration, so that their message opens a room of its own. */
const newcomer = Address.make("+15145550199")

const urlsOf = (base: string, { name }: Player) => ({
  inboundUrl: `${base}/webhooks/sms/${name}/inbound`,
  statusUrl: `${base}/webhooks/sms/${name}/status`
})

/** One webhook of each kind from a carrier, to be sent to the server at this base URL. */
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

/** What the kit knows of the message, in a few words. */
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
    return answer === 200 ? "kept: waits for its file" : "refused: in no room, and no handler saw it"
  }
  const error = status.errorCode === undefined ? "" : ` (${status.errorCode} ${status.errorMessage ?? ""})`
  return `message to ${status.recipient} is ${status.status}${error}`
})

const table = (rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  padColumns(rows).map((cells) => `  ${cells.join("  ")}`.trimEnd()).join("\n")

/** A webhook that can be posted by hand, as a command line. */
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
The server stays up. Try next:

  curl ${base}/health
  curl -H 'Authorization: Bearer ${Redacted.value(adminToken)}' ${base}/rooms${curl}

  ${base}/docs has the whole API.

To receive from your own carriers, set their variables and start again: the auth
token or secret that the carrier signs with, and PUBLIC_URL. The README lists
all. Ctrl-C ends.
`

/**
 * Plays every webhook and prints a line for each.
 */
export const play = Effect.fnUntraced(function*({ adminToken, base, cast }: {
  readonly base: string
  readonly cast: ReadonlyArray<Player>
  readonly adminToken: Redacted.Redacted<string>
}) {
  yield* Console.log(`
effect-sms listens on ${base}

No carrier is configured. So this run made up credentials, and now plays the
webhooks of each carrier to itself over HTTP: signed as the carrier signs them,
and one forged, whose content was changed after signing (with a wrong token,
where nothing is signed). The warnings are the operator's log of those.
`)
  const rows = yield* Effect.forEach(cast, (player) =>
    Effect.flatMap(
      webhooks(base, player),
      Effect.forEach(Effect.fnUntraced(function*({ kind, messageId, request }) {
        const status = yield* send(request)
        return [player.title, kind, String(status), yield* outcome(messageId, status)]
      }))
    ))
  yield* Console.log(table([["CARRIER", "WEBHOOK", "ANSWER", "WHAT CAME OUT"], ...rows.flat()]))
  yield* Console.log(next(base, adminToken, yield* curl(base, cast)))
})
