import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Address } from "../../src/Address.ts"
import * as Carriers from "../../src/Carriers.ts"
import { TextContent } from "../../src/Content.ts"
import { InboundMessage } from "../../src/Message.ts"
import type { Payload } from "../../src/Payload.ts"
import * as SmsProvider from "../../src/provider/SmsProvider.ts"
import * as Wire from "../../src/provider/Wire.ts"
import { MessagePart, Unrecognized, type WebhookEvent } from "../../src/WebhookEvent.ts"

const customer = "+15145550142"
const ours = "+15145550100"

const twilioMessage = { MessageSid: "SM1", SmsStatus: "received", From: customer, To: ours, Body: "hello" }
const twilioStatus = { MessageSid: "SM1", MessageStatus: "delivered", From: ours, To: customer }
const sinchMessage = { type: "mo_text", id: "1", from: "15145550142", to: "15145550100", body: "hello" }
const sinchReport = { type: "recipient_delivery_report_sms", batch_id: "1", recipient: "15145550142", status: "Failed" }
const sinchBatch = (entry: Payload) => ({
  type: "delivery_report_sms",
  batch_id: "1",
  statuses: [{ status: "Failed", code: 1, recipients: ["15145550142"], ...entry }]
})
const telnyx = (event_type: string, payload: Payload) => ({ data: { event_type, payload: { id: "1", ...payload } } })
const telnyxParties = { from: { phone_number: customer }, to: [{ phone_number: ours }] }
const telnyxMessage = (payload: Payload) => telnyx("message.received", { text: "hello", ...telnyxParties, ...payload })
const telnyxReport = (payload: Payload) => telnyx("message.finalized", { ...telnyxParties, ...payload })
const row = { source_number: "15145550142", destination_number: "15145550100", message: "hello", sms_hash: "1" }

type Case = readonly [field: string, max: number, payload: (text: string) => Payload]

const { maxDescription, maxName, maxReference, maxText, maxUrl } = Wire

const cases: Readonly<Record<string, ReadonlyArray<Case>>> = {
  twilio: [
    ["MessageSid", maxName, (text) => ({ ...twilioMessage, MessageSid: text })],
    ["From", maxName, (text) => ({ ...twilioMessage, From: text })],
    ["To", maxName, (text) => ({ ...twilioMessage, To: text })],
    ["Body", maxText, (text) => ({ ...twilioMessage, Body: text })],
    ["ButtonPayload", maxText, (text) => ({ ...twilioMessage, ButtonPayload: text })],
    ["OriginalRepliedMessageSid", maxName, (text) => ({ ...twilioMessage, OriginalRepliedMessageSid: text })],
    ["MessageStatus", maxName, (text) => ({ ...twilioStatus, MessageStatus: text })],
    ["To", maxName, (text) => ({ ...twilioStatus, To: text })],
    ["From", maxName, (text) => ({ ...twilioStatus, From: text })],
    ["ErrorCode", maxName, (text) => ({ ...twilioStatus, ErrorCode: text })],
    ["ErrorMessage", maxDescription, (text) => ({ ...twilioStatus, ErrorMessage: text })]
  ],
  sinch: [
    ["type", maxName, (type) => ({ ...sinchMessage, type })],
    ["id", maxName, (id) => ({ ...sinchMessage, id })],
    ["from", maxName, (from) => ({ ...sinchMessage, from })],
    ["to", maxName, (to) => ({ ...sinchMessage, to })],
    ["client_reference", maxReference, (client_reference) => ({ ...sinchMessage, client_reference })],
    ["body.message", maxText, (message) => ({ ...sinchMessage, type: "mo_media", body: { message } })],
    ["body.media.url", maxUrl, (url) => ({ ...sinchMessage, type: "mo_media", body: { media: [{ url }] } })],
    ["batch_id", maxName, (batch_id) => ({ ...sinchReport, batch_id })],
    ["recipient", maxName, (recipient) => ({ ...sinchReport, recipient })],
    ["status", maxName, (status) => ({ ...sinchReport, status })],
    ["code", maxName, (code) => ({ ...sinchReport, code })],
    ["status_message", maxDescription, (status_message) => ({ ...sinchReport, status_message })],
    ["applied_originator", maxName, (applied_originator) => ({ ...sinchReport, applied_originator })],
    ["statuses.0.status", maxName, (status) => sinchBatch({ status })],
    ["statuses.0.code", maxName, (code) => sinchBatch({ code })],
    ["statuses.recipients", maxName, (text) => sinchBatch({ recipients: [text] })]
  ],
  telnyx: [
    ["data.event_type", maxName, (text) => telnyx(text, {})],
    ["data.payload.id", maxName, (id) => telnyxMessage({ id })],
    ["data.payload.from", maxName, (phone_number) => telnyxMessage({ from: { phone_number } })],
    ["data.payload.to", maxName, (phone_number) => telnyxMessage({ to: [{ phone_number }] })],
    ["data.payload.cc", maxName, (text) => telnyxMessage({ cc: [ours, text] })],
    ["data.payload.text", maxText, (text) => telnyxMessage({ text })],
    ["content.url", maxUrl, (url) => telnyxMessage({ text: "", media: [{ url }] })],
    ["data.payload.group_message_id", maxName, (group_message_id) => telnyxReport({ group_message_id })],
    ["data.payload.to", maxName, (status) => telnyxReport({ to: [{ phone_number: customer, status }] })],
    ["data.payload.errors.code", maxName, (code) => telnyxReport({ errors: [{ code }] })],
    ["data.payload.errors.title", maxDescription, (title) => telnyxReport({ errors: [{ title }] })]
  ],
  voicemeup: [
    ["sms_hash", maxName, (sms_hash) => ({ ...row, sms_hash })],
    ["source_number", maxName, (source_number) => ({ ...row, source_number })],
    ["destination_number", maxName, (destination_number) => ({ ...row, destination_number })],
    ["message", maxText, (message) => ({ ...row, message })],
    ["datetime_transmission", maxName, (datetime_transmission) => ({ ...row, datetime_transmission })],
    ["content.url", maxUrl, (attachment) => ({ ...row, message: "", attachment })]
  ]
}

describe("the length of a field", () => {
  for (const carrier of Carriers.all) {
    it.effect(`is limited for ${carrier.name}, and a longer one is refused by its name`, () =>
      Effect.gen(function*() {
        const { provider } = yield* (yield* carrier.load).samples
        assert.isAbove(cases[carrier.name]!.length, 5)
        for (const [field, max, payload] of cases[carrier.name]!) {
          assert.lengthOf(yield* provider.decodePayload(payload("x".repeat(max))), 1, field)
          const error = yield* Effect.flip(provider.decodePayload(payload("x".repeat(max + 1))))
          assert.strictEqual(error.provider, carrier.name)
          const expected = `Expected at most ${max.toLocaleString("en")} characters`
          if (error.reason._tag !== "InvalidPayload") return assert.fail(error.reason._tag)
          assert.deepInclude(error.reason.issues, { field, expected })
          assert.notInclude(error.message, "xx")
        }
      }).pipe(Effect.provide(NodeCrypto.layer)))
  }

  const message = (fields: Partial<ConstructorParameters<typeof InboundMessage>[0]>) =>
    new InboundMessage({
      provider: "own",
      channelId: "sms-own",
      sender: Address.make(customer),
      recipient: Address.make(ours),
      content: new TextContent({ text: "hello" }),
      metadata: {},
      raw: {},
      ...fields
    })

  const long = "x".repeat(maxName + 1)
  const events: ReadonlyArray<readonly [field: string, event: WebhookEvent]> = [
    ["externalId", message({ externalId: long })],
    ["sender", message({ sender: Address.make(long) })],
    ["senderAliases", message({ senderAliases: [Address.make(ours), Address.make(long)] })],
    ["participants", message({ participants: [Address.make(long)] })],
    ["content.text", message({ content: new TextContent({ text: "x".repeat(maxText + 1) }) })],
    [
      "recipient",
      new MessagePart({ provider: "own", role: "media", message: message({ recipient: Address.make(long) }) })
    ],
    [
      "correlationKey",
      new MessagePart({ provider: "own", role: "media", correlationKey: long.repeat(4), message: message({}) })
    ],
    ["eventType", new Unrecognized({ provider: "own", eventType: long, raw: {} })]
  ]

  it.effect("is limited for a carrier of the application, whatever its decoder lets pass", () =>
    Effect.gen(function*() {
      for (const [field, event] of [["", message({})] as const, ...events]) {
        const provider = SmsProvider.make({
          name: "own",
          receiver: {
            capabilities: {
              mms: true,
              splitMms: true,
              deliveryStatuses: true,
              verification: { scheme: "none", covers: [] }
            },
            methods: ["POST"],
            contentTypes: ["application/json"],
            verify: () => Effect.void,
            parse: () => Effect.succeed({}),
            decodePayload: () => Effect.succeed([message({}), event]),
            acknowledgement: { status: 200, contentType: "text/plain", body: "" }
          }
        })
        const result = yield* Effect.result(provider.decodePayload({}))
        if (field === "") assert.isTrue(result._tag === "Success")
        else if (result._tag === "Success" || result.failure.reason._tag !== "InvalidPayload") assert.fail(field)
        else assert.deepStrictEqual(result.failure.reason.issues.map(({ field }) => field), [field])
      }
    }))
})
