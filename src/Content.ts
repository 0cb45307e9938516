/**
 * The content of a message: text, media, or both.
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
 * A media file, by reference.
 *
 * @category models
 * @since 0.1.0
 */
export class MediaContent extends Schema.TaggedClass<MediaContent>()("MediaContent", {
  /** The URL of the file. Carrier URLs may expire and may require credentials. */
  url: Schema.NonEmptyString,
  /** The MIME type that the carrier declares, if any. */
  mimeType: Schema.optionalKey(Schema.NonEmptyString),
  /** The text sent along with a single file. */
  caption: Schema.optionalKey(Schema.NonEmptyString),
  /** The reason why the file could not be re-hosted. When set, `url` is the carrier's and may not be readable. */
  unavailable: Schema.optionalKey(Schema.NonEmptyString)
}) {}

/**
 * Text and files together, in display order.
 *
 * @category models
 * @since 0.1.0
 */
export class CompositeContent extends Schema.TaggedClass<CompositeContent>()("CompositeContent", {
  parts: Schema.NonEmptyArray(Schema.Union([TextContent, MediaContent]))
}) {}

/**
 * The content of a message: text, a file, or both.
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
 * Builds the content of a message from its text and files: text alone, one file
 * with the text as its caption, or the text followed by the files in the
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
 * Returns all text of the content, captions included, one line per part.
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
 * Returns all files of the content, in order.
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
 * Returns whether the content has neither text nor files.
 *
 * @category guards
 * @since 0.1.0
 */
export const isEmpty = (content: Content): boolean => text(content) === "" && media(content).length === 0
