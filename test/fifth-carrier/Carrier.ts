/**
 * Acme, a carrier that does not exist, written as a user of the package would
 * write one: it imports `effect-sms`, its subpaths and `effect` alone.
 */
import { Clock, Effect, type Redacted, Schema } from "effect"
import { Address } from "effect-sms/Address"
import { fromParts, MediaContent } from "effect-sms/Content"
import { DeliveryStatus, type Status } from "effect-sms/DeliveryStatus"
import { InboundMessage } from "effect-sms/Message"
import type { Payload } from "effect-sms/Payload"
import { Body, Carrier, type Receiving, Secrets, type Sending, Wire } from "effect-sms/provider"
import { type InvalidPayload, InvalidSignature, MissingSignature, StaleTimestamp } from "effect-sms/WebhookError"
import { Unrecognized, type WebhookEvent } from "effect-sms/WebhookEvent"
import * as WebhookRequest from "effect-sms/WebhookRequest"
import { Mac } from "effect/crypto"
import { Base64 } from "effect/encoding"

export type WebhookOptions = { readonly secret: Secrets.Secrets; readonly name?: string | undefined }

export type SenderOptions = Sending.SendOptions & {
  readonly apiKey: Redacted.Redacted<string>
  readonly name?: string | undefined
  readonly statusCallback?: string | undefined
}

const verification: Receiving.Verification = { scheme: "signature", covers: ["body", "time"] }
const toleranceSeconds = 300
const secondsNow = Effect.map(Clock.currentTimeMillis, (millis) => Math.floor(millis / 1000))

/** The time of the header, a point, and the body byte for byte. */
const signed = (time: string, body: Uint8Array): Uint8Array => Uint8Array.from([...Secrets.utf8(`${time}.`), ...body])

/** Signs a webhook as Acme does: HMAC-SHA256 over time and body. */
export const sign = Effect.fnUntraced(function*(secret: Secrets.Secrets, url: string, body: string) {
  const mac = yield* Mac.Mac
  const [key] = yield* Secrets.macKeys("Acme", Mac.hmacSha256, secret)
  const time = String(yield* secondsNow)
  const signature = Base64.encode(yield* mac.sign(key!, signed(time, Secrets.utf8(body))))
  const headers = { "content-type": "application/json", "acme-time": time, "acme-signature": signature }
  return WebhookRequest.make({ url, body, headers })
})

const makeVerify = Effect.fnUntraced(function*(secret: Secrets.Secrets) {
  const fits = Secrets.macMatcher(yield* Mac.Mac, yield* Secrets.macKeys("Acme", Mac.hmacSha256, secret))
  return Effect.fnUntraced(function*({ body, headers }: WebhookRequest.WebhookRequest) {
    const { "acme-signature": signature, "acme-time": time } = headers
    if (!signature || !time) return yield* new MissingSignature({ expected: "headers acme-signature and acme-time" })
    const tag = Secrets.fromBase64(signature)
    if (tag === undefined || !/^\d{1,15}$/.test(time) || !(yield* fits(tag, signed(time, body)))) {
      return yield* new InvalidSignature({})
    }
    const skewSeconds = Number(time) - (yield* secondsNow)
    if (Math.abs(skewSeconds) > toleranceSeconds) return yield* new StaleTimestamp({ skewSeconds, toleranceSeconds })
  })
})

const decodeKind = Wire.decoder(Schema.Struct({ type: Wire.OptionalText, time: Wire.OptionalTime }))
const decodeMessage = Wire.decoder(
  Schema.Struct({ id: Schema.NonEmptyString, from: Address, to: Address, text: Wire.Text, files: Wire.List })
)
const decodeReport = Wire.decoder(Schema.Struct({
  id: Schema.NonEmptyString,
  to: Wire.OptionalAddress,
  state: Schema.NonEmptyString,
  code: Wire.OptionalText
}))
const readFile = Wire.reader(Schema.Struct({ url: Schema.NonEmptyString, type: Wire.OptionalText }))

const statuses = Wire.tableOf<Status>({
  queued: ["queued"],
  sent: ["handed_over"],
  delivered: ["delivered"],
  failed: ["failed"],
  expired: ["too_late"]
})

const decodePayload = Effect.fnUntraced(function*(
  provider: string,
  raw: Payload
): Effect.fn.Return<ReadonlyArray<WebhookEvent>, InvalidPayload> {
  const { time, type } = yield* decodeKind(raw)
  if (type === "message") {
    const { files, from, id, text, to } = yield* decodeMessage(raw)
    const media = files.map(readFile).filter((file) => file !== undefined)
    return [
      new InboundMessage({
        provider,
        channelId: `sms-${provider}`,
        externalId: id,
        idempotencyKey: id,
        sender: from,
        recipient: to,
        content: fromParts(text, media.map(({ type, url }) => new MediaContent(Wire.compact({ url, mimeType: type })))),
        ...Wire.compact({ receivedAt: time }),
        metadata: {},
        raw
      })
    ]
  }
  if (type !== "report") return [new Unrecognized({ provider, ...Wire.compact({ eventType: type }), raw })]
  const { code, id, state, to } = yield* decodeReport(raw)
  return [
    new DeliveryStatus({
      provider,
      messageId: id,
      status: Wire.lookup(statuses, state) ?? "unknown",
      carrierStatus: state,
      ...Wire.compact({ recipient: to, errorCode: code, timestamp: time }),
      idempotencyKey: `${id}:${state}`,
      raw
    })
  ]
})

export const carrier = Carrier.define({
  name: "acme",
  title: "Acme",
  receive: ({ name = "acme", secret }: WebhookOptions) =>
    Effect.map(makeVerify(secret), (verify) => ({
      capabilities: { mms: true, splitMms: false, deliveryStatuses: true, verification },
      methods: ["POST"],
      contentTypes: ["application/json"],
      verify,
      parse: ({ body }) => Body.parseJson(body),
      decodePayload: (payload) => decodePayload(name, payload),
      acknowledgement: { status: 200, contentType: "application/json", body: "{}" }
    })),
  decodePayload,
  send: () => import("./Send.ts"),
  environment: () => import("./Environment.ts"),
  media: { hosts: ["media.acme.example"] },
  samples: () => import("./Samples.ts")
})
