/**
 * Decodes plain SMS, MMS and delivery reports, in as little code as they need: for
 * `effect-sms/telnyx/webhook`. A property holds the events equal to those of
 * `decode.ts`, which decodes everything else.
 */
import { lookup } from "../../internal/record.ts"
import type { Payload } from "../../Payload.ts"
import type { DeliveryStatus, Event } from "../../provider/core/build.ts"
import { filled, isText, type Media, messageOf } from "../../provider/core/webEvents.ts"
import { hasArrived, statuses } from "./basic.ts"

interface Party {
  readonly phone_number: string
  readonly status: string
}

/** What the event of a plain message or report has. Its fields are checked where they are used. */
interface Plain {
  readonly data: {
    readonly event_type: string
    readonly payload: {
      readonly body?: undefined
      readonly cc?: ReadonlyArray<never> | null
      readonly direction: string
      readonly errors?: ReadonlyArray<{ readonly code: string }>
      readonly from: Party
      readonly group_message_id?: string
      readonly id: string
      readonly media?: ReadonlyArray<{ readonly content_type: string; readonly url: string }> | null
      readonly text?: string | null
      readonly to: ReadonlyArray<Party>
    }
  }
}

/** Decodes an event. What a plain message or report does not have gives no events, or an exception. */
export const decode = (provider: string, raw: Payload): ReadonlyArray<Event> | undefined => {
  const { event_type: type, payload } = (raw as unknown as Plain).data
  const { body, cc, direction, errors = [], from, group_message_id: groupId, id, media, text, to } = payload
  const files = (media ?? []).map(({ content_type, url }): Media => ({
    _tag: "MediaContent",
    url,
    mimeType: content_type
  }))
  const isPlain = !body && (cc ?? []).length === 0 && !/media.|attach/i.test(Object.keys(payload).join("\n")) &&
    [id, groupId ?? id, from.phone_number].every(isText) && (text === "" || isText(text ?? id)) &&
    to.every(({ phone_number }) => isText(phone_number)) &&
    files.every(({ mimeType, url }, i) =>
      [mimeType, url].every(isText) && files.findIndex((file) => file.url === url) === i
    )
  if (!isPlain) return undefined
  if (type === "message.received" && direction === "inbound" && !to[1] && (text || files[0])) {
    return [messageOf(provider, raw, id, from.phone_number, to[0]!.phone_number, text ?? "", files)]
  }
  const [, step = ""] = /^message\.(sent|finalized|read)$/.exec(type) as unknown as ReadonlyArray<string>
  const words = [...errors.map(({ code }) => code), ...to.map(({ status = step }) => status)]
  if (direction !== "outbound" || !words.every(isText)) return undefined
  const reports = to.map(({ phone_number: recipient, status: given = step }): [string, DeliveryStatus] => {
    const word = step === "read" ? step : given
    const status = lookup(statuses, word.toLowerCase()) ?? "unknown"
    const idempotencyKey = `${id}:${recipient}:${word}`
    return [
      idempotencyKey,
      filled<DeliveryStatus>({
        _tag: "DeliveryStatus",
        provider,
        messageId: groupId ?? id,
        status,
        carrierStatus: word,
        recipient,
        errorCode: hasArrived(status) ? undefined : errors[0]?.code,
        idempotencyKey,
        raw
      })
    ]
  })
  return [...new Map(reports).values()]
}
