/**
 * How the message looks that is made of several parts, or of a late one.
 */
import { type Content, fromParts, MediaContent, type Part, parts } from "../../Content.ts"
import { compact } from "../../internal/record.ts"
import { contentOf } from "../../internal/userData.ts"
import { InboundMessage } from "../../Message.ts"
import type { MessagePart } from "../../WebhookEvent.ts"

/**
 * Metadata of a message made of several parts: the ids of all of them,
 * separated by spaces, the wrapper first.
 *
 * @category constants
 * @since 0.1.0
 */
export const partsKey = "mmsParts"

/**
 * Metadata of a part that came too late: the id of the message that it belongs
 * to, which came out before it.
 *
 * @category constants
 * @since 0.1.0
 */
export const partOfKey = "mmsPartOf"

/**
 * Metadata of a concatenated SMS of which parts are missing: their numbers,
 * separated by spaces.
 *
 * @category constants
 * @since 0.1.0
 */
export const missingKey = "missingParts"

export const idOf = (message: InboundMessage): string | undefined => message.externalId ?? message.idempotencyKey

const withoutCaption = ({ caption: _, ...file }: MediaContent): MediaContent => new MediaContent(file)

/** What people wrote: the text of a message and the caption of a file. */
const writtenText = (part: Part): string =>
  part._tag === "TextContent" ? part.text : part._tag === "MediaContent" ? part.caption ?? "" : ""

/** The numbers of the segments that are not among the parts. */
export const missingOf = (parts: ReadonlyArray<MessagePart>): ReadonlyArray<number> => {
  const numbers = new Set(parts.map(({ segment }) => segment?.number))
  const total = parts[0]?.segment?.total ?? 0
  return Array.from({ length: total }, (_, index) => index + 1).filter((number) => !numbers.has(number))
}

/** Segments in the order of the text; else the wrapper first. */
const ordered = (parts: readonly [MessagePart, ...ReadonlyArray<MessagePart>]): ReadonlyArray<MessagePart> =>
  [...parts].sort((one, other) =>
    Number(other.role === "wrapper") - Number(one.role === "wrapper") ||
    (one.segment?.number ?? 0) - (other.segment?.number ?? 0)
  )

/** Texts that differ are all kept, a line each. */
const joined = (messages: ReadonlyArray<InboundMessage>): Content => {
  const contents = messages.flatMap(({ content }) => parts(content))
  const texts = new Set(contents.map(writtenText).filter((text) => text !== ""))
  const others = contents.filter((part) => part._tag !== "TextContent")
    .map((part) => part._tag === "MediaContent" ? withoutCaption(part) : part)
  return fromParts([...texts].join("\n"), others)
}

/** The first value that one of the messages has. */
const firstOf = <K extends "receivedAt" | "sentAt" | "reference" | "spam" | "cost">(
  messages: ReadonlyArray<InboundMessage>,
  key: K
) => messages.find((message) => message[key] !== undefined)?.[key]

/**
 * The one message of several parts. What names it is that of the wrapper, or
 * of the first part where there is none: a real id of the carrier's.
 */
export const merge = (all: readonly [MessagePart, ...ReadonlyArray<MessagePart>]): InboundMessage => {
  const missing = missingOf(all)
  if (all.length === 1 && missing.length === 0) return all[0].message
  const inOrder = ordered(all)
  const messages = inOrder.map(({ message }) => message)
  const [head, ...tail] = inOrder.flatMap(({ segment }) => segment ?? [])
  const first = messages[0]!
  const named = messages.find((message) => idOf(message) !== undefined) ?? first
  const ids = messages.flatMap((message) => idOf(message) ?? [])
  return new InboundMessage({
    provider: first.provider,
    channelId: first.channelId,
    ...(named.externalId !== undefined && { externalId: named.externalId }),
    ...(named.idempotencyKey !== undefined && { idempotencyKey: named.idempotencyKey }),
    sender: first.sender,
    recipient: first.recipient,
    content: head === undefined ? joined(messages) : contentOf([head, ...tail]),
    ...compact({
      receivedAt: firstOf(messages, "receivedAt"),
      sentAt: firstOf(messages, "sentAt"),
      reference: firstOf(messages, "reference"),
      spam: firstOf(messages, "spam"),
      cost: firstOf(messages, "cost"),
      segments: head?.total
    }),
    metadata: {
      ...Object.assign({}, ...messages.map(({ metadata }) => metadata).reverse()),
      ...named.metadata,
      ...(ids.length > 0 && { [partsKey]: ids.join(" ") }),
      ...(missing.length > 0 && { [missingKey]: missing.join(" ") })
    },
    raw: { parts: messages.map(({ raw }) => raw) }
  })
}

/** The late part of the message that has the id. */
export const partOf = (message: InboundMessage, id: string | undefined): InboundMessage =>
  id === undefined
    ? message
    : new InboundMessage({ ...message, metadata: { ...message.metadata, [partOfKey]: id } })
