/** The form of an ordinary SMS is not read carefully, because that changes nothing. */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { hasPlainNames, isPlain } from "../../src/twilio/core/plain.ts"
import { readCarefully, restOf } from "../../src/twilio/core/reading.ts"
import { signedForm } from "../../src/twilio/core/verify.ts"
import { type Cut, genuine, recuts } from "./recuts.ts"

const isLong = process.env["MODE"] === "long"

/** Whether a form is plain, after it was read carefully. */
const check = ({ fields, url }: Cut): boolean => {
  const form = Object.fromEntries(fields)
  const { sorted } = signedForm(form)
  const rest = restOf(url)
  if (!isPlain(rest, form, sorted)) return false
  assert.deepStrictEqual(readCarefully(rest, form, sorted), { _tag: "Read", form })
  return true
}

const parts =
  `Hello From To Sid Error ErrorCode30003 ErrorUrl Body Label é Address Num MediaUrl0 MessageSid SM1 City Zip
  +16505550111 Fro m Si d WaId16505550199 ProfileName Latitude1 ChannelMetadata{} ButtonText AddOns EventType ApiVersion`
    .split(/\s+/)

/** What a person types, with the beginnings of the names that are not plain. */
const text = fc.array(fc.constantFrom(...parts), { maxLength: 6 }).map((words) => words.join(""))

const letters = fc.string({ unit: fc.constantFrom(..."ABSF -'09.É"), maxLength: 6 })
const places = (side: string) =>
  fc.subarray(["City", "Country", "State", "Zip"].map((name) => side + name)).chain((names) =>
    fc.tuple(...names.map((name) => letters.map((value) => [name, value] as const)))
  )

const sms = fc.record({
  id: fc.constantFrom("SM1", "MMab", "SMFFFFx0"),
  body: text,
  from: fc.constantFrom("+16505550111", "12345", "0"),
  fromPlaces: places("From"),
  toPlaces: places("To"),
  url: fc.constantFrom("", "", "?a=b", "?AccountSidAC1", "?MessageSidSM1", "/SmsSid", "?Account", "?AccountSidA"),
  ids: fc.array(fc.tuple(fc.constantFrom("SmsMessageSid", "SmsSid"), fc.boolean()), { maxLength: 2 }),
  others: fc.subarray([["NumMedia", "0"], ["NumSegments", "1"], ["MessagingServiceSid", "MG1"], [
    "ApiVersion",
    "2010-04-01"
  ]])
}).map(({ body, from, fromPlaces, id, ids, others, toPlaces, url }): Cut => ({
  method: "POST",
  url: `https://sms.example.com/webhooks/sms/twilio/inbound${url}`,
  fields: [
    ["AccountSid", "AC1"],
    ["Body", body],
    ["From", from],
    ["MessageSid", id],
    ["SmsStatus", "received"],
    ["To", "+16505550100"],
    ...ids.map(([name, isSame]) => [name, isSame ? id : "SM2"] as const),
    ...others.map(([name, value]) => [name!, value!] as const),
    ...fromPlaces,
    ...toPlaces
  ]
}))

describe("a plain form", () => {
  it("has no name that consists of several", () => {
    const names = ["AccountSid", "Body", "From", "MessageSid", "SmsStatus", "To"]
    assert.isTrue(hasPlainNames(names))
    assert.isFalse(hasPlainNames(["AccountSid", "Body,From", "MessageSid", "SmsStatus", "To"]))
    assert.isFalse(hasPlainNames([...names, "ToAddress"]))
    for (const name of names) assert.isFalse(hasPlainNames(names.filter((other) => other !== name)), name)
  })

  it("is read as every other, however it was cut", () => {
    const seen = { genuine: 0, made: 0 }
    const numRuns = isLong ? 200_000 : 5000
    const seed = isLong ? {} : { seed: 20_260_128 }
    fc.assert(fc.property(sms, (cut) => void (seen.made += Number(check(cut)))), { ...seed, numRuns })
    fc.assert(fc.property(genuine, (cut) => void (seen.genuine += Number(check(cut)))), { ...seed, numRuns })
    fc.assert(
      fc.property(recuts, ([original, cut]) => {
        check(original)
        check(cut)
      }),
      { ...seed, numRuns }
    )
    assert.isAbove(seen.made, numRuns / 50)
    assert.isAbove(seen.genuine, numRuns / 100)
  }, 600_000)
})
