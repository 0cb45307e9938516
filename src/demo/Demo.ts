/**
 * Demonstrates the server with emulated carriers: people text it, it answers and
 * sends, and the results are printed.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { Address } from "../Address.ts"
import * as Keywords from "../consent/Keywords.ts"
import * as Content from "../Content.ts"
import { DeliveryTracker } from "../delivery/DeliveryTracker.ts"
import type { Exchange } from "../emulator/internal/exchanges.ts"
import type { Service as Emulator } from "../emulator/internal/service.ts"
import { padColumns } from "../internal/columns.ts"
import { partsKey } from "../mms/internal/window.ts"
import { SmsProviders } from "../provider/SmsProviders.ts"
import type { RoomEvent } from "../RoomEvent.ts"
import * as Channel from "../rooms/Channel.ts"
import * as RoomKit from "../rooms/RoomKit.ts"
import { IntentStore } from "../sending/IntentStore.ts"
import { firstRooms, next } from "./commands.ts"
import { type Picture, picture } from "./pictures.ts"

type Player = Emulator["carriers"][number]
type Row = ReadonlyArray<string>

// A number from the range reserved for fiction.
const customer = Address.make("+15145550142")
/** The digits of another number, which a forged webhook names as its sender. */
const forger = "15145550166"
/** Numbers that are documented in docs/emulator.md. */
const unreachable = Address.make("+15005551001")
const cut = Address.make("+15005551021")

/** What people ask and send, at each carrier. */
const scripts = [
  { question: "Is my order on its way?", caption: "It should look like this", image: "lamp" },
  { question: "Do you deliver on Saturday?", caption: "My front door", image: "door" },
  { question: "Can I change the address?", caption: "This is the receipt", image: "receipt" },
  { question: "Parlez-vous français ?", caption: "Our cat", image: "cat" }
] as const

const [answer, invitation] = ["Yes. We are here for you until 6 pm.", "Hello! Ask me a question, and I answer."]

const keyword = Keywords.make()

/** Returns what the assistant says to a message: nothing to a keyword, which the server answers, or to a picture. */
const answerTo = (content: Content.Content): string | undefined => {
  const text = Content.text(content).trim()
  if (text.endsWith("?")) return answer
  return text === "" || Content.media(content).length > 0 || keyword(text) !== undefined ? undefined : invitation
}

/** Provides a channel that answers people who text, and leaves what an operator says in the console alone. */
export const layerAssistant = Layer.effectDiscard(
  Effect.flatMap(RoomKit.RoomKit, (kit) =>
    kit.registerChannel(Channel.make({
      id: "assistant",
      type: "ai",
      everyRoom: true,
      deliver: Effect.fnUntraced(function*({ content, roomId, source }) {
        const text = source.direction === "inbound" ? answerTo(content) : undefined
        if (text === undefined) return
        const reply = new Content.TextContent({ text })
        yield* kit.post(roomId, { channelId: "assistant", channelType: "ai", content: reply })
      })
    })))
)

/** Repeats a look until it finds something, for at most 10 seconds. */
const until = <A, E, R>(look: Effect.Effect<A | undefined, E, R>): Effect.Effect<A | undefined, E, R> => {
  const again: Effect.Effect<A, E, R> = Effect.flatMap(
    look,
    (found) => found === undefined ? Effect.delay(again, "10 millis") : Effect.succeed(found)
  )
  return Effect.timeoutOrElse(again, { duration: "10 seconds", orElse: () => Effect.undefined })
}

const describe = (content: Content.Content): string => {
  const files = Content.media(content).map(({ mimeType }) => `[${mimeType ?? "file"}]`)
  const text = Content.text(content)
  return [...(text === "" ? [] : [JSON.stringify(text)]), ...files].join(" ")
}

const isOf = (messageId: string) => ({ source: { externalId, metadata } }: RoomEvent) =>
  externalId === messageId || metadata[partsKey]?.split(" ").includes(messageId) === true

/** Finds the event of a received message, with the number of its room. */
const findEvent = Effect.fnUntraced(function*(messageId: string) {
  const kit = yield* RoomKit.RoomKit
  for (const [index, { id }] of (yield* firstRooms).entries()) {
    const event = (yield* kit.events(id)).find(isOf(messageId))
    if (event !== undefined) return { room: index + 1, event }
  }
  return undefined
})

/** Returns the webhooks of received messages of a carrier, answered after an exchange. */
const webhooksAfter = (emulator: Emulator, { name }: Player, last: number) =>
  Effect.map(
    emulator.exchanges,
    (exchanges) =>
      exchanges.filter(({ carrier, direction, id, operation, status }) =>
        id > last && carrier === name && direction === "webhook" && operation === "inbound" && status !== undefined
      )
  )

const lastExchange = (emulator: Emulator) => Effect.map(emulator.exchanges, (exchanges) => exchanges.at(-1)?.id ?? 0)

/** Writes to the server as a person, and describes what the kit did with the message. */
const receive = Effect.fnUntraced(function*(
  emulator: Emulator,
  player: Player,
  kind: string,
  text: string,
  image?: Picture
) {
  const last = yield* lastExchange(emulator)
  const files = image === undefined ? [] : [{ type: "image/jpeg", bytes: picture(image) }]
  const { id } = yield* Effect.orDie(emulator.text({ carrier: player.name, from: customer, text, files }))
  const found = yield* until(findEvent(id))
  // The response to the webhook follows the event.
  yield* emulator.quiet({ within: 0 })
  const webhooks = yield* webhooksAfter(emulator, player, last)
  const statuses = webhooks.map(({ status }) => status).join(", ")
  const result = found === undefined
    ? "no room received it"
    : `room ${found.room}: ${found.event.source.channelType} from ${found.event.source.participant}, ${
      describe(found.event.content)
    }`
  const row: Row = [player.title, kind, statuses, result]
  return { row, webhook: webhooks[0] }
})

/** Posts a webhook again with another sender, and without the secret that its URL may have. */
const forge = Effect.fnUntraced(function*(player: Player, webhook: Exchange) {
  const { "content-length": _, host: __, ...headers } = webhook.requestHeaders
  const forged = (text: string) => text.replaceAll(customer.slice(1), forger)
  const url = forged(webhook.url.replace(/=[^&]*/g, "=forged"))
  const body = typeof webhook.requestBody === "string" ? webhook.requestBody : ""
  const response = yield* HttpClient.execute(
    HttpClientRequest.make(webhook.method === "GET" ? "GET" : "POST")(url).pipe(
      HttpClientRequest.setBody(HttpBody.text(forged(body))),
      HttpClientRequest.setHeaders(headers)
    )
  )
  yield* response.text
  const kit = yield* RoomKit.RoomKit
  const isReceived = (yield* kit.rooms).some(({ attachments }) =>
    attachments.some(({ participant }) => participant === `+${forger}`)
  )
  const result = isReceived ? "received in a room" : "refused: no room received it"
  const row: Row = [player.title, "forged", String(response.status), result]
  return row
})

const Answer = Schema.Struct({
  messageIds: Schema.optionalKey(Schema.Array(Schema.String)),
  reason: Schema.optionalKey(Schema.String)
})

const describeDelivery = Effect.fnUntraced(function*(provider: string, messageId: string) {
  const tracker = yield* DeliveryTracker
  const found = yield* until(
    Effect.map(tracker.get({ provider, messageId }), (delivery) => delivery?.isTerminal === true ? delivery : undefined)
  )
  if (found === undefined) return "accepted, and no delivery report came"
  const { errorCode, errorMessage, recipient, status } = found
  const error = errorCode === undefined ? "" : ` (${[errorCode, errorMessage].filter(Boolean).join(" ")})`
  return `message to ${recipient} is ${status}${error}`
})

/** Describes what became of a send whose answer was lost. */
const describeUnknown = Effect.fnUntraced(function*(to: Address) {
  const intents = yield* IntentStore
  const found = yield* until(
    Effect.map(
      intents.list({ limit: 100 }),
      (all) => all.find(({ message, state }) => message.to === to && state === "accepted")
    )
  )
  if (found === undefined) return "outcome unknown"
  const { receipt } = found
  const delivery = receipt === undefined ? "" : `: ${yield* describeDelivery(receipt.provider, receipt.messageIds[0])}`
  return `outcome unknown, then settled${delivery}`
})

interface Server {
  readonly base: string
  readonly token: string
}

/** Sends over HTTP, and describes the outcome. */
const send = Effect.fnUntraced(function*(
  { base, token }: Server,
  player: Player,
  purpose: string,
  to: Address
) {
  const body = { to, text: "Your parcel is here", provider: player.name }
  const response = yield* HttpClient.execute(
    HttpClientRequest.post(`${base}/messages`).pipe(
      HttpClientRequest.setBody(HttpBody.jsonUnsafe(body)),
      HttpClientRequest.bearerToken(token)
    )
  )
  const { messageIds: [id] = [], reason } = yield* HttpClientResponse.schemaBodyJson(Answer)(response)
  const result = id !== undefined
    ? yield* describeDelivery(player.name, id)
    : reason === "OutcomeUnknown"
    ? yield* describeUnknown(to)
    : `refused, and not sent: ${reason}`
  const row: Row = [player.title, purpose, String(response.status), result]
  return row
})

/** Describes the answer of the assistant that went out last. */
const answered = Effect.fnUntraced(function*(emulator: Emulator, player: Player) {
  const found = yield* until(
    Effect.map(emulator.messages(player.name), (all) => all.find(({ direction }) => direction === "outbound"))
  )
  const result = found === undefined ? "no answer" : yield* describeDelivery(player.name, found.id)
  const row: Row = [player.title, "answer in room 1", "", result]
  return row
})

const table = (rows: ReadonlyArray<Row>): string =>
  padColumns(rows).map((cells) => `  ${cells.join("  ")}`.trimEnd()).join("\n")

/** Returns what was said in the first room. */
const conversation = Effect.gen(function*() {
  const kit = yield* RoomKit.RoomKit
  const [room] = yield* firstRooms
  const events = room === undefined ? [] : yield* kit.events(room.id)
  return table(events.map(({ content, source }) => [source.participant ?? source.channelId, describe(content)]))
})

/** Lets people text the server through every carrier, and forges a webhook of each. */
const receiveAll = Effect.fnUntraced(function*(emulator: Emulator) {
  const rows: Array<Row> = []
  for (const [index, player] of emulator.carriers.entries()) {
    const { caption, image, question } = scripts[index % scripts.length]!
    const { row, webhook } = yield* receive(emulator, player, "SMS", question)
    rows.push(row, (yield* receive(emulator, player, "MMS", caption, image)).row)
    if (webhook !== undefined) rows.push(yield* forge(player, webhook))
  }
  return rows
})

/** Sends messages with each outcome, through carriers that report deliveries. */
const sendAll = Effect.fnUntraced(function*(emulator: Emulator, server: Server) {
  const { find } = yield* SmsProviders
  const [first, second = first, third = second] = emulator.carriers.filter(({ name }) => {
    const { receive, send } = Option.getOrUndefined(find(name))?.capabilities ?? {}
    return send !== undefined && receive?.deliveryStatuses === true
  })
  if (first === undefined || second === undefined || third === undefined) return []
  const reply = yield* answered(emulator, first)
  const { row: stop } = yield* receive(emulator, first, `from ${customer}`, "STOP")
  return [
    reply,
    yield* send(server, second, `to ${unreachable}`, unreachable),
    yield* send(server, third, `to ${cut}`, cut),
    stop,
    yield* send(server, first, `to ${customer}`, customer),
    // The commands that follow write to this person again.
    (yield* receive(emulator, first, `from ${customer}`, "START")).row
  ]
})

/** Lets people and the server write to each other, and prints the results. */
export const play = Effect.fnUntraced(function*({ adminToken, base, emulator, key }: {
  readonly base: string
  /** The key that opens the console once. Absent when the server has none. */
  readonly key: Redacted.Redacted<string> | undefined
  readonly emulator: Emulator
  readonly adminToken: Redacted.Redacted<string>
}) {
  const token = Redacted.value(adminToken)
  const page = key === undefined ? "" : `
Text the server from a phone, and watch it answer:

  ${base}/console/#/phone?key=${Redacted.value(key)}

The link logs in once. Later: ${base}/console with the token ${token}
`
  yield* Console.log(`${page}
effect-sms listens on ${base}

No carrier is configured, so this is a demonstration. An emulator of the carriers
runs on ${emulator.url}, and no message leaves this machine. A person texts
the server through each carrier, which posts signed webhooks. Somebody else posts
one of each carrier again, with a forged sender: the warnings below are the log
entries about the forged webhooks.
`)
  const received = yield* receiveAll(emulator)
  yield* Console.log(table([["CARRIER", "WEBHOOK", "ANSWER", "RESULT"], ...received]))
  yield* Console.log(`
The server sends too. An assistant answered each question. Of the messages below, the
second cannot be delivered, and the connection breaks during the third, before the
carrier answers. Then the person opts out, and in again. The log says so:
`)
  const sent = yield* sendAll(emulator, { base, token })
  yield* Console.log(`${table([["CARRIER", "MESSAGE", "ANSWER", "RESULT"], ...sent])}

This was said in room 1:

${yield* conversation}`)
  yield* Console.log(yield* next({ base, emulator, token }))
})
