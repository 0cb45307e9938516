import { NodeCrypto, NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"
import * as Content from "../../src/Content.ts"
import { WebhookServer } from "../../src/http/index.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as SmsProviders from "../../src/SmsProviders.ts"
import * as VoiceMeUp from "../../src/voicemeup/index.ts"
import { events, publicUrl, quiet, request } from "./server.ts"

const token = Redacted.make("voicemeup-secret")
const tenant = (name: string) => VoiceMeUp.layerWebhook({ name, verification: { scheme: "Token", token } })

const layerServer = WebhookServer.serve({ publicUrl }, quiet).pipe(
  Layer.provideMerge(RoomKit.layer()),
  Layer.provide(SmsProviders.layer(tenant("east"), tenant("west"))),
  Layer.provideMerge(NodeCrypto.layer),
  Layer.provideMerge(NodeHttpServer.layerTest)
)

const part = (hash: string, fields: Readonly<Record<string, string>>) =>
  JSON.stringify({
    sms_hash: hash,
    direction: "inbound",
    source_number: "14188050723",
    destination_number: "14184805945",
    message: "",
    datetime_transmission: "2026-01-28 13:00:14",
    ...fields
  })

const link = (hash: string, extension: string) => `https://clients.voicemeup.com/file/${hash}.mms.${extension}`
const wrapper = (hash: string, message: string) => part(hash, { message, attachment: link(hash, "html") })
const image = (hash: string) => part(hash, { attachment: link(hash, "jpg"), attachment_mime_type: "image/jpeg" })

const post = Effect.fnUntraced(function*(body: string, tenant = "east") {
  const target = yield* VoiceMeUp.callbackUrl({ url: `/webhooks/sms/${tenant}/inbound`, token })
  const answer = yield* request({ method: "POST", target, headers: { "content-type": "application/json" }, body })
  assert.deepStrictEqual([answer.status, answer.body], [200, "{}"])
})

const heard = Effect.map(
  events,
  (events) =>
    events.map(({ content }) =>
      [Content.text(content), ...Content.media(content).map(({ url }) => url)].join(" ").trim()
    )
)

describe("the webhooks of a split MMS", () => {
  it.effect("are one event of the room, whoever repeats them", () =>
    Effect.gen(function*() {
      yield* post(wrapper("a", "Look!"))
      assert.deepStrictEqual(yield* heard, [])
      yield* post(wrapper("a", "Look!"))
      yield* post(image("b"))
      yield* post(image("b"))
      yield* post(wrapper("a", "Look!"))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* heard, [`Look! ${link("b", "jpg")}`])
      const [event] = yield* events
      assert.deepStrictEqual([event?.source.channelType, event?.source.externalId], ["mms", "a"])
    }).pipe(Effect.provide(layerServer)))

  it.effect("are one event when they come at the same time", () =>
    Effect.gen(function*() {
      yield* Effect.all(
        [post(wrapper("a", "Look!")), post(wrapper("a", "Look!")), post(image("b")), post(image("b"))],
        {
          concurrency: "unbounded"
        }
      )
      yield* TestClock.adjust("1 minute")
      // Which of the two came first is up to the network. Nothing is lost or doubled either way.
      assert.strictEqual(
        (yield* heard).join(" ").split(" ").sort().join(" "),
        `${link("b", "jpg")} Look!`.split(" ").sort().join(" ")
      )
    }).pipe(Effect.provide(layerServer)))

  it.effect("bring the text alone when the picture does not come for five seconds", () =>
    Effect.gen(function*() {
      yield* post(wrapper("a", "Look!"))
      yield* TestClock.adjust("4999 millis")
      assert.deepStrictEqual(yield* heard, [])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* heard, ["Look!"])
      yield* post(image("b"))
      assert.deepStrictEqual(yield* heard, ["Look!", link("b", "jpg")])
      assert.deepStrictEqual((yield* events)[1]?.source.metadata["mmsPartOf"], "a")
    }).pipe(Effect.provide(layerServer)))

  it.effect("bring the picture at once when it comes first, and then the text", () =>
    Effect.gen(function*() {
      yield* post(image("b"))
      assert.deepStrictEqual(yield* heard, [link("b", "jpg")])
      yield* post(wrapper("a", "Look!"))
      assert.deepStrictEqual(yield* heard, [link("b", "jpg"), "Look!"])
    }).pipe(Effect.provide(layerServer)))

  it.effect("of two tenants are never merged", () =>
    Effect.gen(function*() {
      yield* post(wrapper("a", "Look!"), "east")
      yield* post(image("b"), "west")
      assert.deepStrictEqual(yield* heard, [link("b", "jpg")])
      yield* post(image("c"), "east")
      assert.deepStrictEqual((yield* heard).toSorted(), [`Look! ${link("c", "jpg")}`, link("b", "jpg")].toSorted())
    }).pipe(Effect.provide(layerServer)))

  it.effect("that are waiting when the server ends come out", () =>
    Effect.gen(function*() {
      const texts: Array<string> = []
      yield* Effect.gen(function*() {
        const kit = yield* RoomKit.RoomKit
        yield* kit.registerChannel({
          id: "web",
          type: "web",
          everyRoom: true,
          deliver: ({ content }) => Effect.sync(() => void texts.push(Content.text(content)))
        })
        yield* post(wrapper("a", "Look!"))
        assert.deepStrictEqual(texts, [])
        yield* kit.drain
      }).pipe(Effect.scoped, Effect.provide(layerServer))
      assert.deepStrictEqual(texts, ["Look!"])
    }))
})
