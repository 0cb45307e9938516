/**
 * The form of an ordinary SMS, which has one reading.
 *
 * Its fields are those that every SMS has, each with the value that it can have
 * there, and nothing in its text looks like the beginning of a field that could
 * follow it. So `readForm` would find each seam where it is: what it does for
 * texts, channels and senders changes nothing. A property holds the two equal.
 */
import type { Form } from "../../provider/core/body.ts"
import { nameOf } from "./names.ts"

type Test = (value: string) => boolean

/** As `^\\+?\\d{1,20}$` matches, in a third of the time. */
const isNumber: Test = (value) => {
  const start = value.charCodeAt(0) === 0x2b ? 1 : 0
  const { length } = value
  if (length === start || length - start > 20) return false
  for (let i = start; i < length; i++) {
    const digit = value.charCodeAt(i) - 0x30
    if (digit < 0 || digit > 9) return false
  }
  return true
}

/** What operators write, if it has no small letters: no name is in it. */
const isPlace: Test = (value) => {
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i)
    if (unit >= 0x61 && unit <= 0x7a) return false
  }
  return true
}

/** Without an id and an error. */
const isText: Test = (value) => !value.includes("Sid") && !value.includes("Error")

/** As for any form, but an id that has the usual form is recognized in half of the time. */
const valueOf = (name: string, usual?: RegExp): Test => {
  const pattern = nameOf(name).value!
  return usual === undefined ? (value) => pattern.test(value) : (value) => usual.test(value) || pattern.test(value)
}

const names = (side: string) => ["City", "Country", "State", "Zip"].map((name) => side + name)

const tests: ReadonlyMap<string, Test> = /* @__PURE__ */ new Map<string, Test>([
  ["Body", isText],
  ["From", isNumber],
  ["To", isNumber],
  ["SmsStatus", (value) => value === "received"],
  ...[...names("From"), ...names("To")].map((name): [string, Test] => [name, isPlace]),
  ["AccountSid", /* @__PURE__ */ valueOf("AccountSid", /^AC[0-9a-f]{32}$/)],
  ["MessageSid", /* @__PURE__ */ valueOf("MessageSid", /^[SM]M[0-9a-f]{32}$/)],
  // The same as the `MessageSid`, or the form is not plain.
  ["SmsMessageSid", () => true],
  ["SmsSid", () => true],
  ...["ApiVersion", "MessagingServiceSid", "NumMedia", "NumSegments"].map((name): [string, Test] => [
    name,
    valueOf(name)
  ])
])

const required = ["AccountSid", "Body", "From", "MessageSid", "SmsStatus", "To"]

/** Returns whether a form is one of these. `rest` has the path and the query of its URL. */
export const isPlain = (rest: string, form: Form, sorted: ReadonlyArray<string>): boolean => {
  if (rest.includes("Sid")) return false
  let places = 0
  for (const name of sorted) {
    const value = form[name]
    const test = tests.get(name)
    if (test === undefined || typeof value !== "string" || !test(value)) return false
    if (test === isPlace && name.charCodeAt(0) === 0x46) places++
  }
  // Twilio sends all four, or none.
  if (places !== 0 && places !== 4) return false
  for (const name of required) {
    if (!Object.hasOwn(form, name)) return false
  }
  const { MessageSid: id, SmsMessageSid = id, SmsSid = id } = form
  return SmsMessageSid === id && SmsSid === id
}
