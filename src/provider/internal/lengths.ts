/**
 * The lengths of fields that no carrier exceeds, in UTF-16 units.
 */
import { type InvalidPayload, invalidPayload } from "../core/refusal.ts"

/**
 * Ids, addresses, statuses, codes and types. The longest that carriers document
 * are ids of WhatsApp messages and agent ids of RCS, below 150.
 */
export const maxName = 256

/** References of the application, which a carrier returns. Sinch documents 2,048 at one place, and 128 at another. */
export const maxReference = 2048

/** Descriptions of errors. */
export const maxDescription = 4096

/** URLs of files, with their signatures. Telnyx documents 2,000. */
export const maxUrl = 8192

/** Texts. WhatsApp delivers up to 65,536 characters, SMS and RCS a few thousand. */
export const maxText = 65_536

export const expectedLength = (max: number): string => `at most ${max.toLocaleString("en")} characters`

/** What carriers' decoders build of several names. */
const maxKey = 4 * maxName

type Limits = ReadonlyArray<readonly [field: string, max: number]>

const limitsOf: Readonly<Record<string, Limits>> = {
  InboundMessage: [
    ["externalId", maxName],
    ["idempotencyKey", maxKey],
    ["sender", maxName],
    ["senderAliases", maxName],
    ["recipient", maxName],
    ["participants", maxName],
    ["reference", maxReference]
  ],
  MessagePart: [["correlationKey", maxKey]],
  DeliveryStatus: [
    ["messageId", maxName],
    ["recipient", maxName],
    ["sender", maxName],
    ["carrierStatus", maxName],
    ["errorCode", maxName],
    ["errorMessage", maxDescription],
    ["reference", maxReference],
    ["idempotencyKey", maxKey]
  ],
  Unrecognized: [["eventType", maxName]]
}

const isLonger = (value: unknown, max: number): boolean =>
  typeof value === "string" ? value.length > max : Array.isArray(value) && value.some((item) => isLonger(item, max))

/** An event or a part of its content, as plain data or as an instance of its class. */
interface Tagged {
  readonly _tag: string
}

const contentFault = (part: Tagged): InvalidPayload | undefined => {
  // As nearly all are.
  if (part._tag === "TextContent" && (part as { readonly text?: string }).text!.length <= maxText) return undefined
  if (part._tag === "CompositeContent") {
    for (const inner of (part as unknown as { readonly parts: ReadonlyArray<Tagged> }).parts) {
      const fault = contentFault(inner)
      if (fault !== undefined) return fault
    }
    return undefined
  }
  for (const name of Object.keys(part)) {
    const max = name === "url" ? maxUrl : maxText
    if (isLonger((part as unknown as Readonly<Record<string, unknown>>)[name], max)) {
      return invalidPayload(`content.${name}`, `Expected ${expectedLength(max)}`)
    }
  }
  return undefined
}

/**
 * Returns why an event is refused: a field is longer than carriers send. For
 * what a carrier's own readers do not limit; the error names the event's field.
 */
export const lengthFault = (event: Tagged): InvalidPayload | undefined => {
  const fields = event as unknown as Readonly<Record<string, unknown>>
  const limits = limitsOf[event._tag]!
  for (let i = 0; i < limits.length; i++) {
    const field = limits[i]![0]
    const max = limits[i]![1]
    if (isLonger(fields[field], max)) return invalidPayload(field, `Expected ${expectedLength(max)}`)
  }
  if (event._tag === "MessagePart") return lengthFault(fields["message"] as Tagged)
  return event._tag === "InboundMessage" ? contentFault(fields["content"] as Tagged) : undefined
}
