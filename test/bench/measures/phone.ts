/**
 * Phone numbers as people write them, to E.164.
 */
import * as Phone from "effect-sms/Phone"
import * as Effect from "effect/Effect"
import { type CountryCode, parsePhoneNumberFromString } from "libphonenumber-js/max"
import { google } from "../../google.ts"
import { calls } from "../harness/calls.ts"
import { type Measure, row } from "../harness/Measure.ts"
import { pick } from "../inputs/pick.ts"

const numbers: ReadonlyArray<readonly [text: string, region: CountryCode, e164: string]> = [
  ["418-555-1234", "CA", "+14185551234"],
  ["(604) 555-1234", "CA", "+16045551234"],
  ["+1 514 234 5678", "CA", "+15142345678"],
  ["6502530000", "US", "+16502530000"],
  ["+16502530000", "US", "+16502530000"],
  ["020 7031 3000", "GB", "+442070313000"],
  ["06 12 34 56 78", "FR", "+33612345678"],
  ["+33 1 42 68 53 00", "US", "+33142685300"],
  ["030 901820", "DE", "+4930901820"],
  ["+61 2 9374 4000", "AU", "+61293744000"]
]

const googleUtil = google.PhoneNumberUtil.getInstance()

const contenders = {
  "effect-sms": (text: string, region: CountryCode) => Effect.runSync(Phone.normalizePhone(text, region)),
  "google-libphonenumber": (text: string, region: CountryCode) => {
    const parsed = googleUtil.parse(text, region)
    return googleUtil.isValidNumber(parsed)
      ? googleUtil.format(parsed, google.PhoneNumberFormat.E164)
      : undefined
  },
  "libphonenumber-js": (text: string, region: CountryCode) => {
    const parsed = parsePhoneNumberFromString(text, region)
    return parsed?.isValid() === true ? parsed.number : undefined
  }
}

export const measure: Measure = {
  title: "Phone numbers",
  metrics: { calls: { unit: "/s", better: "more", digits: 0 } },
  rows: [
    row("against google-libphonenumber", "calls", "effect-sms", "google-libphonenumber", 1),
    row("against bare libphonenumber-js", "calls", "effect-sms", "libphonenumber-js")
  ],
  rounds: ({ quick }) => quick ? 11 : 41,
  prepare: (setting) => {
    for (const [name, normalize] of Object.entries(contenders)) {
      for (const [text, region, e164] of numbers) {
        if (normalize(text, region) !== e164) throw new Error(`${name} does not read ${text}`)
      }
    }
    return {
      contenders: Object.fromEntries(
        Object.entries(contenders).map(([name, normalize]) => [
          name,
          calls(setting, (i) => {
            const [text, region] = pick(numbers, i)
            return normalize(text, region)
          })
        ])
      )
    }
  }
}
