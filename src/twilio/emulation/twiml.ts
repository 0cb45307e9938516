/**
 * Reads what an application answers to the webhook of a received message: TwiML,
 * or a text that goes back to the sender
 * (https://www.twilio.com/docs/messaging/twiml).
 */

/** A message of the answer. */
export interface Reply {
  readonly to?: string | undefined
  readonly from?: string | undefined
  readonly callback?: string | undefined
  readonly text: string
  readonly urls: ReadonlyArray<string>
}

/** At most so many replies to one message (https://www.twilio.com/docs/api/errors/14109). */
const maxReplies = 10

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: "\"", apos: "'" }

const unescape = (text: string): string =>
  text.replace(
    /&(?:#x([\da-f]{1,6})|#(\d{1,7})|(\w{2,4}));/gi,
    (whole, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined) return Object.hasOwn(entities, name) ? entities[name]! : whole
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
      return code <= 0x10FFFF ? String.fromCodePoint(code) : whole
    }
  )

/** The text between tags: a section of CDATA as it is, and otherwise without escapes. */
const textOf = (xml: string): string =>
  xml.split(/(<!\[CDATA\[[^]*?\]\]>)/).map((part) =>
    part.startsWith("<![CDATA[") ? part.slice(9, -3) : unescape(part.replace(/<[^>]*>/g, ""))
  ).join("")

const attributesOf = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...text.matchAll(/([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)].map((
      { 1: name, 2: double, 3: single }
    ) => [name!, unescape(double ?? single ?? "")])
  )

const elements = (xml: string, name: string) =>
  [...xml.matchAll(new RegExp(`<${name}(\\s[^>]*?)?(?:/>|>([^]*?)</${name}>)`, "g"))].map((
    { 1: attributes = "", 2: content = "" }
  ) => ({ attributes: attributesOf(attributes), content }))

/** Returns the replies, or `undefined` if the answer is not TwiML. */
export const repliesOf = (xml: string): ReadonlyArray<Reply> | undefined => {
  const body = xml.replace(/<!--[^]*?-->/g, "")
  if (/<Response\s*\/>/.test(body)) return []
  if (!/<Response[\s>]/.test(body) || !body.includes("</Response>")) return undefined
  return elements(body, "Message").slice(0, maxReplies).map(({ attributes, content }) => {
    const bodies = elements(content, "Body")
    return {
      to: attributes["to"],
      from: attributes["from"],
      callback: attributes["action"] ?? attributes["statusCallback"],
      text: bodies.length === 0
        ? textOf(content.replace(/<Media[^>]*>[^]*?<\/Media>/g, "")).trim()
        : bodies.map(({ content }) => textOf(content)).join(""),
      urls: elements(content, "Media").map(({ content }) => textOf(content).trim())
    }
  })
}
