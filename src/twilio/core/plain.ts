/**
 * The form of an ordinary SMS, which has one reading.
 *
 * Its fields are those that every SMS has, each with the value that it can have
 * there, and nothing in its text looks like the beginning of a field that could
 * follow it. So `readForm` would find each seam where it is: what it does for
 * texts, channels and senders changes nothing. A property holds the two equal.
 */
import type { Form } from "../../provider/core/body.ts"
import { remembered } from "../../provider/core/remembered.ts"
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

/** As for any form. */
const valueOf = (name: string): Test => {
  const pattern = nameOf(name).value!
  return (value) => pattern.test(value)
}

const isAccount = /* @__PURE__ */ remembered(/* @__PURE__ */ valueOf("AccountSid"))
const isService = /* @__PURE__ */ remembered(/* @__PURE__ */ valueOf("MessagingServiceSid"))
const isVersion = /* @__PURE__ */ remembered(/* @__PURE__ */ valueOf("ApiVersion"))
const isFiles = /* @__PURE__ */ remembered(/* @__PURE__ */ valueOf("NumMedia"))
const isSegments = /* @__PURE__ */ remembered(/* @__PURE__ */ valueOf("NumSegments"))
const isOtherId = /* @__PURE__ */ valueOf("MessageSid")

/** The usual form of an id is recognized in half of the time. */
const isId: Test = (value) => /^[SM]M[0-9a-f]{32}$/.test(value) || isOtherId(value)

/** Counts the values that are there. Returns `NaN` if one is not as it can be there. */
const count = (test: Test, ...values: ReadonlyArray<Form[string] | undefined>): number => {
  let found = 0
  for (const value of values) {
    if (value === undefined) continue
    if (typeof value !== "string" || !test(value)) return Number.NaN
    found++
  }
  return found
}

/** Returns whether a form is one of these. `rest` has the path and the query of its URL. */
export const isPlain = (rest: string, form: Form, sorted: ReadonlyArray<string>): boolean => {
  const { MessageSid: id, SmsMessageSid, SmsSid } = form
  if (rest.includes("Sid") || typeof id !== "string" || !isId(id) || form["SmsStatus"] !== "received") return false
  const isSame: Test = (value) => value === id
  const places = count(isPlace, form["FromCity"], form["FromCountry"], form["FromState"], form["FromZip"])
  // Twilio sends all four, or none.
  if (places !== 0 && places !== 4) return false
  const required = count(isAccount, form["AccountSid"]) + count(isText, form["Body"]) +
    count(isNumber, form["From"], form["To"])
  const all = 2 + places + required + count(isSame, SmsMessageSid, SmsSid) +
    count(isPlace, form["ToCity"], form["ToCountry"], form["ToState"], form["ToZip"]) +
    count(isVersion, form["ApiVersion"]) + count(isFiles, form["NumMedia"]) + count(isSegments, form["NumSegments"]) +
    count(isService, form["MessagingServiceSid"])
  // No other field is there.
  return required === 4 && all === sorted.length
}
