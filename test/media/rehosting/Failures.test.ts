import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Metric, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as Content from "../../../src/Content.ts"
import * as MediaError from "../../../src/media/MediaError.ts"
import * as MediaRehosting from "../../../src/media/MediaRehosting.ts"
import { observe } from "../../observe.ts"
import { carrierUrl, elsewhere, failure, file, gone, notYet, services, settle, storedUrl, text } from "./services.ts"

const parts = [text("Two pictures"), file("a"), file("bad", { caption: "B" }), file("c")] as const
const composite = new Content.CompositeContent({ parts })
const rehosted = (name: string) => new Content.MediaContent({ url: storedUrl(name), mimeType: "image/png" })
const badGone = () => services((name) => name === "bad" ? gone : Effect.void)

describe("a file that fails", () => {
  it.effect("is marked with the reason, and the text and the other files pass", () => {
    const { attempts, layer } = badGone()
    return Effect.gen(function*() {
      const marked = new Content.MediaContent({
        url: carrierUrl("bad"),
        caption: "B",
        unavailable: "The host responded with status 410"
      })
      for (const options of [undefined, { onFailure: "mark" } as const]) {
        assert.deepStrictEqual(
          yield* MediaRehosting.rehost(composite, options),
          new Content.CompositeContent({ parts: [parts[0], rehosted("a"), marked, rehosted("c")] })
        )
        assert.deepStrictEqual(yield* MediaRehosting.rehost(parts[2], options), marked)
      }
      // A reason that stays the same is not tried again.
      assert.strictEqual(attempts.get("bad"), 4)
    }).pipe(Effect.provide(layer))
  })

  it.effect("passes as it is where that is asked for", () => {
    const { layer } = badGone()
    return Effect.gen(function*() {
      const rehost = yield* MediaRehosting.make({ onFailure: "pass" })
      assert.deepStrictEqual(
        yield* rehost(composite),
        new Content.CompositeContent({ parts: [parts[0], rehosted("a"), parts[2], rehosted("c")] })
      )
      assert.strictEqual(yield* rehost(parts[2]), parts[2])
      const onlyBad = new Content.CompositeContent({ parts: [parts[0], parts[2]] })
      assert.strictEqual(yield* rehost(onlyBad), onlyBad)
    }).pipe(Effect.provide(layer))
  })

  it.effect("fails the whole where that is asked for, and ends what else is fetched", () => {
    const { layer, state } = services((name, attempt) => name === "bad" && attempt === 1 ? gone : Effect.never)
    return Effect.gen(function*() {
      const error = yield* Effect.flip(MediaRehosting.rehost(composite, { onFailure: "block" }))
      assert.instanceOf(error.reason, MediaError.UnexpectedStatus)
      assert.strictEqual(state.open, 0)
    }).pipe(Effect.provide(layer))
  })

  it.effect("names no URL, whatever the reason", () =>
    Effect.gen(function*() {
      const host = "media.carrier.example"
      const reasons = [
        new MediaError.InvalidUrl({ expected: "a URL" }),
        new MediaError.HostNotAllowed({ host, redirected: true }),
        new MediaError.PrivateAddress({ host }),
        new MediaError.TooManyRedirects({ limit: 3 }),
        new MediaError.UnexpectedStatus({ status: 403 }),
        new MediaError.TooLarge({ limit: 1 }),
        new MediaError.TypeNotAllowed({}),
        new MediaError.TypeNotAllowed({ detected: "text/html", declared: "image/png" })
      ]
      for (const reason of reasons) {
        const observed = observe()
        const { layer } = services(() => failure(reason))
        const content = yield* MediaRehosting.rehost(file("a", { caption: "A private text" })).pipe(
          Effect.provide(Layer.mergeAll(layer, observed.layer))
        )
        const [{ unavailable }] = Content.media(content) as [Content.MediaContent]
        assert.strictEqual(unavailable, reason.message)
        assert.notMatch(`${unavailable}${observed.text()}`, /secret|private text/)
        assert.deepStrictEqual(observed.lines.map(({ level, message }) => [level, message.includes(host)]), [
          ["Warn", true]
        ])
      }
    }))

  it.effect("is counted by its reason, as one that succeeds is counted", () => {
    const { layer } = badGone()
    return Effect.gen(function*() {
      yield* MediaRehosting.rehost(composite)
      yield* MediaRehosting.rehost(elsewhere("x"))
      const counts = (yield* Metric.snapshot).flatMap((metric) =>
        metric.id === "sms_media_total" && metric.type === "Counter"
          ? [[metric.attributes?.["outcome"], metric.state.count]]
          : []
      )
      assert.deepStrictEqual(
        new Map(counts as Array<[string, number]>),
        new Map([["rehosted", 2], ["UnexpectedStatus", 1]])
      )
    }).pipe(Effect.provide(layer), Effect.provideService(Metric.MetricRegistry, new Map()))
  })
})

/** Runs it, and tells after how many seconds of the test's clock it had ended. */
const timed = Effect.fnUntraced(function*<A, E, R>(effect: Effect.Effect<A, E, R>, limit = 60) {
  const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
  let seconds = 0
  yield* settle
  while (fiber.pollUnsafe() === undefined && seconds < limit) {
    yield* TestClock.adjust("500 millis")
    yield* settle
    seconds += 0.5
  }
  const exit = fiber.pollUnsafe()
  assert.isDefined(exit, `it did not end in ${limit} seconds`)
  return [yield* exit ?? Exit.die("unreachable"), seconds] as const
})

const unavailable = (content: Content.Content) => Content.media(content).map(({ unavailable }) => unavailable)

describe("an attempt that may succeed later", () => {
  it.effect("is repeated, with more time between each", () => {
    const { attempts, layer, state } = services((_, attempt) => attempt < 4 ? notYet : Effect.void)
    return Effect.gen(function*() {
      const [content, seconds] = yield* timed(MediaRehosting.rehost(file("a")))
      assert.deepStrictEqual(content, rehosted("a"))
      assert.strictEqual(attempts.get("a"), 4)
      // 0.5 + 1 + 2 seconds, each a fifth more or less.
      assert.isTrue(seconds >= 2.8 && seconds <= 5, String(seconds))
      assert.deepStrictEqual(state, { open: 0, mostOpen: 1, closed: 4 })
    }).pipe(Effect.provide(layer))
  })

  it.effect("is repeated when the store failed", () => {
    const refused = failure(new MediaError.StoreFailed({ operation: "put", code: "SlowDown" }))
    const { attempts, layer } = services(undefined, (_, attempt) => attempt === 1 ? refused : Effect.void)
    return Effect.gen(function*() {
      const [content] = yield* timed(MediaRehosting.rehost(file("a")))
      assert.deepStrictEqual(content, rehosted("a"))
      assert.strictEqual(attempts.get("a"), 2)
    }).pipe(Effect.provide(layer))
  })

  it.effect("is given up after as many repetitions as allowed, and the last reason counts", () => {
    const statuses = [500, 502, 503, 504, 404, 429]
    const { attempts, layer } = services((_, attempt) =>
      failure(new MediaError.UnexpectedStatus({ status: statuses[attempt - 1]! }))
    )
    return Effect.gen(function*() {
      const [content] = yield* timed(MediaRehosting.rehost(file("a")))
      assert.deepStrictEqual(unavailable(content), ["The host responded with status 404"])
      assert.strictEqual(attempts.get("a"), 5)
      const [other] = yield* timed(MediaRehosting.rehost(file("b"), { retries: 0 }))
      assert.deepStrictEqual(unavailable(other), ["The host responded with status 500"])
    }).pipe(Effect.provide(layer))
  })
})

describe("the time limit", () => {
  it.effect("ends the repetitions before a wait that would go beyond it", () => {
    const { layer } = services(() => notYet)
    return Effect.gen(function*() {
      const [content, seconds] = yield* timed(MediaRehosting.rehost(file("a"), { retries: 100 }))
      assert.deepStrictEqual(unavailable(content), ["The host responded with status 404"])
      assert.isAtMost(seconds, 29)
      const [, sooner] = yield* timed(MediaRehosting.rehost(file("b"), { retries: 100, timeout: "5 seconds" }))
      assert.isAtMost(sooner, 4.5)
    }).pipe(Effect.provide(layer))
  })

  it.effect("ends an attempt that hangs, a second early, and closes its connection", () => {
    const { layer, state } = services(() => Effect.never)
    return Effect.gen(function*() {
      const [content, seconds] = yield* timed(MediaRehosting.rehost(file("a")))
      assert.deepStrictEqual(unavailable(content), ["Timed out (total timeout)"])
      assert.strictEqual(seconds, 29)
      assert.strictEqual(state.open, 0)
    }).pipe(Effect.provide(layer))
  })

  it.effect("that ends a repetition leaves the reason of the attempt before", () => {
    const { layer } = services((_, attempt) => attempt === 1 ? notYet : Effect.never)
    return Effect.gen(function*() {
      const [content, seconds] = yield* timed(MediaRehosting.rehost(file("a")))
      assert.deepStrictEqual(unavailable(content), ["The host responded with status 404"])
      assert.strictEqual(seconds, 29)
    }).pipe(Effect.provide(layer))
  })

  it.effect("is that of the message, however many files wait for their turn", () => {
    const { attempts, layer } = services((name) => name === "quick" ? Effect.void : Effect.never)
    return Effect.gen(function*() {
      const files = Array.from({ length: 9 }, (_, index) => file(`f${index}`))
      const content = new Content.CompositeContent({ parts: [text("Ten"), file("quick"), ...files] })
      const [done, seconds] = yield* timed(MediaRehosting.rehost(content))
      assert.strictEqual(seconds, 29)
      assert.strictEqual(Content.text(done), "Ten")
      assert.deepStrictEqual(unavailable(done), [undefined, ...files.map(() => "Timed out (total timeout)")])
      // Those that did not get a turn were not begun at the last moment.
      assert.strictEqual(attempts.size, 5)
    }).pipe(Effect.provide(layer))
  })
})

describe("text", () => {
  const outcomes = ["good", "gone", "flaky", "hangs", "unstored", "elsewhere"] as const
  const Part = Schema.Union([
    Schema.Struct({ words: Schema.String }),
    Schema.Struct({ outcome: Schema.Literals(outcomes), caption: Schema.optionalKey(Schema.NonEmptyString) })
  ])
  const outcomeOf = (url: string) => URL.parse(url)!.pathname.split("/").at(-1)!.split("-")[0]!
  const full = failure(new MediaError.StoreFailed({ operation: "put", code: "ENOSPC" }))
  const answers: Readonly<Record<string, Effect.Effect<void, MediaError.MediaError>>> = {
    gone,
    hangs: Effect.never,
    flaky: notYet
  }

  it.effect.prop(
    "is never lost, whatever happens to the files",
    {
      script: Schema.NonEmptyArray(Part),
      onFailure: Schema.Literals(["mark", "pass"]),
      concurrency: Schema.Literals([1, 4])
    },
    ({ concurrency, onFailure, script }) => {
      const { layer, state } = services(
        (name, attempt) =>
          name.startsWith("flaky") && attempt > 1 ? Effect.void : answers[name.split("-")[0]!] ?? Effect.void,
        (name) => name.startsWith("unstored") ? full : Effect.void
      )
      const [first, ...rest] = script.map((part, index) => {
        if ("words" in part) return text(part.words)
        const { outcome, ...caption } = part
        return outcome === "elsewhere"
          ? new Content.MediaContent({ url: `https://elsewhere.example/${outcome}-${index}`, ...caption })
          : file(`${outcome}-${index}`, caption)
      })
      const content = rest.length === 0 ? first! : new Content.CompositeContent({ parts: [first!, ...rest] })
      return Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(MediaRehosting.rehost(content, { concurrency, onFailure }))
        yield* TestClock.adjust("30 seconds")
        const done = yield* Fiber.join(fiber)
        assert.strictEqual(Content.text(done), Content.text(content))
        assert.strictEqual(done._tag, content._tag)
        const before = Content.media(content)
        for (const [index, { caption, unavailable, url }] of Content.media(done).entries()) {
          const original = before[index]!
          const outcome = outcomeOf(original.url)
          assert.strictEqual(caption, original.caption)
          // With one at a time, one that hangs takes the time of those after it.
          const hung = before.slice(0, index).some(({ url }) => outcomeOf(url) === "hangs")
          if (outcome === "elsewhere") assert.strictEqual(url, original.url)
          else if (["good", "flaky"].includes(outcome) && !hung) {
            assert.strictEqual(url, storedUrl(`${outcome}-${original.url.match(/-(\d+)\?/)![1]}`))
          }
          const moved = url !== original.url
          assert.strictEqual(unavailable !== undefined, !moved && outcome !== "elsewhere" && onFailure === "mark")
        }
        assert.lengthOf(Content.media(done), before.length)
        assert.strictEqual(state.open, 0)
      }).pipe(Effect.provide(layer))
    }
  )
})
