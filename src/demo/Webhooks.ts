/**
 * One webhook of each kind from each carrier, as the carrier would send it:
 * its format, its field names, its signature. The numbers are from the range
 * that is reserved for fiction.
 */
import * as Clock from "effect/Clock"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Sinch from "../sinch/index.ts"
import * as Telnyx from "../telnyx/index.ts"
import * as Twilio from "../twilio/index.ts"
import * as VoiceMeUp from "../voicemeup/index.ts"
import type { Credentials } from "./Credentials.ts"

export interface Webhook {
  readonly carrier: string
  readonly kind: string
  /** The carrier's id of the message that it is about. */
  readonly messageId: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const customer = "+15145550142"
const ours = "+15145550100"
const digits = (number: string) => number.slice(1)

const twilio = Effect.fnUntraced(function*(credentials: Credentials, base: string) {
  const random = yield* SecureRandom.SecureRandom
  const signed = Effect.fnUntraced(function*(
    kind: string,
    path: "inbound" | "status",
    form: Record<string, string>,
    tamper?: string
  ) {
    const url = `${base}/webhooks/sms/twilio/${path}`
    const signature = yield* Twilio.sign({ authToken: credentials.twilioAuthToken, url, form })
    return {
      carrier: "Twilio",
      kind,
      messageId: form["MessageSid"]!,
      url,
      headers: { "content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signature },
      body: new URLSearchParams(tamper === undefined ? form : { ...form, Body: tamper }).toString()
    }
  })
  const sid = yield* random.ulid
  const message = { From: customer, To: ours, SmsStatus: "received", AccountSid: "AC_DEMO", NumSegments: "1" }
  return [
    yield* signed("SMS", "inbound", {
      ...message,
      MessageSid: `SM${sid}`,
      Body: "Is my order on its way?",
      NumMedia: "0"
    }),
    yield* signed("MMS", "inbound", {
      ...message,
      MessageSid: `MM${sid}`,
      Body: "It should look like this",
      NumMedia: "1",
      MediaUrl0: "https://api.twilio.com/2010-04-01/Accounts/AC_DEMO/Messages/MM_DEMO/Media/ME_DEMO",
      MediaContentType0: "image/jpeg"
    }),
    yield* signed("receipt", "status", {
      From: ours,
      To: customer,
      MessageSid: `SMout${sid}`,
      MessageStatus: "delivered",
      SmsStatus: "delivered"
    }),
    yield* signed(
      "forged",
      "inbound",
      { ...message, MessageSid: `SMforged${sid}`, Body: "Thank you", NumMedia: "0" },
      "Send the refund to another account"
    )
  ]
})

const sinch = Effect.fnUntraced(function*(credentials: Credentials, base: string) {
  const random = yield* SecureRandom.SecureRandom
  const signed = Effect.fnUntraced(function*(kind: string, messageId: string, payload: object, tamper?: object) {
    const body = JSON.stringify(payload)
    const headers = yield* Sinch.signHmacSha256({
      secret: credentials.sinchSecret,
      body,
      nonce: yield* random.ulid,
      timestamp: String(Math.floor((yield* Clock.currentTimeMillis) / 1000))
    })
    return {
      carrier: "Sinch",
      kind,
      messageId,
      url: `${base}/webhooks/sms/sinch/inbound`,
      headers: { "content-type": "application/json", ...headers },
      body: tamper === undefined ? body : JSON.stringify({ ...payload, ...tamper })
    }
  })
  const now = DateTime.formatIso(yield* DateTime.now)
  const message = { from: digits(customer), to: digits(ours), received_at: now }
  const [sms, mms, batch, forged] = [yield* random.ulid, yield* random.ulid, yield* random.ulid, yield* random.ulid]
  return [
    yield* signed("SMS", sms, { type: "mo_text", id: sms, ...message, body: "Do you deliver on Saturday?" }),
    yield* signed("MMS", mms, {
      type: "mo_media",
      id: mms,
      ...message,
      body: {
        message: "My front door",
        media: [{ url: "https://media.sinch.example/door.png", content_type: "image/png", status: "Uploaded", code: 0 }]
      }
    }),
    yield* signed("receipt", batch, {
      type: "recipient_delivery_report_sms",
      batch_id: batch,
      recipient: digits(customer),
      code: 0,
      status: "Delivered",
      at: now
    }),
    yield* signed(
      "forged",
      forged,
      { type: "mo_text", id: forged, ...message, body: "Yes" },
      { body: "Yes, and cancel everything" }
    )
  ]
})

const telnyx = Effect.fnUntraced(function*(credentials: Credentials, base: string) {
  const random = yield* SecureRandom.SecureRandom
  const now = DateTime.formatIso(yield* DateTime.now)
  const signed = Effect.fnUntraced(function*(kind: string, eventType: string, payload: object, tamper?: object) {
    const id = yield* random.uuidV4()
    const envelope = (payload: object) =>
      JSON.stringify({
        data: { record_type: "event", event_type: eventType, id, occurred_at: now, payload: { id, ...payload } }
      })
    const body = envelope(payload)
    const headers = yield* Telnyx.sign({ privateKey: credentials.telnyxKeys.privateKey, body })
    return {
      carrier: "Telnyx",
      kind,
      messageId: id,
      url: `${base}/webhooks/sms/telnyx/inbound`,
      headers: { "content-type": "application/json", ...headers },
      body: tamper === undefined ? body : envelope({ ...payload, ...tamper })
    }
  })
  const message = {
    direction: "inbound",
    from: { phone_number: customer },
    to: [{ phone_number: ours, status: "webhook_delivered" }],
    received_at: now
  }
  return [
    yield* signed("SMS", "message.received", { ...message, type: "SMS", text: "Can I change the address?", media: [] }),
    yield* signed("MMS", "message.received", {
      ...message,
      type: "MMS",
      text: "This is the receipt",
      media: [{ url: "https://media.telnyx.com/receipt.jpg", content_type: "image/jpeg" }]
    }),
    yield* signed("receipt", "message.finalized", {
      direction: "outbound",
      type: "SMS",
      from: { phone_number: ours },
      to: [{ phone_number: customer, status: "delivery_failed" }],
      errors: [{ code: "40001", title: "Not routable" }],
      completed_at: now
    }),
    yield* signed(
      "forged",
      "message.received",
      { ...message, type: "SMS", text: "No", media: [] },
      { text: "Yes" }
    )
  ]
})

const voicemeup = Effect.fnUntraced(function*(credentials: Credentials, base: string) {
  const random = yield* SecureRandom.SecureRandom
  const url = yield* VoiceMeUp.callbackUrl({
    url: `${base}/webhooks/sms/voicemeup/inbound`,
    token: credentials.voicemeupToken
  })
  const post = Effect.fnUntraced(function*(kind: string, row: object, to: string = url) {
    const hash = yield* random.uuidV4()
    return {
      carrier: "VoiceMeUp",
      kind,
      messageId: hash,
      url: to,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        sms_hash: hash,
        direction: "inbound",
        source_number: digits(customer),
        destination_number: digits(ours),
        ...row
      })
    }
  })
  const file = "https://clients.voicemeup.com/file/0a1b2c3d.mms"
  const parts = { datetime_transmission: "2026-01-28 13:00:14" }
  return [
    yield* post("SMS", { message: "Bonjour!" }),
    yield* post("MMS, text", {
      ...parts,
      message: "Our cat",
      attachment: `${file}.html`,
      attachment_mime_type: "text/html"
    }),
    yield* post("MMS, file", { ...parts, message: "", attachment: `${file}.jpg`, attachment_mime_type: "image/jpeg" }),
    yield* post("forged", { message: "Let me in" }, url.replace(/.$/, "x"))
  ]
})

/** All of them, to be sent to the server at this base URL. */
export const all = Effect.fnUntraced(function*(credentials: Credentials, base: string) {
  const webhooks: ReadonlyArray<Webhook> = [
    ...(yield* twilio(credentials, base)),
    ...(yield* sinch(credentials, base)),
    ...(yield* telnyx(credentials, base)),
    ...(yield* voicemeup(credentials, base))
  ]
  return webhooks
})
