/**
 * Decodes plain SMS and the parts of plain MMS, in as little code as they need: for
 * `effect-sms/voicemeup/webhook`. A property holds the events equal to those of
 * `decode.ts`, which decodes everything else.
 */
import { fromCarrierDigits } from "../../internal/carrierDigits.ts"
import type { Payload } from "../../Payload.ts"
import type { Event, MessagePart } from "../../provider/core/build.ts"
import { filled, type Media, messageOf } from "../../provider/core/webEvents.ts"
import { isWrapper } from "./basic.ts"

/** What the row of a plain message has. Its fields are checked where they are used. */
interface Plain {
  readonly attachment?: string
  readonly attachment_mime_type?: string
  readonly datetime_transmission?: string
  readonly destination_number: string
  readonly direction?: string
  readonly event?: string
  readonly message?: string
  readonly sms_hash?: string
  readonly sms_log_id?: string
  readonly source_number: string
  readonly type?: string
}

/** Decodes a row. What a plain message does not have gives no events, or an exception. */
export const decode = (provider: string, raw: Payload): ReadonlyArray<Event> | undefined => {
  const row = raw as unknown as Plain
  const { attachment, attachment_mime_type: mimeType, direction, event, message, sms_hash, sms_log_id, type } = row
  const [sender, recipient] = [row.source_number, row.destination_number].map((digits) =>
    fromCarrierDigits(digits.trim())
  )
  const url = attachment?.trim()
  const isPlain = sender && recipient && !event && !type && (direction ?? "inbound") === "inbound" &&
    (url ? /^https?:/.test(url) && /\/|^$/.test(mimeType ?? "") : message && !mimeType) &&
    Object.entries(raw).every(([name, value]) =>
      typeof value === "string" && !/^(?!attachment(_mime_type|_size)?$).*(?:attach|media)/i.test(name)
    )
  if (!isPlain) return undefined
  const isMedia = url && !isWrapper(url, mimeType)
  const files = isMedia ? [filled<Media>({ _tag: "MediaContent", url, mimeType })] : []
  const sms = messageOf(provider, raw, sms_hash || sms_log_id, sender, recipient, message, files)
  return [
    url
      ? filled<MessagePart>({
        _tag: "MessagePart",
        provider,
        role: isMedia ? "media" : "wrapper",
        correlationKey: row.datetime_transmission && `${sender}:${recipient}:${row.datetime_transmission}`,
        message: sms
      })
      : sms
  ]
}
