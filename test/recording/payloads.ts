/** Payloads of messages and reports of any content, as the carriers write them. */
import * as fc from "fast-check"
import type { Payload } from "../../src/Payload.ts"
import * as Arbitraries from "../../src/testing/Arbitraries.ts"

const message = fc.record({
  id: fc.uuid(),
  from: Arbitraries.phoneNumber,
  to: fc.oneof(Arbitraries.phoneNumber, fc.constant("12345")),
  text: Arbitraries.text,
  media: fc.uniqueArray(Arbitraries.media, { maxLength: 3, selector: ({ url }) => url }),
  segments: fc.integer({ min: 1, max: 10 })
})
type Message = typeof message extends fc.Arbitrary<infer A> ? A : never

const report = fc.record({
  id: fc.uuid(),
  from: Arbitraries.phoneNumber,
  to: Arbitraries.phoneNumber,
  status: fc.constantFrom("delivered", "sent", "undelivered", "failed", "teleported"),
  code: fc.constantFrom(undefined, "30003", "0"),
  reference: fc.constantFrom("my order", "intent=01ABCDEF", "intent=01ABCDEF.1.2")
})
type Report = typeof report extends fc.Arbitrary<infer A> ? A : never

interface Dialect {
  readonly message: (message: Message) => Payload
  readonly report?: (report: Report) => Payload
}

const dialects: Readonly<Record<string, Dialect>> = {
  twilio: {
    message: ({ from, id, media, segments, text, to }) => ({
      ToCountry: "CA",
      ToCity: "MONTREAL",
      MessageSid: `SM${id.replaceAll("-", "")}`,
      AccountSid: "AC00000000000000000000000000000001",
      SmsStatus: "received",
      From: from,
      To: to,
      Body: text,
      NumMedia: String(media.length),
      NumSegments: String(segments),
      ApiVersion: "2010-04-01",
      ...Object.fromEntries(media.flatMap(({ mimeType, url }, index) => [
        [`MediaUrl${index}`, url],
        [`MediaContentType${index}`, mimeType]
      ]))
    }),
    report: ({ code, from, id, status, to }) => ({
      MessageSid: `SM${id.replaceAll("-", "")}`,
      AccountSid: "AC00000000000000000000000000000001",
      MessageStatus: status,
      From: from,
      To: to,
      ...(code !== undefined && { ErrorCode: code, ErrorMessage: `Not delivered to ${to}` })
    })
  },
  sinch: {
    message: ({ from, id, media, text, to }) => ({
      id,
      type: media.length === 0 ? "mo_text" : "mo_media",
      from: from.slice(1),
      to: to.replace("+", ""),
      received_at: "2026-01-28T13:00:00.123Z",
      operator_id: "311071",
      body: media.length === 0 ? text : {
        message: text,
        media: media.map(({ mimeType, url }) => ({ url, content_type: mimeType, status: "Uploaded", code: 0 }))
      }
    }),
    report: ({ code, id, reference, status, to }) => ({
      type: "recipient_delivery_report_sms",
      batch_id: id,
      recipient: to.slice(1),
      status,
      code: Number(code ?? 400),
      client_reference: reference,
      at: "2026-01-28T13:00:00Z"
    })
  },
  telnyx: {
    message: ({ from, id, media, segments, text, to }) => ({
      data: {
        event_type: "message.received",
        id,
        record_type: "event",
        occurred_at: "2026-01-28T13:00:00.000+00:00",
        payload: {
          id,
          direction: "inbound",
          type: media.length === 0 ? "SMS" : "MMS",
          from: { phone_number: from, carrier: "Bell & Virgin", line_type: "Wireless" },
          to: [{ phone_number: to, status: "webhook_delivered" }],
          text,
          parts: segments,
          media: media.map(({ mimeType, url }) => ({ url, content_type: mimeType, size: 93002 }))
        }
      }
    }),
    report: ({ code, from, id, reference, status, to }) => ({
      data: {
        event_type: "message.finalized",
        id,
        payload: {
          id,
          direction: "outbound",
          from: { phone_number: from },
          to: [{ phone_number: to, status }],
          webhook_url: `https://sms.example.com/webhooks/sms/telnyx/status?${reference.replace(" ", "=")}`,
          errors: code === undefined ? [] : [{ code, title: "Not routable", detail: `${to} is not routable` }]
        }
      }
    })
  },
  voicemeup: {
    message: ({ from, id, media, text, to }) => ({
      sms_hash: id,
      direction: "inbound",
      source_number: from.slice(1),
      destination_number: to.replace("+", ""),
      datetime_transmission: "2026-01-28 13:00:14",
      message: text,
      ...(media.length > 0 && {
        attachment: media.map(({ url }) => url),
        attachment_mime_type: media.map(({ mimeType }) => mimeType)
      })
    })
  }
}

/** Generates payloads of a carrier. */
export const payloads = (carrier: string): fc.Arbitrary<Payload> => {
  const { message: toMessage, report: toReport } = dialects[carrier]!
  return toReport === undefined ? message.map(toMessage) : fc.oneof(message.map(toMessage), report.map(toReport))
}
