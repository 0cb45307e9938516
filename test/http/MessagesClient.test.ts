import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration, Effect, Layer, Redacted } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { Address } from "../../src/Address.ts"
import { MessagesClient } from "../../src/http/index.ts"
import { SendReceipt } from "../../src/Message.ts"
import * as SmsError from "../../src/SmsError.ts"
import { secrets } from "./carriers.ts"
import { layerGateway, sent } from "./gateway.ts"
import { port } from "./server.ts"

const client = Effect.fnUntraced(function*(
  token: string = secrets.admin,
  transformClient?: MessagesClient.Options["transformClient"]
) {
  const baseUrl = `http://127.0.0.1:${yield* port}`
  return yield* MessagesClient.make({ baseUrl, token: Redacted.make(token), transformClient })
})

const to = Address.make("+15145550142")
const payload = { to, text: "Your parcel is here" }
const headers = {}

const gateway = (respond?: Parameters<typeof layerGateway>[0]) =>
  Layer.merge(layerGateway(respond), NodeHttpClient.layerUndici)

describe("MessagesClient", () => {
  it.effect("sends everything that a message has, and reads what became of it", () =>
    Effect.gen(function*() {
      const { get, send } = yield* client()
      const sendAt = DateTime.makeUnsafe("2030-01-28T13:00:00Z")
      const receipt = yield* send({
        headers: { "idempotency-key": "a" },
        payload: {
          ...payload,
          from: Address.make("+15145550100"),
          media: [{ url: "https://example.com/a.png", mimeType: "image/png" }],
          provider: "mock",
          sendAt,
          validityPeriod: Duration.hours(1),
          statusCallback: "https://example.com/status",
          reference: "order-17"
        }
      })
      assert.instanceOf(receipt, SendReceipt)
      const [message] = yield* sent
      assert.isTrue(DateTime.Equivalence(message!.sendAt!, sendAt))
      assert.isTrue(Duration.Equivalence(message!.validityPeriod!, Duration.hours(1)))
      const view = yield* get({ params: { id: receipt.messageIds[0] }, query: { provider: "mock", recipient: to } })
      assert.deepInclude(view, { messageId: "mock-1", status: "queued", terminal: false, recipient: to })
      assert.strictEqual(DateTime.toEpochMillis(view.since), 0)
    }).pipe(Effect.provide(gateway())))

  it.effect("fails with the problem that the server answers with, each as an error of its own", () =>
    Effect.gen(function*() {
      const { get, send } = yield* client()
      const fails = (id: string) => Effect.flip(send({ headers: { "idempotency-key": id }, payload }))
      const limited = yield* fails("a")
      assert.strictEqual(limited._tag, "TooManyRequests")
      if (limited._tag === "TooManyRequests") {
        assert.deepInclude(limited, { reason: "RateLimited", provider: "mock", status: 429 })
        assert.isTrue(Duration.Equivalence(limited.retryAfter!, Duration.seconds(3)))
      }
      const rest = [
        ["UnprocessableContent", "OptedOut"],
        ["BadGateway", "Authentication"],
        ["ServiceUnavailable", "ProviderUnavailable"],
        ["GatewayTimeout", "OutcomeUnknown"]
      ] as const
      for (const [_tag, reason] of rest) assert.deepInclude(yield* fails("b"), { _tag, reason })
      assert.deepInclude(
        yield* Effect.flip(send({ headers: { "idempotency-key": "b" }, payload: { to, text: "Another" } })),
        { _tag: "Conflict", reason: "KeyReused" }
      )
      assert.deepInclude(yield* fails("c"), { _tag: "InternalServerError" })
      assert.deepInclude(yield* Effect.flip(get({ params: { id: "x" }, query: {} })), { _tag: "NotFound" })
      const stranger = yield* client("wrong")
      assert.deepInclude(yield* Effect.flip(stranger.send({ headers, payload })), { _tag: "Unauthorized" })
      assert.lengthOf(yield* sent, 0)
    }).pipe(Effect.provide(gateway((_message, number) =>
      [
        Effect.fail(new SmsError.RateLimited({ retryAfter: Duration.seconds(3) })),
        Effect.fail(new SmsError.OptedOut({ code: "21610" })),
        Effect.fail(new SmsError.Authentication({})),
        Effect.fail(new SmsError.ProviderUnavailable({})),
        Effect.fail(new SmsError.OutcomeUnknown({ because: "Timeout" })),
        Effect.die("broken")
      ][number - 1] ?? Effect.void
    ))))

  it.effect("refuses what the server would refuse before it asks, and lets the client be changed", () =>
    Effect.gen(function*() {
      const asked: Array<string> = []
      const { send } = yield* client(
        secrets.admin,
        HttpClient.mapRequest((request) => {
          asked.push(request.url)
          return HttpClientRequest.setHeader(request, "x-seen", "yes")
        })
      )
      const wrong = yield* Effect.flip(send({ headers: { "idempotency-key": "a b" }, payload }))
      assert.strictEqual(wrong._tag, "SchemaError")
      assert.lengthOf(asked, 0)
      yield* send({ headers, payload })
      assert.match(asked[0]!, /\/messages$/)
    }).pipe(Effect.provide(gateway())))
})
