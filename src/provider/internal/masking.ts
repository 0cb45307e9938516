/**
 * Removes customer data from a carrier's error messages.
 */
import * as Redacted from "effect/Redacted"
import * as Content from "../../Content.ts"
import type { OutboundMessage } from "../../Message.ts"
import type { SmsErrorReason } from "../../SmsError.ts"

const maxLength = 300

/** Seven digits or more, with separators between them: probably a phone number. Error codes are shorter. */
const numbers = /\+?\d(?:[\s().-]{0,2}\d){6,}/g

const quoted = /'[^']*'|"[^"]*"|`[^`]*`/g

/** Returns whether the text is a field name. It is safe to log: it contains no customer data. */
const isName = (text: string) => /^[\w.-]{1,32}$/.test(text)

/**
 * Masks secrets, phone numbers, and the text and addresses of the message, and
 * every quotation except field names.
 */
export const maskWords = (
  words: string,
  message: OutboundMessage | undefined,
  secrets: ReadonlyArray<string>
): string => {
  const text = message === undefined ? "" : Content.text(message.content)
  const isSaid = (part: string) => part !== "" && text.toLowerCase().includes(part.toLowerCase())
  const whole = [...secrets, text, ...message?.recipients ?? [], message?.from ?? ""].filter((part) => part.length > 1)
  return whole.reduce((words, part) => words.replaceAll(part, "…"), words)
    .replace(numbers, "…")
    .replace(quoted, (quotation) => {
      const inner = quotation.slice(1, -1)
      return isName(inner) && !isSaid(inner) ? quotation : `${quotation[0]}…${quotation[0]}`
    })
    .slice(0, maxLength)
}

/** Copies a reason with another detail. The original stays unchanged. */
const withDetail = (reason: SmsErrorReason, detail: string): SmsErrorReason =>
  Object.create(Object.getPrototypeOf(reason), {
    ...Object.getOwnPropertyDescriptors(reason),
    detail: { value: detail, configurable: true, enumerable: true, writable: true }
  })

/** Masks the detail of a reason. */
export const maskReason = (
  reason: SmsErrorReason,
  message: OutboundMessage | undefined,
  secrets: ReadonlyArray<Redacted.Redacted<string>>
): SmsErrorReason =>
  reason.detail === undefined
    ? reason
    : withDetail(reason, maskWords(reason.detail, message, secrets.map((secret) => Redacted.value(secret))))
