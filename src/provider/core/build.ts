/**
 * How decoders build events: as plain data, or as instances of the library's
 * classes.
 */
import type { Payload } from "../../Payload.ts"
import type { SendReference } from "../../SendReference.ts"
import type { Segment, WebhookEvent } from "../../WebhookEvent.ts"
import { toIso } from "./time.ts"

/** An event as plain data: the encoded form of a `WebhookEvent`, from which its schema decodes it. */
export type Event = typeof WebhookEvent.Encoded

export type InboundMessage = Extract<Event, { readonly _tag: "InboundMessage" }>
export type DeliveryStatus = Extract<Event, { readonly _tag: "DeliveryStatus" }>
export type MessagePart = Extract<Event, { readonly _tag: "MessagePart" }>
export type Unrecognized = Extract<Event, { readonly _tag: "Unrecognized" }>

export type Content = InboundMessage["content"]
export type CompositeContent = Extract<Content, { readonly _tag: "CompositeContent" }>
export type Part = Exclude<Content, CompositeContent>
export type RichPart = Exclude<Part, { readonly _tag: "TextContent" }>
export type FilePart = Extract<Part, { readonly _tag: "MediaContent" | "FileContent" }>

/** A type without `readonly`, for what is built field by field. */
export type Mutable<A> = { -readonly [K in keyof A]: A[K] }

/** The decoded events of a webhook. */
export interface Decoded {
  readonly _tag: "Decoded"
  readonly events: ReadonlyArray<Event>
  /** Whether the decoder has seen that nothing in them is longer than carriers send. */
  readonly isChecked?: boolean
}

export const decoded = (...events: ReadonlyArray<Event>): Decoded => ({ _tag: "Decoded", events })

/** Builds objects with a tag: events, and the parts of their content. */
export interface Objects {
  readonly of: <const A extends { readonly _tag: string }>(fields: A) => A
}

/**
 * Builds the values of events. Decoders are written for plain data; one that
 * builds instances instead keeps the fields, and only it knows their types.
 */
export interface Build extends Objects {
  /** Builds a time from epoch milliseconds. */
  readonly time: (millis: number) => string
  readonly reference: (fields: typeof SendReference.Encoded) => typeof SendReference.Encoded
  readonly segment: (fields: typeof Segment.Encoded) => typeof Segment.Encoded
}

/** Builds plain data. Times are in ISO 8601. */
export const plain: Build = {
  of: (fields) => fields,
  time: toIso,
  reference: (fields) => fields,
  segment: (fields) => fields
}

const ofParts = ({ of }: Objects, parts: ReadonlyArray<Part>): Content => {
  const [first, second, ...rest] = parts
  if (first === undefined) return of({ _tag: "TextContent", text: "" })
  return second === undefined ? first : of({ _tag: "CompositeContent", parts: [first, second, ...rest] })
}

/** Combines a text and other parts: the text is the caption of a single file. */
export const fromParts = (build: Objects, text: string, parts: ReadonlyArray<RichPart>): Content => {
  if (parts.length === 0) return build.of({ _tag: "TextContent", text })
  if (text === "") return ofParts(build, parts)
  const [first, second] = parts
  return first?._tag === "MediaContent" && second === undefined
    ? build.of({ ...first, caption: text })
    : ofParts(build, [build.of({ _tag: "TextContent", text }), ...parts])
}

/** Returns whether a content has nothing but empty texts. */
export const isEmpty = (content: Content): boolean =>
  content._tag === "CompositeContent"
    ? content.parts.every((part) => part._tag === "TextContent" && part.text === "")
    : content._tag === "TextContent" && content.text === ""

/** What every message has whose id is also its key. */
export const messageOf = (
  provider: string,
  id: string,
  sender: string,
  recipient: string,
  content: Content,
  metadata: Readonly<Record<string, string>>,
  raw: Payload
): Mutable<InboundMessage> => ({
  _tag: "InboundMessage",
  provider,
  channelId: `sms-${provider}`,
  externalId: id,
  idempotencyKey: id,
  sender,
  recipient,
  content,
  metadata,
  raw
})
