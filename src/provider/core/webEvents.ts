/**
 * Builds the events of plain messages and reports, for the entries for the edge.
 */
import type { Payload } from "../../Payload.ts"
import type * as Build from "./build.ts"

export type Media = Extract<Build.FilePart, { readonly _tag: "MediaContent" }>

/** Leaves out the members that are empty or absent. */
export const filled = <A extends object>(members: { readonly [K in keyof A]: A[K] | undefined }): A =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value)) as A

/** Returns whether a value is a text that is not empty. */
export const isText = (value: unknown): boolean => Boolean(value) && typeof value === "string"

const contentOf = (text = "", files: ReadonlyArray<Media>): Build.Content => {
  const content = { _tag: "TextContent", text } as const
  const [file, other] = files
  if (!file) return content
  return other
    ? { _tag: "CompositeContent", parts: (text ? [content, ...files] : files) as never }
    : filled<Media>({ ...file, caption: text })
}

/** Builds a message. */
export const messageOf = (
  provider: string,
  raw: Payload,
  id: string | undefined,
  sender: string,
  recipient: string,
  text: string | undefined,
  files: ReadonlyArray<Media>
): Build.InboundMessage =>
  filled({
    _tag: "InboundMessage",
    provider,
    channelId: `sms-${provider}`,
    externalId: id,
    idempotencyKey: id,
    sender,
    recipient,
    content: contentOf(text, files),
    metadata: {},
    raw
  })
