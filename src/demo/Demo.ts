/**
 * Demonstrates the server: sends sample webhooks to it over HTTP and prints the
 * results.
 */
import * as Console from "effect/Console"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { Address } from "../Address.ts"
import * as Content from "../Content.ts"
import { DeliveryStatus } from "../DeliveryStatus.ts"
import { padColumns } from "../internal/columns.ts"
import { partsKey } from "../mms/internal/window.ts"
import type { Any, Lazy } from "../provider/Carrier.ts"
import type { SendCapabilities, Sending } from "../provider/Sending.ts"
import * as SmsProvider from "../provider/SmsProvider.ts"
import * as SmsProviders from "../provider/SmsProviders.ts"
import type { RoomEvent } from "../RoomEvent.ts"
import * as Hook from "../rooms/Hook.ts"
import * as RoomKit from "../rooms/RoomKit.ts"
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

// A number from the range reserved for fiction.
const customer = Address.make("+15145550142")
const ours = Address.make("+15145550100")
/** A customer outside the demonstration, whose message opens a new room. */
const newcomer = Address.make("+15145550199")

/** The capabilities of a simulated carrier. */
const capabilities: SendCapabilities = {
  maxMedia: 10,
  maxLength: 1600,
  senders: ["PhoneNumber", "ShortCode", "SenderId", "ChannelAddress"],
  choosesSender: false,
  recipients: ["PhoneNumber", "ShortCode", "ChannelAddress"],
  options: ["sendAt", "validityPeriod", "statusCallback", "reference"]
}

/** Provides providers that receive the players' webhooks. They accept every outbound message, and send none. */
export const layerProviders = (cast: ReadonlyArray<Player>) =>
  Layer.effect(
    SmsProviders.SmsProviders,
    Effect.gen(function*() {
      const random = yield* SecureRandom.SecureRandom
      const deliver: Sending["deliver"] = ({ from }) =>
        Effect.map(Effect.orDie(random.ulid), (ulid) => ({
          messageId: `demo-${ulid}`,
          status: "queued",
          carrierStatus: "queued",
          sender: from
        }))
      const sending: Sending = { capabilities, policy: { from: ours }, secrets: [], deliver }
      return yield* SmsProviders.make(cast.map(({ samples: { provider } }) => {
        const { from, send } = SmsProvider.make({ name: provider.name, sending })
        return { ...provider, from, send, capabilities: { ...provider.capabilities, send: capabilities } }
      }))
    })
  )

/** Reports every accepted message as delivered. */
export const layerReports = Layer.effectDiscard(Effect.flatMap(RoomKit.RoomKit, (kit) =>
  kit.hook(Hook.afterSend({
    name: "demonstration",
    run: Effect.fnUntraced(function*({ to }, result) {
      if (Result.isFailure(result)) return
      const { messageIds, provider } = result.success
      for (const messageId of messageIds) {
        yield* kit.processDeliveryStatus(
          new DeliveryStatus({
            provider,
            messageId,
            status: "delivered",
            carrierStatus: "delivered",
            recipient: to,
            idempotencyKey: `${messageId}:delivered`,
            raw: {}
          })
        )
      }
    })
  }))))

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
  const kit = yield* RoomKit.RoomKit
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

const post = (url: string, json: string, ...headers: ReadonlyArray<string>) =>
  `curl ${["content-type: application/json", ...headers].map((header) => `-H '${header}'`).join(" ")} \\
    -d '${json}' \\
    '${url}'`

/** Command lines, grouped by purpose. */
type Commands = ReadonlyArray<readonly [purpose: string, ...lines: ReadonlyArray<string>]>

/** Builds a webhook that can be posted by hand, because its carrier does not sign. */
const webhookByHand = Effect.fnUntraced(function*(base: string, cast: ReadonlyArray<Player>) {
  for (const player of cast) {
    const { manual } = player.samples
    if (manual === undefined) continue
    const { body, url } = yield* manual({ ...urlsOf(base, player), customer: newcomer, ours, text: "Hello from curl" })
    const commands: Commands = [
      [`Receive a message through ${player.title}, in a room of its own`, post(url, new TextDecoder().decode(body))]
    ]
    return commands
  }
  return []
})

/** Builds commands with the ids of the rooms and messages of this run. */
const commandsOf = Effect.fnUntraced(function*(base: string, token: string, cast: ReadonlyArray<Player>) {
  const kit = yield* RoomKit.RoomKit
  const authorization = `Authorization: Bearer ${token}`
  const get = (path: string) => `curl -H '${authorization}' ${base}${path}`
  const rooms = (yield* kit.rooms).toReversed()
  const reports = (yield* kit.statuses).slice(0, 1)
  const message = JSON.stringify({ to: newcomer, text: "Hello from curl" })
  const commands: Commands = [
    ["List the rooms", get("/rooms")],
    [`Read what was said in rooms 1 to ${rooms.length}`, ...rooms.map(({ id }) => get(`/rooms/${id}/events`))],
    [
      "Answer in the first room",
      ...rooms.slice(0, 1).map(({ id }) =>
        post(`${base}/rooms/${id}/messages`, JSON.stringify({ text: "Hello back" }), authorization)
      )
    ],
    ["List what was received and sent", get("/messages")],
    ["Follow a message that was sent", ...reports.map(({ messageId }) => get(`/messages/${messageId}`))],
    [
      "Send a message. The simulated carriers accept it, report it as delivered, and send nothing",
      post(`${base}/messages`, message, authorization)
    ],
    ...yield* webhookByHand(base, cast)
  ]
  return commands.filter(([, ...lines]) => lines.length > 0)
})

const next = (base: string, token: string, commands: Commands) => `
The server keeps running. Try next:
${commands.map(([purpose, ...lines]) => `\n${purpose}:\n\n${lines.map((line) => `  ${line}\n`).join("")}`).join("")}
${base}/docs documents the whole API, and sends requests. After \`npm run docs\`, ${base}/docs/site has
the documentation of the library, with search.
Its token: ${token}

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
  const token = Redacted.value(adminToken)
  yield* Console.log(next(base, token, yield* commandsOf(base, token, cast)))
})
