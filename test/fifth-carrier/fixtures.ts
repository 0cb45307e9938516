/** What Acme sends and answers, as its documentation would have it. */
import type * as ProviderSuite from "effect-sms/testing/ProviderSuite"
import type * as SendSuite from "effect-sms/testing/SendSuite"

const source = "made up"
const [customer, ours] = ["+15145550142", "+15145550100"]

const webhook = (name: string, payload: object, ...expected: ReadonlyArray<unknown>): ProviderSuite.Fixture => ({
  name,
  source,
  request: {
    method: "POST",
    url: "https://sms.example.com/webhooks/sms/acme/inbound",
    contentType: "application/json",
    body: JSON.stringify(payload)
  },
  expected
})

const inbound = (id: string, content: object, more: object = {}) => ({
  _tag: "InboundMessage",
  provider: "acme",
  channelId: "sms-acme",
  externalId: id,
  idempotencyKey: id,
  sender: customer,
  recipient: ours,
  content,
  metadata: {},
  ...more
})

const text = { _tag: "TextContent", text: "Do you sell anvils?" }
const file = (number: number) => ({ url: `https://media.acme.example/${number}.jpg`, type: "image/jpeg" })
const photo = (number: number) => ({ _tag: "MediaContent", url: file(number).url, mimeType: "image/jpeg" })

export const webhooks: ReadonlyArray<ProviderSuite.Fixture> = [
  webhook(
    "inbound-sms",
    { type: "message", id: "m1", from: customer, to: ours, text: text.text, time: "2026-02-03T04:05:06Z" },
    inbound("m1", text, { receivedAt: "2026-02-03T04:05:06.000Z" })
  ),
  webhook(
    "inbound-minimal",
    { type: "message", id: "m2", from: customer, to: ours },
    inbound("m2", { ...text, text: "" })
  ),
  webhook(
    "inbound-mms",
    { type: "message", id: "m3", from: customer, to: ours, files: [file(1)] },
    inbound("m3", photo(1))
  ),
  webhook(
    "inbound-mms-two-files-and-text",
    { type: "message", id: "m4", from: customer, to: ours, text: text.text, files: [file(1), null, {}, file(2)] },
    inbound("m4", { _tag: "CompositeContent", parts: [text, photo(1), photo(2)] })
  ),
  webhook("report-delivered", { type: "report", id: "r1", to: customer, state: "delivered" }, {
    _tag: "DeliveryStatus",
    provider: "acme",
    messageId: "r1",
    status: "delivered",
    carrierStatus: "delivered",
    recipient: customer,
    idempotencyKey: "r1:delivered"
  }),
  webhook("report-new-state", { type: "report", id: "r2", state: "eaten", code: 17, time: "2026-02-03T04:05:06Z" }, {
    _tag: "DeliveryStatus",
    provider: "acme",
    messageId: "r2",
    status: "unknown",
    carrierStatus: "eaten",
    errorCode: "17",
    timestamp: "2026-02-03T04:05:06.000Z",
    idempotencyKey: "r2:eaten"
  }),
  webhook("unrecognized-type", { type: "invoice" }, { _tag: "Unrecognized", provider: "acme", eventType: "invoice" }),
  webhook("unrecognized-nothing", {}, { _tag: "Unrecognized", provider: "acme" })
]

export const accepts = (id: string) => ({ status: 202, body: { id, state: "queued" } })

const sent = (name: string, content: object, body: object, more: object = {}): SendSuite.Fixture => ({
  name,
  source,
  message: { to: customer, content },
  options: { from: ours, ...more },
  request: {
    method: "POST",
    path: "/messages",
    headers: { "content-type": "application/json", authorization: "Bearer acme-api-key" },
    body: JSON.stringify({ from: ours, to: customer, ...body })
  },
  answer: accepts("a1"),
  receipt: {
    provider: "acme",
    messageIds: ["a1"],
    recipient: customer,
    sender: ours,
    status: "queued",
    carrierStatus: "queued"
  }
})

const report_to = "https://sms.example.com/webhooks/sms/acme/status"

export const messages: ReadonlyArray<SendSuite.Fixture> = [
  sent("text", text, { text: text.text, files: [] }),
  sent("media", photo(1), { text: "", files: [file(1).url] }),
  sent("callback", text, { text: text.text, files: [], report_to }, { statusCallback: report_to })
]

export const refusals: ReadonlyArray<SendSuite.Refusal> = [
  { status: 422, body: { code: "no_such_number" }, reason: "InvalidRecipient", code: "no_such_number" },
  { status: 422, body: { code: "opted_out", message: "STOP" }, reason: "OptedOut", code: "opted_out" },
  { status: 422, body: { code: "unheard_of" }, reason: "UnexpectedResponse", code: "unheard_of" },
  { status: 401, body: {}, reason: "Authentication" },
  { status: 503, body: { code: "opted_out" }, reason: "OutcomeUnknown", code: "opted_out" }
]
