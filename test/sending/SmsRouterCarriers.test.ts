/** Fail-over between two real servers that answer as Twilio does. */
import { NodeCrypto } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Redacted } from "effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import { TestClock } from "effect/testing"
import type { RequestListener } from "node:http"
import { Address } from "../../src/Address.ts"
import { TextContent } from "../../src/Content.ts"
import { OutboundMessage } from "../../src/Message.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as SmsRouter from "../../src/sending/SmsRouter.ts"
import * as SmsError from "../../src/SmsError.ts"
import * as Twilio from "../../src/twilio/index.ts"
import { serve } from "../media/fetcher/hosts.ts"

const ours = Address.make("+15145550100")
const to = Address.make("+15145550142")
const message = new OutboundMessage({ to, content: new TextContent({ text: "Your order is here" }) })

const json = (status: number, body: unknown): RequestListener => (request, response) => {
  request.resume().on("end", () => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))
  })
}

const accepts = json(201, { sid: "SM1", status: "queued", from: "+15145550100", num_segments: "1" })

const refuses = (code: number, message: string) => json(400, { code, message, status: 400 })

const carrier = (name: string, baseUrl: string) =>
  Twilio.layer({
    name,
    baseUrl,
    accountSid: "AC1",
    authToken: Redacted.make("token"),
    from: ours,
    retry: { times: 0 }
  })

const routerOf = (first: string, second: string) =>
  Effect.provide(
    SmsRouter.make(),
    SmsProviders.layer(carrier("first", first), carrier("second", second)).pipe(
      Layer.provide([NodeCrypto.layer, FetchHttpClient.layer])
    )
  )

const failed = (error: SmsError.SmsError | SmsRouter.SmsRouterError): SmsError.SmsError => {
  assert.instanceOf(error, SmsError.SmsError)
  return error as SmsError.SmsError
}

it.effect("the second carrier sends what the first is not set up for", () =>
  Effect.gen(function*() {
    const first = yield* serve(refuses(21608, `The number ${to} is unverified. Trial accounts cannot send to it.`))
    const second = yield* serve(accepts)
    const receipt = yield* (yield* routerOf(first.url, second.url)).send(message)
    assert.deepStrictEqual([receipt.provider, receipt.messageIds], ["second", ["SM1"]])
    assert.lengthOf(first.requests, 1)
    assert.lengthOf(second.requests, 1)
  }))

it.effect("the second carrier sends when the first is down, and the error tells both when it cannot", () =>
  Effect.gen(function*() {
    // Its port is closed with the scope.
    const { url } = yield* Effect.scoped(serve(accepts))
    const second = yield* serve(accepts)
    assert.strictEqual((yield* (yield* routerOf(url, second.url)).send(message)).provider, "second")

    const error = failed(yield* Effect.flip((yield* routerOf(url, url)).send(message)))
    assert.deepStrictEqual([error.provider, error.reason._tag], ["second", "ProviderUnavailable"])
    assert.deepStrictEqual(error.earlier?.map(({ provider, reason }) => [provider, reason._tag]), [
      ["first", "ProviderUnavailable"]
    ])
  }))

it.effect("the second carrier is never asked about a recipient who opted out", () =>
  Effect.gen(function*() {
    const first = yield* serve(refuses(21610, `Attempt to send to unsubscribed recipient ${to}`))
    const second = yield* serve(accepts)
    const error = failed(yield* Effect.flip((yield* routerOf(first.url, second.url)).send(message)))
    assert.deepStrictEqual([error.provider, error.reason._tag], ["first", "OptedOut"])
    assert.notInclude(JSON.stringify(error.reason), to.slice(1))
    assert.lengthOf(second.requests, 0)
  }))

it.effect("the second carrier is never asked when the first does not answer", () =>
  Effect.gen(function*() {
    const received = yield* Deferred.make<void>()
    const first = yield* serve(() => Deferred.doneUnsafe(received, Effect.void))
    const second = yield* serve(accepts)
    const sending = yield* Effect.forkChild(Effect.flip((yield* routerOf(first.url, second.url)).send(message)))
    yield* Deferred.await(received)
    yield* TestClock.adjust("30 seconds")
    const error = failed(yield* Fiber.join(sending))
    assert.deepStrictEqual([error.provider, error.reason], [
      "first",
      new SmsError.OutcomeUnknown({ because: "Timeout" })
    ])
    assert.lengthOf(second.requests, 0)
  }))

it.effect("the second carrier is never asked when the first breaks while it has the message", () =>
  Effect.gen(function*() {
    for (
      const [because, listener] of [
        ["ServerError", json(503, { code: 20503, message: "Service unavailable", status: 503 })],
        ["ConnectionLost", (request) => void request.socket.destroy()],
        ["UnreadableAnswer", json(201, {})]
      ] satisfies ReadonlyArray<readonly [string, RequestListener]>
    ) {
      const first = yield* serve(listener)
      const second = yield* serve(accepts)
      const error = failed(yield* Effect.flip((yield* routerOf(first.url, second.url)).send(message)))
      assert.strictEqual(error.reason._tag === "OutcomeUnknown" ? error.reason.because : error.reason._tag, because)
      assert.lengthOf(second.requests, 0)
    }
  }))

it.effect("the second carrier sends a message without sender when the first has none of its own", () =>
  Effect.gen(function*() {
    const first = yield* serve(accepts)
    const second = yield* serve(accepts)
    const carriers = SmsProviders.layer(
      Twilio.layer({ name: "first", baseUrl: first.url, accountSid: "AC1", authToken: Redacted.make("token") }),
      carrier("second", second.url)
    ).pipe(Layer.provide([NodeCrypto.layer, FetchHttpClient.layer]))
    const router = yield* Effect.provide(SmsRouter.make(), carriers)
    assert.strictEqual((yield* router.send(message)).provider, "second")
    assert.lengthOf(first.requests, 0)
  }))

it.effect("a named carrier is asked alone", () =>
  Effect.gen(function*() {
    const first = yield* serve(accepts)
    const second = yield* serve(refuses(21608, "Unverified"))
    const router = yield* routerOf(first.url, second.url)
    const error = failed(yield* Effect.flip(router.send(message, { provider: "second" })))
    assert.deepStrictEqual([error.provider, error.reason._tag, error.earlier], ["second", "NotEnabled", undefined])
    assert.lengthOf(first.requests, 0)
  }))
