/**
 * Creates messages (https://www.twilio.com/docs/messaging/api/message-resource),
 * with the checks that Twilio makes before it accepts one.
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import { remembered } from "../../provider/core/remembered.ts"
import type { ApiReply } from "../../provider/Emulation.ts"
import { json } from "../../provider/Emulation.ts"
import * as Segments from "../../segments/Segments.ts"
import { type Account, pool, settings } from "./account.ts"
import { type Code, problem } from "./problems.ts"
import { type Data, messageOf } from "./resources.ts"

/** The test numbers of Twilio (https://www.twilio.com/docs/iam/test-credentials). */
const [magicFrom, magicTo]: ReadonlyArray<Readonly<Record<string, Code>>> = [
  { "+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611 },
  {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614
  }
]

/** The sender that always exists. */
const validFrom = "+15005550006"

export const magicNumbers = [
  { number: "+15005550001", effect: "as a recipient 21211, as a sender 21212" },
  { number: "+15005550002", effect: "as a recipient 21612" },
  { number: "+15005550003", effect: "as a recipient 21408" },
  { number: "+15005550004", effect: "as a recipient 21610" },
  { number: "+15005550006", effect: "a sender that every account has" },
  { number: "+15005550007", effect: "as a sender 21606" },
  { number: "+15005550008", effect: "as a sender 21611" },
  { number: "+15005550009", effect: "as a recipient 21614" }
]

const lookup = (table: Readonly<Record<string, Code>> | undefined, key: string): Code | undefined =>
  table !== undefined && Object.hasOwn(table, key) ? table[key] : undefined

/** Splits `whatsapp:+16505550111`. */
const channelOf = (address: string): readonly [channel: string, address: string] => {
  const [, channel = "", rest = address] = /^([a-z]+:)(.*)$/.exec(address) ?? []
  return [channel, rest]
}

/** Cleans a number as Twilio does: ten digits are a North American number. */
const toNumber = (text: string): string | undefined => {
  const digits = text.replace(/[\s().-]/g, "")
  if (/^\+[1-9]\d{6,14}$/.test(digits)) return digits
  return /^[2-9]\d{9}$/.test(digits) ? `+1${digits}` : undefined
}

/** Cleans the recipient of a request, if it is one. */
export const recipientOf = (form: URLSearchParams): string | undefined => {
  const [channel, address] = channelOf(form.get("To") ?? "")
  const number = toNumber(address)
  return number === undefined ? undefined : channel + number
}

const isUrl = (text: string): boolean => /^https?:$/.test(URL.parse(text)?.protocol ?? "")

/** Returns whether Twilio takes the URL for status callbacks. */
const isCallback = /* @__PURE__ */ remembered((text: string): boolean => {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && !url.hostname.includes("_")
})

/** The longest body, in characters. */
const maxBody = 1600
const maxMedia = 10
const maxValidity = 36_000
const [soonest, latest] = [300_000, 35 * 86_400_000]

/** Reads the time of a scheduled message. */
const scheduleOf = (account: Account, form: URLSearchParams): number | Code | undefined => {
  const type = form.get("ScheduleType")
  const sendAt = form.get("SendAt")
  if (type === null && sendAt === null) return undefined
  if (form.get("MessagingServiceSid") === null) return 35118
  if (type !== "fixed") return 35113
  if (sendAt === null || sendAt === "") return 35111
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(sendAt) ? Option.getOrUndefined(DateTime.make(sendAt)) : undefined
  if (at === undefined) return 35114
  const millis = DateTime.toEpochMillis(at)
  const ahead = millis - account.options.network.now()
  return ahead < soonest || ahead > latest ? 35114 : millis
}

interface Sender {
  readonly from: string
  readonly service: string | undefined
  readonly isChosen: boolean
}

/** Finds the sender, or the code of the refusal. */
const senderOf = (account: Account, form: URLSearchParams): Sender | Code => {
  const { network } = account.options
  const given = form.get("From") ?? ""
  const service = form.get("MessagingServiceSid") || (/^MG[\da-f]{32}$/i.test(given) ? given : undefined)
  if (service !== undefined && service !== account.serviceSid) return 21701
  if (given === "" || given === service) {
    if (service === undefined) return 21603
    const [from] = pool(account)
    return from === undefined ? 21704 : { from, service, isChosen: true }
  }
  const magic = lookup(magicFrom, given)
  if (magic !== undefined) return magic
  const [channel, address] = channelOf(given)
  const number = toNumber(address)
  if (number === undefined) {
    // A name has a letter, and at most eleven characters.
    const isName = channel === "" && /^[\w &.'+-]{1,11}$/.test(given) && /[a-z]/i.test(given)
    return isName ? { from: given, service, isChosen: false } : 21212
  }
  if (number !== validFrom && !network.owns(number)) return 21659
  return { from: channel + number, service, isChosen: false }
}

/** Checks what the message contains. */
const flawOf = (form: URLSearchParams): Code | undefined => {
  const media = form.getAll("MediaUrl")
  const body = form.get("Body") ?? ""
  if (body === "" && media.length === 0 && form.get("ContentSid") === null) return 21619
  if (body.length > maxBody && [...body].length > maxBody) return 21617
  if (media.length > maxMedia) return 21623
  if (!media.every(isUrl)) return 21620
  const callback = form.get("StatusCallback")
  if (callback !== null && callback !== "" && !isCallback(callback)) return 21609
  const validity = form.get("ValidityPeriod")
  if (validity !== null && !(/^\d+$/.test(validity) && Number(validity) >= 1 && Number(validity) <= maxValidity)) {
    return 21624
  }
  return undefined
}

/** Warns of what Twilio takes without a word, and ignores. */
const warnings = ({ options: { network } }: Account, form: URLSearchParams): void => {
  for (const name of form.keys()) {
    if (/^MediaUrl\d+$/.test(name)) {
      network.warn(`${name} is ignored: the name is MediaUrl for each file. Numbered names exist in webhooks only`)
    }
  }
}

/** Creates a message from a form, or refuses it. */
export const create = (account: Account, form: URLSearchParams): ApiReply => {
  const { network } = account.options
  warnings(account, form)
  const given = form.get("To") ?? ""
  if (given === "") return problem(21604)
  const magic = lookup(magicTo, given)
  if (magic !== undefined) return problem(magic)
  const to = recipientOf(form)
  if (to === undefined) return problem(/^\d{3,8}$/.test(given) ? 21265 : 21211, `Invalid 'To' Phone Number: ${given}`)
  const sender = senderOf(account, form)
  if (typeof sender === "number") return problem(sender)
  if (sender.from === to) return problem(21266)
  const flaw = flawOf(form)
  if (flaw !== undefined) return problem(flaw)
  const sendAt = scheduleOf(account, form)
  if (sendAt !== undefined && sendAt < 100_000) return problem(sendAt as Code)
  if (network.hasOptedOut(sender.from, to)) return problem(21610)
  const urls = form.getAll("MediaUrl")
  const body = form.get("Body") ?? ""
  const text = form.get("SmartEncoded") === "true" ? Segments.smartReplace(body).text : body
  const state = sendAt !== undefined ? "scheduled" : sender.isChosen ? "accepted" : "queued"
  const data: Data = {
    direction: "outbound-api",
    service: sender.service,
    isChosen: sender.isChosen,
    reportsQueued: state !== "queued"
  }
  const message = network.accept({
    id: `${urls.length === 0 ? "SM" : "MM"}${network.random.hex(32)}`,
    from: sender.from,
    to,
    text,
    urls,
    segments: urls.length > 0 ? 1 : Segments.count(text).segments,
    state,
    sendAt,
    callback: form.get("StatusCallback") || callbackOf(account, sender.service),
    data: { ...data }
  })
  return json(201, messageOf(account, message))
}

const callbackOf = (account: Account, service: string | undefined): string | undefined =>
  service === undefined ? undefined : settings(account, service).statusCallback || undefined
