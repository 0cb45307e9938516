import { NodeCrypto, NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Redacted, Ref } from "effect"
import { TestClock } from "effect/testing"
import { connect } from "node:net"
import { Address } from "../../src/Address.ts"
import { MessagesServer } from "../../src/http/index.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as SmsRouter from "../../src/sending/SmsRouter.ts"
import * as SmsError from "../../src/SmsError.ts"
import * as Twilio from "../../src/twilio/index.ts"
import { secrets } from "./carriers.ts"
import { authorized, layerGateway, layerTracker, message, post, postText, sent } from "./gateway.ts"
import { head, layerNode, port, quiet, withoutId } from "./server.ts"
import { accepted, makeTwilio } from "./twilio.ts"

const key = { "idempotency-key": "order-17" }

/** Refuses the first of these messages for these reasons, and takes what follows. */
const layerRefusing = (...reasons: ReadonlyArray<SmsError.SmsErrorReason>) =>
  layerGateway((_message, number) => {
    const reason = reasons[number - 1]
    return reason === undefined ? Effect.void : Effect.fail(reason)
  })

describe("the same idempotency key", () => {
  it.effect("with the same message sends once and gets the same receipt, however the body is written", () =>
    Effect.gen(function*() {
      const first = yield* post(message, key)
      const again = yield* post(message, key)
      const written = yield* postText(
        `{ "text": "Your parcel \\u0069s here",\n  "to": ${JSON.stringify(message.to)} }`,
        key
      )
      for (const answer of [again, written]) {
        assert.deepStrictEqual([answer.status, answer.body], [202, first.body])
        assert.strictEqual(answer.headers["idempotency-replayed"], "true")
      }
      assert.notProperty(first.headers, "idempotency-replayed")
      assert.lengthOf(yield* sent, 1)
    }).pipe(Effect.provide(layerGateway())))

  it.effect("with another message is a conflict, and sends nothing", () =>
    Effect.gen(function*() {
      yield* post(message, key)
      const others = [
        { ...message, text: "Another" },
        { ...message, to: "+15145550143" },
        { ...message, provider: "mock" },
        { ...message, reference: "x" },
        { ...message, media: [{ url: "https://example.com/a" }] },
        { ...message, media: [] }
      ]
      for (const other of others) {
        const answer = yield* post(other, key)
        assert.strictEqual(answer.status, 409)
        assert.deepInclude(JSON.parse(answer.body), { reason: "KeyReused", field: "idempotency-key" })
      }
      assert.lengthOf(yield* sent, 1)
      assert.strictEqual((yield* post(others[0], { "idempotency-key": "Order-17" })).status, 202)
    }).pipe(Effect.provide(layerGateway())))

  it.effect("after an unknown outcome gets the same answer and never sends again", () =>
    Effect.gen(function*() {
      const first = yield* post(message, key)
      const again = yield* post(message, key)
      for (const { body, status } of [first, again]) {
        assert.strictEqual(status, 504)
        assert.include(JSON.parse(body).detail, "Sending it again could deliver it twice")
      }
      assert.deepStrictEqual([withoutId(first), again.headers["idempotency-replayed"]], [withoutId(again), "true"])
      assert.strictEqual((yield* post({ ...message, text: "Another" }, key)).status, 409)
      assert.lengthOf(yield* sent, 0)
    }).pipe(Effect.provide(layerRefusing(new SmsError.OutcomeUnknown({ because: "Timeout" })))))

  it.effect("after a defect is told that the outcome is unknown, and never sends again", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* post(message, key)).status, 500)
      // The same key tells what is known of it: it may have gone out.
      assert.strictEqual((yield* post(message, key)).status, 504)
      assert.lengthOf(yield* sent, 0)
    }).pipe(
      Effect.provide(layerGateway((_message, number) => number === 1 ? Effect.die(new Error("broken")) : Effect.void))
    ))

  it.effect("after a proven refusal sends again, also another message", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* post(message, key)).status, 503)
      assert.strictEqual((yield* post({ ...message, text: "Another" }, key)).status, 429)
      assert.strictEqual((yield* post({ ...message, provider: "nobody" }, key)).status, 422)
      assert.strictEqual((yield* post(message, key)).status, 202)
      assert.strictEqual((yield* post(message, key)).headers["idempotency-replayed"], "true")
      assert.lengthOf(yield* sent, 1)
    }).pipe(Effect.provide(layerRefusing(new SmsError.ProviderUnavailable({}), new SmsError.RateLimited({})))))

  it.effect("is forgotten after a day, or when there is no room", () =>
    Effect.gen(function*() {
      yield* post(message, key)
      yield* TestClock.adjust("86399 seconds")
      yield* post(message, key)
      assert.lengthOf(yield* sent, 1)
      yield* TestClock.adjust("1 second")
      yield* post(message, key)
      assert.lengthOf(yield* sent, 2)
      yield* post(message, { "idempotency-key": "a" })
      yield* post(message, { "idempotency-key": "b" })
      yield* post(message, key)
      assert.lengthOf(yield* sent, 5)
    }).pipe(Effect.provide(layerGateway(undefined, { maxIdempotencyKeys: 2 }))))

  it.effect("is not needed: without one each request sends", () =>
    Effect.gen(function*() {
      yield* post(message)
      yield* post(message)
      assert.lengthOf(yield* sent, 2)
    }).pipe(Effect.provide(layerGateway())))
})

const layerTwilio = (baseUrl: string) =>
  MessagesServer.serve({ adminToken: Redacted.make(secrets.admin) }, quiet).pipe(
    Layer.provideMerge(SmsRouter.layer()),
    Layer.provideMerge([
      SmsProviders.layer(Twilio.layer({
        accountSid: "AC1",
        authToken: Redacted.make(secrets.twilio),
        from: Address.make("+15145550100"),
        longText: "split",
        baseUrl
      })),
      RoomKit.layer()
    ]),
    Layer.provideMerge(layerTracker),
    Layer.provideMerge([NodeCrypto.layer, NodeHttpClient.layerUndici]),
    Layer.provideMerge(layerNode)
  )

describe("many requests with one key at once", () => {
  it.live("are one request at the carrier, and all get its receipt", () =>
    Effect.gen(function*() {
      const twilio = yield* makeTwilio()
      yield* Effect.gen(function*() {
        const fibers = yield* Effect.replicateEffect(Effect.forkChild(post(message, key)), 20)
        const { response } = yield* twilio.next
        // Another message does not wait for this one.
        assert.strictEqual((yield* post({ ...message, text: "Another" }, key)).status, 409)
        yield* twilio.answer(response, 201, accepted)
        const answers = yield* Fiber.joinAll(fibers)
        for (const { body, status } of answers) {
          assert.deepStrictEqual([status, JSON.parse(body).messageIds], [202, ["SM1"]])
        }
        assert.lengthOf(answers.filter(({ headers }) => headers["idempotency-replayed"] === "true"), 19)
        assert.lengthOf(twilio.asked, 1)
      }).pipe(Effect.provide(layerTwilio(twilio.baseUrl)))
    }))

  it.live("are one request at the carrier also when its answer is lost", () =>
    Effect.gen(function*() {
      const twilio = yield* makeTwilio()
      yield* Effect.gen(function*() {
        const fibers = yield* Effect.replicateEffect(Effect.forkChild(post(message, key)), 20)
        const { response } = yield* twilio.next
        yield* Effect.sync(() => response.socket!.destroy())
        for (const { body, status } of yield* Fiber.joinAll(fibers)) {
          assert.deepStrictEqual([status, JSON.parse(body).reason], [504, "OutcomeUnknown"])
        }
        assert.strictEqual((yield* post(message, key)).status, 504)
        assert.lengthOf(twilio.asked, 1)
      }).pipe(Effect.provide(layerTwilio(twilio.baseUrl)))
    }))
})

describe("a caller that leaves", () => {
  it.live("does not stop the message, and gets its receipt when it asks again with the key", () =>
    Effect.gen(function*() {
      const twilio = yield* makeTwilio()
      yield* Effect.gen(function*() {
        const to = yield* port
        const body = JSON.stringify(message)
        const socket = connect(to, "127.0.0.1")
        socket.write(
          head("POST", "/messages", {
            host: "x",
            "content-type": "application/json",
            "content-length": String(body.length),
            ...authorized,
            ...key
          }) + body
        )
        const { response } = yield* twilio.next
        const closed = Deferred.makeUnsafe<void>()
        socket.on("close", () => Deferred.doneUnsafe(closed, Effect.void))
        socket.destroy()
        yield* Deferred.await(closed)
        assert.strictEqual((yield* post({ ...message, text: "Another" }, key)).status, 409)
        const again = yield* Effect.forkChild(post(message, key))
        yield* twilio.answer(response, 201, accepted)
        const { body: receipt, status } = yield* Fiber.join(again)
        assert.deepStrictEqual([status, JSON.parse(receipt).messageIds], [202, ["SM1"]])
        assert.lengthOf(twilio.asked, 1)
      }).pipe(Effect.provide(layerTwilio(twilio.baseUrl)))
    }))
})

describe("a message in several parts", () => {
  it.live("that is refused half-way is a conflict with the receipt of what went out, and stays one", () =>
    Effect.gen(function*() {
      const count = yield* Ref.make(0)
      const twilio = yield* makeTwilio()
      const serve = Effect.gen(function*() {
        while (true) {
          const { response } = yield* twilio.next
          twilio.asked.length = 0
          const number = yield* Ref.updateAndGet(count, (n) => n + 1)
          yield* number === 1
            ? twilio.answer(response, 201, accepted)
            : twilio.answer(response, 400, JSON.stringify({ code: 21610, message: "Attempt to send to unsubscribed" }))
        }
      })
      yield* Effect.forkChild(serve)
      const long = { to: message.to, text: "x".repeat(1700) }
      yield* Effect.gen(function*() {
        for (let times = 0; times < 2; times++) {
          const answer = yield* post(long, key)
          assert.strictEqual(answer.status, 409)
          const { accepted, detail, part, reason } = JSON.parse(answer.body)
          assert.deepStrictEqual([reason, part, accepted.messageIds], ["OptedOut", { number: 2, of: 2 }, ["SM1"]])
          assert.match(detail, /^Part 2 of 2: .*send only the rest$/)
        }
        assert.strictEqual(yield* Ref.get(count), 2)
      }).pipe(Effect.provide(layerTwilio(twilio.baseUrl)))
    }))
})
