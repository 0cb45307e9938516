/**
 * Other cuts of signed webhooks: the signed text stays, character for
 * character, and is read differently.
 */
import * as fc from "fast-check"

/** A webhook by its signed parts: a GET has no fields beside those of its URL. */
export interface Cut {
  readonly method: "GET" | "POST"
  readonly url: string
  readonly fields: ReadonlyArray<readonly [name: string, value: string]>
}

const base = "https://sms.example.com/webhooks/sms/twilio/inbound"

const byName = ([a]: readonly [string, string], [b]: readonly [string, string]) => a < b ? -1 : a > b ? 1 : 0

/** What is signed, if this is how the form is cut. */
export const signedText = ({ fields, url }: Cut): string =>
  url + [...fields].sort(([a, x], [b, y]) => a < b ? -1 : a > b ? 1 : x < y ? -1 : 1).flat().join("")

const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: length, maxLength: length })

const number = fc.stringMatching(/^\+1[2-9]\d{9}$/)
const address = fc.oneof(
  { weight: 4, arbitrary: number },
  { weight: 1, arbitrary: fc.stringMatching(/^\d{3,6}$/) },
  { weight: 1, arbitrary: number.map((number) => `whatsapp:${number}`) },
  { weight: 1, arbitrary: fc.constant("messenger:1234567890") }
)

const words =
  `Hello is my Order on its Way Call Dave at 5 Do it now Door code From To Bob FromBob DoorDash "CallBack" (EatUp) STOP Address CA US 12 Main St Friday? Yes! no. É 😀 https://example.com/?a=b&c=d`
    .split(" ")

/** What people write. */
const text = fc.oneof(
  { weight: 6, arbitrary: fc.array(fc.constantFrom(...words), { maxLength: 8 }).map((words) => words.join(" ")) },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 20 }) },
  { weight: 1, arbitrary: fc.constantFrom("", " ", "hello", "STOP", "A", "Friday") }
)

const city = fc.constantFrom("", "SAN BRUNO", "MONTREAL", "Oakland", "SAINT-JEAN")

const geography = (side: string) =>
  fc.tuple(city, fc.constantFrom("", "CA", "QC"), fc.constantFrom("", "94030", "H2X 1Y4"), fc.constantFrom("US", "CA"))
    .map(
      ([city, state, zip, country]): Record<string, string> => ({
        [`${side}City`]: city,
        [`${side}State`]: state,
        [`${side}Zip`]: zip,
        [`${side}Country`]: country
      })
    )

const inbound = fc.record({
  id: hex(32),
  account: hex(32),
  from: address,
  to: number,
  body: text,
  files: fc.constantFrom(0, 0, 0, 1, 2),
  places: fc.option(fc.tuple(geography("From"), geography("To")), { nil: undefined }),
  place: fc.option(fc.constantFrom("Twilio", "", "Home")),
  hidden: fc.constantFrom(undefined, undefined, undefined, "whatsapp:", "whatsapp:CA.1349120865530274", ""),
  name: fc.option(fc.constantFrom("Ana Ruiz", "Bob", "", "RoseMary")),
  service: fc.option(hex(32))
}).map(({ account, body, files, from, hidden, id, name, place, places, service, to }): Record<string, string> => ({
  ...places?.[0],
  ...places?.[1],
  SmsMessageSid: (files > 0 ? "MM" : "SM") + id,
  NumMedia: String(files),
  SmsSid: (files > 0 ? "MM" : "SM") + id,
  SmsStatus: "received",
  Body: body,
  To: to,
  NumSegments: "1",
  MessageSid: (files > 0 ? "MM" : "SM") + id,
  AccountSid: `AC${account}`,
  From: hidden ?? from,
  ApiVersion: "2010-04-01",
  ...hidden !== undefined && { ExternalUserId: "CA.1349120865530274" },
  ...place !== null && { Latitude: "37.787890", Longitude: "-122.391664", Label: place },
  ...name !== null && { ProfileName: name, WaId: "16505550111" },
  ...service !== null && { MessagingServiceSid: `MG${service}` },
  ...Object.fromEntries(
    Array.from({ length: files }, (_, i) => [
      [`MediaUrl${i}`, `https://api.twilio.com/2010-04-01/Accounts/AC${account}/Messages/MM${id}/Media/ME${account}`],
      [`MediaContentType${i}`, "image/jpeg"]
    ]).flat()
  )
}))

const status = fc.record({
  id: hex(32),
  account: hex(32),
  from: address,
  to: number,
  word: fc.constantFrom("queued", "sent", "delivered", "undelivered", "failed", "read"),
  error: fc.option(fc.tuple(fc.constantFrom("30003", "21610"), fc.constantFrom("", "Unreachable destination handset"))),
  done: fc.option(fc.constant("2607171206"))
}).map(({ account, done, error, from, id, to, word }): Record<string, string> => ({
  SmsSid: `SM${id}`,
  SmsStatus: word,
  MessageStatus: word,
  To: to,
  MessageSid: `SM${id}`,
  AccountSid: `AC${account}`,
  From: from,
  ApiVersion: "2010-04-01",
  ...done !== null && { RawDlrDoneDate: done },
  ...error !== null && { ErrorCode: error[0], ...error[1] !== "" && { ErrorMessage: error[1] } }
}))

/** Webhooks as Twilio sends and signs them. */
export const genuine: fc.Arbitrary<Cut> = fc.record({
  form: fc.oneof({ weight: 3, arbitrary: inbound }, { weight: 1, arbitrary: status }),
  query: fc.constantFrom("", "", "?id=1", "?tenant=AcmeCorp", "?a=b&c=Dd"),
  isGet: fc.constantFrom(false, false, false, true)
}).map(({ form, isGet, query }): Cut =>
  isGet
    ? { method: "GET", url: `${base}${query === "" ? "?" : `${query}&`}${new URLSearchParams(form)}`, fields: [] }
    : { method: "POST", url: base + query, fields: Object.entries(form).sort(byName) }
)

/** One step from a cut to another. The numbers choose where, and are taken modulo what there is. */
type Step = readonly [kind: number, at: number, by: number, more: number]

const capitals = (text: string): ReadonlyArray<number> => [...text.matchAll(/[A-Z]/g)].map(({ index }) => index)

const stepped = (cut: Cut, [kind, at, by, more]: Step): Cut => {
  const fields: Array<readonly [string, string]> = [...cut.fields]
  const withFields = () => ({ ...cut, method: "POST" as const, fields })
  if (fields.length === 0 || kind === 0) {
    // The seam between the URL and the fields, as a place in the whole text.
    const whole = signedText(cut)
    const seams = capitals(whole).filter((place) => place > base.length)
    const seam = seams.length > 0 && more % 4 > 0
      ? seams[at % seams.length]!
      : base.length + at % (whole.length - base.length + 1)
    const rest = whole.slice(seam)
    if (more % 3 === 0) return { method: "GET", url: whole, fields: [] }
    const kept: Array<readonly [string, string]> = []
    let position = cut.url.length
    for (const [name, value] of fields) {
      if (position >= seam) kept.push([name, value])
      position += name.length + value.length
    }
    const unkept = rest.length - kept.flat().join("").length
    const head = rest.slice(0, unkept)
    const length = 1 + by % Math.max(1, head.length)
    return {
      method: "POST",
      url: whole.slice(0, seam),
      fields: head === "" ? kept : [[head.slice(0, length), head.slice(length)], ...kept]
    }
  }
  const index = at % fields.length
  const [name, value] = fields[index]!
  const next = fields[index + 1]
  switch (kind) {
    // The end of the name.
    case 1: {
      const whole = name + value
      const end = more % 3 === 0 ? whole.length : 1 + by % whole.length
      fields[index] = [whole.slice(0, end), whole.slice(end)]
      return withFields()
    }
    // The end of the value.
    case 2: {
      if (next === undefined) return cut
      const whole = value + next[0]
      const places = [...capitals(whole), whole.length]
      const end = more % 3 > 0 ? places[by % places.length]! : by % whole.length
      if (end === whole.length) {
        fields.splice(index, 2, [name, whole + next[1]])
        return withFields()
      }
      fields[index] = [name, whole.slice(0, end)]
      fields[index + 1] = [whole.slice(end), next[1]]
      return withFields()
    }
    // A field that becomes part of the one before.
    case 3: {
      if (next === undefined) return cut
      fields.splice(index, 2, more % 2 === 0 ? [name, value + next[0] + next[1]] : [name + value, next[0] + next[1]])
      return withFields()
    }
    // A field made of the end of another, or of its middle.
    default: {
      const places = more % 4 > 0 ? capitals(value) : [by % (value.length + 1)]
      const start = places[by % places.length]
      if (start === undefined) return cut
      const rest = value.slice(start)
      const length = more % 2 === 0 ? /^[A-Za-z]*/.exec(rest)![0].length : 1 + (by >> 3) % Math.max(1, rest.length)
      fields.splice(index, 1, [name, value.slice(0, start)], [rest.slice(0, length), rest.slice(length)])
      return withFields()
    }
  }
}

const step: fc.Arbitrary<Step> = fc.tuple(fc.nat(4), fc.nat(), fc.nat(), fc.nat())

/** A signed webhook, and another cut of it. */
export const recuts: fc.Arbitrary<readonly [original: Cut, cut: Cut]> = fc.tuple(
  genuine,
  fc.array(step, { minLength: 1, maxLength: 3 })
).map(([original, steps]) => [original, steps.reduce(stepped, original)])
