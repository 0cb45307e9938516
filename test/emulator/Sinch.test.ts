import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, DateTime, Effect, Layer, Redacted } from "effect"
import { FetchHttpClient, HttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import * as Emulator from "../../src/emulator/Emulator.ts"
import * as NodeCrypto from "../../src/NodeCrypto.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as Sinch from "../../src/sinch/index.ts"
import * as CarrierServer from "../../src/testing/CarrierServer.ts"
import { customer, message } from "../../src/testing/internal/sendSubject.ts"
import { SmsCallbackWebhooks, SmsService } from "../sinch/sdk.ts"

const person: string = customer
const other = "+15145550143"
const [personDigits, otherDigits] = [person.slice(1), other.slice(1)]
const hour = 3_600_000

type Callback = Readonly<Record<string, unknown>>

const silent = () => {}

const ok = CarrierServer.answer(200, "")

const setUp = Effect.fnUntraced(function*(behaviour: CarrierServer.Behaviour = ok) {
  const app = yield* CarrierServer.serve(behaviour)
  // One connection, so that the webhooks arrive in order.
  const emulator = yield* Emulator.make({ appUrl: app.url, seed: "sinch", pace: 0, maxConnections: 1 })
  const { env } = emulator
  const credentials = {
    servicePlanId: env["SINCH_SERVICE_PLAN_ID"]!,
    apiToken: env["SINCH_API_TOKEN"]!,
    smsHostname: env["SINCH_BASE_URL"]!,
    // It writes every error to the console.
    logger: { debug: silent, info: silent, warn: silent, error: silent }
  }
  const client = new SmsService(credentials)
  const webhooks = new SmsCallbackWebhooks(env["SINCH_WEBHOOK_SECRET"]!)
  const now = yield* Effect.clockWith(({ currentTimeMillis }) => currentTimeMillis)
  const from = env["SINCH_FROM"]!
  const send = (fields: object = {}) =>
    Effect.promise(() =>
      client.batches.send({ sendSMSRequestBody: { from, to: [person], body: "Hello", ...fields } as never })
    )
  /** The callbacks that the application has received, verified by the SDK. */
  const callbacks = Effect.sync(() =>
    app.requests.map(({ body, headers }): Callback => {
      assert.isTrue(webhooks.validateAuthenticationHeader(headers, body))
      return webhooks.parseEvent(body) as unknown as Callback
    })
  )
  /** Waits for what happens within a time, and returns the latest callbacks. */
  const reported = Effect.andThen(emulator.quiet(), callbacks)
  return { app, callbacks, client, credentials, emulator, from, now, reported, send }
})

/** Returns the HTTP status and Sinch's code of the error. */
const refused = (call: () => Promise<unknown>) =>
  Effect.map(
    Effect.flip(
      Effect.tryPromise({
        try: call,
        catch: (error) => error as { readonly statusCode: number; readonly data?: string }
      })
    ),
    ({ data, statusCode }): ReadonlyArray<unknown> => [statusCode, data ? JSON.parse(data).code : undefined]
  )

const at = (millis: number) => DateTime.toDateUtc(DateTime.makeUnsafe(millis))

describe("Sinch's SDK", () => {
  it.live("sends a batch, follows it, and verifies its callbacks", () =>
    Effect.gen(function*() {
      const { client, emulator, reported, send } = yield* setUp()
      const sent = yield* send({
        to: [person, `00${otherDigits}`, "1 (514) 555-0143"],
        body: "Hello ${name} 👋",
        parameters: { name: { [person]: "Ada", default: "you" } },
        delivery_report: "per_recipient",
        client_reference: "order 7"
      })
      assert.deepInclude(sent, {
        type: "mt_text",
        to: [personDigits, otherDigits],
        from: emulator.env["SINCH_FROM"]!.slice(1),
        canceled: false,
        client_reference: "order 7"
      })
      const callbacks = yield* reported
      const ofPerson = callbacks.filter(({ recipient }) => recipient === personDigits)
      assert.lengthOf(callbacks, 6)
      assert.deepStrictEqual(
        ofPerson.map(({ code, status, type }) => [type, status, code]),
        [["Queued", 400], ["Dispatched", 401], ["Delivered", 0]].map((
          step
        ) => ["recipient_delivery_report_sms", ...step])
      )
      for (const callback of callbacks) {
        assert.deepInclude(callback, { batch_id: sent.id!, client_reference: "order 7" })
      }
      assert.deepStrictEqual(
        [...yield* emulator.received(person), ...yield* emulator.received(other)].map(({ text }) => text),
        ["Hello Ada 👋", "Hello you 👋"]
      )
      const got = yield* Effect.promise(() => client.batches.get({ batch_id: sent.id! }))
      assert.deepStrictEqual(got, sent)
      const report = yield* Effect.promise(() =>
        client.deliveryReports.getForNumber({ batch_id: sent.id!, recipient_msisdn: person })
      )
      assert.deepInclude(report, { status: "Delivered", code: 0, recipient: personDigits })
    }))

  it.live("gets the kind of report that it asked for", () =>
    Effect.gen(function*() {
      const { app, client, emulator, reported, send } = yield* setUp()
      const of = Effect.fnUntraced(function*(fields: object) {
        const before = app.requests.length
        const { id } = yield* send({ to: [person, "+15005551002"], ...fields })
        const callbacks = (yield* reported).slice(before)
        for (const callback of callbacks) assert.strictEqual(callback["batch_id"], id)
        return callbacks
      })
      assert.deepStrictEqual(yield* of({}), [])
      const [summary, ...more] = yield* of({ delivery_report: "summary" })
      assert.deepStrictEqual(more, [])
      assert.deepInclude(summary, {
        type: "delivery_report_sms",
        total_message_count: 2,
        statuses: [
          { code: 0, status: "Delivered", count: 1 },
          { code: 150, status: "Deleted", count: 1 }
        ]
      })
      const media = { type: "mt_media", body: { url: "https://example.com/cat.jpg", message: "Our cat" } }
      const [full] = yield* of({ ...media, delivery_report: "full" })
      assert.deepInclude(full, {
        type: "delivery_report_mms",
        statuses: [
          { code: 0, status: "Delivered", count: 1, recipients: [personDigits] },
          { code: 150, status: "Deleted", count: 1, recipients: ["15005551002"] }
        ]
      })
      assert.deepInclude((yield* emulator.received(person)).at(-1), {
        text: "Our cat",
        urls: ["https://example.com/cat.jpg"]
      })
      const finals = yield* of({ delivery_report: "per_recipient_final", callback_url: `${app.url}/elsewhere` })
      assert.deepStrictEqual(
        finals.map(({ recipient, status }) => [recipient, status]),
        [[personDigits, "Delivered"], ["15005551002", "Deleted"]]
      )
      assert.strictEqual(app.requests.at(-1)!.path, "/elsewhere")
      const batch_id = String(full!["batch_id"])
      const get = (more: object) => Effect.promise(() => client.deliveryReports.get({ batch_id, ...more }))
      assert.deepStrictEqual(yield* get({ type: "full" }), full as never)
      assert.deepInclude(yield* get({ status: "Deleted" }), {
        statuses: [{ code: 150, status: "Deleted", count: 1 }],
        total_message_count: 2
      })
      assert.deepInclude(yield* get({ code: "7" }), { statuses: [] })
    }))

  it.live("drops a message with an unknown parameter or too many parts, and cuts one", () =>
    Effect.gen(function*() {
      const { emulator, reported, send } = yield* setUp()
      const long = "x".repeat(161)
      const delivery_report = "per_recipient_final"
      yield* send({
        to: [person, other],
        body: "Hello ${name}",
        parameters: { name: { [personDigits]: "Ada" } },
        delivery_report
      })
      yield* send({ body: long, max_number_of_message_parts: 1, delivery_report })
      yield* send({ body: long, max_number_of_message_parts: 1, truncate_concat: true, delivery_report })
      const reports = (yield* reported).map((
        { code, number_of_message_parts, recipient, status }
      ) => [recipient, status, code, number_of_message_parts])
      assert.sameDeepMembers(reports, [
        [otherDigits, "Aborted", 405, undefined],
        [personDigits, "Delivered", 0, undefined],
        [personDigits, "Aborted", 411, 2],
        [personDigits, "Delivered", 0, 1]
      ])
      assert.deepStrictEqual((yield* emulator.received(person)).map(({ text }) => text.length), [9, 160])
    }))

  it.live("tells what a batch would be, without sending it", () =>
    Effect.gen(function*() {
      const { client, emulator, from } = yield* setUp()
      const dryRunRequestBody = {
        from,
        to: [person, other],
        body: "${text}",
        parameters: { text: { [person]: "x".repeat(161), default: "👋" } }
      }
      const run = (more: object) => Effect.promise(() => client.batches.dryRun({ dryRunRequestBody, ...more }))
      const totals = { number_of_recipients: 2, number_of_messages: 3 }
      assert.deepStrictEqual(yield* run({}), totals)
      const first = { recipient: personDigits, number_of_parts: 2, body: "x".repeat(161), encoding: "text" }
      const second = { recipient: otherDigits, number_of_parts: 1, body: "👋", encoding: "unicode" }
      assert.deepStrictEqual(yield* run({ per_recipient: true }), { ...totals, per_recipient: [first, second] })
      assert.deepStrictEqual(yield* run({ per_recipient: true, number_of_recipients: 1 }), {
        ...totals,
        per_recipient: [first]
      })
      assert.deepStrictEqual(yield* emulator.messages(), [])
    }))

  it.live("lists batches and reports in pages", () =>
    Effect.gen(function*() {
      const { client, now, reported, send } = yield* setUp()
      const ids: Array<string> = []
      for (let number = 0; number < 5; number++) {
        const { id } = yield* send({ client_reference: number === 3 ? "three" : "other", delivery_report: "full" })
        ids.push(id!)
      }
      yield* reported
      const list = (more: object) =>
        Effect.promise(async () => {
          const found: Array<string> = []
          for await (const { id } of client.batches.list({ page_size: 2, ...more })) found.push(id!)
          return found
        })
      assert.sameMembers(yield* list({}), ids)
      assert.deepStrictEqual(yield* list({ client_reference: "three" }), [ids[3]])
      assert.deepStrictEqual(yield* list({ from: other }), [])
      assert.deepStrictEqual(yield* list({ start_date: at(now + hour) }), [])
      assert.deepStrictEqual(yield* list({ end_date: at(now - hour) }), [])
      const last = yield* Effect.promise(() => client.batches.list({ page: 2, page_size: 2 }))
      assert.lengthOf(last.data, 1)
      assert.isFalse(last.hasNextPage)
      const reports: Array<unknown> = []
      yield* Effect.promise(async () => {
        for await (const { batch_id } of client.deliveryReports.list({ page_size: 2 })) reports.push(batch_id)
      })
      assert.sameMembers(reports, ids)
      const none = yield* Effect.promise(() => client.deliveryReports.list({ status: ["Failed"] }))
      assert.deepStrictEqual(none.data, [])
      assert.deepStrictEqual(yield* refused(() => client.batches.list({ page_size: 101 })), [
        400,
        "syntax_constraint_violation"
      ])
    }))

  it.live("changes, replaces and cancels a batch that is not due yet", () =>
    Effect.gen(function*() {
      const { client, emulator, from, now, reported, send } = yield* setUp()
      const send_at = at(now + hour)
      const { expire_at, id } = yield* send({ send_at, body: "Later", delivery_report: "summary" })
      const batch_id = id!
      assert.strictEqual(expire_at?.getTime(), now + hour + 3 * 24 * hour)
      const updated = yield* Effect.promise(() =>
        client.batches.update({
          batch_id,
          updateBatchMessageRequestBody: { to_add: [other], to_remove: [person], body: "Much later" }
        })
      )
      assert.deepInclude(updated, { id: batch_id, to: [otherDigits], body: "Much later", send_at })
      const replaced = yield* Effect.promise(() =>
        client.batches.replace({
          batch_id,
          replaceBatchMessageRequestBody: {
            type: "mt_text",
            from,
            to: [person, other],
            body: "New",
            send_at,
            delivery_report: "summary"
          }
        } as never)
      )
      assert.deepInclude(replaced, { id: batch_id, body: "New" })
      assert.lengthOf(yield* emulator.messages(), 2)
      const canceled = yield* Effect.promise(() => client.batches.cancel({ batch_id }))
      assert.isTrue(canceled.canceled)
      const empty = { batch_id, statuses: [], total_message_count: 2, type: "delivery_report_sms" }
      assert.deepStrictEqual(yield* reported, [empty])
      const report = yield* Effect.promise(() => client.deliveryReports.get({ batch_id, type: "full" }))
      assert.deepStrictEqual(report as unknown, empty)
      assert.deepStrictEqual(
        yield* refused(() => client.batches.update({ batch_id, updateBatchMessageRequestBody: { body: "Too late" } })),
        [403, "conflict_send_at"]
      )
    }))

  it.live("cancels a batch that was sent without any effect on its report, and gives feedback", () =>
    Effect.gen(function*() {
      const { client, emulator, reported, send } = yield* setUp()
      const { id } = yield* send({ feedback_enabled: true })
      const batch_id = id!
      yield* reported
      assert.isTrue((yield* Effect.promise(() => client.batches.cancel({ batch_id }))).canceled)
      const report = yield* Effect.promise(() => client.deliveryReports.get({ batch_id }))
      assert.deepInclude(report, { statuses: [{ code: 0, status: "Delivered", count: 1 }] as never })
      const give = (batch_id: string, ...recipients: ReadonlyArray<string>) =>
        client.batches.sendDeliveryFeedback({
          batch_id,
          deliveryFeedbackRequestBody: { recipients: [...recipients] }
        })
      yield* Effect.promise(() => give(batch_id))
      yield* Effect.promise(() => give(batch_id, person))
      const wrong = [400, "syntax_constraint_violation"]
      assert.deepStrictEqual(yield* refused(() => give(batch_id, other)), wrong)
      const without = yield* send()
      assert.deepStrictEqual(yield* refused(() => give(without.id!, person)), wrong)
      assert.strictEqual((yield* emulator.message(batch_id)).state, "delivered")
    }))

  it.live("receives texts and files, and lists them", () =>
    Effect.gen(function*() {
      const { client, emulator, from, reported } = yield* setUp()
      const bytes = new TextEncoder().encode("a picture")
      // Sinch does nothing about keywords.
      yield* emulator.text({ from: person, to: from, text: "STOP" })
      yield* emulator.text({ from: person, to: from, text: "Our cat", files: [{ type: "image/jpeg", bytes }] })
      const [text, picture] = yield* reported
      assert.deepInclude(text, { type: "mo_text", from: personDigits, to: from.slice(1), body: "STOP" })
      const body = picture!["body"] as {
        readonly message: string
        readonly media: ReadonlyArray<Record<string, string | number>>
      }
      assert.strictEqual(body.message, "Our cat")
      assert.deepInclude(body.media[0], { content_type: "image/jpeg", status: "Uploaded", code: 0 })
      assert.strictEqual(
        yield* Effect.flatMap(HttpClient.get(String(body.media[0]!["url"])), ({ text }) => text),
        "a picture"
      )
      const list = (more: object) => Effect.promise(async () => (await client.inbounds.list(more)).data)
      assert.deepStrictEqual<unknown>(yield* list({}), [picture, text])
      assert.deepStrictEqual(yield* list({ to: other }), [])
      const got = yield* Effect.promise(() => client.inbounds.get({ inbound_id: String(picture!["id"]) }))
      assert.deepStrictEqual(got as unknown, picture)
      assert.deepStrictEqual(yield* emulator.received(person), [])
    }).pipe(Effect.provide(FetchHttpClient.layer)))

  it.live("is refused with Sinch's codes", () =>
    Effect.gen(function*() {
      const { client, credentials, emulator, from, now, reported } = yield* setUp()
      const format = [400, "syntax_invalid_parameter_format"]
      const constraint = [400, "syntax_constraint_violation"]
      const request = { from, to: [person], body: "Hello" }
      const sending = (fields: object) =>
        refused(() => client.batches.send({ sendSMSRequestBody: { ...request, ...fields } }))
      for (
        const [fields, expected] of [
          [{ to: ["nobody"] }, format],
          [{ to: ["12"] }, format],
          [{ to: ["01FC66621VHDBN119Z8PMV1QPU"] }, [403, "unknown_group"]],
          [{ to: [] }, constraint],
          [{ to: Array.from({ length: 1001 }, (_, index) => String(15_145_560_000 + index)) }, constraint],
          [{ from: undefined }, constraint],
          [{ from: other }, [403, "illegal_number_type"]],
          [{ body: "x".repeat(2001) }, constraint],
          [{ callback_url: "nowhere" }, format],
          [{ delivery_report: "all" }, constraint],
          [{ max_number_of_message_parts: 0 }, constraint],
          [{ expire_at: at(now + 73 * hour) }, constraint],
          [{ type: "mt_fax" }, constraint],
          [{ type: "mt_media" }, constraint],
          [{ type: "mt_media", body: { message: "Only a text" } }, constraint],
          [{ type: "mt_binary", body: "AAEC" }, constraint],
          [{ type: "mt_binary", body: "AAEC", udh: "0z" }, format],
          [{ type: "mt_binary", body: "A".repeat(188), udh: "0001" }, constraint]
        ] satisfies ReadonlyArray<readonly [object, ReadonlyArray<unknown>]>
      ) {
        assert.deepStrictEqual(yield* sending(fields), expected, JSON.stringify(fields).slice(0, 100))
      }
      assert.deepStrictEqual(yield* emulator.messages(), [])
      const batch_id = "01FC66621VHDBN119Z8PMV1QPU"
      assert.deepStrictEqual(yield* refused(() => client.batches.get({ batch_id })), [404, undefined])
      for (const wrong of [{ apiToken: "a-real-token" }, { servicePlanId: "another" }]) {
        const strange = new SmsService({ ...credentials, ...wrong })
        assert.deepStrictEqual(yield* refused(() => strange.batches.get({ batch_id })), [401, undefined])
      }
      assert.deepStrictEqual((yield* refused(() => client.groups.list({})))[0], 501)
      assert.deepStrictEqual((yield* emulator.exchanges).at(-1)?.operation, "GET groups")
      yield* reported
    }))

  it.live("learns of an opt-out from the report", () =>
    Effect.gen(function*() {
      const { reported, send } = yield* setUp()
      yield* send({ to: ["+15005551010"], delivery_report: "per_recipient_final" })
      yield* send({ to: ["+15005551013"], delivery_report: "per_recipient_final" })
      assert.deepStrictEqual(
        (yield* reported).map(({ code, status }) => [status, code]),
        [["Deleted", 61], ["Aborted", 412]]
      )
    }))

  it.live("takes bytes, and a name as the sender", () =>
    Effect.gen(function*() {
      const { emulator, reported, send } = yield* setUp()
      yield* send({ type: "mt_binary", body: "SGVsbG8=", udh: "060504030B84", delivery_report: "full" })
      yield* send({ from: "My Shop" })
      yield* reported
      assert.deepStrictEqual(
        (yield* emulator.received(person)).map(({ from, text }) => [from, text]),
        [[emulator.env["SINCH_FROM"], "SGVsbG8="], ["My Shop", "Hello"]]
      )
    }))
})

it.effect("tries a callback again after 5 seconds, 10, and so on for a day, unless the refusal is final", () =>
  Effect.gen(function*() {
    const { app, emulator, from } = yield* setUp(
      CarrierServer.inTurn(
        CarrierServer.answer(503, ""),
        CarrierServer.answer(429, ""),
        CarrierServer.answer(403, ""),
        CarrierServer.answer(500, "")
      )
    )
    const attempts = (count: number) =>
      Effect.repeat(emulator.exchanges, { until: (exchanges) => exchanges.length === count })
    yield* emulator.text({ from: person, to: from, text: "Hello" })
    yield* attempts(1)
    yield* TestClock.adjust("5 seconds")
    yield* attempts(2)
    yield* TestClock.adjust("10 seconds")
    yield* attempts(3)
    const nonces = app.requests.map(({ headers }) => headers["x-sinch-webhook-signature-nonce"])
    assert.strictEqual(new Set(nonces).size, 3)
    assert.isTrue((yield* emulator.snapshot).steps.length === 0)
    yield* emulator.text({ from: person, to: from, text: "Again" })
    for (let retry = 0; retry < 15; retry++) {
      yield* attempts(4 + retry)
      yield* TestClock.adjust(5000 * 2 ** retry - 1)
      assert.lengthOf(yield* emulator.exchanges, 4 + retry)
      yield* TestClock.adjust(1)
    }
    yield* attempts(19)
    assert.isTrue((yield* emulator.snapshot).steps.length === 0)
  }))

it.effect("a provider sends, asks for the status, and looks up by its reference", () =>
  Effect.gen(function*() {
    yield* TestClock.setTime(Date.parse("2026-01-01T12:00:00Z"))
    const emulator = yield* Emulator.make({ seed: "sinch" })
    const { env } = emulator
    const layer = Sinch.layer({
      verification: Sinch.unsigned,
      servicePlanId: env["SINCH_SERVICE_PLAN_ID"]!,
      apiToken: Redacted.make(env["SINCH_API_TOKEN"]!),
      region: "us",
      from: Address.make(env["SINCH_FROM"]!),
      baseUrl: env["SINCH_BASE_URL"]!
    })
    const provider = Context.get(
      yield* Layer.build(Layer.provide(layer, [NodeCrypto.layer, NodeHttpClient.layerUndici])),
      SmsProvider
    )
    const since = yield* DateTime.now
    const content = message("Your ${code} is 7")
    const receipt = yield* provider.send(content, { intentId: "an-intent" })
    const [messageId] = receipt.messageIds
    const statusOf = () =>
      Effect.map(provider.fetchStatus!({ messageId, recipient: person }), (statuses) =>
        statuses.map(({ status }) => status))
    assert.deepStrictEqual(yield* statusOf(), ["queued"])
    yield* TestClock.adjust("200 millis")
    assert.deepStrictEqual(yield* statusOf(), ["sent"])
    yield* TestClock.adjust("1 second")
    assert.deepStrictEqual(yield* statusOf(), ["delivered"])
    assert.deepStrictEqual(
      (yield* emulator.received(person)).map(({ text }) =>
        text
      ),
      ["Your ${code} is 7"]
    )
    const lookUp = (intentId: string) =>
      provider.lookUp!({ intentId, message: content, since, until: DateTime.add(since, { seconds: 30 }) })
    assert.deepStrictEqual(
      (yield* lookUp("an-intent")).map(({ by, messageId }) => ({ by, messageId })),
      [{ by: "reference", messageId }]
    )
    assert.deepStrictEqual(yield* lookUp("another"), [])
  }))
