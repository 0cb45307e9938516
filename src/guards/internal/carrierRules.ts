/**
 * What carriers of a country refuse or filter, with the source of each rule.
 * Collected in November 2026: rules change, and a source says when.
 */
import { type Address, kind } from "../../Address.ts"
import { personOf } from "../../internal/person.ts"
import type { SendWarning } from "../../Message.ts"

/** The kinds of senders that rules distinguish. */
export type SenderKind = "long code" | "toll-free number" | "short code" | "alphanumeric sender id"

interface Rule {
  readonly code: SendWarning["code"]
  readonly senders: ReadonlyArray<SenderKind>
  readonly countries: ReadonlyArray<string>
  readonly detail: string
  readonly source: string
}

/** The United States and the territories that its carriers serve. */
const unitedStates = ["US", "PR", "VI", "GU", "AS"]

/** Area codes of toll-free numbers: https://www.fcc.gov/consumers/guides/what-toll-free-number-and-how-does-it-work */
const tollFree = /^1(?:800|833|844|855|866|877|888)\d{7}$/

/** Rules about senders, by the country of the recipient. */
export const rules: ReadonlyArray<Rule> = [
  {
    code: "registration",
    senders: ["long code"],
    countries: unitedStates,
    detail: "Carriers of the United States block long codes that are not registered for A2P 10DLC",
    source: "https://docs.aws.amazon.com/sms-voice/latest/userguide/registration-help.html"
  },
  {
    code: "registration",
    senders: ["toll-free number"],
    countries: [...unitedStates, "CA"],
    detail: "Messages of toll-free numbers that are not verified are blocked",
    source: "https://docs.aws.amazon.com/sms-voice/latest/userguide/registrations-tfn.html"
  },
  {
    code: "registration",
    senders: ["short code"],
    countries: [...unitedStates, "CA"],
    detail: "A short code reaches people only after each carrier has approved its program",
    source: "https://www.usshortcodes.com/info/overview"
  },
  {
    code: "sender",
    senders: ["alphanumeric sender id"],
    countries: [...unitedStates, "CA"],
    detail: "Alphanumeric sender ids do not reach the United States and Canada",
    source: "https://docs.aws.amazon.com/sms-voice/latest/userguide/sender-id.html"
  },
  {
    code: "sender",
    senders: ["alphanumeric sender id"],
    countries: ["CN"],
    detail: "Alphanumeric sender ids do not reach China",
    source: "https://docs.aws.amazon.com/sms-voice/latest/userguide/sender-id.html"
  }
]

/** Where toll-free numbers of North America reach people. */
const tollFreeCountries = [...unitedStates, "CA"]

const tollFreeAbroad: SendWarning = {
  code: "sender",
  detail: "Toll-free numbers of North America reach people in the United States and Canada only",
  source: "https://docs.aws.amazon.com/sms-voice/latest/userguide/registrations-tfn.html"
}

const isShortCode = /^\d{5,6}$/

const wrongShortCode: SendWarning = {
  code: "sender",
  detail: "Short codes of the United States and Canada have five or six digits",
  source: "https://www.usshortcodes.com/info/overview"
}

/** Returns the kind of a sender, or `undefined` for one that no rule is about, as on WhatsApp. */
export const senderKindOf = (sender: Address): SenderKind | undefined => {
  switch (kind(sender)) {
    case "PhoneNumber":
      return tollFree.test(personOf(sender)) ? "toll-free number" : "long code"
    case "ShortCode":
      return "short code"
    case "SenderId":
      return "alphanumeric sender id"
    case "ChannelAddress":
      return undefined
  }
}

/**
 * Hosts of public link shorteners. Carriers of the United States filter them:
 * anybody can have a link there, so the host says nothing about the sender.
 */
const shorteners = new Set(
  ("bit.ly bitly.com tinyurl.com goo.gl ow.ly is.gd buff.ly rebrand.ly cutt.ly shorturl.at t.ly t.co tiny.cc rb.gy " +
    "bl.ink soo.gd s2r.co clicky.me v.gd shorte.st adf.ly bc.vc lnkd.in trib.al qr.ae tr.im shorturl.com").split(" ")
)

/** Messaging Principles and Best Practices of CTIA. */
const principles = "https://www.ctia.org/the-wireless-industry/industry-commitments/messaging-interoperability-sms-mms"

/** Returns the host of the first link of a public shortener in a text. */
export const shortenerIn = (text: string): string | undefined => {
  for (
    const [, host = ""] of text.matchAll(/(?<![\w.@/-])(?:https?:\/\/)?(?:www\.)?([a-z\d-]+\.[a-z]{2,6})(?=\/\w)/gi)
  ) {
    if (shorteners.has(host.toLowerCase())) return host.toLowerCase()
  }
  return undefined
}

/** How people are told to opt out, in English, French and Spanish. */
const optOutWords =
  /(?<!\p{L})(?:stop|arr[eêÊ]t|unsub(?:scribe)?|opt(?:ing)?[ -]?out|d[eé]sabonn\p{L}*|alto|baja|cancelar)(?!\p{L})/iu

/** Returns whether a text says how to opt out. */
export const saysHowToOptOut = (text: string): boolean => optOutWords.test(text)

const isOf = (countries: ReadonlyArray<string>, rule: ReadonlyArray<string>): boolean =>
  countries.some((country) => rule.includes(country))

/** Returns what the rules about senders say. A registered sender needs no registration. */
export const aboutSender = (
  sender: Address,
  countries: ReadonlyArray<string>,
  isRegistered: boolean
): ReadonlyArray<SendWarning> => {
  const senderKind = senderKindOf(sender)
  if (senderKind === undefined || countries.length === 0) return []
  const found: Array<SendWarning> = rules.flatMap(({ code, countries: ofRule, detail, senders, source }) =>
    senders.includes(senderKind) && isOf(countries, ofRule) && !(isRegistered && code === "registration")
      ? [{ code, detail, source }]
      : []
  )
  if (senderKind === "toll-free number" && !isOf(countries, tollFreeCountries)) found.push(tollFreeAbroad)
  if (senderKind === "short code" && isOf(countries, [...unitedStates, "CA"]) && !isShortCode.test(sender)) {
    found.push(wrongShortCode)
  }
  return found
}

/** Returns what carriers of the recipient's country make of a text. */
export const aboutText = (
  text: string,
  countries: ReadonlyArray<string>,
  isFirst: boolean
): ReadonlyArray<SendWarning> => {
  if (!isOf(countries, [...unitedStates, "CA"])) return []
  const host = shortenerIn(text)
  return [
    ...(host === undefined ? [] : [{
      code: "linkShortener" as const,
      detail: `Carriers filter links of public link shorteners, such as ${host}: use a domain of your own`,
      source: principles
    }]),
    ...(isFirst && !saysHowToOptOut(text)
      ? [{
        code: "optOutWords" as const,
        detail: "The first message to a person has to say how to opt out, as in: Reply STOP to unsubscribe",
        source: principles
      }]
      : [])
  ]
}
