import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Latch, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import { ConsentIntake } from "../../src/consent/ConsentIntake.ts"
import { ConsentLedger } from "../../src/consent/ConsentLedger.ts"
import { media, MediaContent, text } from "../../src/Content.ts"
import { DeliveryStatus } from "../../src/DeliveryStatus.ts"
import { InboxProcessor } from "../../src/inbox/Inbox.ts"
import { InboundMessage } from "../../src/Message.ts"
import * as Channel from "../../src/rooms/Channel.ts"
import { RoomKit } from "../../src/rooms/RoomKit.ts"
import { Outbox } from "../../src/sending/Outbox.ts"
import { consent as telnyx } from "../../src/telnyx/Consent.ts"
import { consent as twilio } from "../../src/twilio/Consent.ts"
import { MessagePart, Segment } from "../../src/WebhookEvent.ts"
import { customer, message, ours, said } from "../rooms/kit.ts"
import { type Options, outbound, pass, run, sent, type Services } from "./process.ts"

let number = 0

/** A message of the customer, each with a key of its own. */
const written = (text: string, fields: Partial<ConstructorParameters<typeof InboundMessage>[0]> = {}) =>
  new InboundMessage({
    ...message(text, { idempotencyKey: `key ${++number}` }),
    provider: "mock",
    channelId: "sms-mock",
    ...fields
  })

const receive = (...events: Parameters<ConsentIntake["Service"]["receive"]>[0]) =>
  ConsentIntake.use((intake) => intake.receive(events))

const entries = Effect.map(
  ConsentLedger.use((ledger) => ledger.list({ after: 0, limit: 99 })),
  (all) => all.map(({ action, source, words }) => [action, source, words])
)

const test = (title: string, options: Options, body: Effect.Effect<void, unknown, Services | Scope.Scope>) =>
  it.effect(title, () => run(options, body))

describe("what a person writes", () => {
  test(
    "is recorded once for each message, with the words, the number and the time of the carrier",
    {},
    Effect.gen(function*() {
      yield* TestClock.setTime(9000)
      const stop = written("Stop!", { receivedAt: DateTime.makeUnsafe(4000) })
      yield* receive(stop, written("hello"), written("STOP 12345"))
      yield* receive(stop)
      const [entry, ...others] = yield* ConsentLedger.use((ledger) => ledger.of(customer, { limit: 9 }))
      assert.deepStrictEqual(others, [])
      assert.deepInclude({ ...entry }, {
        action: "stop",
        source: "keyword",
        words: "Stop!",
        sender: ours,
        provider: "mock",
        saidAt: DateTime.makeUnsafe(4000),
        recordedAt: DateTime.makeUnsafe(9000)
      })
    })
  )

  test(
    "opts out every address that the carrier gives",
    {},
    Effect.gen(function*() {
      const alias = Address.make("whatsapp:CA.1")
      yield* receive(written("STOP", { sender: alias, senderAliases: [customer] }))
      for (const person of [alias, customer]) {
        assert.lengthOf(yield* ConsentLedger.use((ledger) => ledger.lastWords(person)), 1)
      }
    })
  )

  test(
    "counts as YES only after an opt-out, from a carrier as well as from a person",
    { carrier: twilio },
    Effect.gen(function*() {
      yield* receive(written("Yes"))
      assert.deepStrictEqual(yield* entries, [])
      yield* receive(written("STOP"))
      yield* TestClock.adjust("1 second")
      yield* receive(written("Yes"))
      yield* receive(written("Yes"))
      yield* receive(written("Yes", { metadata: { OptOutType: "START" } }))
      assert.deepStrictEqual(yield* entries, [
        ["stop", "keyword", "STOP"],
        ["start", "keyword", "Yes"],
        ["start", "carrier flag", "Yes"]
      ])
    })
  )

  test(
    "is what the carrier says it is, and a STOP in any case",
    { carrier: telnyx },
    Effect.gen(function*() {
      const flagged = (text: string, flag: string) => written(text, { metadata: { autoresponse_type: flag } })
      yield* receive(
        flagged("desuscribir", "STOP"),
        flagged("ALTA", "START"),
        flagged("?", "HELP"),
        flagged("hello", "constructor"),
        flagged("STOP", "START")
      )
      assert.deepStrictEqual(yield* entries, [
        ["stop", "carrier flag", "desuscribir"],
        ["start", "carrier flag", "ALTA"],
        ["help", "carrier flag", "?"],
        ["stop", "keyword", "STOP"]
      ])
    })
  )

  test(
    "is a flag of no carrier that has none",
    {},
    Effect.gen(function*() {
      yield* receive(written("hello", { metadata: { OptOutType: "STOP" } }))
      assert.deepStrictEqual(yield* entries, [])
    })
  )
})

describe("free text", () => {
  const texts = ["Please stop texting me", "wrong number", "please don't stop"]
  const all = Effect.suspend(() => receive(...texts.map((text) => written(text))))
  const cases = [
    ["enforce", [["stop", "free text", texts[0]], ["suggestion", "free text", texts[1]]]],
    ["suggest", [["suggestion", "free text", texts[0]], ["suggestion", "free text", texts[1]]]],
    ["off", []]
  ] as const
  for (const [freeText, expected] of cases) {
    test(
      `that asks for no more messages, with ${freeText}`,
      { intake: { freeText }, carrier: twilio },
      Effect.gen(function*() {
        yield* all
        assert.deepStrictEqual(yield* entries, expected.map((entry) => [...entry]))
        yield* pass
        // The carrier does not know what it means, and does not answer it.
        assert.lengthOf(yield* sent, freeText === "enforce" ? 1 : 0)
      })
    )
  }

  test(
    "is read in the languages of the keywords",
    { intake: { keywords: { languages: ["en"] } } },
    Effect.gen(function*() {
      yield* receive(written("Arrêtez de me texter"), written("Stop texting me"))
      assert.deepStrictEqual(yield* entries, [["stop", "free text", "Stop texting me"]])
    })
  )
})

describe("a delivery report", () => {
  const report = (errorCode: string, errorMessage?: string) =>
    new DeliveryStatus({
      provider: "mock",
      messageId: `m ${errorCode} ${errorMessage}`,
      status: "failed",
      carrierStatus: "failed",
      recipient: customer,
      sender: ours,
      errorCode,
      ...(errorMessage !== undefined && { errorMessage }),
      idempotencyKey: errorCode,
      raw: {}
    })

  test(
    "opts the person out when its error says so",
    { carrier: twilio },
    Effect.gen(function*() {
      yield* receive(report("30003"), report("21610"))
      yield* receive(report("21610"))
      assert.deepStrictEqual(yield* entries, [["stop", "carrier refusal", "21610"]])
    })
  )

  test(
    "of a code with two meanings is judged by its text",
    { carrier: telnyx },
    Effect.gen(function*() {
      yield* receive(report("40300"), report("40300", "Rejected by carrier"))
      assert.deepStrictEqual(yield* entries, [])
      yield* receive(report("40300", "Blocked due to STOP message"))
      assert.deepStrictEqual(yield* entries, [["stop", "carrier refusal", "40300"]])
    })
  )
})

describe("a keyword", () => {
  const out = "You are unsubscribed and will receive no more messages. Reply START to resubscribe."
  const back = "You are subscribed again. Reply STOP to unsubscribe."
  const help = { replies: { texts: { help: "ACME: call 1-800-ACME" } } }

  test(
    "is answered once, in the language of the word, from the number that was written to",
    { intake: help },
    Effect.gen(function*() {
      const stop = written("STOP")
      yield* receive(stop)
      // The process may have ended before the answer was queued.
      yield* receive(stop)
      yield* receive(written("stop"))
      yield* pass
      assert.deepStrictEqual(yield* sent, [out])
      yield* receive(written("HELP"))
      yield* receive(written("INFO"))
      yield* pass
      yield* receive(written("START"))
      yield* receive(written("START"))
      yield* pass
      yield* receive(written("Arrêt"))
      yield* pass
      assert.deepStrictEqual(yield* sent, [
        out,
        "ACME: call 1-800-ACME",
        back,
        "Vous êtes désabonné et ne recevrez plus de messages. Répondez START pour vous réabonner."
      ])
      const intents = yield* Outbox.use(({ intents }) => intents.list({ limit: 9 }))
      assert.deepStrictEqual(
        new Set(intents.map(({ message: { from, to } }) => `${from} ${to}`)),
        new Set([`${ours} ${customer}`])
      )
    })
  )

  test(
    "that the carrier answers is not answered twice",
    { intake: help, carrier: twilio },
    Effect.gen(function*() {
      yield* receive(written("STOP"), written("HELP"), written("desuscribir", { metadata: { OptOutType: "STOP" } }))
      yield* TestClock.adjust("1 second")
      yield* receive(written("START"))
      yield* pass
      assert.deepStrictEqual(yield* sent, [])
      // This carrier does not know the word.
      yield* receive(written("ARRET"))
      yield* pass
      assert.lengthOf(yield* sent, 1)
    })
  )

  test(
    "is confirmed again only after a later opt-in, and not after one that was said before it",
    {},
    Effect.gen(function*() {
      yield* TestClock.setTime(9000)
      yield* receive(written("STOP", { receivedAt: DateTime.makeUnsafe(9000) }))
      yield* pass
      const ledger = yield* ConsentLedger
      yield* ledger.append([{ person: customer, action: "start", source: "import", saidAt: DateTime.makeUnsafe(0) }])
      yield* receive(written("STOP", { receivedAt: DateTime.makeUnsafe(9500) }))
      yield* pass
      assert.deepStrictEqual(yield* sent, [out])
      const now = yield* DateTime.now
      yield* ledger.append([{ person: customer, action: "start", source: "api", saidAt: now }])
      yield* receive(written("STOP", { receivedAt: DateTime.add(now, { milliseconds: 1 }) }))
      yield* pass
      assert.deepStrictEqual(yield* sent, [out, out])
    })
  )

  test(
    "that the carrier does not recognize as it is written is answered",
    { intake: help, carrier: twilio },
    Effect.gen(function*() {
      yield* receive(written("STOP!"))
      yield* pass
      assert.deepStrictEqual(yield* sent, [out])
      yield* receive(written(" stop "))
      yield* pass
      assert.deepStrictEqual(yield* sent, [out])
      yield* receive(written("Ｈelp?"))
      yield* pass
      assert.deepStrictEqual(yield* sent, [out, "ACME: call 1-800-ACME"])
    })
  )

  test(
    "that the carrier answers is answered when the operator wants it",
    { intake: { replies: { answer: "always", texts: { stop: "Bye" } } }, carrier: twilio },
    Effect.gen(function*() {
      yield* receive(written("STOP"))
      yield* pass
      assert.deepStrictEqual(yield* sent, ["Bye"])
    })
  )

  test(
    "is not answered when the operator does not want it, in a group, or without a text",
    { intake: { replies: { texts: { stop: "" } } } },
    Effect.gen(function*() {
      yield* receive(written("STOP"), written("HELP"))
      yield* TestClock.adjust("1 second")
      yield* receive(written("START", { participants: [Address.make("+15145550143")] }))
      yield* pass
      assert.deepStrictEqual(yield* sent, [])
    })
  )

  test(
    "that came before a later START changes nothing, and is not answered",
    {},
    Effect.gen(function*() {
      yield* TestClock.setTime(9000)
      yield* receive(written("START", { receivedAt: DateTime.makeUnsafe(5000) }))
      yield* receive(written("STOP", { receivedAt: DateTime.makeUnsafe(4000) }))
      yield* pass
      assert.deepStrictEqual(yield* sent, [])
      assert.lengthOf(yield* entries, 2)
    })
  )
})

describe("a STOP in the inbox", () => {
  test(
    "holds what was queued before, although its room is still busy",
    { inbox: true },
    Effect.gen(function*() {
      const kit = yield* RoomKit
      const gate = yield* Latch.make()
      yield* kit.registerChannel(Channel.make({ id: "slow", type: "web", everyRoom: true, deliver: () => gate.await }))
      const processor = yield* InboxProcessor
      yield* processor.accept([written("hello")])
      yield* Outbox.use((outbox) =>
        outbox.enqueue({
          message: outbound("news"),
          what: "news",
          sendAt: DateTime.makeUnsafe(1000)
        })
      )
      yield* processor.accept([written("STOP")])
      yield* pass
      assert.notInclude(yield* sent, "news")
      const refused = yield* Outbox.use(({ intents }) => intents.list({ state: "refused", limit: 9 }))
      assert.deepStrictEqual(refused.map(({ error }) => error?.reason._tag), ["OptedOut"])
      // The STOP, and its confirmation.
      assert.lengthOf(yield* entries, 2)
      yield* gate.open
    })
  )

  test(
    "is recorded once, and its room has it",
    { inbox: true },
    Effect.gen(function*() {
      const kit = yield* RoomKit
      const processor = yield* InboxProcessor
      const { idempotencyKey: _, ...unkeyed } = written("STOP")
      yield* processor.accept([new InboundMessage(unkeyed)])
      yield* pass
      assert.lengthOf((yield* entries).filter(([action]) => action === "stop"), 1)
      assert.lengthOf(yield* kit.rooms, 1)
    })
  )
})

describe("a STOP with a picture", () => {
  const part = (role: MessagePart["role"], message: InboundMessage) =>
    new MessagePart({ provider: "mock", role, correlationKey: "picture", message })
  const picture = (id: string) =>
    part("media", written("", { content: new MediaContent({ url: "https://example.com/a.jpg" }), idempotencyKey: id }))

  test(
    "is in the ledger before its first part is acknowledged, and is recorded and confirmed once",
    { inbox: true },
    Effect.gen(function*() {
      const kit = yield* RoomKit
      const processor = yield* InboxProcessor
      const wrapper = part("wrapper", written("STOP"))
      yield* processor.accept([wrapper])
      assert.deepStrictEqual(yield* entries, [["stop", "keyword", "STOP"]])
      yield* TestClock.adjust("1 second")
      yield* processor.accept([picture("picture 1")])
      yield* processor.accept([wrapper])
      yield* pass
      yield* pass
      assert.lengthOf((yield* entries).filter(([action]) => action === "stop"), 1)
      assert.deepStrictEqual(yield* sent, [
        "You are unsubscribed and will receive no more messages. Reply START to resubscribe."
      ])
      const [room] = yield* kit.rooms
      const events = yield* kit.events(room!.id)
      assert.deepStrictEqual(
        events.map(({ content }) => [text(content), media(content).length]).filter(([, files]) => files !== 0),
        [["STOP", 1]]
      )
    })
  )

  test(
    "is none in one segment of a longer message",
    { inbox: true },
    Effect.gen(function*() {
      const processor = yield* InboxProcessor
      const segment = new Segment({ number: 1, total: 2, data: "U1RPUA==" })
      yield* processor.accept([new MessagePart({ ...part("segment", written("STOP")), segment })])
      assert.deepStrictEqual(yield* entries, [])
    })
  )
})

describe("a room without an inbox", () => {
  test(
    "records what a person writes before channels answer it",
    {},
    Effect.gen(function*() {
      const kit = yield* RoomKit
      yield* kit.registerChannel(
        Channel.make({
          id: "web",
          type: "web",
          everyRoom: true,
          deliver: ({ roomId }) => kit.post(roomId, said("Are you sure?"))
        })
      )
      yield* kit.processInbound(written("hello"))
      yield* kit.processInbound(written("STOP"))
      yield* pass
      const out = "You are unsubscribed and will receive no more messages. Reply START to resubscribe."
      assert.deepStrictEqual(yield* sent, ["Are you sure?", out])
    })
  )
})
