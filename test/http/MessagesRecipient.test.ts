/** The addresses of `POST /messages`, as people paste them, and the name of the provider. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { get, layerGateway, message, post, sent } from "./gateway.ts"

describe("the recipient of POST /messages", () => {
  it.effect("is cleaned of what is pasted with it", () =>
    Effect.gen(function*() {
      const pasted = [
        "  +15145550142",
        "+15145550142\n",
        "\u202A+1 514-555-0142\u202C",
        "\uFEFF+15145550142",
        "(+1) 514 555 0142",
        "\uFF0B\uFF11 514 555 0142",
        "tel:+1-514-555-0142",
        "tel:514-555-0142;phone-context=+1"
      ]
      for (const to of pasted) {
        const answer = yield* post({ ...message, to })
        assert.deepStrictEqual([answer.status, JSON.parse(answer.body).recipient], [202, "+15145550142"], to)
      }
      const others = [
        [" 12345 ", "12345"],
        ["whatsapp:+1 514 555 0142", "whatsapp:+15145550142"],
        ["WhatsApp: US.13491208655302741918", "whatsapp:US.13491208655302741918"]
      ] as const
      for (const [to, recipient] of others) {
        assert.strictEqual(JSON.parse((yield* post({ ...message, to })).body).recipient, recipient)
      }
      assert.deepStrictEqual(
        (yield* sent).map(({ to }) => to as string),
        [...pasted.map(() => "+15145550142"), ...others.map(([, recipient]) => recipient)]
      )
    }).pipe(Effect.provide(layerGateway())))

  it.effect("is the same message under one idempotency key, however it is pasted", () =>
    Effect.gen(function*() {
      const headers = { "idempotency-key": "order-17" }
      const first = yield* post(message, headers)
      const again = yield* post({ ...message, to: "(+1) 514 555 0142" }, headers)
      assert.deepStrictEqual([again.status, again.body], [first.status, first.body])
      assert.strictEqual(again.headers["idempotency-replayed"], "true")
      assert.lengthOf(yield* sent, 1)
    }).pipe(Effect.provide(layerGateway())))

  it.effect("is answered 400 when it is written wrong, with the field and the form that is expected", () =>
    Effect.gen(function*() {
      const wrong = [
        "514-555-0142",
        "15145550142",
        "+1 514 555 O142",
        "+15145550142, +15145550143",
        "+1 514 555 0142 / 0143",
        "my number is +15145550142",
        "whatsapp:514 555 0142"
      ]
      for (const to of wrong) {
        const answer = yield* post({ ...message, to })
        const problem = JSON.parse(answer.body)
        assert.deepStrictEqual([answer.status, problem.status], [400, 400], to)
        assert.strictEqual(
          problem.detail,
          "to: Expected a phone number with its country code, as +15145550142, a short code, or a channel address, "
            + "as whatsapp:+15145550142"
        )
      }
      assert.lengthOf(yield* sent, 0)
    }).pipe(Effect.provide(layerGateway())))
})

describe("the sender of POST /messages", () => {
  it.effect("is cleaned of what is pasted with it", () =>
    Effect.gen(function*() {
      const pasted = [" +15145550100", "+15145550100\n", "(+1) 514 555 0100", "\uFF0B1-514-555-0100"]
      for (const from of pasted) assert.strictEqual((yield* post({ ...message, from })).status, 202, from)
      for (const from of [" ACME ", "12345 "]) yield* post({ ...message, from })
      assert.deepStrictEqual(
        (yield* sent).map(({ from }) => from as string),
        [...pasted.map(() => "+15145550100"), "ACME", "12345"]
      )
    }).pipe(Effect.provide(layerGateway())))

  it.effect("is answered 400 when it is written wrong, with the field and the form that is expected", () =>
    Effect.gen(function*() {
      for (const from of ["15145550100", "514-555-0100", "+1 514 555 O100", "whatsapp:514 555 0100"]) {
        const answer = yield* post({ ...message, from })
        assert.strictEqual(answer.status, 400)
        assert.match(
          JSON.parse(answer.body).detail,
          /^from: Expected a phone number with its country code, as \+15145550100, a short code, a name, or/
        )
      }
      assert.lengthOf(yield* sent, 0)
    }).pipe(Effect.provide(layerGateway())))
})

describe("the provider of POST /messages", () => {
  it.effect("is found by its name in any case, and is the same provider", () =>
    Effect.gen(function*() {
      const headers = { "idempotency-key": "order-17" }
      const first = yield* post({ ...message, provider: "mock" }, headers)
      const again = yield* post({ ...message, provider: "MOCK" }, headers)
      assert.deepStrictEqual([again.status, again.body], [202, first.body])
      assert.lengthOf(yield* sent, 1)
      const { messageIds: [id] } = JSON.parse(first.body)
      assert.strictEqual((yield* get(`/messages/${id}?provider=Mock`)).status, 200)
    }).pipe(Effect.provide(layerGateway())))
})
