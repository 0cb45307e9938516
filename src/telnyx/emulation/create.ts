/**
 * Creates messages
 * (https://developers.telnyx.com/api-reference/messages/send-a-message), with
 * the checks that Telnyx makes before it accepts one.
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import { type ApiReply, json, type Message } from "../../provider/Emulation.ts"
import * as Segments from "../../segments/Segments.ts"
import { type Account, generateId, problem, profileOf } from "./account.ts"
import { type Data, messageOf } from "./resources.ts"

export type Body = Readonly<Record<string, unknown>>

/** Reads the body of a request, which is a JSON object. */
export const readBody = (text: string): Body | undefined => {
  try {
    const body: unknown = JSON.parse(text)
    return typeof body === "object" && body !== null && !Array.isArray(body) ? body as Body : undefined
  } catch {
    return undefined
  }
}

/** What an endpoint for one kind of sender demands. */
export type Sender = "any" | "long_code" | "short_code" | "number_pool" | "alphanumeric_sender_id"

const textOf = (body: Body, name: string): string => typeof body[name] === "string" ? body[name] : ""

export const isNumber = (text: string): boolean => /^\+[1-9]\d{6,14}$/.test(text)
const isShortCode = (text: string): boolean => /^\d{3,8}$/.test(text)
const isName = (text: string): boolean => /^(?=.*[a-z])[a-z\d ]{1,11}$/i.test(text)

const isUrl = (value: unknown): value is string =>
  typeof value === "string" && value.length <= 2000 && /^https?:$/.test(URL.parse(value)?.protocol ?? "")

const missing = (name: string): ApiReply =>
  problem(10004, `The '${name}' parameter is required`, { pointer: `/${name}` })

/** Chooses the sender, or refuses it. */
const senderOf = (account: Account, body: Body, kind: Sender): string | ApiReply => {
  const { network } = account.options
  const from = textOf(body, "from")
  const profile = textOf(body, "messaging_profile_id")
  if (profile !== "" && profile !== account.profileId) {
    return problem(10005, "The messaging profile does not exist", { pointer: "/messaging_profile_id" })
  }
  if (kind === "number_pool" || (kind === "any" && from === "")) {
    if (profile === "") return missing(kind === "any" ? "from" : "messaging_profile_id")
    return network.numbers[0]!
  }
  if (from === "") return missing("from")
  if (isName(from)) {
    if (kind === "long_code" || kind === "short_code") return problem(40305, undefined, { pointer: "/from" })
    return profile === "" ? problem(40306, "An alphanumeric sender needs a messaging profile") : from
  }
  const fits = isShortCode(from) ? kind !== "long_code" : isNumber(from) && kind !== "short_code"
  return fits && kind !== "alphanumeric_sender_id" && network.owns(from)
    ? from
    : problem(40305, `The 'from' address ${from} is not on the messaging profile`, { pointer: "/from" })
}

interface Content {
  readonly text: string
  readonly urls: ReadonlyArray<string>
  readonly segments: number
}

const maxParts = 10
const maxMedia = 10

const contentOf = (body: Body): Content | ApiReply => {
  const text = textOf(body, "text")
  const media = Array.isArray(body["media_urls"]) ? body["media_urls"] : []
  if (!media.every(isUrl)) return problem(10003, "media_urls must be URLs", { pointer: "/media_urls" })
  if (media.length > maxMedia) return problem(40317, "More than ten files")
  if (text === "" && media.length === 0) return problem(40316)
  if (media.length > 0 || body["type"] === "MMS") return { text, urls: media, segments: 1 }
  const { encoding, segments } = Segments.count(text)
  if (body["encoding"] === "gsm7" && encoding !== "GSM-7") {
    return problem(10015, "The text cannot be encoded as GSM-7", { pointer: "/encoding" })
  }
  if (segments > maxParts) return problem(40302, `The message has ${segments} parts, which is more than ten`)
  return body["auto_detect"] === true && segments > 3 ? problem(40328) : { text, urls: [], segments }
}

const minutes = 60_000
const [soonest, latest] = [5 * minutes, 5 * 24 * 60 * minutes]

/** Reads the time of a scheduled message. Telnyx allows a minute more at either end. */
const scheduleOf = (
  { options: { network } }: Account,
  body: Body,
  isRequired: boolean
): number | ApiReply | undefined => {
  const given = textOf(body, "send_at")
  if (given === "") return isRequired ? missing("send_at") : undefined
  const at = Option.getOrUndefined(Option.map(DateTime.make(given), DateTime.toEpochMillis))
  const ahead = (at ?? 0) - network.now()
  return at === undefined || ahead < soonest - minutes || ahead > latest + minutes
    ? problem(10015, "send_at must be between 5 minutes and 5 days ahead", { pointer: "/send_at" })
    : at
}

const isReply = (value: unknown): value is ApiReply => typeof value === "object" && value !== null && "status" in value

const blocks = ({ options: { network } }: Account, to: string): boolean =>
  // A block is one of the profile, which has all numbers.
  network.numbers.some((number) => network.hasOptedOut(number, to))

interface Checked extends Content {
  readonly from: string
  readonly sendAt: number | undefined
  readonly callback: string | undefined
  readonly data: Data
}

/** Checks all of a request but its recipients. */
const check = (account: Account, body: Body, kind: Sender, isScheduled: boolean): Checked | ApiReply => {
  const profile = profileOf(account)
  const from = senderOf(account, body, kind)
  if (isReply(from)) return from
  if (!profile.enabled) return problem(40312)
  const content = contentOf(body)
  if (isReply(content)) return content
  const sendAt = scheduleOf(account, body, isScheduled)
  if (isReply(sendAt)) return sendAt
  const [webhook, failover] = [body["webhook_url"], body["webhook_failover_url"]]
  for (const url of [webhook, failover]) {
    if (url !== undefined && url !== null && !isUrl(url)) return problem(10003, undefined, { pointer: "/webhook_url" })
  }
  const usesProfile = body["use_profile_webhooks"] !== false
  const callback = isUrl(webhook) ? webhook : usesProfile ? profile.webhookUrl || undefined : undefined
  const failoverUrl = isUrl(failover) ? failover : usesProfile && !isUrl(webhook) ? profile.failoverUrl : ""
  return {
    ...content,
    from,
    sendAt,
    callback,
    data: {
      type: content.urls.length > 0 || body["type"] === "MMS" ? "MMS" : "SMS",
      failoverUrl,
      sendAt,
      subject: textOf(body, "subject") || undefined
    }
  }
}

const accept = (account: Account, checked: Checked, to: string, group?: string): Message => {
  const { network } = account.options
  return network.accept({
    ...checked,
    id: generateId(network.random),
    to,
    group,
    state: checked.sendAt === undefined ? "queued" : "scheduled",
    data: { ...checked.data }
  })
}

/** Creates a message to one recipient, or refuses it. */
export const create = (account: Account, body: Body, kind: Sender, isScheduled = false): ApiReply => {
  const to = textOf(body, "to")
  if (to === "") return missing("to")
  if (!isNumber(to) && !isShortCode(to)) return problem(40310, `The 'to' address ${to} is invalid`, { pointer: "/to" })
  const checked = check(account, body, kind, isScheduled)
  if (isReply(checked)) return checked
  if (checked.from === to) return problem(40310, "The 'to' address is the sender", { pointer: "/to" })
  if (blocks(account, to)) return problem(40300, "Messages cannot be sent to this number: it has opted out")
  return json(200, { data: messageOf(account, accept(account, checked, to)) })
}

const maxRecipients = 8

/** Creates one message for each recipient of a group, or refuses all. */
export const createGroup = (account: Account, body: Body): ApiReply => {
  const recipients = Array.isArray(body["to"]) ? body["to"].filter((to) => typeof to === "string") : []
  if (recipients.length === 0) return missing("to")
  if (recipients.length > maxRecipients || !recipients.every((to) => /^\+1\d{10}$/.test(to))) {
    return problem(40310, "A group has at most eight numbers of the United States and Canada", { pointer: "/to" })
  }
  const checked = check(account, { ...body, type: "MMS" }, "long_code", false)
  if (isReply(checked)) return checked
  if (recipients.some((to) => blocks(account, to))) return problem(40300)
  const group = generateId(account.options.network.random)
  const data: Data = { ...checked.data, recipients }
  const messages = recipients.map((to) => accept(account, { ...checked, data }, to, group))
  const first = messageOf(account, messages[0]!)
  const to = messages.flatMap((message) => messageOf(account, message).to)
  return json(200, { data: { ...first, id: group, to, cc: [] } })
}
