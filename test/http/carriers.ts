/** What each carrier sends, signed with secrets that the test servers know. */
import { Clock, Effect, Redacted } from "effect"
import type { CryptoError } from "effect/crypto/CryptoError"
import type { Mac } from "effect/crypto/Mac"
import type { Signature } from "effect/crypto/Signature"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as Sinch from "../../src/sinch/index.ts"
import * as Telnyx from "../../src/telnyx/index.ts"
import * as Twilio from "../../src/twilio/index.ts"
import * as VoiceMeUp from "../../src/voicemeup/index.ts"
import * as telnyxKeys from "../telnyx/keys.ts"

export const customer = "15145550142"
export const ours = "15145550100"
export const text = "Where is my parcel?"

export const secrets = {
  twilio: "twilio-auth-token-for-tests",
  sinch: "sinch-secret-for-tests",
  telnyx: Redacted.value(telnyxKeys.privateKey),
  voicemeup: "voicemeup-token-for-tests",
  admin: "admin-token-for-tests"
}

export const layerProviders = SmsProviders.layer(
  Twilio.layerWebhook({ authToken: Redacted.make(secrets.twilio) }),
  Sinch.layerWebhook({ verification: Sinch.hmacSha256(Redacted.make(secrets.sinch)) }),
  Telnyx.layerWebhook({ publicKey: telnyxKeys.publicKey }),
  VoiceMeUp.layerWebhook({ verification: { scheme: "Token", token: Redacted.make(secrets.voicemeup) } })
)

/** A request as it is written to the wire. */
export interface Wire {
  readonly method: string
  /** With the query. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Carrier {
  readonly name: string
  readonly acknowledgement: readonly [contentType: string, body: string]
  readonly sms: (id: string) => string
  readonly mms: (id: string) => string
  /** Absent for a carrier that sends none. */
  readonly status?: (id: string) => string
  /** Signs a body for this path of a server that is called by this base URL. */
  readonly sign: (
    options: { readonly base: string; readonly path: string; readonly body: string }
  ) => Effect.Effect<Wire, CryptoError, Mac | Signature>
}

const form = (fields: Record<string, string>) => new URLSearchParams(fields).toString()
const json = { "content-type": "application/json" }
const acknowledgedAsJson = ["application/json", "{}"] as const

const twilio: Carrier = {
  name: "twilio",
  acknowledgement: ["text/xml", "<Response/>"],
  sms: (id) =>
    form({ MessageSid: id, SmsStatus: "received", From: `+${customer}`, To: `+${ours}`, Body: text, NumMedia: "0" }),
  mms: (id) =>
    form({
      MessageSid: id,
      SmsStatus: "received",
      From: `+${customer}`,
      To: `+${ours}`,
      Body: text,
      NumMedia: "1",
      MediaUrl0: "https://api.twilio.com/media/1",
      MediaContentType0: "image/jpeg"
    }),
  status: (id) => form({ MessageSid: id, MessageStatus: "delivered", To: `+${customer}`, From: `+${ours}` }),
  sign: Effect.fnUntraced(function*({ base, body, path }) {
    const signature = yield* Twilio.sign({
      authToken: Redacted.make(secrets.twilio),
      url: base + path,
      form: Object.fromEntries(new URLSearchParams(body))
    })
    return {
      method: "POST",
      target: path,
      headers: { "content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signature },
      body
    }
  })
}

const sinch: Carrier = {
  name: "sinch",
  acknowledgement: acknowledgedAsJson,
  sms: (id) => JSON.stringify({ type: "mo_text", id, from: customer, to: ours, body: text }),
  mms: (id) =>
    JSON.stringify({
      type: "mo_media",
      id,
      from: customer,
      to: ours,
      body: { message: text, media: [{ url: "https://media.sinch.example/1.png", content_type: "image/png" }] }
    }),
  status: (id) =>
    JSON.stringify({
      type: "recipient_delivery_report_sms",
      batch_id: id,
      recipient: customer,
      code: 0,
      status: "Delivered"
    }),
  sign: Effect.fnUntraced(function*({ body, path }) {
    const timestamp = String(Math.floor((yield* Clock.currentTimeMillis) / 1000))
    const secret = Redacted.make(secrets.sinch)
    const headers = yield* Sinch.signHmacSha256({ secret, body, nonce: "01KD2X", timestamp })
    return { method: "POST", target: path, headers: { ...json, ...headers }, body }
  })
}

const telnyxEvent = (id: string, event_type: string, payload: object) =>
  JSON.stringify({ data: { record_type: "event", event_type, id, payload: { id, ...payload } } })

const telnyxMessage = (media: ReadonlyArray<object>) => ({
  direction: "inbound",
  type: media.length === 0 ? "SMS" : "MMS",
  from: { phone_number: `+${customer}` },
  to: [{ phone_number: `+${ours}` }],
  text,
  media
})

const telnyx: Carrier = {
  name: "telnyx",
  acknowledgement: acknowledgedAsJson,
  sms: (id) => telnyxEvent(id, "message.received", telnyxMessage([])),
  mms: (id) =>
    telnyxEvent(
      id,
      "message.received",
      telnyxMessage([{ url: "https://media.telnyx.com/1.jpg", content_type: "image/jpeg" }])
    ),
  status: (id) =>
    telnyxEvent(id, "message.finalized", {
      direction: "outbound",
      from: { phone_number: `+${ours}` },
      to: [{ phone_number: `+${customer}`, status: "delivered" }]
    }),
  sign: ({ body, path }) =>
    Effect.map(
      Telnyx.sign({ privateKey: Redacted.make(secrets.telnyx), body }),
      (headers) => ({ method: "POST", target: path, headers: { ...json, ...headers }, body })
    )
}

const voicemeup: Carrier = {
  name: "voicemeup",
  acknowledgement: acknowledgedAsJson,
  sms: (id) =>
    JSON.stringify({
      sms_hash: id,
      direction: "inbound",
      source_number: customer,
      destination_number: ours,
      message: text
    }),
  mms: (id) =>
    JSON.stringify({
      sms_hash: id,
      direction: "inbound",
      source_number: customer,
      destination_number: ours,
      message: text,
      attachment: "https://clients.voicemeup.com/file/1.jpg",
      attachment_mime_type: "image/jpeg"
    }),
  sign: ({ body, path }) =>
    Effect.map(
      VoiceMeUp.callbackUrl({ url: path, token: Redacted.make(secrets.voicemeup) }),
      (target) => ({ method: "POST", target, headers: json, body })
    )
}

export const carriers: ReadonlyArray<Carrier> = [twilio, sinch, telnyx, voicemeup]
