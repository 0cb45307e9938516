import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { FetchHttpClient, HttpClient } from "effect/http"
import { Telnyx as Sdk } from "telnyx"
import * as Emulator from "../../src/emulator/Emulator.ts"
import * as CarrierServer from "../../src/testing/CarrierServer.ts"

const person = "+15145550142"
const other = "+15145550143"

const setUp = Effect.fnUntraced(function*(behaviour: CarrierServer.Behaviour = CarrierServer.answer(200, "")) {
  const app = yield* CarrierServer.serve(behaviour)
  // One connection, so that the webhooks arrive in order.
  const emulator = yield* Emulator.make({ appUrl: app.url, seed: "telnyx", pace: 0, maxConnections: 1 })
  const { env, extras } = emulator
  const client = new Sdk({
    apiKey: env["TELNYX_API_KEY"]!,
    baseURL: `${env["TELNYX_BASE_URL"]}/v2`,
    publicKey: env["TELNYX_PUBLIC_KEY"]!,
    maxRetries: 0
  })
  /** The events that the application received, verified by the SDK. */
  const events = Effect.forEach(
    app.requests,
    ({ body, headers }) =>
      Effect.promise(async () =>
        await client.webhooks.unwrap(body, { headers: { ...headers } }) as unknown as {
          readonly data: {
            readonly id: string
            readonly event_type: string
            readonly payload: Readonly<Record<string, unknown>>
          }
          readonly meta: { readonly attempt: number }
        }
      )
  )
  return { app, client, emulator, events, from: env["TELNYX_FROM"]!, profile: extras["TELNYX_MESSAGING_PROFILE_ID"]! }
})

interface Refusal {
  readonly status: number
  readonly error: { readonly errors: ReadonlyArray<{ readonly code: string }> }
}

const refused = (call: () => Promise<unknown>) =>
  Effect.map(
    Effect.flip(Effect.tryPromise({ try: call, catch: (error) => error as Refusal })),
    ({ error, status }) => [status, error.errors[0]?.code]
  )

describe("Telnyx's SDK", () => {
  it.live("sends a message, follows it, and verifies its webhooks", () =>
    Effect.gen(function*() {
      const { client, emulator, events, from } = yield* setUp()
      const { data } = yield* Effect.promise(() => client.messages.send({ from, to: person, text: "Hello 👋" }))
      assert.strictEqual(data?.to?.[0]?.status, "queued")
      assert.strictEqual(data?.encoding, "UCS-2")
      assert.strictEqual(data?.parts, 1)
      yield* emulator.quiet()
      const received = yield* events
      assert.deepStrictEqual(received.map(({ data }) => data.event_type), ["message.sent", "message.finalized"])
      const retrieved = yield* Effect.promise(() => client.messages.retrieve(data!.id!))
      assert.deepInclude(retrieved.data, { id: data!.id! })
      assert.deepNestedInclude(retrieved.data, { "to[0].status": "delivered" })
      assert.deepStrictEqual((yield* emulator.received(person)).map(({ text }) => text), ["Hello 👋"])
    }))

  it.live("sends to a group, whose messages have an event each", () =>
    Effect.gen(function*() {
      const { client, emulator, events, from } = yield* setUp()
      const { data } = yield* Effect.promise(() =>
        client.messages.sendGroupMms({ from, to: [person, other], media_urls: ["https://example.com/cat.jpg"] })
      )
      assert.lengthOf(data!.to!, 2)
      yield* emulator.quiet()
      const ends = (yield* events).filter(({ data }) => data.event_type === "message.finalized")
      assert.lengthOf(ends, 2)
      const group = data!.id!
      assert.deepStrictEqual(ends.map(({ data }) => data.payload["group_message_id"]), [group, group])
      const members = yield* Effect.promise(() => client.messages.retrieveGroupMessages(group))
      assert.lengthOf(members.data!, 2)
    }))

  it.live("schedules and cancels", () =>
    Effect.gen(function*() {
      const { client, emulator, from } = yield* setUp()
      const now = yield* Effect.clockWith(({ currentTimeMillis }) => currentTimeMillis)
      const at = new Date(now + 3_600_000).toISOString()
      const { data } = yield* Effect.promise(() =>
        client.messages.schedule({ from, to: person, text: "Later", send_at: at })
      )
      assert.deepNestedInclude(data, { "to[0].status": "scheduled" })
      yield* Effect.promise(() => client.messages.cancelScheduled(data!.id!))
      assert.strictEqual((yield* emulator.message(data!.id!)).state, "canceled")
      const soon = new Date(now + 60_000).toISOString()
      assert.deepStrictEqual(
        yield* refused(() => client.messages.schedule({ from, to: person, text: "Now", send_at: soon })),
        [422, "10015"]
      )
    }))

  it.live("is refused with Telnyx's codes", () =>
    Effect.gen(function*() {
      const { client, emulator, from, profile } = yield* setUp()
      const { messages } = client
      const send = (fields: object) => refused(() => messages.send({ from, to: person, text: "Hello", ...fields }))
      assert.deepStrictEqual(yield* send({ to: "12" }), [400, "40310"])
      assert.deepStrictEqual(yield* send({ from: "+15145559999" }), [400, "40305"])
      assert.deepStrictEqual(yield* send({ text: "" }), [400, "40316"])
      assert.deepStrictEqual(yield* send({ text: "x".repeat(1531) }), [400, "40302"])
      assert.deepStrictEqual(yield* send({ media_urls: ["nothing"] }), [400, "10003"])
      assert.deepStrictEqual(yield* send({ messaging_profile_id: person }), [404, "10005"])
      const strange = new Sdk({ apiKey: "KEY0_real", baseURL: `${emulator.env["TELNYX_BASE_URL"]}/v2`, maxRetries: 0 })
      assert.deepStrictEqual(
        yield* refused(() => strange.messages.send({ from, to: person, text: "Hello" })),
        [401, "10009"]
      )
      yield* emulator.text({ from: person, to: from, text: "stop" })
      assert.deepStrictEqual(yield* send({}), [409, "40300"])
      yield* emulator.text({ from: person, to: from, text: "START" })
      yield* Effect.promise(() => client.messagingProfiles.update(profile, { enabled: false }))
      assert.deepStrictEqual(yield* send({}), [409, "40312"])
    }))

  it.live("receives texts and files, and keywords with what Telnyx did about them", () =>
    Effect.gen(function*() {
      const { emulator, events, from } = yield* setUp()
      const bytes = new TextEncoder().encode("a picture")
      yield* emulator.text({ from: person, to: from, text: "Our cat", files: [{ type: "image/jpeg", bytes }] })
      yield* emulator.text({ from: person, to: from, text: "STOP" })
      yield* emulator.quiet()
      const [picture, stop] = yield* events
      const media = picture!.data.payload["media"] as ReadonlyArray<{ readonly url: string; readonly size: number }>
      assert.strictEqual(media[0]!.size, bytes.length)
      assert.strictEqual(yield* Effect.flatMap(HttpClient.get(media[0]!.url), ({ text }) => text), "a picture")
      assert.isNull(picture!.data.payload["autoresponse_type"])
      assert.strictEqual(stop!.data.payload["autoresponse_type"], "STOP")
    }).pipe(Effect.provide(FetchHttpClient.layer)))

  it.live("gets a webhook again that was not answered with success, with the same event", () =>
    Effect.gen(function*() {
      const { app, emulator, events, from } = yield* setUp(
        CarrierServer.inTurn(CarrierServer.answer(503, ""), CarrierServer.answer(200, ""))
      )
      yield* emulator.text({ from: person, to: from, text: "Hello" })
      yield* app.received(2)
      const received = yield* events
      assert.deepStrictEqual(received.map(({ meta }) => meta.attempt), [1, 2])
      assert.strictEqual(received[0]!.data.id, received[1]!.data.id)
    }))
})
