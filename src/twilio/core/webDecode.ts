/**
 * Decodes plain SMS, MMS and reports of delivery, in as little code as they
 * need: for `effect-sms/twilio/webhook`. A property holds the events equal to those
 * of `decode.ts`, which decodes everything else.
 */
import type { Status } from "../../DeliveryStatus.ts"
import type { Payload } from "../../Payload.ts"
import type { DeliveryStatus, Event } from "../../provider/core/build.ts"
import { filled, type Media, messageOf } from "../../provider/core/webEvents.ts"

/** Decodes a form. What a plain message or report does not have gives no events, or an exception. */
export const decode = (provider: string, raw: Payload): ReadonlyArray<Event> | undefined => {
  const fields = raw as Readonly<Record<string, string>>
  const { Body, ErrorCode, From: sender, MessageSid: id, MessageStatus, NumMedia, SmsStatus, To: recipient } = fields
  const word = MessageStatus || SmsStatus
  const files: Array<Media> = []
  for (let url; (url = fields[`MediaUrl${files.length}`]);) {
    files.push(filled<Media>({ _tag: "MediaContent", url, mimeType: fields[`MediaContentType${files.length}`] }))
  }
  const isPlain = id && word && sender && recipient && sender !== "whatsapp:" && !(Number(NumMedia) > files.length) &&
    Object.entries(raw).every(([name, value]) =>
      typeof value === "string" && !(Number(/^Media\D+(\d+)$/.exec(name)?.[1]) >= files.length)
    )
  if (!isPlain) return undefined
  if (!MessageStatus && /^receiv(?:ed|ing)$/i.test(word)) {
    return Body || files[0] ? [messageOf(provider, raw, id, sender, recipient, Body, files)] : undefined
  }
  const [status] = /^(?:accepted|scheduled|queued|sending|sent|(?:un)?delivered|failed|canceled|read)$/
    .exec(word.toLowerCase())!
  return [
    filled<DeliveryStatus>({
      _tag: "DeliveryStatus",
      provider,
      messageId: id,
      status: status as Status,
      carrierStatus: word,
      idempotencyKey: `${id}:${word}`,
      sender,
      recipient,
      errorCode: ErrorCode,
      raw
    })
  ]
}
