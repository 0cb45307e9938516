import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Redacted, Ref, Stream } from "effect"
import { TestClock } from "effect/testing"
import { GuardedClient, type GuardedResponse } from "../../../src/media/GuardedClient.ts"
import * as MediaFetcher from "../../../src/media/MediaFetcher.ts"
import { recordingTracer } from "../../../src/testing/internal/recordingTracer.ts"
import { settable } from "../../clock.ts"
import { bytesOf, carriers, fetchAll, jpeg, reasonOf } from "./hosts.ts"

const answer = (
  stream: GuardedResponse["stream"],
  headers: Readonly<Record<string, string>> = {},
  status = 200
): GuardedResponse => ({
  status,
  header: (name) => Object.hasOwn(headers, name) ? [headers[name] ?? ""] : [],
  stream
})

/** A fetcher over a client that answers so, and the requests that the client got. */
const fetcherOver = Effect.fnUntraced(function*(
  get: (url: URL) => Effect.Effect<GuardedResponse>,
  options: MediaFetcher.Options = {}
) {
  const requests = yield* Ref.make<ReadonlyArray<string>>([])
  const client = Layer.succeed(GuardedClient, {
    send: ({ url }) => Effect.andThen(Ref.update(requests, (all) => [...all, url.href]), get(url))
  })
  const context = yield* Layer.build(MediaFetcher.layer({ carriers, ...options }).pipe(Layer.provide(client)))
  return { fetcher: Context.get(context, MediaFetcher.MediaFetcher), requests: Ref.get(requests) }
})

const url = "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1?token=hidden"

describe("the fetcher, over any client", () => {
  it.effect("does not take a part for the whole, although the client does", () =>
    Effect.gen(function*() {
      for (const length of [100, 6000]) {
        const part = answer(Stream.make(jpeg(length)), { "content-length": String(length + 1) })
        const { fetcher } = yield* fetcherOver(() => Effect.succeed(part))
        assert.strictEqual((yield* reasonOf(fetcher, url))._tag, "InvalidBody")
      }
    }))

  it.effect("does not go from https to http, not even on a test host", () =>
    Effect.gen(function*() {
      const redirect = answer(Stream.empty, { location: "http://127.0.0.1:8080/1" }, 302)
      const { fetcher, requests } = yield* fetcherOver(() => Effect.succeed(redirect), {
        testHosts: ["127.0.0.1:8080", "127.0.0.1:8443"]
      })
      for (const start of [url, "https://127.0.0.1:8443/1"]) {
        assert.deepInclude(yield* reasonOf(fetcher, start), { _tag: "InvalidUrl", expected: "an https URL" })
      }
      assert.lengthOf(yield* requests, 2)
    }))

  it.effect("follows Twilio from its API to the host of its files", () =>
    Effect.gen(function*() {
      const signed = "https://mms.twiliocdn.com/AC1/1?Expires=1&Signature=a~b"
      const { fetcher, requests } = yield* fetcherOver(({ hostname }) =>
        Effect.succeed(
          hostname === "api.twilio.com" ? answer(Stream.empty, { location: signed }, 307) : answer(Stream.make(jpeg()))
        )
      )
      assert.strictEqual((yield* fetchAll(fetcher, url)).contentType, "image/jpeg")
      assert.deepStrictEqual(yield* requests, [url, signed])
    }))

  it.effect("waits 10 seconds for headers, on the clock of the runtime", () =>
    Effect.gen(function*() {
      const { fetcher } = yield* fetcherOver(() => Effect.never)
      const fiber = yield* Effect.forkChild(reasonOf(fetcher, url), { startImmediately: true })
      yield* TestClock.adjust("9999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.deepInclude(yield* Fiber.join(fiber), { _tag: "TimedOut", limit: "headers" })
    }))

  it.effect("waits 10 seconds for more of a body, and a minute for all of it", () =>
    Effect.gen(function*() {
      const drip = (every: number) =>
        Stream.concat(
          Stream.make(jpeg()),
          Stream.fromEffectRepeat(Effect.delay(Effect.succeed(Buffer.of(0x11)), every))
        )
      for (const [every, limit, wait] of [[11_000, "idle", 10_000], [9000, "total", 60_000]] as const) {
        const { fetcher } = yield* fetcherOver(() => Effect.succeed(answer(drip(every))))
        const fiber = yield* Effect.forkChild(reasonOf(fetcher, url), { startImmediately: true })
        yield* TestClock.adjust(wait - 1)
        assert.isUndefined(fiber.pollUnsafe())
        yield* TestClock.adjust(1)
        assert.deepInclude(yield* Fiber.join(fiber), { _tag: "TimedOut", limit })
      }
    }))

  it.effect("waits no longer for a body when the clock is set back", () =>
    Effect.gen(function*() {
      const { by, turn } = yield* settable
      const drops = Stream.fromEffectRepeat(Effect.delay(Effect.succeed(Buffer.of(0x11)), 9000))
      const { fetcher } = yield* fetcherOver(() => Effect.succeed(answer(Stream.concat(Stream.make(jpeg()), drops))))
      const fiber = yield* Effect.forkChild(by(reasonOf(fetcher, url)), { startImmediately: true })
      yield* turn(-3_600_000)
      yield* TestClock.adjust("1 minute")
      assert.isDefined(fiber.pollUnsafe())
      assert.deepInclude(yield* Fiber.join(fiber), { _tag: "TimedOut", limit: "total" })
    }))

  it.effect("does not take a slow reader for a slow host", () =>
    Effect.gen(function*() {
      const pieces = Stream.make(jpeg(), jpeg()).pipe(Stream.rechunk(1))
      const { fetcher } = yield* fetcherOver(() => Effect.succeed(answer(pieces)))
      const media = yield* fetcher.fetch(url)
      yield* TestClock.adjust("59 seconds")
      assert.lengthOf(yield* bytesOf(media), 12_000)
    }))

  it.effect("counts the time of its reader for the whole", () =>
    Effect.gen(function*() {
      const pieces = Stream.make(jpeg(), jpeg()).pipe(Stream.rechunk(1))
      const { fetcher } = yield* fetcherOver(() => Effect.succeed(answer(pieces)))
      const media = yield* fetcher.fetch(url)
      yield* TestClock.adjust("61 seconds")
      const { reason } = yield* Effect.flip(bytesOf(media))
      assert.deepInclude(reason, { _tag: "TimedOut", limit: "total" })
    }))

  it.effect("puts neither the path nor credentials into spans and errors", () =>
    Effect.gen(function*() {
      const { spans, tracer } = recordingTracer()
      const { fetcher } = yield* fetcherOver(() => Effect.succeed(answer(Stream.empty, {}, 404)), {
        credentials: { "api.twilio.com": MediaFetcher.basic("SK1", Redacted.make("secret")) }
      })
      const error = yield* Effect.flip(fetchAll(fetcher, url)).pipe(Effect.withTracer(tracer))
      assert.deepStrictEqual(spans.map(({ name }) => name), ["MediaFetcher.fetch"])
      const seen = [
        String(error),
        error.stack,
        JSON.stringify(error),
        JSON.stringify(spans.map((s) => [...s.attributes]))
      ]
      assert.notMatch(seen.join("\n"), /hidden|ME1|SK1|secret|U0sx/)
    }))
})
