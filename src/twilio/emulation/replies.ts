/**
 * Sends what an application answers to the webhook of a received message.
 */
import type { Dialect, Outcome, Webhook } from "../../provider/Emulation.ts"
import * as Segments from "../../segments/Segments.ts"
import type { Account } from "./account.ts"
import type { Data } from "./resources.ts"
import { repliesOf, type Reply } from "./twiml.ts"

const isXml = (type: string): boolean => /^(?:text|application)\/xml\b|^text\/html\b/i.test(type)

/** Returns the replies of an answer: every text of the type `text/plain` is one. */
const readReplies = (
  { options: { network } }: Account,
  { body, headers }: Outcome & { readonly _tag: "Answered" }
): ReadonlyArray<Reply> => {
  const type = headers["content-type"] ?? ""
  if (/^text\/plain\b/i.test(type)) {
    if (body.trim() === "") return []
    network.warn("The answer is of the type text/plain, so Twilio sends it to the person")
    return [{ text: body, urls: [] }]
  }
  if (isXml(type)) {
    const replies = repliesOf(body)
    if (replies === undefined && body.trim() !== "") network.warn("12100: the answer is not a document of TwiML")
    return replies ?? []
  }
  if (body.trim() !== "") network.warn(`12300: the answer has the content type ${type === "" ? "of nothing" : type}`)
  return []
}

const send = ({ options: { network } }: Account, webhook: Webhook, { callback, from, text, to, urls }: Reply): void => {
  const received = network.find(webhook.messageId)
  if (received === undefined || (text === "" && urls.length === 0)) return
  const [sender, recipient] = [from ?? received.to, to ?? received.from]
  if (network.hasOptedOut(sender, recipient)) return network.warn("21610: the person has opted out of the reply")
  const data: Data = { direction: "outbound-reply" }
  network.accept({
    id: `${urls.length === 0 ? "SM" : "MM"}${network.random.hex(32)}`,
    from: sender,
    to: recipient,
    text,
    urls,
    segments: urls.length > 0 ? 1 : Segments.count(text).segments,
    callback: callback === undefined ? undefined : URL.parse(callback, webhook.url)?.href,
    data: { ...data }
  })
}

export const answered = (account: Account): NonNullable<Dialect["answered"]> => (webhook, outcome) => {
  if (webhook.kind !== "inbound" || outcome.status < 200 || outcome.status >= 300) return
  for (const reply of readReplies(account, outcome)) send(account, webhook, reply)
}
