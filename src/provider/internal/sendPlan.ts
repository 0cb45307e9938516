/**
 * Plans the requests for a message: refuses what the carrier does not support,
 * and splits what exceeds one request. Pure, and runs before any request.
 */
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import type { Address } from "../../Address.ts"
import * as Content from "../../Content.ts"
import * as WebUrl from "../../internal/webUrl.ts"
import type { OutboundMessage } from "../../Message.ts"
import * as Segments from "../../segments/Segments.ts"
import * as SmsError from "../../SmsError.ts"
import type { Excess, Part, Policy as Options, SendCapabilities } from "../Sending.ts"
import { compact } from "../Wire.ts"
import * as SendAddresses from "./sendAddresses.ts"

export interface Policy {
  readonly capabilities: SendCapabilities
  readonly from: Address | undefined
  readonly longText: Excess
  readonly severalMedia: Excess
}

/** Returns the options of a provider, with their defaults. */
export const policyOf = (
  capabilities: SendCapabilities,
  { from, longText = "refuse", severalMedia = capabilities.maxMedia === 1 ? "split" : "refuse" }: Options
): Policy => ({ capabilities, from, longText, severalMedia })

type Plan = Result.Result<readonly [Part, ...Array<Part>], SmsError.SmsErrorReason>

const invalid = (field: string, expected: string) => Result.fail(new SmsError.InvalidMessage({ field, expected }))

const isFetchable = (url: string): boolean => WebUrl.parse(url) !== undefined

const fetchable = "a URL that begins with https:// or http://, without blanks or control characters"

/** Validates the content against rules that hold for every carrier. */
export const checkContent = (
  { content }: Pick<OutboundMessage, "content">
): Result.Result<never, SmsError.InvalidMessage> | undefined => {
  const text = Content.text(content)
  const files = Content.media(content)
  if (text.trim() === "" && files.length === 0) return invalid("content", "a text or a file")
  // A lone surrogate has no encoding: a replacement character would be sent.
  if (!text.isWellFormed()) return invalid("content.text", "well-formed Unicode")
  const bad = files.findIndex(({ url }) => !isFetchable(url))
  return bad === -1 ? undefined : invalid(`content.media.${bad}.url`, fetchable)
}

const checkOptions = (message: OutboundMessage, { options }: SendCapabilities) => {
  for (const field of ["sendAt", "validityPeriod", "statusCallback", "reference"] as const) {
    if (message[field] !== undefined && !options.includes(field)) {
      return SendAddresses.notSupported(field, "nothing: the carrier has no such option")
    }
  }
  const { statusCallback, validityPeriod } = message
  if (statusCallback !== undefined && !isFetchable(statusCallback)) {
    return invalid("statusCallback", fetchable)
  }
  return validityPeriod !== undefined && Duration.toSeconds(validityPeriod) < 1
    ? invalid("validityPeriod", "one second or more")
    : undefined
}

/** Splits the text into the texts of the parts. The text of an MMS is not divided into segments. */
const textsOf = (message: OutboundMessage, { capabilities, longText }: Policy) => {
  const { excluding, maxLength, maxSegments } = capabilities
  const text = Content.text(message.content)
  if (text === "") return Result.succeed<ReadonlyArray<string>>([])
  if (message.channelType === "mms" && text.length <= maxLength) return Result.succeed([text])
  const parts = Segments.split(text, { maxLength, ...compact({ excluding, maxSegments }) })
  if (parts.length === 1 || longText === "split") return Result.succeed<ReadonlyArray<string>>(parts)
  return SendAddresses.notSupported(
    "content.text",
    text.length > maxLength ? `at most ${maxLength} UTF-16 code units` : `at most ${maxSegments} segments`
  )
}

const mediaOf = (message: OutboundMessage, { capabilities: { maxMedia }, severalMedia }: Policy) => {
  const files = Content.media(message.content)
  if (files.length > maxMedia && (maxMedia === 0 || severalMedia === "refuse")) {
    return SendAddresses.notSupported("content.media", maxMedia === 0 ? "no files" : `at most ${maxMedia} files`)
  }
  const groups: Array<ReadonlyArray<Content.MediaContent>> = []
  for (let start = 0; start < files.length; start += maxMedia) groups.push(files.slice(start, start + maxMedia))
  return Result.succeed(groups)
}

/**
 * Returns the parts in sending order: the first text with the first files, then
 * the remaining texts, then the remaining files.
 */
export const plan = (message: OutboundMessage, policy: Policy): Plan => {
  const problem = checkContent(message) ?? SendAddresses.check(message, policy) ??
    checkOptions(message, policy.capabilities)
  if (problem !== undefined) return problem
  const texts = textsOf(message, policy)
  if (Result.isFailure(texts)) return Result.fail(texts.failure)
  const media = mediaOf(message, policy)
  if (Result.isFailure(media)) return Result.fail(media.failure)
  const from = message.from ?? policy.from
  const { recipients, to } = message
  const part = (text: string, media: Part["media"]): Part => ({ message, to, recipients, from, text, media })
  const [firstText = "", ...moreTexts] = texts.success
  const [firstMedia = [], ...moreMedia] = media.success
  return Result.succeed([
    part(firstText, firstMedia),
    ...moreTexts.map((text) => part(text, [])),
    ...moreMedia.map((files) => part("", files))
  ])
}
