/**
 * What each recipient of a batch gets: the text with its parameters
 * (https://developers.sinch.com/docs/sms/resources/message-info/message-parameterization/).
 */
import { isObject, lookup } from "../../internal/record.ts"
import * as Segments from "../../segments/Segments.ts"
import { type Body, digitsOf, type Request } from "./request.ts"

export interface Content {
  readonly text: string
  readonly urls: ReadonlyArray<string>
  readonly parts: number
  readonly encoding: "text" | "unicode" | "binary"
  /** The code of a message that is not sent to this recipient. */
  readonly dropped?: string | undefined
}

const unmatchedParameter = "405"
const tooManyParts = "411"

/** Returns the value of a parameter for a recipient, whose number may be written in any way. */
const valueOf = (parameters: Body, key: string, recipient: string): string | undefined => {
  const values = lookup(parameters, key)
  if (!isObject(values)) return undefined
  const own = Object.keys(values).find((number) => digitsOf(number) === recipient)
  const value = lookup(values, own ?? "default")
  return typeof value === "string" ? value : undefined
}

/** Replaces the parameters of a text. Returns `undefined` when one has no value. */
const fill = (text: string, parameters: Body, recipient: string): string | undefined => {
  let isWhole = true
  const filled = text.replaceAll(/\$\{([\w.-]+)\}/g, (_, key: string) => {
    const value = valueOf(parameters, key, recipient)
    if (value === undefined) isWhole = false
    return value ?? ""
  })
  return isWhole ? filled : undefined
}

export const contentOf = ({ shown, type }: Request, recipient: string): Content => {
  const { body, max_number_of_message_parts: maxParts, truncate_concat: isTruncated } = shown
  if (type === "mt_binary") return { text: String(body), urls: [], parts: 1, encoding: "binary" }
  const media = isObject(body) ? body : undefined
  const template = String(media === undefined ? body : media["message"] ?? "")
  const filled = fill(template, isObject(shown["parameters"]) ? shown["parameters"] : {}, recipient)
  const whole = filled ?? template
  const text = isTruncated === true ? Segments.split(whole, { maxSegments: 1 })[0] : whole
  const { encoding, segments } = Segments.count(text)
  const parts = media === undefined ? segments : 1
  return {
    text,
    urls: media === undefined ? [] : [String(media["url"])],
    parts,
    encoding: encoding === "GSM-7" ? "text" : "unicode",
    dropped: filled === undefined
      ? unmatchedParameter
      : typeof maxParts === "number" && parts > maxParts
      ? tooManyParts
      : undefined
  }
}
