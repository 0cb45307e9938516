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
  return remembered((value) => pattern.test(value))
}

const isAccount = /* @__PURE__ */ valueOf("AccountSid")
const isService = /* @__PURE__ */ valueOf("MessagingServiceSid")
const isVersion = /* @__PURE__ */ valueOf("ApiVersion")
const isFiles = /* @__PURE__ */ valueOf("NumMedia")
const isSegments = /* @__PURE__ */ valueOf("NumSegments")
const isOtherId = /* @__PURE__ */ valueOf("MessageSid")

/** The usual form of an id is recognized in half of the time. */
const isId: Test = (value) => /^[SM]M[0-9a-f]{32}$/.test(value) || isOtherId(value)

/** Returns whether a field that may be absent is as it can be there. */
const isLike = (value: Form[string] | undefined, test: Test): boolean =>
  value === undefined || (typeof value === "string" && test(value))

/** Twilio sends all places of a sender, or none. */
const plainNames =
  /^AccountSid,(ApiVersion,)?Body,From,(FromCity,FromCountry,FromState,FromZip,)?MessageSid,(MessagingServiceSid,)?(Num(Media|Segments),)*(Sms(Message)?Sid,)*SmsStatus,To(,To(City|Country|State|Zip))*$/

/** Returns whether these are the names of an ordinary SMS, in sorted order. */
export const hasPlainNames = (names: ReadonlyArray<string>): boolean =>
  plainNames.test(names.join()) && !names.some((name) => name.includes(","))

const haveNames = /* @__PURE__ */ remembered(hasPlainNames)

/** Returns whether a form is one of these. `rest` has the path and the query of its URL. */
export const isPlain = (rest: string, form: Form, sorted: ReadonlyArray<string>): boolean => {
  if (!haveNames(sorted) || rest.includes("Sid")) return false
  const { MessageSid: id } = form
  return form["SmsStatus"] === "received" && isLike(id, isId) && (form["SmsMessageSid"] ?? id) === id &&
    (form["SmsSid"] ?? id) === id && isLike(form["AccountSid"], isAccount) && isLike(form["Body"], isText) &&
    isLike(form["From"], isNumber) && isLike(form["To"], isNumber) && isLike(form["FromCity"], isPlace) &&
    isLike(form["FromCountry"], isPlace) && isLike(form["FromState"], isPlace) && isLike(form["FromZip"], isPlace) &&
    isLike(form["ToCity"], isPlace) && isLike(form["ToCountry"], isPlace) && isLike(form["ToState"], isPlace) &&
    isLike(form["ToZip"], isPlace) && isLike(form["ApiVersion"], isVersion) && isLike(form["NumMedia"], isFiles) &&
    isLike(form["NumSegments"], isSegments) && isLike(form["MessagingServiceSid"], isService)
}
