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

/** What people write, the names of fields among it, and what is made to be cut. */
const words =
  `Hello is my Order on its Way Call Dave at 5 Do it now Door code From To Bob FromBob DoorDash "CallBack" (EatUp) STOP
  Address CA US 12 Main St Friday? Yes! no. É 😀 https://example.com/?a=b&c=d FaceTime DoorCode DocumentId ListId 5
  CustomerNumber ClientName EventDate EmailAddress CancelNumber Forwardedtrue AddOns? AddOns{} ErrorMessage: FlowData
  MessageType ButtonText ServiceSid MessagingServiceSid https://shop.example/?ProfileName=bob NumMedia NumMedia0 ApiVersion
  ApiVersion2010-04-01Body AccountSid ToCity FromCity FromZip Latitude1.5 LabelHome Label ErrorCode30003 ErrorUrlhttp://x
  SmsStatusreceived MessageStatusdelivered MessageSidSM1 SmsSid WaId16505550199 ReferralNumMedia5 ExternalUserId
  ChannelMetadata ChannelMetadata{} ProfileNameBob From+19995550000 From+19995550000FromAbcId From12345 FromACME
  Fromwhatsapp:+19995550000 messenger:1 To+19995550000 ToAbcId GeoZone BodyHi EventTypeREAD`
    .split(/\s+/)

const typed = (max: number) =>
  fc.tuple(fc.array(fc.constantFrom(...words), { maxLength: max }), fc.constantFrom(" ", " ", " ", ""))
    .map(([words, between]) => words.join(between))

/** What people write. */
const text = fc.oneof(
  { weight: 8, arbitrary: typed(8) },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 20 }) },
  { weight: 1, arbitrary: fc.constantFrom("", " ", "hello", "STOP", "A", "Friday", "FaceTime me at 5", "DocumentId 5") }
)

/** No field of SMS looks so. One of a channel does, and is one wherever it is. */
const button = fc.constantFrom("", "", "", "YesButtonPayloadPAYButtonTextYes", "hi ButtonPayloadPAYButtonTextYes")

const city = fc.constantFrom("", "SAN BRUNO", "MONTREAL", "Oakland", "SAINT-JEAN", "Saint-Jérôme")

const geography = (side: string) =>
  fc.tuple(
    city,
    fc.constantFrom("", "CA", "QC", "District Of Columbia"),
    fc.constantFrom("", "94030", "H2X 1Y4"),
    fc.constantFrom("US", "CA", "")
  ).map(
    ([city, state, zip, country]): Record<string, string> => ({
      [`${side}City`]: city,
      [`${side}State`]: state,
      [`${side}Zip`]: zip,
      [`${side}Country`]: country
    })
  )

const alphanumeric = [
  "ACME",
  "Acme",
  "Acme Corp",
  "123Reg",
  "365Scores",
  "LabelShop",
  "CityBank",
  "ZipCar",
  "3M",
  "JoesGrill",
  "365Labs"
]

const ofSms = fc.record({
  From: fc.oneof(
    { weight: 3, arbitrary: number },
    { weight: 1, arbitrary: fc.stringMatching(/^\d{3,6}$/) },
    { weight: 1, arbitrary: fc.constantFrom(...alphanumeric) },
    { weight: 1, arbitrary: fc.constant("messenger:1234567890") }
  ),
  To: number,
  Body: fc.tuple(text, button).map((parts) => parts.join("")),
  places: fc.option(fc.tuple(geography("From"), geography("To")))
}).map(({ places, ...fields }): Record<string, string> => ({ ...places?.[0], ...places?.[1], ...fields }))

const metadataOf = (type: string) => (name: string) =>
  JSON.stringify({ type, data: { context: { ProfileName: name } } })

const profile = fc.constantFrom(
  "Ana Ruiz",
  "Bob",
  "",
  "RoseMary",
  "AddOns Inc",
  "NumMedia Guy",
  "ReferralNumMedia5",
  "RcsId"
)

/** A message of WhatsApp says of what type it is, except for the oldest. */
const ofWhatsApp = fc.record({
  number,
  hidden: fc.constantFrom(undefined, undefined, undefined, "whatsapp:", "whatsapp:CA.1349120865530274", ""),
  text: fc.tuple(text, button).map((parts) => parts.join("")),
  name: profile,
  kind: fc.constantFrom("text", "text", "button", "location", "interactive"),
  hasMetadata: fc.boolean(),
  isForwarded: fc.boolean(),
  label: fc.oneof(typed(3), fc.constantFrom("Twilio", "", "Home")),
  address: fc.oneof(typed(3), fc.constantFrom("375 Beale St, San Francisco, CA"))
}).map(({ address, hasMetadata, hidden, isForwarded, kind, label, name, number, text }): Record<string, string> => ({
  From: hidden ?? `whatsapp:${number}`,
  To: "whatsapp:+16505550100",
  Body: kind === "text" ? text : kind === "button" ? "Yes, Friday" : "",
  MessageType: kind,
  ProfileName: name,
  ReferralNumMedia: "0",
  ...hidden === undefined ? { WaId: number.slice(1) } : { ExternalUserId: "CA.1349120865530274" },
  ...hasMetadata && { ChannelMetadata: metadataOf("whatsapp")(name) },
  ...isForwarded && { Forwarded: "true" },
  ...kind === "button" && { ButtonText: "Yes, Friday", ButtonPayload: "confirm-7", ButtonType: "REPLY" },
  ...kind === "interactive" && { FlowData: JSON.stringify({ day: text }) },
  ...kind === "location" && { Latitude: "37.787890", Longitude: "-122.391664", Label: label, Address: address }
}))

/** Without a type, what was received decides whether there is a button, so there is none in these texts. */
const ofOther = fc.record({ scheme: fc.constantFrom("rcs", "messenger"), text, number, hasMetadata: fc.boolean() }).map(
  ({ hasMetadata, number, scheme, text }): Record<string, string> => ({
    From: scheme === "rcs" ? `rcs:${number}` : "messenger:1234567890",
    To: scheme === "rcs" ? "rcs:brand_agent_x" : "messenger:9876543210",
    Body: text.replaceAll(/Button(?:Text|Payload)|FlowData/g, ""),
    ...hasMetadata && { ChannelMetadata: metadataOf(scheme)("Bob") }
  })
)

const inbound = fc.record({
  id: hex(32),
  account: hex(32),
  message: fc.oneof(
    { weight: 4, arbitrary: ofSms },
    { weight: 3, arbitrary: ofWhatsApp },
    { weight: 1, arbitrary: ofOther }
  ),
  files: fc.constantFrom(0, 0, 0, 1, 2),
  service: fc.option(hex(32)),
  optOut: fc.constantFrom(undefined, undefined, "STOP")
}).map(({ account, files, id, message, optOut, service }): Record<string, string> => ({
  ...message,
  SmsMessageSid: (files > 0 ? "MM" : "SM") + id,
  NumMedia: String(files),
  SmsSid: (files > 0 ? "MM" : "SM") + id,
  SmsStatus: "received",
  NumSegments: "1",
  MessageSid: (files > 0 ? "MM" : "SM") + id,
  AccountSid: `AC${account}`,
  ApiVersion: "2010-04-01",
  ...optOut !== undefined && { OptOutType: optOut },
  ...service !== null && { MessagingServiceSid: `MG${service}` },
  ...Object.fromEntries(
    Array.from({ length: files }, (_, i) => [
      [`MediaUrl${i}`, `https://api.twilio.com/2010-04-01/Accounts/AC${account}/Messages/MM${id}/Media/ME${account}`],
      [`MediaContentType${i}`, "image/jpeg"]
    ]).flat()
  )
}))

const errors = ["Unreachable destination handset", "The MessageType is not allowed", "ListId", "To FromCity"]

const status = fc.record({
  id: hex(32),
  account: hex(32),
  from: fc.oneof(number, fc.constantFrom(...alphanumeric, "12345")),
  to: number,
  word: fc.constantFrom("queued", "sent", "delivered", "undelivered", "failed", "read"),
  error: fc.option(fc.tuple(fc.constantFrom("30003", "21610"), fc.constantFrom("", ...errors))),
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

/** The text of a message, where nothing in it has exactly the form of what Twilio adds to one. */
export const ownText = ({ fields, method, url }: Cut): string | undefined => {
  const form = method === "GET" ? [...new URL(url).searchParams] : fields
  const { Body, To } = Object.fromEntries(form) as Record<string, string>
  const added = To?.includes(":")
    ? /Forwardedtrue|ChannelMetadata\{|ExternalUserId|ErrorUrl|ChannelPrefix/
    : /ErrorCode\d+ErrorUrl/
  return Body === undefined || added.test(Body) ? undefined : Body
}

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

const known =
  /^(?:AccountSid|AddOns|Address|ApiVersion|Body|Button(?:Payload|Text|Type)|ChannelMetadata|Error(?:Code|Message|Url)|EventType|ExternalUserId|FlowData|Forwarded|FrequentlyForwarded|From(?:City|Country|State|Zip)?|Label|Latitude|List(?:Description|Id|Title)|Longitude|Message(?:Sid|Status|Type)|MessagingServiceSid|NumMedia|NumSegments|OptOutType|ProfileName|ReferralNumMedia|Sms(?:MessageSid|Sid|Status)|To(?:City|Country|State|Zip)?|WaId)/

/** Cuts the whole text at names that are in it, in their order. */
export const cutAtNames = (cut: Cut, seed: number): Cut => {
  const whole = cut.fields.flat().join("")
  let state = seed >>> 0
  const next = (max: number) => {
    state = Math.imul(state, 1_664_525) + 1_013_904_223 >>> 0
    return (state >>> 8) % max
  }
  const starts: Array<readonly [at: number, name: string]> = []
  const rarely = 2 + next(6)
  for (const at of [0, ...capitals(whole)]) {
    const [, before = ""] = starts.at(-1) ?? []
    const last = starts.at(-1)
    if (last !== undefined && at < last[0] + last[1].length) continue
    const rest = whole.slice(at)
    const [name = rest.slice(0, 1 + next(20))] = (next(5) > 0 ? known.exec(rest) : undefined) ??
      /^(?:[A-Z][A-Za-z]*?\d?){1,3}(?=[^a-z]|$)/.exec(rest) ?? []
    if (name > before && (at === 0 || next(rarely) > 0 === known.test(rest))) starts.push([at, name])
  }
  return {
    ...cut,
    method: "POST",
    fields: starts.map(([at, name], index) => [name, whole.slice(at + name.length, starts[index + 1]?.[0])])
  }
}

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
    case 5:
      return cutAtNames(cut, by)
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

const step: fc.Arbitrary<Step> = fc.tuple(fc.nat(5), fc.nat(), fc.nat(), fc.nat())

/** A signed webhook, and another cut of it. */
export const recuts: fc.Arbitrary<readonly [original: Cut, cut: Cut]> = fc.tuple(
  genuine,
  fc.array(step, { minLength: 1, maxLength: 3 })
).map(([original, steps]) => [original, steps.reduce(stepped, original)])
