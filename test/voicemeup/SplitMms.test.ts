/**
 * Split messages, from the payload to what comes out. Each test is of something
 * that the one public client of VoiceMeUp, RoomKit, gets wrong.
 */
import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Logger, Option, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Content from "../../src/Content.ts"
import type { InboundMessage } from "../../src/Message.ts"
import * as MmsAggregator from "../../src/MmsAggregator.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import { SmsProvider } from "../../src/SmsProvider.ts"
import * as VoiceMeUp from "../../src/voicemeup/index.ts"
import { collect, said, saidOf } from "../mms/parts.ts"

const second = "2026-01-28 13:00:14"

const row = (hash: string, fields: Readonly<Record<string, unknown>> = {}) => ({
  sms_hash: hash,
  direction: "inbound",
  source_number: "14188050723",
  destination_number: "14184805945",
  message: "",
  datetime_transmission: second,
  ...fields
})

const link = (name: string, extension: string) => `https://clients.voicemeup.com/file/${name}.mms.${extension}`

const wrapper = (hash: string, message = "Look at this photo!", fields: Readonly<Record<string, unknown>> = {}) =>
  row(hash, { message, attachment: link(hash, "html"), attachment_mime_type: "text/html", ...fields })

const image = (hash: string, fields: Readonly<Record<string, unknown>> = {}) =>
  row(hash, { attachment: link(hash, "jpg"), attachment_mime_type: "image/jpeg", ...fields })

const parse = (payload: Readonly<Record<string, unknown>>) => VoiceMeUp.parseVoiceMeUpWebhook(payload, "sms")

/** What each payload brings, in short. */
const saidAll = (...payloads: ReadonlyArray<Readonly<Record<string, unknown>>>) =>
  Effect.forEach(payloads, (payload) => Effect.map(parse(payload), (message) => Option.map(message, saidOf))).pipe(
    Effect.map((all) => all.map(Option.getOrElse(() => "")))
  )

const one = (payload: Readonly<Record<string, unknown>>) => Effect.flatMap(parse(payload), Effect.fromOption)

const late = Effect.flatMap(MmsAggregator.MmsAggregator, collect)

/** Runs with an aggregator of these options. */
const withOptions = (options?: MmsAggregator.MemoryOptions) => Effect.provide(MmsAggregator.layerMemory(options))

describe("a split MMS", () => {
  it.effect("is one message with the text and the picture", () =>
    Effect.gen(function*() {
      assert.isTrue(Option.isNone(yield* parse(wrapper("A"))))
      const message = yield* one(image("B"))
      assert.strictEqual(message.channelId, "sms")
      assert.strictEqual(message.channelType, "mms")
      assert.strictEqual(Content.text(message.content), "Look at this photo!")
      assert.deepStrictEqual(Content.media(message.content).map(({ url }) => url), [link("B", "jpg")])
    }).pipe(withOptions()))

  it.effect("of several pictures is one message with all of them", () =>
    Effect.gen(function*() {
      const messages = yield* late
      assert.deepStrictEqual(yield* saidAll(wrapper("A", "Two"), image("B"), image("C")), ["", "", ""])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(messages.map(said), ["Two + B + C"])
    }).pipe(withOptions({ quietTime: "1 second" })))

  it.effect("whose second picture comes late says what that belongs to", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* saidAll(wrapper("A", "Two"), image("B"), image("C")), ["", "Two + B", "C of A"])
    }).pipe(withOptions()))

  it.effect("whose picture comes first is one message when it is waited for", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* saidAll(image("B"), wrapper("A", "Late text")), ["", "Late text + B"])
    }).pipe(withOptions({ reorderWindow: "2 seconds" })))

  it.effect("whose picture comes first brings the text at once, marked, and does not hold it back", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* saidAll(image("B"), wrapper("A", "Late text")), ["B", "Late text of B"])
    }).pipe(withOptions()))

  it.effect("ignores a picture that comes again after the merge", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* saidAll(wrapper("A", "Hi"), image("B"), image("B")), ["", "Hi + B", ""])
    }).pipe(withOptions()))

  it.effect("ignores a wrapper that comes again after the merge", () =>
    Effect.gen(function*() {
      const messages = yield* late
      assert.deepStrictEqual(yield* saidAll(wrapper("A", "Hi"), image("B"), wrapper("A", "Hi")), ["", "Hi + B", ""])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(messages, [])
    }).pipe(withOptions()))

  it.effect("of the same second as another one loses neither text", () =>
    Effect.gen(function*() {
      const messages = yield* late
      assert.deepStrictEqual(yield* saidAll(wrapper("A", "one"), wrapper("B", "two"), image("C")), ["", "", "one + C"])
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(messages.map(said), ["two"])
    }).pipe(withOptions()))

  it.effect("leaves a plain SMS of the same second alone", () =>
    Effect.gen(function*() {
      const all = yield* saidAll(wrapper("A", "picture text"), row("P", { message: "plain" }), image("B"))
      assert.deepStrictEqual(all, ["", "plain", "picture text + B"])
    }).pipe(withOptions()))

  it.effect("keeps the text of the second part too", () =>
    Effect.gen(function*() {
      const message = yield* Effect.andThen(parse(wrapper("A", "first")), one(image("B", { message: "second" })))
      assert.strictEqual(Content.text(message.content), "first\nsecond")
    }).pipe(withOptions()))

  it.effect("is not let out by the timer of an earlier one of the same second", () =>
    Effect.gen(function*() {
      const messages = yield* late
      yield* saidAll(wrapper("A", "one"), image("B"))
      yield* TestClock.adjust("4 seconds")
      yield* saidAll(wrapper("C", "two"))
      // The time of the first wrapper would be over now.
      yield* TestClock.adjust("1500 millis")
      assert.deepStrictEqual(messages, [])
      assert.deepStrictEqual(yield* saidAll(image("D")), ["two + D"])
    }).pipe(withOptions()))

  it.effect("without a handler for its time-out is not dropped: there is a warning, and it is an orphan", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      yield* Effect.gen(function*() {
        const { orphans } = yield* MmsAggregator.MmsAggregator
        const seen: Array<InboundMessage> = []
        yield* orphans.pipe(
          Stream.runForEach((message) => Effect.sync(() => void seen.push(message))),
          Effect.forkScoped({ startImmediately: true })
        )
        yield* parse(wrapper("A", "swordfish"))
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual(seen.map(said), ["swordfish"])
      }).pipe(
        withOptions(),
        Effect.provide(Logger.layer([Logger.map(Logger.formatJson, (line) => void lines.push(line))]))
      )
      assert.lengthOf(lines, 1)
      assert.include(lines[0], "WARN")
      assert.notInclude(lines[0], "swordfish")
      assert.notInclude(lines[0], "4188050723")
    }))

  it.effect("without a time of sending is correlated with nothing", () =>
    Effect.gen(function*() {
      for (const datetime_transmission of ["", null, undefined]) {
        const all = yield* saidAll(
          wrapper("A", "text", { datetime_transmission }),
          image("B", { datetime_transmission }),
          wrapper("C", "other", { datetime_transmission })
        )
        assert.deepStrictEqual(all, ["text", "B", "other"])
      }
    }).pipe(withOptions()))

  it.effect("knows its wrapper in upper case, with a charset, with a query, and as SMIL", () =>
    Effect.gen(function*() {
      const disguises = [
        { attachment: link("x", "HTML"), attachment_mime_type: "TEXT/HTML" },
        { attachment: `${link("x", "html")}?size=343`, attachment_mime_type: "text/html; charset=utf-8" },
        { attachment: link("x", "smil"), attachment_mime_type: "application/smil" }
      ]
      for (const [index, disguise] of disguises.entries()) {
        const datetime_transmission = `2026-01-28 14:00:0${index}`
        const wrapped = wrapper(`A${index}`, "text", { ...disguise, datetime_transmission })
        const all = yield* saidAll(wrapped, image(`B${index}`, { datetime_transmission }))
        assert.deepStrictEqual(all, ["", `text + B${index}`])
      }
    }).pipe(withOptions()))

  it.effect("that we sent ourselves is nobody's message", () =>
    Effect.gen(function*() {
      const messages = yield* late
      const direction = "outbound"
      assert.deepStrictEqual(yield* saidAll(wrapper("A", "ours", { direction }), image("B", { direction })), ["", ""])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(messages, [])
    }).pipe(withOptions()))

  it.effect("with a message of null is a picture", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* saidAll(image("B", { message: null })), ["B"])
    }).pipe(withOptions()))

  it.effect("never shows its wrapper as media, whichever way it is read", () =>
    Effect.gen(function*() {
      const meta = yield* VoiceMeUp.extractVoiceMeUpMeta(wrapper("A"))
      assert.deepStrictEqual(meta.mediaUrls, [])
      const messages = yield* late
      yield* parse(wrapper("A"))
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(messages.map(({ content }) => Content.media(content)), [[]])
    }).pipe(withOptions()))

  it.effect("keeps the payload of every part, as it came", () =>
    Effect.gen(function*() {
      const [first, last] = [wrapper("A"), image("B")]
      yield* parse(first)
      assert.deepStrictEqual((yield* one(last)).raw, { parts: [first, last] })
    }).pipe(withOptions()))

  it.effect("has the id of a part that the carrier knows, and the ids of all parts beside it", () =>
    Effect.gen(function*() {
      yield* parse(wrapper("A"))
      const { externalId, idempotencyKey, metadata } = yield* one(image("B"))
      assert.deepStrictEqual([externalId, idempotencyKey, metadata["mmsParts"]], ["A", "A", "A B"])
    }).pipe(withOptions()))

  it.effect("comes out when the aggregator ends", () =>
    Effect.gen(function*() {
      const messages: Array<InboundMessage> = []
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(
        MmsAggregator.layerMemory({ onTimeout: (message) => Effect.sync(() => void messages.push(message)) }),
        scope
      )
      yield* Effect.provideContext(parse(wrapper("A", "Hi")), context)
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(messages.map(said), ["Hi"])
    }))

  it.effect("in a flood of others costs memory up to a bound, and comes out as text", () =>
    Effect.gen(function*() {
      const messages = yield* late
      yield* Effect.forEach(
        Array.from({ length: 500 }, (_, index) => index),
        (index) => parse(wrapper(`W${index}`, `text ${index}`, { datetime_transmission: `second ${index}` }))
      )
      assert.deepStrictEqual(messages.map(said), Array.from({ length: 400 }, (_, index) => `text ${index}`))
    }).pipe(withOptions({ maxPending: 100 }), Effect.provide(Logger.layer([]))))

  it.effect("has a time only if its zone is configured", () =>
    Effect.gen(function*() {
      yield* parse(wrapper("A"))
      const message = yield* one(image("B"))
      assert.isUndefined(message.receivedAt)
      assert.strictEqual(message.metadata["datetime_transmission"], second)
    }).pipe(withOptions()))

  it.effect("that fails in its handler is tried again until it is handled", () =>
    Effect.gen(function*() {
      const attempts: Array<string> = []
      const onTimeout = (message: InboundMessage) =>
        Effect.suspend(() => attempts.push(said(message)) < 3 ? Effect.fail("down") : Effect.void)
      yield* Effect.gen(function*() {
        yield* parse(wrapper("A", "Hi"))
        yield* TestClock.adjust("10 minutes")
        assert.deepStrictEqual(attempts, ["Hi", "Hi", "Hi"])
      }).pipe(withOptions({ onTimeout }), Effect.provide(Logger.layer([])))
    }))

  it.effect("of one tenant is not merged with that of another", () =>
    Effect.gen(function*() {
      const kit = yield* RoomKit.RoomKit
      const provider = (name: string) =>
        Effect.map(
          Layer.build(
            VoiceMeUp.layerWebhook({ name, verification: { scheme: "None" } }).pipe(Layer.provide(NodeCrypto.layer))
          ),
          Context.get(SmsProvider)
        )
      const [east, west] = [yield* provider("east"), yield* provider("west")]
      const process = (tenant: typeof east, payload: ReturnType<typeof row>) =>
        Effect.flatMap(tenant.decodePayload(payload), (events) => kit.processEvents(events))
      const results = [
        ...yield* process(east, wrapper("A", "east")),
        ...yield* process(west, image("B")),
        ...yield* process(east, image("C"))
      ]
      assert.deepStrictEqual(results.map(({ _tag }) => _tag), ["Buffered", "Broadcast", "Broadcast"])
      const heard = yield* Effect.forEach(yield* kit.rooms, ({ id }) => kit.events(id))
      assert.sameMembers(
        heard.flat().map(({ content }) => [Content.text(content), Content.media(content).length].join()),
        [
          "east,1",
          ",1"
        ]
      )
    }).pipe(Effect.provide(RoomKit.layer().pipe(Layer.provide(NodeCrypto.layer)))))
})
