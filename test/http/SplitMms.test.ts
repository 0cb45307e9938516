import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"
import * as Content from "../../src/Content.ts"
import { WebhookServer } from "../../src/http/index.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as Channel from "../../src/rooms/Channel.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as VoiceMeUp from "../../src/voicemeup/index.ts"
import { events, layerNode, publicUrl, quiet, request } from "./server.ts"

const token = Redacted.make("voicemeup-token-for-tests")
const otherToken = Redacted.make("another-token-for-tests")

/** One server for two tenants, who have an account at VoiceMeUp each. */
const layerServer = (kit: Layer.Layer<RoomKit.RoomKit> = Layer.provide(RoomKit.layer(), NodeCrypto.layer)) =>
  WebhookServer.serve({ publicUrl }, quiet).pipe(
    Layer.provideMerge(kit),
    Layer.provide(SmsProviders.layer(
      VoiceMeUp.layerWebhook({ verification: { scheme: "Token", token } }),
      VoiceMeUp.layerWebhook({ name: "tenant-2", verification: { scheme: "Token", token: otherToken } })
    )),
    Layer.provide(NodeCrypto.layer),
    Layer.provideMerge(layerNode)
  )

const common = {
  direction: "inbound",
  source_number: "14188050723",
  destination_number: "14184805945",
  datetime_transmission: "2026-01-28 13:00:14"
}

const wrapper = (id: string, message = id) => ({
  ...common,
  sms_hash: id,
  message,
  attachment: `https://clients.voicemeup.com/file/${id}.mms.html`,
  attachment_mime_type: "text/html"
})

const media = (id: string) => ({
  ...common,
  sms_hash: id,
  message: "",
  attachment: `https://clients.voicemeup.com/file/${id}.mms.jpg`,
  attachment_mime_type: "image/jpeg"
})

const sms = (id: string) => ({ ...common, sms_hash: id, message: id })

/** Sends a webhook, and sees it acknowledged as any other. */
const post = Effect.fnUntraced(function*(payload: Readonly<Record<string, string>>, tenant?: "tenant-2") {
  const target = yield* VoiceMeUp.callbackUrl({
    url: `/webhooks/sms/${tenant ?? "voicemeup"}/inbound`,
    token: tenant === undefined ? token : otherToken
  }).pipe(Effect.provide(NodeCrypto.layer))
  const headers = { "content-type": "application/json" }
  const answer = yield* request({ method: "POST", target, headers, body: JSON.stringify(payload) })
  assert.deepStrictEqual([answer.status, answer.headers["content-type"], answer.body], [200, "application/json", "{}"])
})

/** What every room event is, in short: its text, and the names of its files. */
const inRooms = Effect.map(events, (events) =>
  events.map(({ content, source }) =>
    [
      source.channelId,
      source.channelType,
      Content.text(content),
      ...Content.media(content).map(({ url }) => url.split("/").at(-1))
    ].join(" ")
  ))

describe("the webhooks of an MMS in parts", () => {
  it.effect("are one room event, as soon as the picture is there", () =>
    Effect.gen(function*() {
      yield* post(wrapper("text"))
      assert.deepStrictEqual(yield* inRooms, [])
      yield* post(media("1"))
      assert.deepStrictEqual(yield* inRooms, ["sms-voicemeup mms text 1.mms.jpg"])
      yield* TestClock.adjust("1 hour")
      assert.lengthOf(yield* inRooms, 1)
    }).pipe(Effect.provide(layerServer())))

  it.effect("are a text after five seconds, when no picture comes", () =>
    Effect.gen(function*() {
      yield* post(wrapper("text"))
      yield* TestClock.adjust("4999 millis")
      assert.deepStrictEqual(yield* inRooms, [])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* inRooms, ["sms-voicemeup sms text"])
    }).pipe(Effect.provide(layerServer())))

  it.effect("are two events, the second marked, when the picture comes first or too late", () =>
    Effect.gen(function*() {
      yield* post(media("1"))
      assert.deepStrictEqual(yield* inRooms, ["sms-voicemeup mms  1.mms.jpg"])
      yield* post(wrapper("text"))
      assert.deepStrictEqual(yield* inRooms, ["sms-voicemeup mms  1.mms.jpg", "sms-voicemeup sms text"])
      assert.deepStrictEqual((yield* events).map(({ source }) => source.metadata["mmsPartOf"]), [undefined, "1"])
      yield* post(media("2"))
      assert.strictEqual((yield* events).at(-1)?.source.metadata["mmsPartOf"], "1")
    }).pipe(Effect.provide(layerServer())))

  it.effect("are one room event, however often and at once each is repeated", () =>
    Effect.gen(function*() {
      yield* post(wrapper("text"))
      yield* Effect.replicateEffect(post(wrapper("text")), 5, { concurrency: "unbounded" })
      yield* Effect.replicateEffect(post(media("1")), 5, { concurrency: "unbounded" })
      yield* Effect.all([post(wrapper("text")), post(media("1"))], { concurrency: "unbounded" })
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(yield* inRooms, ["sms-voicemeup mms text 1.mms.jpg"])
    }).pipe(Effect.provide(layerServer())))

  it.effect("leave a plain SMS of the same second alone", () =>
    Effect.gen(function*() {
      yield* post(wrapper("text"))
      yield* post(sms("plain"))
      yield* post(media("1"))
      assert.deepStrictEqual(yield* inRooms, ["sms-voicemeup sms plain", "sms-voicemeup mms text 1.mms.jpg"])
    }).pipe(Effect.provide(layerServer())))

  it.effect("are never merged with those of another tenant", () =>
    Effect.gen(function*() {
      yield* post(wrapper("w", "ours"))
      yield* post(media("m"), "tenant-2")
      yield* post(wrapper("w", "theirs"), "tenant-2")
      yield* post(media("m"))
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual((yield* inRooms).toSorted(), [
        "sms-tenant-2 mms  m.mms.jpg",
        "sms-tenant-2 sms theirs",
        "sms-voicemeup mms ours m.mms.jpg"
      ])
    }).pipe(Effect.provide(layerServer())))

  it.effect("are delivered to the channels before the server ends, when they wait", () =>
    Effect.gen(function*() {
      const delivered: Array<string> = []
      const channel = RoomKit.layerChannel(Channel.make({
        id: "support",
        type: "web",
        everyRoom: true,
        deliver: ({ content }) => Effect.sync(() => void delivered.push(Content.text(content)))
      }))
      const kit = channel.pipe(Layer.provideMerge(RoomKit.layer()), Layer.provide(NodeCrypto.layer))
      yield* post(wrapper("text")).pipe(Effect.provide(layerServer(kit)))
      assert.deepStrictEqual(delivered, ["text"])
    }))
})
