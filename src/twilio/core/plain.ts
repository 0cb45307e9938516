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

interface Pattern {
  readonly test: (value: string) => boolean
}

const number: Pattern = /^\+?\d{1,20}$/
/** What operators write, if it has no small letters: no name is in it. */
const place: Pattern = /^[^a-z]*$/
/** Without an id and an error. */
const text: Pattern = { test: (value) => !value.includes("Sid") && !value.includes("Error") }

const names = (side: string) => ["City", "Country", "State", "Zip"].map((name) => side + name)

const patterns: ReadonlyMap<string, Pattern> = /* @__PURE__ */ new Map<string, Pattern>([
  ["Body", text],
  ["From", number],
  ["To", number],
  ["SmsStatus", { test: (value) => value === "received" }],
  ...[...names("From"), ...names("To")].map((name): [string, Pattern] => [name, place]),
  ...[
    "AccountSid",
    "ApiVersion",
    "MessageSid",
    "MessagingServiceSid",
    "NumMedia",
    "NumSegments",
    "SmsMessageSid",
    "SmsSid"
  ].map((name): [string, Pattern] => [name, nameOf(name).value!])
])

const required = ["AccountSid", "Body", "From", "MessageSid", "SmsStatus", "To"]

/** Returns whether a form is one of these. `rest` has the path and the query of its URL. */
export const isPlain = (rest: string, form: Form, sorted: ReadonlyArray<string>): boolean => {
  if (rest.includes("Sid")) return false
  let places = 0
  for (const name of sorted) {
    const value = form[name]
    const pattern = patterns.get(name)
    if (pattern === undefined || typeof value !== "string" || !pattern.test(value)) return false
    if (pattern === place && name.startsWith("From")) places++
  }
  // Twilio sends all four, or none.
  if (places !== 0 && places !== 4) return false
  for (const name of required) {
    if (!Object.hasOwn(form, name)) return false
  }
  const { MessageSid: id, SmsMessageSid = id, SmsSid = id } = form
  return SmsMessageSid === id && SmsSid === id
}
