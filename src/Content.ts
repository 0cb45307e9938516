/**
 * What a message says: text, media, or both.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { unchecked } from "./internal/unchecked.ts"

/**
 * Text, exactly as the carrier delivered it: never trimmed, and possibly empty.
 *
 * @category models
 * @since 0.1.0
 */
export class TextContent extends Schema.TaggedClass<TextContent>()("TextContent", {
  text: Schema.String
}) {}

/**
 * One media file, by reference.
 *
 * @category models
 * @since 0.1.0
 */
export class MediaContent extends Schema.TaggedClass<MediaContent>()("MediaContent", {
  /** Where the file is. Carrier URLs may expire, and may ask for credentials. */
  url: Schema.NonEmptyString,
  /** The MIME type that the carrier claims, if it claims one. */
  mimeType: Schema.optionalKey(Schema.NonEmptyString),
  /** The text sent along with a single file. */
  caption: Schema.optionalKey(Schema.NonEmptyString),
  /** Set when the file could not be re-hosted: why. The URL is then the carrier's, which may not be readable. */
  unavailable: Schema.optionalKey(Schema.NonEmptyString)
}) {}

/**
 * Text and files together, in the order in which they are to be shown.
 *
 * @category models
 * @since 0.1.0
 */
export class CompositeContent extends Schema.TaggedClass<CompositeContent>()("CompositeContent", {
  parts: Schema.NonEmptyArray(Schema.Union([TextContent, MediaContent]))
}) {}

/**
 * Any content.
 *
 * @category models
 * @since 0.1.0
 */
export type Content = typeof Content.Type

/**
 * Schema of {@link Content}.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Content = Schema.Union([TextContent, MediaContent, CompositeContent])

/**
 * The content of a message with this text and these files: text alone, one
 * file with the text as its caption, or the text followed by the files in the
 * carrier's order.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromParts = (text: string, files: ReadonlyArray<MediaContent>): Content => {
  const [first, second, ...rest] = files
  if (first === undefined) return unchecked(TextContent, { text })
  if (second === undefined) return text === "" ? first : unchecked(MediaContent, { ...first, caption: text })
  const media = [first, second, ...rest] as const
  return unchecked(CompositeContent, { parts: text === "" ? media : [unchecked(TextContent, { text }), ...media] })
}

/**
 * All the text of a content, captions included, one part a line.
 *
 * @category getters
 * @since 0.1.0
 */
export const text = (content: Content): string => {
  switch (content._tag) {
    case "TextContent":
      return content.text
    case "MediaContent":
      return content.caption ?? ""
    case "CompositeContent":
      return content.parts.map(text).filter((part) => part !== "").join("\n")
  }
}

/**
 * All the files of a content, in order.
 *
 * @category getters
 * @since 0.1.0
 */
export const media = (content: Content): ReadonlyArray<MediaContent> => {
  switch (content._tag) {
    case "TextContent":
      return []
    case "MediaContent":
      return [content]
    case "CompositeContent":
      return content.parts.filter((part) => part._tag === "MediaContent")
  }
}

/**
 * Whether there is nothing to read and nothing to see.
 *
 * @category guards
 * @since 0.1.0
 */
export const isEmpty = (content: Content): boolean => text(content) === "" && media(content).length === 0
