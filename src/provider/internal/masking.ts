/**
 * Takes out of a carrier's words what they repeat of the customer's.
 */
import * as Content from "../../Content.ts"
import type { OutboundMessage } from "../../Message.ts"

const maxLength = 300

/** Seven digits or more, whatever stands between them: somebody's number. Error codes are shorter. */
const numbers = /\+?\d(?:[\s().-]{0,2}\d){6,}/g

const quoted = /'[^']*'|"[^"]*"|`[^`]*`/g

/** The name of a field, which says what is wrong, and is nothing of the customer's. */
const isName = (text: string) => /^[\w.-]{1,32}$/.test(text)

/**
 * The words without secrets and numbers, without the text and the addresses of
 * the message, and without quotations of anything but names.
 */
export const maskWords = (
  words: string,
  { content, from, to }: OutboundMessage,
  secrets: ReadonlyArray<string>
): string => {
  const text = Content.text(content)
  const isSaid = (part: string) => part !== "" && text.toLowerCase().includes(part.toLowerCase())
  const whole = [...secrets, text, to, from ?? ""].filter((part) => part.length > 1)
  return whole.reduce((words, part) => words.replaceAll(part, "…"), words)
    .replace(numbers, "…")
    .replace(quoted, (quotation) => {
      const inner = quotation.slice(1, -1)
      return isName(inner) && !isSaid(inner) ? quotation : `${quotation[0]}…${quotation[0]}`
    })
    .slice(0, maxLength)
}
