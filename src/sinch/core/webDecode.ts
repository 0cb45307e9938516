/**
 * Decodes plain SMS, MMS and delivery reports, in as little code as they need: for
 * `effect-sms/sinch/webhook`. A property holds the events equal to those of
 * `decode.ts`, which decodes everything else.
 */
import { fromCarrierDigits } from "../../internal/carrierDigits.ts"
import { lookup } from "../../internal/record.ts"
import type { Payload } from "../../Payload.ts"
import type { DeliveryStatus, Event } from "../../provider/core/build.ts"
import { filled, isText, type Media, messageOf } from "../../provider/core/webEvents.ts"
import { isError, statuses } from "./basic.ts"

interface Report {
  readonly code: string
  readonly count?: string
  readonly recipients?: ReadonlyArray<string>
  readonly status: string
}

/** What a plain callback has. Its fields are checked where they are used. */
interface Plain extends Report {
  readonly batch_id: string
  readonly body: string | {
    readonly message?: string
    readonly media?: ReadonlyArray<{ readonly content_type: string; readonly status: string; readonly url: string }>
    readonly subject?: string
  }
  readonly from: string
  readonly id?: string
  readonly recipient: string
  readonly statuses: ReadonlyArray<Report>
  readonly to: string
  readonly type: string
}

/** Decodes a callback. What a plain message or report does not have gives no events, or an exception. */
export const decode = (provider: string, raw: Payload): ReadonlyArray<Event> | undefined => {
  const { batch_id: messageId, body, code, from, id, recipient, status, statuses: list, to, type } =
    raw as unknown as Plain
  if (/^mo_(?:text|media)$/.test(type)) {
    const { media = [], message, subject: _, ...others } = typeof body === "string" ? { message: body } : body
    const isPlain = [from, to, id ?? to].every(isText) && (message === "" || isText(message ?? to)) &&
      media.every(({ content_type, status, url }) => status === "Uploaded" && [content_type, url].every(isText)) &&
      !/media|attach|message/i.test(`${Object.keys(raw)}`) && !Object.keys(others)[0]
    const files = media.map(({ content_type, url }): Media => ({ _tag: "MediaContent", url, mimeType: content_type }))
    return isPlain && (message || files[0])
      ? [messageOf(provider, raw, id, fromCarrierDigits(from), fromCarrierDigits(to), message, files)]
      : undefined
  }
  const [, ofOne] = /^(recipient_|)delivery_report_[sm]ms$/.exec(type)!
  const reports = ofOne ? [{ code, status, recipients: [recipient] }] : list
  const isPlain = reports.every(({ code, count, recipients = [], status }: Report) =>
    [messageId, status].every(isText) && recipients.every(isText) && /^\d+$/.test(code) &&
    /^(?:undefined|[1-9]\d{0,9})$/.test(`${count}`)
  )
  return isPlain
    ? reports.flatMap(({ code, count, recipients = [], status: word }: Report) =>
      (recipients[0] ? recipients : [""]).map((digits) => {
        const recipient = fromCarrierDigits(digits)
        const status = lookup(statuses, word.toLowerCase()) ?? "unknown"
        const key = [messageId, recipient, word.toLowerCase(), code]
        return filled<DeliveryStatus>({
          _tag: "DeliveryStatus",
          provider,
          messageId,
          status,
          carrierStatus: word,
          recipient,
          count: ofOne || recipient ? undefined : Number(count),
          errorCode: isError(status) ? `${code}` : undefined,
          idempotencyKey: (recipient ? key : [...key, count]).join(":"),
          raw
        })
      })
    )
    : undefined
}
