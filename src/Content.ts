/**
 * What a message says: text, media, a location, a reply, a contact, bytes, or
 * several of these.
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
  /** The file's name, if the carrier gives one. */
  name: Schema.optionalKey(Schema.NonEmptyString),
  /** The text sent along with a single file. */
  caption: Schema.optionalKey(Schema.NonEmptyString),
  /** Set when the file could not be re-hosted: why. The URL is then the carrier's, which may not be readable. */
  unavailable: Schema.optionalKey(Schema.NonEmptyString)
}) {}

/** Without it, any object at all would be one of the kinds whose members are all optional. */
const notEmpty = (expected: string) =>
  Schema.makeFilter((fields: object) => Object.keys(fields).some((key) => key !== "_tag"), { expected })

/**
 * A file that the carrier announces without a URL: one that it could not store,
 * or one that it names by an id of its own.
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
    /** Why the carrier has no file, where it says so. */
    unavailable: Schema.optionalKey(Schema.NonEmptyString)
  }).check(notEmpty("a file with a name, a type, an id, a caption or a reason"))
) {}

/**
 * A place on the map. It has coordinates, a name or both.
 *
 * @category models
 * @since 0.1.0
 */
export class LocationContent extends Schema.TaggedClass<LocationContent>()(
  "LocationContent",
  Schema.Struct({
    /** In degrees north. */
    latitude: Schema.optionalKey(Schema.Finite),
    /** In degrees east. */
    longitude: Schema.optionalKey(Schema.Finite),
    /** The name of the place. */
    label: Schema.optionalKey(Schema.NonEmptyString),
    address: Schema.optionalKey(Schema.NonEmptyString)
  }).check(notEmpty("a place with coordinates, a name or an address"))
) {}

/**
 * The answer to a button, a list, a form, or to one earlier message: what a
 * person chose rather than wrote.
 *
 * @category models
 * @since 0.1.0
 */
export class ReplyContent extends Schema.TaggedClass<ReplyContent>()("ReplyContent", {
  /** What the person saw and chose: the words on a button, an emoji. It may be empty. */
  text: Schema.String,
  /** The data that the application gave to the choice, or the JSON of a form. */
  payload: Schema.optionalKey(Schema.NonEmptyString),
  /** The carrier's id of the message that is answered. */
  inReplyTo: Schema.optionalKey(Schema.NonEmptyString)
}) {}

/**
 * The card of a person or a company.
 *
 * @category models
 * @since 0.1.0
 */
export class ContactContent extends Schema.TaggedClass<ContactContent>()("ContactContent", {
  name: Schema.optionalKey(Schema.NonEmptyString),
  organization: Schema.optionalKey(Schema.NonEmptyString),
  /** Phone numbers as they are on the card. */
  phones: Schema.Array(Schema.NonEmptyString),
  emails: Schema.Array(Schema.NonEmptyString)
}) {}

/**
 * The bytes of an SMS that is not text: a WAP push, a vCard, a setting of the
 * SIM.
 *
 * @category models
 * @since 0.1.0
 */
export class BinaryContent extends Schema.TaggedClass<BinaryContent>()("BinaryContent", {
  /** In Base64. */
  data: Schema.NonEmptyString,
  /** The user data header in hexadecimal, which has the ports and so on. It begins with its length. */
  header: Schema.optionalKey(Schema.NonEmptyString)
}) {}

/**
 * One thing that a message says.
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
 * Several parts together, in the order in which they are to be shown.
 *
 * @category models
 * @since 0.1.0
 */
export class CompositeContent extends Schema.TaggedClass<CompositeContent>()("CompositeContent", {
  parts: Schema.NonEmptyArray(Part)
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
export const Content = Schema.Union([...Part.members, CompositeContent])

const ofParts = (parts: ReadonlyArray<Part>): Content => {
  const [first, second, ...rest] = parts
  if (first === undefined) return unchecked(TextContent, { text: "" })
  return second === undefined ? first : unchecked(CompositeContent, { parts: [first, second, ...rest] })
}

/**
 * The content of a message with this text and these files or other parts: text
 * alone, one file with the text as its caption, or the text followed by the
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
 * The parts of a content, in order: the content itself where it is one part.
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
 * All the text of a content, one part a line: captions, the name of a place or
 * its coordinates, what is on a contact card.
 *
 * @category getters
 * @since 0.1.0
 */
export const text = (content: Content): string =>
  content._tag === "CompositeContent"
    ? content.parts.map(textOf).filter((part) => part !== "").join("\n")
    : textOf(content)

/**
 * All the files of a content that have a URL, in order.
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
 * Whether there is nothing to read and nothing to see.
 *
 * @category guards
 * @since 0.1.0
 */
export const isEmpty = (content: Content): boolean =>
  parts(content).every((part) => part._tag === "TextContent" && part.text === "")
