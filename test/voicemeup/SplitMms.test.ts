/**
 * What RoomKit 0.58 does wrong with VoiceMeUp's messages, each as a test of
 * its own, from the payload to the message that comes out. The payloads are the
 * captured pair of its tests, with what differs from it.
 */
import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Exit, Fiber, Layer, Option, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { extractSmsMeta } from "../../src/Carriers.ts"
import * as Content from "../../src/Content.ts"
import type { InboundMessage } from "../../src/Message.ts"
import * as MmsAggregator from "../../src/mms/MmsAggregator.ts"
import * as VoiceMeUp from "../../src/voicemeup/index.ts"
import { webhookFixtures } from "../fixtures.ts"
import { collect, said, saidOf } from "../mms/parts.ts"
import { observe } from "../observe.ts"
import { history, makeKit } from "../rooms/kit.ts"

type Payload = Readonly<Record<string, unknown>>

const captured = (name: string): Payload =>
  JSON.parse(webhookFixtures("voicemeup").find((fixture) => fixture.name === name)!.request.body)

const text = "Look at this photo!"

const wrapper = (fields: Payload = {}): Payload => ({ ...captured("mms-split-1-wrapper"), ...fields })

/** A file of that name. */
const media = (name: string, fields: Payload = {}): Payload => ({
  ...captured("mms-split-2-media"),
  sms_hash: name,
  attachment: `https://clients.voicemeup.com/file/${name}.mms.jpg`,
  ...fields
})

const sms = (fields: Payload = {}): Payload => {
  const { attachment: _, attachment_mime_type: __, attachment_size: ___, ...row } = wrapper()
  return { ...row, sms_hash: "sms", message: "Hi", ...fields }
}

const wrapperId = String(wrapper()["sms_hash"])

const parse = (payload: Payload) => VoiceMeUp.parseVoiceMeUpWebhook(payload, "support")

/** What comes out of each payload, in short: nothing while it waits, and for a repetition. */
const receive = (...payloads: ReadonlyArray<Payload>) =>
  Effect.forEach(payloads, (payload) => Effect.map(parse(payload), Option.match({ onNone: () => "", onSome: saidOf })))

const receiveOne = (payload: Payload) => Effect.flatMap(parse(payload), Effect.fromOption)

/** What comes out by time. */
const later = Effect.flatMap(MmsAggregator.MmsAggregator, collect)

const test = (
  title: string,
  body: Effect.Effect<void, unknown, MmsAggregator.MmsAggregator | Scope.Scope>,
  options?: MmsAggregator.MemoryOptions
) => it.effect(title, () => Effect.provide(body, MmsAggregator.layerMemory(options)))

const makeProvider = (name = "voicemeup", timeZone?: string) =>
  VoiceMeUp.makeWebhook({ name, timeZone, verification: { scheme: "None" } }).pipe(Effect.provide(NodeCrypto.layer))

/** A kit, and the way from a payload of a provider to what became of it. */
const kitFor = Effect.fnUntraced(function*(...names: ReadonlyArray<string>) {
  const kit = yield* makeKit()
  const providers = new Map(
    yield* Effect.forEach(names, (name) => Effect.map(makeProvider(name), (provider) => [name, provider] as const))
  )
  const receive = Effect.fnUntraced(function*(payload: Payload, name = "voicemeup") {
    return yield* kit.processEvents(yield* providers.get(name)!.decodePayload(payload))
  })
  return { kit, receive }
})

describe("an MMS of VoiceMeUp, where RoomKit", () => {
  test(
    "makes a message without text of a second picture: it is in the same message",
    Effect.gen(function*() {
      const messages = yield* later
      assert.deepStrictEqual(yield* receive(wrapper(), media("1"), media("2")), ["", "", ""])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(messages.map(said), [`${text} + 1 + 2`])
      assert.strictEqual(messages[0]!.idempotencyKey, wrapperId)
    }),
    { quietTime: "1 second" }
  )

  test(
    "makes a message of its own of a second picture: without a quiet time it says whose it is",
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* receive(wrapper(), media("1"), media("2")), [
        "",
        `${text} + 1`,
        `2 of ${wrapperId}`
      ])
    })
  )

  test(
    "never merges a picture that comes before its text: it does, if it may wait",
    Effect.gen(function*() {
      const messages = yield* later
      assert.deepStrictEqual(yield* receive(media("1"), wrapper()), ["", `${text} + 1`])
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(messages, [])
    }),
    { reorderWindow: "2 seconds" }
  )

  test(
    "lets the text wait for a picture that is out already: it follows at once, and says whose it is",
    Effect.gen(function*() {
      const messages = yield* later
      assert.deepStrictEqual(yield* receive(media("1"), wrapper()), ["1", `${text} of 1`])
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(messages, [])
    })
  )

  test(
    "delivers a repeated picture again under another key: it is one message under one key",
    Effect.gen(function*() {
      yield* receive(wrapper())
      const merged = yield* receiveOne(media("1"))
      assert.strictEqual(merged.idempotencyKey, wrapperId)
      assert.deepStrictEqual(yield* receive(media("1"), media("1")), ["", ""])
    })
  )

  test(
    "delivers a repeated wrapper again as text: it is recognized after the merge",
    Effect.gen(function*() {
      const messages = yield* later
      yield* receive(wrapper(), media("1"))
      assert.deepStrictEqual(yield* receive(wrapper(), wrapper()), ["", ""])
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(messages, [])
    })
  )

  test(
    "loses the first of two texts of one second: each gets its picture",
    Effect.gen(function*() {
      const messages = yield* later
      const second = wrapper({ sms_hash: "second", message: "And this" })
      assert.deepStrictEqual(yield* receive(wrapper(), second, media("1")), ["", "", `${text} + 1`])
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(messages.map(said), ["And this"])
    })
  )

  test(
    "swallows a plain SMS of the same second: it passes untouched, and so does the MMS",
    Effect.gen(function*() {
      yield* receive(wrapper())
      const plain = yield* receiveOne(sms())
      assert.deepStrictEqual(plain.content, new Content.TextContent({ text: "Hi" }))
      assert.strictEqual(plain.idempotencyKey, "sms")
      assert.deepStrictEqual(plain.raw, sms())
      assert.deepStrictEqual(yield* receive(media("1")), [`${text} + 1`])
    })
  )

  test(
    "drops text that comes with the picture: both texts are kept",
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* receive(wrapper(), media("1", { message: "Nice?" })), ["", `${text}\nNice? + 1`])
    })
  )

  test(
    "leaves the timer of a merged message behind, for the next of its second: that one has its whole time",
    Effect.gen(function*() {
      const messages = yield* later
      yield* receive(wrapper(), media("1"))
      yield* TestClock.adjust("4 seconds")
      yield* receive(wrapper({ sms_hash: "second", message: "And this" }))
      yield* TestClock.adjust("4999 millis")
      assert.deepStrictEqual(messages, [])
      assert.deepStrictEqual(yield* receive(media("2")), ["And this + 2"])
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(messages, [])
    })
  )

  it.effect("discards a text that nobody handles, with a line in the log: it is among the orphans, with a warning", () =>
    Effect.gen(function*() {
      const { layer, lines, text: logged } = observe()
      const orphan = yield* Effect.gen(function*() {
        yield* receive(wrapper())
        yield* TestClock.adjust("5 seconds")
        const { orphans } = yield* MmsAggregator.MmsAggregator
        return yield* Effect.flatMap(Stream.runHead(orphans), Effect.fromOption)
      }).pipe(Effect.provide(MmsAggregator.layerMemory().pipe(Layer.provideMerge(layer))))
      assert.strictEqual(said(orphan), text)
      assert.deepStrictEqual(lines.map(({ level }) => level), ["Warn"])
      assert.notInclude(logged(), text)
      assert.notInclude(logged(), "4188050723")
    }))

  it.effect("discards a text whose picture never comes: the kit brings it to its room", () =>
    Effect.gen(function*() {
      const { kit, receive } = yield* kitFor("voicemeup")
      assert.deepStrictEqual((yield* receive(wrapper())).map(({ _tag }) => _tag), ["Buffered"])
      yield* TestClock.adjust("4999 millis")
      assert.deepStrictEqual(yield* history(kit), [])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* history(kit), [text])
    }))

  test(
    "keeps a text for ever without an event loop: no timer depends on who called",
    Effect.gen(function*() {
      const messages = yield* later
      const caller = yield* Effect.forkChild(Effect.andThen(parse(wrapper()), Effect.never), { startImmediately: true })
      yield* Fiber.interrupt(caller)
      const services = yield* Effect.context<MmsAggregator.MmsAggregator>()
      // A program of its own, which ends before the message does.
      const program = receive(wrapper({ sms_hash: "second", message: "And this" }))
      assert.deepStrictEqual(Effect.runSyncWith(services)(program), [""])
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(messages.map(said), [text, "And this"])
    })
  )

  test(
    "merges unrelated messages that name no second: each passes alone",
    Effect.gen(function*() {
      const nameless = [undefined, null, "", {}]
      for (const datetime_transmission of nameless) {
        assert.deepStrictEqual(
          yield* receive(
            wrapper({ datetime_transmission }),
            media("1", { datetime_transmission }),
            wrapper({ datetime_transmission, message: "" })
          ),
          [text, "1", ""]
        )
      }
    })
  )

  describe("shows the wrapper as a file, it is recognized", () => {
    const at = "https://clients.voicemeup.com/file/c3efc8a3"
    it.effect.each([
      { attachment: `${at}.MMS.HTML`, attachment_mime_type: "TEXT/HTML" },
      { attachment: `${at}.mms.html?size=343`, attachment_mime_type: "text/html;charset=utf-8" },
      { attachment: `${at}.mms.php?id=1`, attachment_mime_type: "text/html; charset=utf-8" },
      { attachment: `${at}.mms.smil`, attachment_mime_type: "application/smil" },
      { attachment: `${at}.mms.html`, attachment_mime_type: null },
      { attachment: null, attachment_url: `${at}.mms.html`, attachment_type: "text/html" }
    ])("as $attachment of type $attachment_mime_type", (fields) =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* receive(wrapper(fields), media("1")), ["", `${text} + 1`])
      }).pipe(Effect.provide(MmsAggregator.layerMemory())))
  })

  test(
    "takes what goes out for what comes in: a row of another direction is no message",
    Effect.gen(function*() {
      const messages = yield* later
      for (const payload of [sms(), wrapper(), media("1")]) {
        const outbound = { ...payload, direction: "outbound" }
        assert.deepStrictEqual(yield* parse(outbound), Option.none())
        assert.isFalse((yield* VoiceMeUp.extractVoiceMeUpMeta(outbound)).isInbound)
      }
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(messages, [])
      assert.deepStrictEqual(yield* receive(wrapper(), media("1")), ["", `${text} + 1`])
    })
  )

  test(
    "fails at a text of null: it is an empty text",
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* receive(wrapper({ message: null }), media("1", { message: null })), ["", "1"])
      assert.deepStrictEqual((yield* receiveOne(sms({ message: null }))).content, new Content.TextContent({ text: "" }))
    })
  )

  it.effect("shows the wrapper as a file in the reading that all carriers share: it has no file", () =>
    Effect.gen(function*() {
      const meta = yield* extractSmsMeta("voicemeup", wrapper())
      assert.deepStrictEqual([meta.eventType, meta.body, meta.mediaUrls], ["message.part", text, []])
      const { kit } = yield* kitFor()
      const whole = [...meta.events, ...(yield* extractSmsMeta("voicemeup", media("1"))).events]
      assert.deepStrictEqual((yield* kit.processEvents(whole)).map(({ _tag }) => _tag), ["Buffered", "Broadcast"])
      assert.deepStrictEqual(yield* history(kit), [text])
    }))

  test(
    "changes the payload of the second part and loses that of the first: both are kept as they came",
    Effect.gen(function*() {
      yield* receive(wrapper({ unknown: ["field"] }))
      const { raw } = yield* receiveOne(media("1"))
      assert.deepStrictEqual(raw, { parts: [wrapper({ unknown: ["field"] }), media("1")] })
    })
  )

  test(
    "makes up an id of two: the id is one of VoiceMeUp's, and those of all parts are beside it",
    Effect.gen(function*() {
      yield* receive(wrapper())
      const { externalId, idempotencyKey, metadata } = yield* receiveOne(media("1"))
      assert.deepStrictEqual([externalId, idempotencyKey], [wrapperId, wrapperId])
      assert.strictEqual(metadata["sms_hash"], wrapperId)
      assert.strictEqual(metadata["mmsParts"], `${wrapperId} 1`)
    })
  )

  it.effect("loses what waits when it ends: the end of the aggregator lets it out", () =>
    Effect.gen(function*() {
      const messages: Array<InboundMessage> = []
      const onTimeout = (message: InboundMessage) => Effect.sync(() => void messages.push(message))
      yield* receive(wrapper()).pipe(Effect.provide(MmsAggregator.layerMemory({ onTimeout })))
      assert.deepStrictEqual(messages.map(said), [text])
    }))

  it.effect("loses what waits when it ends: the kit brings it to its room, on demand and at its end", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const { kit, receive } = yield* Scope.provide(kitFor("voicemeup"), scope)
      yield* receive(wrapper())
      yield* kit.drain
      assert.deepStrictEqual(yield* history(kit), [text])
      yield* receive(wrapper({ sms_hash: "second", message: "And this" }))
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* history(kit), [text, "And this"])
    }))

  test(
    "lets a flood of wrappers fill the memory: the oldest comes out as text",
    Effect.gen(function*() {
      const messages = yield* later
      const flood = Array.from(
        { length: 10 },
        (_, i) => wrapper({ sms_hash: `${i}`, message: `${i}`, datetime_transmission: `2026-01-28 13:00:${10 + i}` })
      )
      yield* receive(...flood)
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(messages.map(said), ["0", "1", "2", "3", "4", "5", "6"])
      assert.deepStrictEqual(yield* receive(media("x", { datetime_transmission: "2026-01-28 13:00:17" })), ["7 + x"])
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(messages.map(said).slice(7), ["8", "9"])
    }),
    { maxPending: 3 }
  )

  test(
    "mixes times with and without a zone: a message has an instant or none",
    Effect.gen(function*() {
      const aggregator = yield* MmsAggregator.MmsAggregator
      const receivedAt = Effect.fnUntraced(function*(name: string, timeZone?: string) {
        const provider = yield* makeProvider(name, timeZone)
        const events = yield* Effect.forEach([wrapper(), media("1")], provider.decodePayload)
        const messages = yield* Effect.forEach(
          events.flat(),
          (event) => event._tag === "MessagePart" ? aggregator.offer(event) : Effect.succeedNone
        )
        const message = yield* Effect.fromOption(messages[1]!)
        return message.receivedAt === undefined ? undefined : DateTime.formatIso(message.receivedAt)
      })
      assert.isUndefined(yield* receivedAt("without"))
      assert.strictEqual(yield* receivedAt("with", "America/Toronto"), "2026-01-28T18:00:14.000Z")
    })
  )

  it.effect("fails in its own example at a wrapper, which brings no message: that is a value of its own", () =>
    Effect.gen(function*() {
      const { kit, receive } = yield* kitFor("voicemeup")
      const results = yield* Effect.forEach(
        [wrapper(), wrapper(), media("1"), media("1")],
        (payload) => receive(payload)
      )
      assert.deepStrictEqual(results.flat().map(({ _tag }) => _tag), ["Buffered", "Ignored", "Broadcast", "Ignored"])
      assert.deepStrictEqual(yield* history(kit), [text])
    }))

  it.effect("once merged the parts of two tenants: each provider has its own", () =>
    Effect.gen(function*() {
      const { kit, receive } = yield* kitFor("voicemeup", "voicemeup-2")
      yield* receive(wrapper())
      yield* receive(media("1"), "voicemeup-2")
      yield* receive(wrapper({ message: "Theirs" }), "voicemeup-2")
      yield* receive(media("2"))
      const rooms = yield* Effect.forEach(yield* kit.rooms, ({ id }) => kit.events(id))
      assert.deepStrictEqual(
        rooms.map((events) =>
          events.map(({ content, source }) => [source.channelId, Content.text(content), Content.media(content).length])
        ),
        [
          [["sms-voicemeup", text, 1]],
          [["sms-voicemeup-2", "", 1], ["sms-voicemeup-2", "Theirs", 0]]
        ]
      )
    }))
})

describe("parseVoiceMeUpWebhook", () => {
  test(
    "gives a plain SMS and a picture alone at once, for the channel",
    Effect.gen(function*() {
      const plain = yield* receiveOne(sms())
      assert.deepStrictEqual([plain.channelId, plain.channelType, said(plain)], ["support", "sms", "Hi"])
      const picture = yield* receiveOne(media("1"))
      assert.deepStrictEqual([picture.channelId, picture.channelType, said(picture)], ["support", "mms", "1"])
    })
  )

  test(
    "gives None while it waits, then the whole message, for the channel of the first part",
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* parse(wrapper()), Option.none())
      const whole = yield* receiveOne(media("1"))
      assert.deepStrictEqual([whole.channelId, whole.channelType], ["support", "mms"])
      assert.deepStrictEqual(
        whole.content,
        new Content.MediaContent({
          url: "https://clients.voicemeup.com/file/1.mms.jpg",
          mimeType: "image/jpeg",
          caption: text
        })
      )
    })
  )

  test(
    "keeps the channel of what comes out by time",
    Effect.gen(function*() {
      const messages = yield* later
      yield* parse(wrapper())
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(messages.map((message) => [message.channelId, said(message)]), [["support", text]])
    })
  )

  test(
    "fails at a payload that is none of VoiceMeUp's, and names what is missing",
    Effect.gen(function*() {
      const error = yield* Effect.flip(parse({ message: "secret text" }))
      assert(error._tag === "WebhookError")
      assert.strictEqual(error.provider, "voicemeup")
      assert.strictEqual(error.reason._tag, "InvalidPayload")
      assert.include(error.reason.message, "source_number")
      assert.notInclude(error.reason.message, "secret text")
    })
  )

  const configured: Array<InboundMessage> = []
  test(
    "takes the time limit and the handler of the aggregator's options",
    Effect.gen(function*() {
      yield* parse(wrapper())
      yield* TestClock.adjust("29 seconds")
      assert.deepStrictEqual(configured, [])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(configured.map(said), [text])
    }),
    { timeout: "30 seconds", onTimeout: (message) => Effect.sync(() => void configured.push(message)) }
  )
})
