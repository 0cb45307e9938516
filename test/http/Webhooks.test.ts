import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { HttpRouter, HttpServer, HttpServerResponse } from "effect/http"
import * as Content from "../../src/Content.ts"
import { WebhookServer } from "../../src/http/index.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as Twilio from "../../src/twilio/index.ts"
import { observe } from "../observe.ts"
import { carriers, customer, layerProviders, ours, secrets, text } from "./carriers.ts"
import { assertProblem, events, layerNode, layerServer, post, publicUrl, quiet, request } from "./server.ts"

for (const carrier of carriers) {
  const { name } = carrier
  const paths = [`/webhooks/sms/${name}/inbound`, `/webhooks/sms/${name}/status`]

  describe(`webhooks of ${name}`, () => {
    it.effect("become room events on either path, and are answered as the carrier wants it", () =>
      Effect.gen(function*() {
        const [contentType, body] = carrier.acknowledgement
        for (const [index, path] of paths.entries()) {
          for (
            const [kind, payload] of [["sms", carrier.sms(`S${index}`)], ["mms", carrier.mms(`M${index}`)]] as const
          ) {
            const answer = yield* post(carrier, payload, { path })
            assert.strictEqual(answer.status, 200)
            assert.strictEqual(answer.headers["content-type"], contentType)
            assert.strictEqual(answer.body, body)
            const event = (yield* events).at(-1)!
            assert.strictEqual(event.source.channelType, kind)
            assert.strictEqual(event.source.participant, `+${customer}`)
            assert.strictEqual(event.source.recipient, `+${ours}`)
            assert.strictEqual(Content.text(event.content), text)
            assert.lengthOf(Content.media(event.content), kind === "mms" ? 1 : 0)
          }
        }
        assert.lengthOf(yield* events, 4)
        assert.lengthOf(yield* (yield* RoomKit.RoomKit).rooms, 1)
      }).pipe(Effect.provide(layerServer())))

    it.effect("are taken under the name of the carrier in any case", () =>
      Effect.gen(function*() {
        for (const [index, written] of [name.toUpperCase(), `${name[0]!.toUpperCase()}${name.slice(1)}`].entries()) {
          const path = `/webhooks/sms/${written}/inbound`
          assert.strictEqual((yield* post(carrier, carrier.sms(`S${index}`), { path })).status, 200)
        }
        assert.lengthOf(yield* events, 2)
      }).pipe(Effect.provide(layerServer())))

    const { status } = carrier
    if (status !== undefined) {
      it.effect("become delivery statuses on either path, and never messages", () =>
        Effect.gen(function*() {
          for (const [index, path] of paths.entries()) {
            const answer = yield* post(carrier, status(`OUT${index}`), { path })
            assert.strictEqual(answer.status, 200)
            assert.strictEqual(answer.body, carrier.acknowledgement[1])
          }
          const kit = yield* RoomKit.RoomKit
          assert.deepStrictEqual((yield* kit.statuses).map(({ messageId, status }) => [messageId, status]), [
            ["OUT0", "delivered"],
            ["OUT1", "delivered"]
          ])
          assert.lengthOf(yield* kit.rooms, 0)
        }).pipe(Effect.provide(layerServer())))
    }

    it.effect("are one room event when the same one arrives ten times at once", () =>
      Effect.gen(function*() {
        const bodies = Array.from({ length: 10 }, () => carrier.sms("SAME"))
        const answers = yield* Effect.forEach(
          bodies,
          (body, index) => post(carrier, body, { path: paths[index % 2]! }),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(answers.map(({ status }) => status), Array.from({ length: 10 }, () => 200))
        assert.lengthOf(yield* events, 1)
      }).pipe(Effect.provide(layerServer())))
  })
}

describe("webhooks by GET", () => {
  const twilio = carriers[0]!
  const path = `/webhooks/sms/twilio/inbound?${twilio.sms("SMGET")}`

  it.effect("are taken from Twilio, with all fields in the signed query", () =>
    Effect.gen(function*() {
      const signature = yield* Twilio.sign({ authToken: Redacted.make(secrets.twilio), url: publicUrl + path })
      for (const target of [path, path.replace("/inbound", "/status")]) {
        const signature = yield* Twilio.sign({ authToken: Redacted.make(secrets.twilio), url: publicUrl + target })
        const answer = yield* request({
          method: "GET",
          target,
          headers: { "x-twilio-signature": signature },
          body: ""
        })
        assert.strictEqual(answer.status, 200)
        assert.strictEqual(answer.headers["content-type"], "text/xml")
        assert.strictEqual(answer.body, "<Response/>")
      }
      assert.deepStrictEqual((yield* events).map(({ content }) => Content.text(content)), [text])
      const changed = { method: "GET", target: `${path}1`, headers: { "x-twilio-signature": signature }, body: "" }
      assertProblem(yield* request(changed), 403, "The webhook was refused")
    }).pipe(Effect.provide(layerServer())))

  it.effect("are refused from the other carriers with what they allow", () =>
    Effect.gen(function*() {
      for (const { name } of carriers.slice(1)) {
        for (const kind of ["inbound", "status"]) {
          const target = `/webhooks/sms/${name}/${kind}`
          const answer = yield* request({ method: "GET", target, headers: {}, body: "" })
          assertProblem(answer, 405, "Expected method POST")
          assert.strictEqual(answer.headers["allow"], "POST")
        }
      }
    }).pipe(Effect.provide(layerServer())))
})

describe("webhooks to a Fetch API handler of the routes", () => {
  // The handler runs on the real clock, which some signed times are compared with.
  it.live("are taken as by the server", () =>
    Effect.gen(function*() {
      const layer = WebhookServer.layer({ publicUrl }).pipe(
        Layer.provide([layerProviders, RoomKit.layer()]),
        Layer.provide([NodeCrypto.layer, HttpServer.layerServices, WebhookServer.layerRedactedQueries])
      )
      const { handler } = yield* Effect.acquireRelease(
        Effect.sync(() => HttpRouter.toWebHandler(layer, { disableLogger: true })),
        ({ dispose }) => Effect.promise(dispose)
      )
      const call = (input: string, init?: RequestInit) => Effect.promise(() => handler(new Request(input, init)))
      for (const carrier of carriers) {
        const { body, headers, method, target } = yield* carrier.sign({
          base: publicUrl,
          path: `/webhooks/sms/${carrier.name}/inbound`,
          body: carrier.sms("SM1")
        })
        const response = yield* call(`http://internal.example${target}`, { method, headers, body })
        const [contentType, acknowledgement] = carrier.acknowledgement
        assert.strictEqual(response.status, 200)
        assert.strictEqual(response.headers.get("content-type"), contentType)
        assert.strictEqual(yield* Effect.promise(() => response.text()), acknowledgement)
        const unsigned = { method, headers: { "content-type": headers["content-type"]! }, body }
        const forged = yield* call(`http://internal.example${target.split("?")[0]}`, unsigned)
        assert.strictEqual(forged.status, 403)
      }
      assert.strictEqual(
        (yield* call("http://internal.example/nope")).headers.get("content-type"),
        "application/problem+json"
      )
      assert.strictEqual((yield* call("http://internal.example/docs")).status, 200)
    }).pipe(Effect.provide(NodeCrypto.layer)))
})

describe("routes of one's own beside those of the library", () => {
  it.effect("are served with them, and what is in any query is in no span", () =>
    Effect.gen(function*() {
      const { layer, spans, text: observed } = observe()
      const own = HttpRouter.add("GET", "/orders", HttpServerResponse.text("none"))
      const layerOwn = WebhookServer.serveRoutes(Layer.mergeAll(WebhookServer.layer({ publicUrl }), own), quiet).pipe(
        Layer.provide([layerProviders, RoomKit.layer()]),
        Layer.provide(NodeCrypto.layer),
        Layer.provideMerge(layerNode)
      )
      const get = (target: string) => request({ method: "GET", target, headers: {}, body: "" })
      const answers = yield* Effect.all([get("/orders?key=s3cret"), get("/health/live?key=s3cret")]).pipe(
        Effect.provide(Layer.provideMerge(layerOwn, layer))
      )
      assert.deepStrictEqual(answers.map(({ status }) => status), [200, 200])
      assert.strictEqual(answers[0]!.body, "none")
      assert.isAbove(spans.length, 1)
      assert.notInclude(observed(), "s3cret")
    }))
})
