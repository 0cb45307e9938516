/**
 * Webhooks as the carriers send them, signed: so many that no contender gets
 * the same one again soon.
 */
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import * as Sinch from "effect-sms/sinch"
import * as Telnyx from "effect-sms/telnyx"
import * as Twilio from "effect-sms/twilio"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { twilioForm } from "./forms.ts"

/** What a server has when a request is there: the URL, headers as Node gives them, and the bytes. */
export interface Webhook {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

const count = 64

export const twilioToken = "0123456789abcdef0123456789abcdef"
export const sinchSecret = "a secret of Sinch's, as text"
export const telnyxKeys = await Effect.runPromise(Effect.provide(Telnyx.generateKeyPair, NodeCrypto.layerSignature))
export const voicemeupToken = "a-token-in-the-callback-url"

const host = "sms.example.com"

const urlOf = (provider: string) => `https://${host}/webhooks/sms/${provider}/inbound`

const headersOf = (body: Buffer, contentType: string) => ({
  host,
  "user-agent": "a carrier",
  accept: "*/*",
  "content-type": contentType,
  "content-length": String(body.length)
})

/** What people write: in one message of eight, something that is not in Latin-1. */
const text = (i: number) => `Hello, number ${i}: is my order on its way? It is 50% + tax${i % 8 === 0 ? " 😀" : "."}`

const twilio = async (i: number): Promise<Webhook> => {
  const url = urlOf("twilio")
  const form = twilioForm(`SM${String(i).padStart(32, "0")}`, text(i))
  const body = Buffer.from(`${new URLSearchParams(form)}`)
  const signature = await Effect.runPromise(
    Effect.provide(Twilio.sign({ authToken: Redacted.make(twilioToken), url, form }), NodeCrypto.layer)
  )
  return {
    url,
    body,
    headers: { ...headersOf(body, "application/x-www-form-urlencoded"), "x-twilio-signature": signature }
  }
}

/** The same with its fields in another order, which Twilio's signature does not depend on. */
const inOtherOrder = async (i: number): Promise<Webhook> => {
  const { body, headers, url } = await twilio(i)
  const fields = body.toString().split("&")
  // Each number that shares no factor with the count goes through all fields; the number of the webhook says where.
  const steps = [1, 2, 3, 5, 7, 11, 13, 17].filter((step) => fields.length % step !== 0 || step === 1)
  const step = steps[i % steps.length]!
  const shuffled = fields.map((_, k) => fields[(i * 7 + k * step) % fields.length]!)
  if (new Set(shuffled).size !== fields.length) throw new Error("A field is missing")
  return { url, headers, body: Buffer.from(shuffled.join("&")) }
}

/** The example of https://developers.sinch.com/docs/sms/api-reference/sms/tag/Webhooks/. */
const sinch = async (i: number): Promise<Webhook> => {
  const body = Buffer.from(JSON.stringify({
    type: "mo_text",
    id: `01W4FFL35P4NC4K35SMS${String(i).padStart(6, "0")}`,
    from: "12015555555",
    to: "12017777777",
    body: text(i),
    operator_id: "311071",
    received_at: "2024-06-06T07:52:37.386Z"
  }))
  const signed = await Effect.runPromise(Effect.provide(
    Sinch.signHmacSha256({
      secret: Redacted.make(sinchSecret),
      body,
      nonce: `01JA${String(i).padStart(22, "0")}`,
      timestamp: String(Math.floor(Date.now() / 1000))
    }),
    NodeCrypto.layer
  ))
  return { url: urlOf("sinch"), body, headers: { ...headersOf(body, "application/json"), ...signed } }
}

/** The example of https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks. */
const telnyx = async (i: number): Promise<Webhook> => {
  const id = `84cca175-9755-4859-b67f-${String(i).padStart(12, "0")}`
  const body = Buffer.from(JSON.stringify({
    data: {
      event_type: "message.received",
      id: "b301ed3f-1490-491f-995f-6e64e69674d4",
      occurred_at: "2024-01-15T20:16:07.588+00:00",
      payload: {
        completed_at: null,
        cost: { amount: "0.0000", currency: "USD" },
        direction: "inbound",
        encoding: "GSM-7",
        errors: [],
        from: { carrier: "T-Mobile USA", line_type: "long_code", phone_number: "+13125550001" },
        id,
        media: [],
        messaging_profile_id: "740572b6-099c-44a1-89b9-6c92163bc68d",
        organization_id: "47a530f8-4362-4526-829b-bcee17fd9f7a",
        parts: 1,
        received_at: "2024-01-15T20:16:07.503+00:00",
        record_type: "message",
        sent_at: null,
        tags: [],
        text: text(i),
        to: [{
          carrier: "Telnyx",
          line_type: "Wireless",
          phone_number: "+17735550002",
          status: "webhook_delivered"
        }],
        type: "SMS",
        valid_until: null,
        webhook_failover_url: null,
        webhook_url: urlOf("telnyx")
      },
      record_type: "event"
    },
    meta: { attempt: 1, delivered_to: urlOf("telnyx") }
  }))
  const signed = await Effect.runPromise(
    Effect.provide(Telnyx.sign({ privateKey: telnyxKeys.privateKey, body }), NodeCrypto.layer)
  )
  return { url: urlOf("telnyx"), body, headers: { ...headersOf(body, "application/json"), ...signed } }
}

const voicemeup = (i: number): Promise<Webhook> => {
  const body = Buffer.from(JSON.stringify({
    sms_hash: `sms-hash-${i}`,
    direction: "inbound",
    source_number: "14188050723",
    destination_number: "14184805945",
    message: text(i),
    datetime_transmission: "2026-01-28 14:00:00"
  }))
  const url = `${urlOf("voicemeup")}?token=${voicemeupToken}`
  return Promise.resolve({ url, body, headers: headersOf(body, "application/json") })
}

const all = (make: (i: number) => Promise<Webhook>, length = count) =>
  Promise.all(Array.from({ length }, (_, i) => make(i)))

/** Twilio's, in more orders of the fields than anybody could remember. */
export const reordered = await all(inOtherOrder, 8 * count)

export const webhooks = {
  twilio: await all(twilio),
  sinch: await all(sinch),
  telnyx: await all(telnyx),
  voicemeup: await all(voicemeup)
}
