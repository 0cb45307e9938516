import { NodeCrypto } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import { createServer } from "node:http"
import * as Content from "../../src/Content.ts"
import { WebhookServer } from "../../src/http/index.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as Channel from "../../src/rooms/Channel.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as SmsChannel from "../../src/rooms/SmsChannel.ts"
import * as Twilio from "../../src/twilio/index.ts"
import { settle } from "../rooms/kit.ts"
import { carriers, customer, ours, secrets, text } from "./carriers.ts"
import { layerNode, post, publicUrl, quiet } from "./server.ts"

const twilio = carriers[0]!

/** The carrier's side of sending: what it was asked, and an answer as Twilio gives it. */
const carrier = Effect.acquireRelease(
  Effect.callback<{ readonly baseUrl: string; readonly asked: Array<string>; readonly close: () => void }>((resume) => {
    const asked: Array<string> = []
    const server = createServer((request, response) => {
      let body = ""
      request.setEncoding("utf8").on("data", (chunk: string) => body += chunk).on("end", () => {
        asked.push(`${request.method} ${request.url} ${request.headers.authorization} ${body}`)
        const form = new URLSearchParams(body)
        response.writeHead(201, { "content-type": "application/json" })
        response.end(JSON.stringify({
          sid: `SM-out-${asked.length}`,
          status: "queued",
          from: form.get("From"),
          to: form.get("To"),
          num_segments: "1"
        }))
      })
    })
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      const port = typeof address === "object" ? address?.port : undefined
      resume(Effect.succeed({ baseUrl: `http://127.0.0.1:${port}`, asked, close: () => server.close() }))
    })
  }),
  ({ close }) => Effect.sync(close)
)

/** Answers what customers write. */
const layerMachine = Layer.effectDiscard(Effect.gen(function*() {
  const kit = yield* RoomKit.RoomKit
  yield* kit.registerChannel(Channel.make({
    id: "machine",
    type: "ai",
    everyRoom: true,
    deliver: ({ content, roomId }) =>
      kit.post(roomId, {
        channelId: "machine",
        channelType: "ai",
        content: new Content.TextContent({ text: `You asked: ${Content.text(content)}` })
      })
  }))
}))

const layerApp = (baseUrl: string) =>
  Layer.mergeAll(WebhookServer.serve({ publicUrl }, quiet), SmsChannel.layerProviders, layerMachine).pipe(
    Layer.provideMerge(RoomKit.layer()),
    Layer.provide(SmsProviders.layer(
      Twilio.layer({ accountSid: "AC1", authToken: Redacted.make(secrets.twilio), baseUrl })
    )),
    Layer.provide(FetchHttpClient.layer),
    Layer.provideMerge(NodeCrypto.layer),
    Layer.provideMerge(layerNode)
  )

it.effect("a customer is answered through the carrier that the question came by, and the answer is followed", () =>
  Effect.gen(function*() {
    const { asked, baseUrl } = yield* carrier
    yield* Effect.gen(function*() {
      const kit = yield* RoomKit.RoomKit
      const seen: Array<string> = []
      yield* kit.onDeliveryStatus(({ messageId, status }) => Effect.sync(() => seen.push(`${messageId} ${status}`)))

      const forged = yield* post(
        { ...twilio, sign: (wire) => twilio.sign({ ...wire, base: "https://else" }) },
        twilio.sms("SM1")
      )
      assert.deepStrictEqual([forged.status, asked], [403, []])

      const answers = yield* Effect.replicateEffect(post(twilio, twilio.sms("SM1")), 2)
      assert.deepStrictEqual(answers.map(({ body, status }) => [status, body]), [[200, "<Response/>"], [
        200,
        "<Response/>"
      ]])
      assert.lengthOf(asked, 1)
      const [method, path, scheme, credentials, form] = asked[0]!.split(" ")
      assert.deepStrictEqual([method, path, scheme], ["POST", "/2010-04-01/Accounts/AC1/Messages.json", "Basic"])
      assert.strictEqual(atob(credentials!), `AC1:${secrets.twilio}`)
      assert.deepStrictEqual(Object.fromEntries(new URLSearchParams(form)), {
        To: `+${customer}`,
        From: `+${ours}`,
        Body: `You asked: ${text}`
      })
      const key = { provider: "twilio", messageId: "SM-out-1", recipient: customer }
      assert.strictEqual((yield* kit.tracker.get(key))?.status, "queued")

      const responses = yield* Effect.replicateEffect(
        post(twilio, twilio.status!("SM-out-1"), { path: "/webhooks/sms/twilio/status" }),
        2
      )
      assert.deepStrictEqual(responses.map(({ status }) => status), [200, 200])
      yield* settle
      assert.deepStrictEqual(seen, ["SM-out-1 delivered"])
      assert.strictEqual((yield* kit.tracker.awaitDelivery(key, "1 second")).status, "delivered")
      assert.lengthOf(asked, 1)
    }).pipe(Effect.provide(layerApp(baseUrl)))
  }))
