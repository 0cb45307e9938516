/**
 * The content of a message: text, media, a location, a reply, a contact, bytes,
 * or several of these.
 *
 * **Example** (Reading a content)
 *
 * ```ts run
 * import { Content } from "effect-sms"
 *
 * const content = Content.fromParts("Look!", [new Content.MediaContent({ url: "https://example.com/a.jpg" })])
 * content._tag // => "MediaContent"
 * Content.text(content) // => "Look!"
 * Content.media(content).map(({ url }) => url) // => ["https://example.com/a.jpg"]
 * ```
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
  /** The file's name, if the carrier gives one. */
  name: Schema.optionalKey(Schema.NonEmptyString),
  /** The text sent along with a single file. */
  caption: Schema.optionalKey(Schema.NonEmptyString),
  /** The reason why the file could not be re-hosted. When set, `url` is the carrier's and may not be readable. */
  unavailable: Schema.optionalKey(Schema.NonEmptyString)
}) {}

/** Requires a field. Without this check, any object would be valid for a kind whose fields are all optional. */
const notEmpty = (expected: string) =>
  Schema.makeFilter((fields: object) => Object.keys(fields).some((key) => key !== "_tag"), { expected })

/**
 * A file that the carrier lists without a URL: one that it could not store, or
 * one that it identifies by an id of its own.
 *
 * @category models
 * @since 0.1.0
 */
export class FileContent extends Schema.TaggedClass<FileContent>()(
  "FileContent",
  Schema.Struct({
    /** The file's name. */
    name: Schema.optionalKey(Schema.NonEmptyString),
    mimeType: Schema.optionalKey(Schema.NonEmptyString),
    /** The carrier's id of the file. */
    id: Schema.optionalKey(Schema.NonEmptyString),
    /** The text sent along with the file. */
    caption: Schema.optionalKey(Schema.NonEmptyString),
    /** The reason why the carrier does not have the file, if it gives one. */
    unavailable: Schema.optionalKey(Schema.NonEmptyString)
  }).check(notEmpty("a file with a name, a type, an id, a caption or a reason"))
) {}

/** JSON has no negative zero. */
const degrees = (limit: number) =>
  Schema.Finite.check(
    Schema.isBetween({ minimum: -limit, maximum: limit }),
    Schema.makeFilter((value: number) => !Object.is(value, -0), { expected: "no negative zero" })
  )

/**
 * A place on the map, with coordinates, a name or both.
 *
 * @category models
 * @since 0.1.0
 */
export class LocationContent extends Schema.TaggedClass<LocationContent>()(
  "LocationContent",
  Schema.Struct({
    /** Degrees north. */
    latitude: Schema.optionalKey(degrees(90)),
    /** Degrees east. */
    longitude: Schema.optionalKey(degrees(180)),
    /** The name of the place. */
    label: Schema.optionalKey(Schema.NonEmptyString),
    address: Schema.optionalKey(Schema.NonEmptyString)
  }).check(notEmpty("a place with coordinates, a name or an address"))
) {}

/**
 * A choice instead of written text: a button, a list entry, a form, or a
 * reaction to an earlier message.
 *
 * @category models
 * @since 0.1.0
 */
export class ReplyContent extends Schema.TaggedClass<ReplyContent>()("ReplyContent", {
  /** The text of the choice, such as the label of a button or an emoji. May be empty. */
  text: Schema.String,
  /** The data that the application assigned to the choice, or the JSON of a form. */
  payload: Schema.optionalKey(Schema.NonEmptyString),
  /** The carrier's id of the message that this one answers. */
  inReplyTo: Schema.optionalKey(Schema.NonEmptyString)
}) {}

/**
 * A contact card of a person or a company.
 *
 * @category models
 * @since 0.1.0
 */
export class ContactContent extends Schema.TaggedClass<ContactContent>()("ContactContent", {
  name: Schema.optionalKey(Schema.NonEmptyString),
  organization: Schema.optionalKey(Schema.NonEmptyString),
  /** The phone numbers, as written on the card. */
  phones: Schema.Array(Schema.NonEmptyString),
  emails: Schema.Array(Schema.NonEmptyString)
}) {}

/**
 * The bytes of an SMS that is not text: a WAP push, a vCard, a SIM setting.
 *
 * @category models
 * @since 0.1.0
 */
export class BinaryContent extends Schema.TaggedClass<BinaryContent>()("BinaryContent", {
  /** The bytes in Base64. */
  data: Schema.NonEmptyString,
  /** The user data header in hexadecimal, with its length and elements such as ports. */
  header: Schema.optionalKey(Schema.NonEmptyString)
}) {}

/**
 * One part of a content.
 *
 * @category models
 * @since 0.1.0
 */
export type Part = typeof Part.Type

/**
 * Schema of {@link Part}.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Part = Schema.Union([
  TextContent,
  MediaContent,
  FileContent,
  LocationContent,
  ReplyContent,
  ContactContent,
  BinaryContent
])

/**
 * Several parts together, in display order.
 *
 * @category models
 * @since 0.1.0
 */
export class CompositeContent extends Schema.TaggedClass<CompositeContent>()("CompositeContent", {
  parts: Schema.NonEmptyArray(Part)
}) {}

/**
 * The content of a message: one part, or several.
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
export const Content = Schema.Union([...Part.members, CompositeContent])

const ofParts = (parts: ReadonlyArray<Part>): Content => {
  const [first, second, ...rest] = parts
  if (first === undefined) return unchecked(TextContent, { text: "" })
  return second === undefined ? first : unchecked(CompositeContent, { parts: [first, second, ...rest] })
}

/**
 * Builds the content of a message from its text, and its files or other parts:
 * text alone, one file with the text as its caption, or the text followed by the
 * parts in the carrier's order.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromParts = (text: string, parts: ReadonlyArray<Exclude<Part, TextContent>>): Content => {
  if (text === "") return ofParts(parts)
  const [first, second] = parts
  return first?._tag === "MediaContent" && second === undefined
    ? unchecked(MediaContent, { ...first, caption: text })
    : ofParts([unchecked(TextContent, { text }), ...parts])
}

/**
 * Returns the parts of the content, in order: the content itself if it is a
 * single part.
 *
 * **Example** (Going through the parts)
 *
 * ```ts run
 * import { Content } from "effect-sms"
 *
 * const files = ["a", "b"].map((name) => new Content.MediaContent({ url: `https://example.com/${name}.jpg` }))
 * const content = Content.fromParts("Look!", files)
 * Content.parts(content).map(({ _tag }) => _tag) // => ["TextContent", "MediaContent", "MediaContent"]
 * Content.isEmpty(content) // => false
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const parts = (content: Content): ReadonlyArray<Part> =>
  content._tag === "CompositeContent" ? content.parts : [content]

const textOf = (part: Part): string => {
  switch (part._tag) {
    case "TextContent":
    case "ReplyContent":
      return part.text
    case "MediaContent":
      return part.caption ?? ""
    case "FileContent":
      return part.caption ?? part.name ?? ""
    case "LocationContent": {
      const { address, label, latitude, longitude } = part
      const name = [label, address].filter((text) => text !== undefined).join(", ")
      return name !== "" || latitude === undefined || longitude === undefined ? name : `${latitude},${longitude}`
    }
    case "ContactContent":
      return [part.name, part.organization, ...part.phones, ...part.emails].filter((text) => text !== undefined)
        .join(", ")
    case "BinaryContent":
      return ""
  }
}

/**
 * Returns all text of the content, one line per part: captions, the name of a
 * place or its coordinates, the lines of a contact card.
 *
 * @category getters
 * @since 0.1.0
 */
export const text = (content: Content): string =>
  content._tag === "CompositeContent"
    ? content.parts.map(textOf).filter((part) => part !== "").join("\n")
    : textOf(content)

/**
 * Returns all files of the content that have a URL, in order.
 *
 * @category getters
 * @since 0.1.0
 */
export const media = (content: Content): ReadonlyArray<MediaContent> => {
  switch (content._tag) {
    case "MediaContent":
      return [content]
    case "CompositeContent":
      return content.parts.filter((part) => part._tag === "MediaContent")
    default:
      return []
  }
}

/**
 * Returns whether the content is nothing but empty text.
 *
 * @category guards
 * @since 0.1.0
 */
export const isEmpty = (content: Content): boolean =>
  parts(content).every((part) => part._tag === "TextContent" && part.text === "")
