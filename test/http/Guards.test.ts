import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { WebhookServer } from "../../src/http/index.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as WebhookGuard from "../../src/provider/WebhookGuard.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as Sinch from "../../src/sinch/index.ts"
import { carriers } from "./carriers.ts"
import { assertProblem, events, exchange, head, layerNode, parseAnswer, publicUrl, quiet, request } from "./server.ts"

const sinch = carriers[1]!
const target = "/webhooks/sms/sinch/inbound"
const json = { "content-type": "application/json" }

const layerServer = (guards: ReadonlyArray<WebhookGuard.WebhookGuard>) =>
  WebhookServer.serve({ publicUrl }, quiet).pipe(
    Layer.provideMerge(Layer.provide(RoomKit.layer(), NodeCrypto.layer)),
    Layer.provide(SmsProviders.layer(Sinch.layerWebhook({ verification: Sinch.unsigned, guards }))),
    Layer.provideMerge(NodeCrypto.layer),
    Layer.provideMerge(layerNode)
  )

const post = (target: string, headers: Readonly<Record<string, string>> = {}) =>
  request({ method: "POST", target, headers: { ...json, ...headers }, body: sinch.sms("1") })

describe("the server", () => {
  it.effect("takes unsigned webhooks at the callback URL with the token only, and does not wait for others", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* post(`${target}?token=abc`)).status, 200)
      for (const wrong of [target, `${target}?token=ab`, `${target}?token=abc&token=abc`]) {
        // Nothing of the body is sent.
        const stalled = yield* exchange(head("POST", wrong, { ...json, host: "x", "content-length": "500" }))
        assertProblem(parseAnswer(stalled), 403, "The webhook was refused")
      }
      assert.lengthOf(yield* events, 1)
    }).pipe(Effect.provide(layerServer([WebhookGuard.token({ token: Redacted.make("abc") })]))))

  it.effect("asks for Basic authentication where it is missing", () =>
    Effect.gen(function*() {
      const asked = yield* post(target)
      assertProblem(asked, 401, "The webhook was refused")
      assert.strictEqual(asked.headers["www-authenticate"], "Basic realm=\"webhooks\", charset=\"UTF-8\"")
      const wrong = yield* post(target, { authorization: `Basic ${btoa("sinch:x")}` })
      assertProblem(wrong, 403, "The webhook was refused")
      assert.notProperty(wrong.headers, "www-authenticate")
      assert.strictEqual((yield* post(target, { authorization: `Basic ${btoa("sinch:abc")}` })).status, 200)
      assert.lengthOf(yield* events, 1)
    }).pipe(
      Effect.provide(layerServer([WebhookGuard.basicAuth({ username: "sinch", password: Redacted.make("abc") })]))
    ))
})
