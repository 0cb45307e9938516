/**
 * What every aggregator of split messages must do, wherever it keeps them.
 */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, type Duration, Effect, Fiber, Layer, Option, type Scope, Stream } from "effect"
import * as Content from "../../src/Content.ts"
import type { InboundMessage } from "../../src/Message.ts"
import { MmsAggregator, type Options, type Service } from "../../src/mms/MmsAggregator.ts"
import { collect, media, offerAll, said, saidOf, urlOf, wrapper } from "../mms/parts.ts"

export interface Subject {
  readonly name: string
  /** A new aggregator, where nothing is pending. */
  readonly layer: (options?: Options) => Layer.Layer<MmsAggregator, unknown>
  /** Lets time pass, and everything happen that is due by then. */
  readonly advance: (duration: Duration.Input) => Effect.Effect<void>
  /** Whether what is pending is still there for the next process, so that the end lets nothing out. */
  readonly durable: boolean
}

type Test = (aggregator: Service) => Effect.Effect<void, unknown, Scope.Scope>

export const suite = ({ advance, durable, layer, name }: Subject) => {
  const test = (title: string, body: Test, options?: Options) =>
    it.effect(title, () => Effect.provide(Effect.flatMap(MmsAggregator, body), layer(options)))

  /** Everything that comes out by time, in short. */
  const later = Effect.fnUntraced(function*(aggregator: Service) {
    const messages = yield* collect(aggregator)
    return { messages, said: () => messages.map(saidOf) }
  })

  describe(`MmsAggregator (${name})`, () => {
    describe("makes one message of", () => {
      test(
        "a wrapper and its file, as soon as the file is there",
        Effect.fnUntraced(function*(aggregator) {
          const { messages } = yield* later(aggregator)
          assert.isTrue(Option.isNone(yield* aggregator.offer(wrapper("w", { text: "Look at this" }))))
          const merged = yield* Effect.flatMap(aggregator.offer(media("m")), Effect.fromOption)
          assert.deepStrictEqual(
            merged.content,
            new Content.MediaContent({ url: urlOf("m"), mimeType: "image/jpeg", caption: "Look at this" })
          )
          assert.strictEqual(merged.channelType, "mms")
          assert.strictEqual(merged.externalId, "w")
          assert.strictEqual(merged.idempotencyKey, "w")
          assert.deepStrictEqual(merged.metadata, { sms_hash: "w", wrapper: "yes", media: "yes", mmsParts: "w m" })
          assert.deepStrictEqual(merged.raw, {
            parts: [{ name: "w", text: "Look at this" }, { name: "m", text: "" }]
          })
          yield* advance("1 hour")
          assert.deepStrictEqual(messages, [])
        })
      )

      test(
        "text on both, without saying the same thing twice",
        Effect.fnUntraced(function*(aggregator) {
          const all = yield* offerAll(
            aggregator,
            wrapper("w"),
            media("m", { text: "caption" }),
            wrapper("same", { key: "2", text: "same" }),
            media("n", { key: "2", text: "same" })
          )
          assert.deepStrictEqual(all, ["", "w\ncaption + m", "", "same + n"])
        })
      )

      test(
        "a wrapper without text and its file, under the id of the wrapper",
        Effect.fnUntraced(function*(aggregator) {
          yield* aggregator.offer(wrapper("w", { text: "" }))
          const merged = yield* Effect.flatMap(aggregator.offer(media("m")), Effect.fromOption)
          assert.deepStrictEqual([merged.externalId, said(merged)], ["w", "m"])
        })
      )

      test(
        "parts without ids, and takes the id that there is",
        Effect.fnUntraced(function*(aggregator) {
          yield* aggregator.offer(wrapper("w", { id: null }))
          const merged = yield* Effect.flatMap(aggregator.offer(media("m")), Effect.fromOption)
          assert.deepStrictEqual([merged.externalId, merged.idempotencyKey, said(merged)], ["m", "m", "w + m"])
          yield* aggregator.offer(wrapper("x", { id: null, key: "2" }))
          const unnamed = yield* Effect.flatMap(aggregator.offer(media("n", { id: null, key: "2" })), Effect.fromOption)
          assert.deepStrictEqual([unnamed.externalId, unnamed.idempotencyKey, said(unnamed)], [
            undefined,
            undefined,
            "x + n"
          ])
        })
      )

      test(
        "several files, when it waits for more after each",
        Effect.fnUntraced(function*(aggregator) {
          const { messages } = yield* later(aggregator)
          assert.deepStrictEqual(yield* offerAll(aggregator, wrapper("w"), media("1")), ["", ""])
          yield* advance("600 millis")
          assert.deepStrictEqual(yield* offerAll(aggregator, media("2")), [""])
          yield* advance("999 millis")
          assert.deepStrictEqual(messages, [])
          yield* advance("1 millis")
          assert.deepStrictEqual(messages.map(said), ["w + 1 + 2"])
          assert.strictEqual(messages[0]!.idempotencyKey, "w")
          assert.strictEqual(messages[0]!.metadata["mmsParts"], "w 1 2")
        }),
        { quietTime: "1 second" }
      )

      test(
        "a file and the wrapper that comes after it, when it waits for that",
        Effect.fnUntraced(function*(aggregator) {
          const { messages } = yield* later(aggregator)
          yield* aggregator.offer(media("m"))
          yield* advance("1999 millis")
          const merged = yield* Effect.flatMap(aggregator.offer(wrapper("w")), Effect.fromOption)
          assert.deepStrictEqual([merged.idempotencyKey, merged.metadata["mmsParts"], said(merged)], [
            "w",
            "w m",
            "w + m"
          ])
          yield* advance("1 hour")
          assert.deepStrictEqual(messages, [])
        }),
        { reorderWindow: "2 seconds" }
      )
    })

    describe("waits no longer than it may", () => {
      test(
        "for the file of a wrapper, which comes out as text",
        Effect.fnUntraced(function*(aggregator) {
          const { messages } = yield* later(aggregator)
          yield* aggregator.offer(wrapper("w"))
          yield* advance("4999 millis")
          assert.deepStrictEqual(messages, [])
          yield* advance("1 millis")
          assert.deepStrictEqual(messages, [wrapper("w").message])
          yield* advance("1 hour")
          assert.lengthOf(messages, 1)
        })
      )

      test(
        "as the option says",
        Effect.fnUntraced(function*(aggregator) {
          const { said } = yield* later(aggregator)
          yield* aggregator.offer(wrapper("w"))
          yield* advance("59 seconds")
          assert.deepStrictEqual(said(), [])
          yield* advance("1 second")
          assert.deepStrictEqual(said(), ["w"])
        }),
        { timeout: "1 minute" }
      )

      test(
        "for more files: the whole time is bounded",
        Effect.fnUntraced(function*(aggregator) {
          const { said } = yield* later(aggregator)
          yield* aggregator.offer(wrapper("w"))
          for (const name of ["1", "2", "3", "4"]) {
            yield* advance("1200 millis")
            yield* aggregator.offer(media(name))
          }
          assert.deepStrictEqual(said(), [])
          yield* advance("200 millis")
          assert.deepStrictEqual(said(), ["w + 1 + 2 + 3 + 4"])
        }),
        { quietTime: "2 seconds" }
      )

      test(
        "for the wrapper of a file",
        Effect.fnUntraced(function*(aggregator) {
          const { said } = yield* later(aggregator)
          yield* aggregator.offer(media("m"))
          yield* advance("1999 millis")
          assert.deepStrictEqual(said(), [])
          yield* advance("1 millis")
          assert.deepStrictEqual(said(), ["m"])
          assert.deepStrictEqual(yield* offerAll(aggregator, wrapper("w")), ["w of m"])
        }),
        { reorderWindow: "2 seconds" }
      )

      test(
        "for a wrapper that says nothing: then there is no message",
        Effect.fnUntraced(function*(aggregator) {
          const { said } = yield* later(aggregator)
          yield* aggregator.offer(wrapper("w", { text: "" }))
          yield* advance("1 minute")
          assert.deepStrictEqual(said(), [])
          assert.deepStrictEqual(yield* offerAll(aggregator, media("m")), ["m"])
        })
      )
    })

    describe("lets pass at once", () => {
      test(
        "a file without wrapper, just as it is, and then its text, marked",
        Effect.fnUntraced(function*(aggregator) {
          const { said } = yield* later(aggregator)
          assert.deepStrictEqual(yield* aggregator.offer(media("m")), Option.some(media("m").message))
          assert.deepStrictEqual(yield* offerAll(aggregator, wrapper("w")), ["w of m"])
          yield* advance("1 hour")
          assert.deepStrictEqual(said(), [])
        })
      )

      test(
        "a part that names no second, whatever else does not",
        Effect.fnUntraced(function*(aggregator) {
          const parts = [
            wrapper("w", { key: null }),
            media("m", { key: null }),
            wrapper("empty", { key: null, text: "" }),
            wrapper("x", { key: null })
          ]
          assert.deepStrictEqual(yield* offerAll(aggregator, ...parts), ["w", "m", "", "x"])
        })
      )

      test(
        "what comes after the message, marked with its id",
        Effect.fnUntraced(function*(aggregator) {
          const { said } = yield* later(aggregator)
          assert.deepStrictEqual(
            yield* offerAll(aggregator, wrapper("w"), media("1"), media("2"), media("3", { text: "more" })),
            ["", "w + 1", "2 of w", "more + 3 of w"]
          )
          yield* aggregator.offer(wrapper("x", { key: "2" }))
          yield* advance("5 seconds")
          assert.deepStrictEqual(said(), ["x"])
          assert.deepStrictEqual(yield* offerAll(aggregator, media("4", { key: "2" })), ["4 of x"])
        })
      )
    })

    describe("loses nothing of", () => {
      test(
        "two wrappers of one second: each gets a file, in their order",
        Effect.fnUntraced(function*(aggregator) {
          const { said } = yield* later(aggregator)
          assert.deepStrictEqual(
            yield* offerAll(aggregator, wrapper("w"), wrapper("x"), media("1"), media("2")),
            ["", "", "w + 1", "x + 2"]
          )
          yield* offerAll(aggregator, wrapper("y", { key: "2" }), wrapper("z", { key: "2" }))
          assert.deepStrictEqual(yield* offerAll(aggregator, media("3", { key: "2" })), ["y + 3"])
          yield* advance("5 seconds")
          assert.deepStrictEqual(said(), ["z"])
        })
      )

      test(
        "parts that come at once",
        Effect.fnUntraced(function*(aggregator) {
          const { said } = yield* later(aggregator)
          const keys = Array.from({ length: 50 }, (_, index) => `key ${index};`)
          const parts = keys.flatMap((key) => [
            wrapper(`text of ${key}`, { key }),
            media(`file of ${key}`, { key })
          ])
          const messages = yield* Effect.forEach(parts, (part) => aggregator.offer(part), { concurrency: "unbounded" })
          yield* advance("5 seconds")
          const all = [...messages.flatMap(Option.toArray).map(saidOf), ...said()]
          for (const key of keys) {
            const of = all.filter((said) => said.includes(`text of ${key}`) || said.includes(`file of ${key}`))
            assert.deepInclude([
              [`text of ${key} + file of ${key}`],
              [`file of ${key}`, `text of ${key} of file of ${key}`]
            ], [...of].sort())
          }
        })
      )
    })

    describe("ignores a repeated part", () => {
      test(
        "while it waits, after the merge, and after the time-out",
        Effect.fnUntraced(function*(aggregator) {
          const { said } = yield* later(aggregator)
          const tags = (...parts: ReadonlyArray<Parameters<Service["offer"]>[0]>) =>
            Effect.map(
              Effect.forEach(parts, (part) => aggregator.process(part, Effect.succeed)),
              (outcomes) => outcomes.map(({ _tag }) => _tag)
            )
          assert.deepStrictEqual(
            yield* tags(wrapper("w"), wrapper("w"), media("m"), media("m"), wrapper("w"), media("m")),
            ["Buffered", "Repeated", "Due", "Repeated", "Repeated", "Repeated"]
          )
          yield* tags(wrapper("x", { key: "2" }))
          yield* advance("5 seconds")
          assert.deepStrictEqual(yield* tags(wrapper("x", { key: "2" })), ["Repeated"])
          yield* advance("5 minutes")
          assert.deepStrictEqual(yield* tags(wrapper("x", { key: "2" }), media("m")), ["Repeated", "Repeated"])
          assert.deepStrictEqual(said(), ["x"])
        })
      )

      test(
        "but not one of another provider",
        Effect.fnUntraced(function*(aggregator) {
          const { said } = yield* later(aggregator)
          const other = { provider: "voicemeup-2" }
          assert.deepStrictEqual(
            yield* offerAll(aggregator, wrapper("w"), media("m", other), wrapper("w", other), media("n")),
            ["", "m", "w of m", "w + n"]
          )
          yield* advance("5 seconds")
          assert.deepStrictEqual(said(), [])
        })
      )
    })

    describe("hands out", () => {
      test(
        "again what failed, until it is handled",
        Effect.fnUntraced(function*(aggregator) {
          const seen: Array<string> = []
          yield* aggregator.onDue((message) =>
            Effect.suspend(() => {
              seen.push(said(message))
              return seen.length < 3 ? Effect.fail("not now") : Effect.void
            })
          )
          yield* aggregator.offer(wrapper("w"))
          yield* advance("5 seconds")
          assert.deepStrictEqual(seen, ["w"])
          yield* advance("1 second")
          yield* advance("2 seconds")
          assert.deepStrictEqual(seen, ["w", "w", "w"])
          yield* advance("1 hour")
          assert.lengthOf(seen, 3)
        })
      )

      test(
        "to the handler what the caller failed at, who is told",
        Effect.fnUntraced(function*(aggregator) {
          const { said } = yield* later(aggregator)
          yield* aggregator.offer(wrapper("w"))
          const error = yield* Effect.flip(aggregator.process(media("m"), () => Effect.fail("not now")))
          assert.strictEqual(error, "not now")
          assert.strictEqual((yield* aggregator.process(media("m"), Effect.succeed))._tag, "Repeated")
          yield* advance("1 second")
          assert.deepStrictEqual(said(), ["w + m"])
          yield* advance("1 hour")
          assert.lengthOf(said(), 1)
        })
      )

      test(
        "to the handler what a caller had who went away",
        Effect.fnUntraced(function*(aggregator) {
          const messages = yield* collect(aggregator)
          yield* aggregator.offer(wrapper("w"))
          const begun = yield* Deferred.make<void>()
          const caller = yield* Effect.forkChild(
            aggregator.process(media("m"), () => Effect.andThen(Deferred.succeed(begun, undefined), Effect.never))
          )
          yield* Deferred.await(begun)
          yield* Fiber.interrupt(caller)
          yield* advance("1 second")
          assert.deepStrictEqual(messages.map(said), ["w + m"])
        })
      )

      test(
        "to the caller's function what it says is due, and gives what that makes of it",
        Effect.fnUntraced(function*(aggregator) {
          const process = (part: ReturnType<typeof media>) =>
            aggregator.process(part, (message) => Effect.succeed(`handled ${said(message)}`))
          assert.deepStrictEqual(yield* process(wrapper("w")), { _tag: "Buffered" })
          assert.deepStrictEqual(yield* process(media("m")), { _tag: "Due", value: "handled w + m" })
          assert.deepStrictEqual(yield* process(media("n", { key: "2" })), { _tag: "Due", value: "handled n" })
          assert.deepStrictEqual(yield* process(wrapper("e", { key: "2", text: "" })), { _tag: "Empty" })
        })
      )

      const handled: Array<InboundMessage> = []
      test(
        "to the option's handler, rather than to a registered one",
        Effect.fnUntraced(function*(aggregator) {
          const { messages } = yield* later(aggregator)
          yield* aggregator.offer(wrapper("w"))
          yield* advance("5 seconds")
          assert.deepStrictEqual(messages, [])
          assert.deepStrictEqual(handled.map(said), ["w"])
        }),
        { onTimeout: (message) => Effect.sync(() => void handled.push(message)) }
      )
    })

    if (durable) return

    it.effect("at its end lets out what is pending", () =>
      Effect.gen(function*() {
        const messages: Array<InboundMessage> = []
        const onTimeout = (message: InboundMessage) => Effect.sync(() => void messages.push(message))
        yield* Effect.scoped(Effect.gen(function*() {
          const aggregator = yield* Effect.provide(MmsAggregator, yield* Layer.build(layer({ onTimeout })))
          yield* offerAll(aggregator, wrapper("w"), wrapper("x"), wrapper("y", { key: "2" }))
          assert.deepStrictEqual(messages, [])
        }))
        assert.deepStrictEqual(messages.map(said), ["w", "x", "y"])
      }))

    test(
      "lets out what is pending before its last handler leaves, and on demand",
      Effect.fnUntraced(function*(aggregator) {
        const seen: Array<string> = []
        const register = (name: string) =>
          aggregator.onDue((message) => Effect.sync(() => void seen.push(`${name} ${said(message)}`)))
        yield* Effect.scoped(Effect.gen(function*() {
          yield* register("first")
          yield* Effect.scoped(Effect.andThen(register("second"), aggregator.offer(wrapper("w"))))
          assert.deepStrictEqual(seen, [])
          yield* aggregator.drain
          assert.deepStrictEqual(seen, ["first w"])
          yield* aggregator.offer(wrapper("x"))
        }))
        assert.deepStrictEqual(seen, ["first w", "first x"])
      })
    )

    test(
      "warns of what nobody handles, and keeps it for who reads the orphans",
      Effect.fnUntraced(function*(aggregator) {
        yield* offerAll(aggregator, wrapper("w"), wrapper("x"))
        yield* advance("5 seconds")
        const orphans = yield* Stream.runCollect(Stream.take(aggregator.orphans, 2))
        assert.deepStrictEqual(orphans.map(said), ["w", "x"])
      })
    )
  })
}
