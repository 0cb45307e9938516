/** Of a person who is forgotten nothing is left in any table, and of others all. */
import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, type Layer, type Scope, Stream } from "effect"
import type { Digest, Mac, SecureRandom } from "effect/crypto"
import { SqlClient } from "effect/sql"
import { Address } from "../../src/Address.ts"
import { ConsentLedger } from "../../src/consent/ConsentLedger.ts"
import * as Content from "../../src/Content.ts"
import { Delivery, DeliveryStore } from "../../src/delivery/DeliveryStore.ts"
import { DeliveryStatus } from "../../src/DeliveryStatus.ts"
import * as SendLimits from "../../src/guards/SendLimits.ts"
import * as SendWarnings from "../../src/guards/SendWarnings.ts"
import { Inbox } from "../../src/inbox/Inbox.ts"
import { MediaError, StoreFailed } from "../../src/media/MediaError.ts"
import { makeMemory, MediaStore } from "../../src/media/MediaStore.ts"
import { InboundMessage, OutboundMessage } from "../../src/Message.ts"
import type { Claim } from "../../src/queue/Queue.ts"
import { EventSource, RoomEvent } from "../../src/RoomEvent.ts"
import { RoomStore } from "../../src/rooms/RoomStore.ts"
import { IntentStore } from "../../src/sending/IntentStore.ts"
import * as MmsAggregatorSql from "../../src/sql/MmsAggregatorSql.ts"
import { People } from "../../src/sql/People.ts"
import type { Stores } from "../../src/sql/SqlStorage.ts"
import { Unrecognized } from "../../src/WebhookEvent.ts"
import { customer as ann, media, ours, wrapper } from "../mms/parts.ts"
import { textContent } from "../rooms/kit.ts"
import { attachment, bob, room } from "./RoomStoreSuite.ts"

const digits = ann.slice(1)
/** What must be nowhere afterwards. */
export const traces = [digits, "secret", "MX.1"]

/** All that is in the tables, as text. */
export const everything = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const tables = yield* sql.onDialectOrElse({
    pg: () => sql<{ name: string }>`SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()`,
    orElse: () => sql<{ name: string }>`SELECT name FROM sqlite_master WHERE type = 'table'`
  })
  assert.isAbove(tables.length, 10)
  const rows = yield* Effect.forEach(tables, ({ name }) => sql`SELECT * FROM ${sql(name)}`)
  return JSON.stringify(rows, (_, value: unknown) => typeof value === "bigint" ? Number(value) : value)
})

const carol = Address.make("+15145550144")

/** The number of the person, as others may write it. */
const spellings = [
  ann,
  digits,
  "+1 418 805 0723",
  "1-418-805-0723",
  "001 (418) 805-0723",
  "(418) 805-0723",
  "418-805-0723",
  "418.805.0723",
  "4188050723",
  "418\u00a0805\u20110723"
]

/** Other numbers, which have the digits of the person's, or some of them. */
const otherNumbers = [`9${digits}`, `${digits}4`, "+44 418-805-0723", "+44 4188050723", "805-0723", "418-805-0724"]

const from = (sender: Address, id: string, text: string) =>
  new InboundMessage({
    provider: "mock",
    channelId: "sms",
    idempotencyKey: id,
    sender,
    recipient: ours,
    content: textContent(text),
    metadata: {},
    raw: { from: sender.replace("+", ""), number: Number(digits), text }
  })

const said = (id: string, roomId: string, participant: Address | undefined, content: Content.Content | string) =>
  new RoomEvent({
    id,
    roomId,
    source: new EventSource({
      channelId: "sms",
      channelType: "sms",
      direction: participant === undefined ? "outbound" : "inbound",
      ...(participant !== undefined && { participant }),
      metadata: {}
    }),
    content: typeof content === "string" ? textContent(content) : content,
    createdAt: DateTime.makeUnsafe(0)
  })

export const report = (messageId: string, recipient: Address | undefined, raw: string) =>
  new DeliveryStatus({
    provider: "mock",
    messageId,
    status: "delivered",
    carrierStatus: "delivered",
    idempotencyKey: messageId,
    ...(recipient !== undefined && { recipient }),
    raw: { to: raw }
  })

/** Something of the person in every table, and something of another person beside it. */
const fill = Effect.gen(function*() {
  const [deliveries, inbox, intents, rooms] = [
    yield* DeliveryStore,
    yield* Inbox,
    yield* IntentStore,
    yield* RoomStore
  ]
  const alias = Address.make("whatsapp:MX.1")
  const route = (sender: Address, channelId: string, ...senderAliases: ReadonlyArray<Address>) =>
    rooms.route(
      { channelId, recipient: ours, sender, senderAliases },
      () => room(`${channelId} of ${sender === bob ? "bob" : "ann"}`, attachment(channelId, ours, sender))
    )
  yield* route(ann, "sms")
  for (const aliases of [[], [alias]]) yield* route(Address.make(`whatsapp:${ann}`), "whatsapp", ...aliases)
  yield* route(bob, "sms")
  yield* rooms.create(room("both", attachment("group", ours, ann), attachment("group", ours, bob)))
  yield* rooms.append(said("1", "sms of ann", ann, "secret 1"))
  yield* rooms.append(said("2", "sms of ann", undefined, "secret answer"))
  yield* rooms.append(said("3", "both", ann, "secret 2"))
  yield* rooms.append(said("4", "both", bob, `her number is ${ann}`))
  yield* rooms.append(said("5", "sms of bob", bob, "hello"))

  yield* inbox.accept([
    from(ann, "a1", "secret 3"),
    from(ann, "a2", "secret 4"),
    from(bob, "b1", `call +${digits}, not 9${digits}`),
    new Unrecognized({ provider: "mock", eventType: "notice", raw: { about: digits } })
  ])
  const claims = yield* inbox.claim({ limit: 10 })
  for (const claim of claims) {
    const entry = yield* inbox.head(claim)
    if (entry?.event._tag === "InboundMessage" && entry.event.sender === ann) {
      yield* inbox.bury(claim, entry, "Poison")
    } else yield* inbox.release(claim)
  }

  for (const [id, to] of [["i1", ann], ["i2", bob]] as const) {
    const text = to === ann ? "secret 5" : `about ${digits}`
    yield* intents.reserve({ id, key: id, hash: "h", message: new OutboundMessage({ to, content: textContent(text) }) })
  }
  yield* intents.settle("i1", { state: "unknown" })
  for (const status of [report("s1", ann, digits), report("s2", undefined, digits), report("s3", bob, "bob")]) {
    yield* rooms.addStatus(status)
    yield* deliveries.modify(status, () => [
      undefined,
      new Delivery({
        provider: "mock",
        messageId: status.messageId,
        ...(status.recipient !== undefined && { recipient: status.recipient }),
        status: "delivered",
        since: DateTime.makeUnsafe(0),
        errorMessage: `for ${status.recipient === bob ? "bob" : digits}`,
        reported: ["delivered"],
        history: [],
        dropped: 0
      })
    ])
  }

  const ledger = yield* ConsentLedger
  for (const person of [ann, alias, bob]) {
    const said = { person, source: "free text", sender: ours } as const
    yield* ledger.append([
      { ...said, action: "help", words: person === bob ? "help" : "secret 8" },
      {
        ...said,
        action: person === alias ? "start" : "stop",
        words: `${person === bob ? "her number:" : "secret 9"} ${digits}`,
        key: `stop of ${person}`
      }
    ])
  }

  const limits = yield* SendLimits.make({
    frequency: [{ limit: 3, per: "minute" }, { limit: 3, per: "week" }],
    budget: { limits: { "*": 3 } }
  })
  const warnings = yield* SendWarnings.make()
  for (const to of [ann, bob]) {
    const message = new OutboundMessage({ to, content: textContent("hello") })
    yield* warnings.accepted(message)
    yield* limits.take(message, { id: to === bob ? "l1" : "l2" })
  }

  const aggregator = yield* MmsAggregatorSql.make()
  yield* aggregator.offer(wrapper("w", { text: "secret 6" }))
  yield* Effect.ignore(aggregator.process(media("m", { key: null, text: "secret 7" }), () => Effect.fail("later")))
  return claims.filter(({ lane }) => lane.includes(digits))
})

/** Makes a test with stores of its own. */
export const testWith = (layer: Layer.Layer<Stores | SqlClient.SqlClient, unknown>) =>
(
  title: string,
  body: Effect.Effect<
    void,
    unknown,
    Stores | SqlClient.SqlClient | Scope.Scope | Digest.Digest | Mac.Mac | SecureRandom.SecureRandom
  >
) => it.effect(title, () => Effect.scoped(Effect.provide(body, [layer, NodeCrypto.layer], { local: true })))

/** The layer gives empty tables each time, and the client below the stores. */
export const suite = (
  name: string,
  layer: Layer.Layer<Stores | SqlClient.SqlClient, unknown>,
  skip = false
) => {
  const test = testWith(layer)

  describe.skipIf(skip)(`a person who is forgotten (${name})`, () => {
    test(
      "is in no table any more, and others are as they were",
      Effect.gen(function*() {
        const [deliveries, inbox, intents, rooms] = [
          yield* DeliveryStore,
          yield* Inbox,
          yield* IntentStore,
          yield* RoomStore
        ]
        const ledger = yield* ConsentLedger
        const [claim] = yield* fill
        const before = yield* everything
        for (const trace of traces) assert.include(before, trace)
        const counts = yield* Effect.flatMap(People, ({ forget }) => forget(ann))
        assert.deepStrictEqual(counts, {
          webhooks: 2,
          rooms: 2,
          sharedRooms: 1,
          events: 3,
          sends: 1,
          statuses: 1,
          deliveries: 1,
          messageParts: 2,
          logEntries: 7,
          // An event in a room, a message, a notice, a send, a status, a delivery, and two entries of the log.
          masked: 8,
          // Those of both addresses. One of them stays without them.
          consents: 4,
          files: 0
        })
        const words = [...yield* ledger.lastWords(ann), ...yield* ledger.lastWords(bob)]
        assert.deepStrictEqual(words.map(({ action, person }) => [action, person]), [["stop", undefined], [
          "stop",
          bob
        ]])
        // Whoever is at it drops the lane.
        yield* inbox.release(claim as Claim)
        // The number in a longer one is another number.
        const after = (yield* everything).replaceAll(`9${digits}`, "")
        for (const trace of traces) assert.notInclude(after, trace)

        const both = yield* rooms.get("both")
        assert.deepStrictEqual(both?.attachments.map(({ participant }) => participant), [bob])
        const texts = (yield* rooms.history("both"))?.map(({ event }) => Content.text(event.content))
        assert.deepStrictEqual(texts, [`her number is +${"9".repeat(digits.length)}`])
        assert.strictEqual((yield* rooms.find({ channelId: "sms", recipient: ours, sender: bob }))?.id, "sms of bob")
        assert.isUndefined(yield* rooms.find({ channelId: "sms", recipient: ours, sender: ann }))
        assert.lengthOf((yield* rooms.history("sms of bob")) ?? [], 1)
        assert.deepStrictEqual((yield* intents.list({ limit: 10 })).map(({ id }) => id), ["i2"])
        assert.lengthOf(yield* rooms.statuses(), 2)
        assert.isDefined(yield* deliveries.get(report("s2", undefined, "")))

        // The lane that was claimed is left, and nothing is due in it.
        yield* inbox.release(claim as Claim)
        const pending = yield* inbox.list({ state: "pending", limit: 10 })
        assert.lengthOf(pending.flatMap(({ unreadable }) => unreadable ?? []), 0)
        const work = yield* inbox.claim({ limit: 10 })
        assert.lengthOf(work, 2)
        for (const claim of work) {
          assert.notStrictEqual((yield* inbox.complete(claim, (yield* inbox.head(claim))!))._tag, "Outdated")
          yield* inbox.release(claim)
        }
        assert.strictEqual(yield* inbox.nextAt, Infinity)
        assert.lengthOf(yield* inbox.claim({ limit: 10 }), 0)
        // Nothing is left to forget.
        const again = yield* Effect.flatMap(People, ({ forget }) => forget(ann))
        assert.strictEqual(Object.values(again).reduce((sum, count) => sum + count, 0), 0)
      })
    )

    test(
      "is masked in what others wrote, however they write the number",
      Effect.gen(function*() {
        const [inbox, people, rooms] = [yield* Inbox, yield* People, yield* RoomStore]
        yield* rooms.create(room("bob", attachment("sms", ours, bob)))
        for (const [index, text] of spellings.entries()) {
          yield* inbox.accept([from(bob, `s${index}`, text)])
          yield* rooms.append(said(`s${index}`, "bob", bob, text))
        }
        for (const [index, text] of otherNumbers.entries()) yield* rooms.append(said(`o${index}`, "bob", bob, text))
        // In the inbox, the room and the log.
        assert.strictEqual((yield* people.forget(ann)).masked, 3 * spellings.length)
        const texts = (yield* rooms.history("bob"))?.map(({ event }) => Content.text(event.content))
        const masked = spellings.map((text) => text.replaceAll(/[0-9]/g, "9"))
        assert.deepStrictEqual(texts?.slice(0, spellings.length).map((text) => text.replaceAll(/[0-9]/g, "9")), masked)
        for (const text of texts?.slice(0, spellings.length) ?? []) assert.match(text, /^[^0-8]*$/)
        assert.deepStrictEqual(texts?.slice(spellings.length), otherNumbers)
        const after = otherNumbers.reduce((text, number) => text.replaceAll(number, ""), yield* everything)
        for (const text of spellings) assert.notInclude(after, text)
      })
    )

    test(
      "is in no key of the sends, answers and conversations of others",
      Effect.gen(function*() {
        const [inbox, intents, people, rooms] = [yield* Inbox, yield* IntentStore, yield* People, yield* RoomStore]
        const message = new OutboundMessage({ to: bob, content: textContent("hello") })
        const group = new OutboundMessage({ ...message, participants: [ann, carol] })
        for (
          const [id, key] of [["a", `for ${digits}`], ["b", "for (418) 805-0723"], ["c", `for 9${digits}`]] as const
        ) {
          yield* intents.reserve({ id, key, hash: "h", message })
        }
        yield* intents.reserve({ id: "d", key: JSON.stringify(["e", "sms", bob, ann]), hash: "h", message: group })
        yield* rooms.create(room("bob", attachment("sms", ours, bob)))
        yield* rooms.append(said("1", "bob", undefined, "hello"), { key: JSON.stringify(["post", "bob", digits]) })
        const inGroup = new InboundMessage({ ...from(bob, "g", "hello"), participants: [ann, carol] })
        yield* inbox.accept([inGroup])
        assert.include(yield* everything, digits)
        assert.strictEqual((yield* people.forget(ann)).masked, 5)
        assert.notInclude((yield* everything).replaceAll(`9${digits}`, ""), digits)
        assert.deepStrictEqual(
          (yield* intents.list({ limit: 9 })).map(({ id, key }) => [id, key]),
          [["d", undefined], ["c", `for 9${digits}`], ["b", undefined], ["a", undefined]]
        )
        // The message of the group is processed all the same.
        const [claim] = yield* inbox.claim({ limit: 1 })
        const entry = yield* inbox.head(claim!)
        assert.notStrictEqual((yield* inbox.complete(claim!, entry!))._tag, "Outdated")
        yield* inbox.release(claim!)
        assert.deepInclude(yield* inbox.backlog(), { pending: 0 })
        assert.strictEqual(yield* inbox.nextAt, Infinity)
      })
    )

    test(
      "takes no split message of a number along that begins or ends alike",
      Effect.gen(function*() {
        const [people, sql] = [yield* People, yield* SqlClient.SqlClient]
        const aggregator = yield* MmsAggregatorSql.make()
        const keys = Effect.map(
          sql<{ key: string }>`SELECT mms_key AS key FROM sms_mms_keys ORDER BY mms_key`.withoutTransform,
          (rows) => rows.map(({ key }) => key)
        )
        for (const number of [digits, `${digits}4`, `9${digits}`]) {
          yield* aggregator.offer(wrapper(number, { key: `+${number}:${ours}:2026-01-28 13:00:14` }))
        }
        yield* aggregator.offer(wrapper("w", { text: `call +${digits}`, key: `${bob}:${ours}:2026-01-28 13:00:14` }))
        assert.lengthOf(yield* keys, 4)
        assert.deepInclude(yield* people.forget(ann), { messageParts: 1 })
        assert.lengthOf(yield* keys, 3)
        const rest = yield* everything
        assert.include(rest, `${digits}4`)
        assert.include(rest, `9${digits}`)
      })
    )

    test(
      "leaves no re-hosted file, except one that somebody else has sent too",
      Effect.gen(function*() {
        const [people, rooms] = [yield* People, yield* RoomStore]
        const store = yield* makeMemory({ baseUrl: "https://files.example.com/media" })
        const put = (text: string) =>
          store.put({ contentType: "image/png", stream: Stream.succeed(new TextEncoder().encode(text)) })
        const [own, common, sent] = [yield* put("own"), yield* put("common"), yield* put("sent by us")]
        const picture = ({ url }: { readonly url: string }) => new Content.MediaContent({ url })
        yield* rooms.create(room("ann", attachment("sms", ours, ann)))
        yield* rooms.create(room("bob", attachment("sms", ours, bob)))
        yield* rooms.append(
          said("1", "ann", ann, new Content.CompositeContent({ parts: [picture(own), picture(common)] }))
        )
        yield* rooms.append(said("2", "ann", undefined, picture(sent)))
        yield* rooms.append(said("3", "bob", bob, picture(common)))

        const failed = new MediaError({ reason: new StoreFailed({ operation: "delete" }) })
        const broken = MediaStore.of({ ...store, delete: () => Effect.fail(failed) })
        assert.strictEqual(yield* Effect.flip(people.forget(ann, { media: broken })), failed)
        // It can be repeated.
        assert.deepInclude(yield* people.forget(ann, { media: store }), { rooms: 1, events: 2, files: 1 })
        assert.strictEqual((yield* Effect.flip(store.get(own.id))).reason._tag, "NotStored")
        for (const { id } of [common, sent]) yield* store.get(id)
      })
    )
  })
}
