/**
 * Checks the recipient and the sender of a message before any request: whether
 * each is written as an address, and whether the sender reaches the recipient.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { type Address, type Kind, kind } from "../../Address.ts"
import * as Content from "../../Content.ts"
import { isChannel } from "../../internal/addressText.ts"
import { isUserId } from "../../internal/userId.ts"
import type { OutboundMessage } from "../../Message.ts"
import { PhoneNumber } from "../../PhoneNumber.ts"
import * as SmsError from "../../SmsError.ts"
import type { SendCapabilities } from "../Sending.ts"

export const notSupported = (field: string, expected: string) =>
  Result.fail(new SmsError.NotSupported({ field, expected }))

const isPhoneNumber = Schema.is(PhoneNumber)

const kindNames: Readonly<Record<Kind, string>> = {
  PhoneNumber: "a phone number",
  ShortCode: "a short code",
  SenderId: "an alphanumeric sender",
  ChannelAddress: "a channel address"
}

const allKinds: ReadonlyArray<Kind> = ["PhoneNumber", "ShortCode", "SenderId", "ChannelAddress"]

const named = (kinds: ReadonlyArray<Kind>): string => kinds.map((kind) => kindNames[kind]).join(" or ")

const forms: Readonly<Record<Kind, string>> = {
  PhoneNumber: "a phone number as + and digits, with its country code",
  ShortCode: "a short code of three to eight digits",
  SenderId: "a name",
  ChannelAddress: "a channel address as a scheme and a number, as in whatsapp:+…"
}

const schemeOf = (address: Address): string => address.slice(0, address.indexOf(":") + 1)

/** Returns whether an address has the form of its kind. A number that is written otherwise reads as a sender id. */
const isWellFormed = (address: Address, kinds: ReadonlyArray<Kind>): boolean => {
  if (kind(address) === "SenderId") {
    return kinds.includes("SenderId") && /\p{L}/u.test(address) && !/^[^\p{L}\p{N}]*[+\uFF0B]/u.test(address) &&
      address.trim() === address && !address.includes(":")
  }
  if (kind(address) !== "ChannelAddress") return true
  const scheme = schemeOf(address)
  const name = address.slice(scheme.length)
  if (!isChannel(scheme.slice(0, -1))) return false
  return scheme === "whatsapp:" || /^[\s(]*\+/.test(name) ? isPhoneNumber(name) || isUserId(name) : true
}

const phones: ReadonlyArray<Kind> = ["PhoneNumber", "ShortCode"]

/** The kinds of sender that reach a kind of recipient. A channel reaches its own addresses only. */
const reachedBy: Readonly<Record<Kind, ReadonlyArray<Kind>>> = {
  PhoneNumber: [...phones, "SenderId"],
  ShortCode: phones,
  SenderId: [...phones, "SenderId"],
  ChannelAddress: ["ChannelAddress"]
}

const formsOf = (kinds: ReadonlyArray<Kind>): string => kinds.map((kind) => forms[kind]).join(", or ")

const checkSender = (from: Address, to: Address, senders: SendCapabilities["senders"]) => {
  const refuse = (expected: string) => Result.fail(new SmsError.InvalidSender({ field: "from", expected }))
  if (!isWellFormed(from, allKinds)) return refuse(formsOf(senders))
  if (kind(to) === "ChannelAddress") {
    if (schemeOf(from) !== schemeOf(to)) return refuse(`a channel address with the recipient's scheme, ${schemeOf(to)}`)
  } else if (!reachedBy[kind(to)].includes(kind(from))) {
    return refuse(`${named(reachedBy[kind(to)])}: the recipient is ${kindNames[kind(to)]}`)
  }
  return senders.includes(kind(from)) ? undefined : notSupported("from", named(senders))
}

const checkRecipient = (field: "to" | "participants", address: Address, capabilities: SendCapabilities) => {
  const { recipients } = capabilities
  if (!isWellFormed(address, recipients)) {
    const expected = formsOf(recipients.filter((kind) => kind !== "SenderId"))
    return Result.fail(new SmsError.InvalidRecipient({ field, expected }))
  }
  return recipients.includes(kind(address)) ? undefined : notSupported(field, named(recipients))
}

/** Checks the recipients of a group message. A carrier without groups must not send to one of them alone. */
const checkGroup = ({ recipients }: OutboundMessage, capabilities: SendCapabilities) => {
  const { maxGroupRecipients } = capabilities
  if (recipients.length < 2) return undefined
  if (maxGroupRecipients === undefined) return notSupported("participants", "one recipient: the carrier has no groups")
  if (recipients.length > maxGroupRecipients) {
    return notSupported("participants", `at most ${maxGroupRecipients} recipients in a group`)
  }
  for (const recipient of recipients.slice(1)) {
    const problem = checkRecipient("participants", recipient, capabilities)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** Returns what is wrong with the recipients or the sender, if anything. */
export const check = (
  message: OutboundMessage,
  { capabilities, from: defaultSender }: {
    readonly capabilities: SendCapabilities
    readonly from: Address | undefined
  }
): Result.Result<never, SmsError.SmsErrorReason> | undefined => {
  const { content, from, to } = message
  const { choosesSender, senders } = capabilities
  const problem = checkRecipient("to", to, capabilities) ?? checkGroup(message, capabilities)
  if (problem !== undefined) return problem
  const sender = from ?? defaultSender
  if (sender === undefined) {
    return choosesSender
      ? undefined
      // Another provider may have a default one.
      : notSupported("from", "a sender: neither the message nor the provider has one")
  }
  return checkSender(sender, to, senders) ?? (kind(sender) === "SenderId" && Content.media(content).length > 0
    ? notSupported("from", "a number: an alphanumeric sender sends no media")
    : undefined)
}
