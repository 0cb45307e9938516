/** `POST /messages` to a group. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { get, layerGateway, message, post, sent } from "./gateway.ts"

const participants = ["+15145550143", "(+1) 514 555 0144"]

describe("POST /messages to a group", () => {
  it.effect("sends one message, answers with the status of each recipient, and has a delivery of each", () =>
    Effect.gen(function*() {
      const { body, status } = yield* post({ ...message, participants })
      const receipt = JSON.parse(body)
      const all = ["+15145550142", "+15145550143", "+15145550144"]
      assert.deepStrictEqual([status, receipt.recipient, receipt.messageIds], [202, all[0], ["mock-1"]])
      assert.deepStrictEqual(
        receipt.recipients,
        all.map((recipient) => ({ recipient, status: "queued", carrierStatus: "queued" }))
      )
      assert.deepStrictEqual((yield* sent).map(({ recipients }) => [...recipients] as Array<string>), [all])
      for (const recipient of all) {
        const found = yield* get(`/messages/mock-1?recipient=${encodeURIComponent(recipient)}`)
        assert.deepStrictEqual([found.status, JSON.parse(found.body).recipient], [200, recipient])
      }
      const unnamed = yield* get("/messages/mock-1")
      assert.strictEqual(unnamed.status, 404)
      assert.include(JSON.parse(unnamed.body).detail, "then set recipient")
    }).pipe(Effect.provide(layerGateway())))

  it.effect("is another message than that to one recipient, under one idempotency key", () =>
    Effect.gen(function*() {
      const headers = { "idempotency-key": "order-17" }
      assert.strictEqual((yield* post({ ...message, participants }, headers)).status, 202)
      assert.strictEqual((yield* post({ ...message, participants }, headers)).headers["idempotency-replayed"], "true")
      assert.strictEqual((yield* post(message, headers)).status, 409)
      assert.lengthOf(yield* sent, 1)
    }).pipe(Effect.provide(layerGateway())))

  it.effect("names the participant that is written wrong, and takes no list in place of the recipient", () =>
    Effect.gen(function*() {
      for (
        const [wrong, field] of [
          [{ participants: ["+15145550143", "5145550144"] }, "participants.1"],
          [{ to: ["+15145550142", "+15145550143"] }, "to"]
        ] as const
      ) {
        const { body, status } = yield* post({ ...message, ...wrong })
        assert.strictEqual(status, 400)
        assert.match(JSON.parse(body).detail, new RegExp(`^${field}: Expected `))
        assert.notInclude(body, "5145550144")
      }
      assert.lengthOf(yield* sent, 0)
    }).pipe(Effect.provide(layerGateway())))
})
