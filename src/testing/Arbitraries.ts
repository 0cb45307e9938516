/**
 * Generators of the library's types. Each is an arbitrary of Effect, for
 * `it.effect.prop` of `@effect/vitest`, and of fast-check, for `fc.property`.
 * They need the `fast-check` package, which is an optional peer dependency.
 *
 * **Example** (A property of contents)
 *
 * ```ts run
 * import { Content } from "effect-sms"
 * import * as Arbitraries from "effect-sms/testing/Arbitraries"
 * import * as fc from "fast-check"
 *
 * const keepsText = fc.property(
 *   Arbitraries.text,
 *   Arbitraries.media,
 *   (text, file) => Content.text(Content.fromParts(text, [file])) === text
 * )
 *
 * fc.check(keepsText).failed // => false
 * ```
 *
 * @since 0.1.0
 */
import * as Arbitrary from "effect/Arbitrary"
import * as DateTime from "effect/DateTime"
import * as Base64 from "effect/encoding/Base64"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import { Address } from "../Address.ts"
import * as Carriers from "../Carriers.ts"
import * as Content from "../Content.ts"
import type { Cost } from "../Cost.ts"
import * as DeliveryStatus from "../DeliveryStatus.ts"
import { compact } from "../internal/record.ts"
import { InboundMessage } from "../Message.ts"
import { PhoneNumber } from "../PhoneNumber.ts"

/**
 * A generator that both Effect and fast-check run, each with its own shrinking.
 * What `Arbitrary.map` of Effect or the method `map` of fast-check derives from
 * it is an arbitrary of that library alone.
 *
 * @category models
 * @since 0.1.0
 */
export interface Generator<A> extends fc.Arbitrary<A>, Arbitrary.Arbitrary<A> {}

/** Adds the members of an Effect arbitrary to one of fast-check. The two have no member in common. */
const both = <A>(fastCheck: fc.Arbitrary<A>, effect: Arbitrary.Arbitrary<A>): Generator<A> =>
  Object.defineProperties(fastCheck, {
    ...Object.getOwnPropertyDescriptors(Object.getPrototypeOf(effect)),
    ...Object.getOwnPropertyDescriptors(effect)
  }) as Generator<A>

/** Generates texts that match a pattern. */
const pattern = (pattern: RegExp): Generator<string> =>
  both(fc.stringMatching(pattern), Arbitrary.schema(Schema.String.check(Schema.isPattern(pattern))))

/** Generates integers between two limits, both included. */
const integer = (limits: { readonly min: number; readonly max: number }): Generator<number> =>
  both(
    fc.integer(limits),
    Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: limits.min, maximum: limits.max })))
  )

/** Generates one of the values. */
const literals = <const A extends ReadonlyArray<string>>(...values: A): Generator<A[number]> =>
  both(fc.constantFrom(...values), Arbitrary.schema(Schema.Literals(values)))

/** Generates a value of one of the generators. */
const oneOf = <A>(...generators: ReadonlyArray<Generator<A>>): Generator<A> =>
  both(
    fc.oneof(...generators),
    Arbitrary.flatMap(integer({ min: 0, max: generators.length - 1 }), (index) => generators[index]!)
  )

/** Generates lists of at most `maxLength` values. */
const array = <A>(item: Generator<A>, maxLength: number): Generator<Array<A>> =>
  both(fc.array(item, { maxLength }), Arbitrary.array(item, { maxLength }))

type Values<Fields> = { [K in keyof Fields]: Fields[K] extends Generator<infer A> ? A : never }

/** Generates records with a value for every field. */
const struct = <const Fields extends Readonly<Record<string, Generator<unknown>>>>(
  fields: Fields
): Generator<Values<Fields>> =>
  both(
    fc.record(fields) as fc.Arbitrary<Values<Fields>>,
    Arbitrary.all(fields) as Arbitrary.Arbitrary<Values<Fields>>
  )

/** Transforms the generated values. */
const map = <A, B>(generator: Generator<A>, f: (value: A) => B): Generator<B> =>
  both(generator.map(f), Arbitrary.map(generator, f))

/** Generates values that may be absent. */
const optional = <A>(generator: Generator<A>): Generator<A | undefined> =>
  oneOf<A | undefined>(map(literals("absent"), () => undefined), generator)

/**
 * Generates E.164 numbers of seven to fifteen digits.
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const phoneNumber: Generator<PhoneNumber> = map(
  pattern(/^\+[1-9]\d{6,14}$/),
  (text) => PhoneNumber.make(text)
)

const channelAddress = oneOf<string>(
  map(phoneNumber, (number) => `whatsapp:${number}`),
  pattern(/^rcs:[a-z]{1,9}_agent$/)
)

/**
 * Generates phone numbers, short codes, sender ids and channel addresses.
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const address: Generator<Address> = map(
  oneOf<string>(phoneNumber, pattern(/^\d{3,8}$/), pattern(/^[A-Za-z][A-Za-z0-9 ]{0,10}$/), channelAddress),
  (text) => Address.make(text)
)

// Each of several code points: a family, a flag, a skin tone, a combining accent, Hangul letters, a line break.
const clusters = literals("👩‍👩‍👧", "🇨🇦", "👍🏽", "e\u0301", "\u1100\u1161", "\r\n")

// All code points except surrogates, which are not text by themselves.
const codePoint = map(
  integer({ min: 0x20, max: 0x10ffff - 0x800 }),
  (value) => String.fromCodePoint(value < 0xd800 ? value : value + 0x800)
)

const character = oneOf<string>(
  pattern(/^[ -~]$/),
  literals("é", "ß", "€", "Ω", "я", "ع", "א", "中", "あ", "한", "ก", "🙂", "\n", "\t"),
  clusters,
  codePoint
)

const joined = (item: Generator<string>, separator: string, maxLength: number) =>
  map(array(item, maxLength), (items) => items.join(separator))

/**
 * Generates message texts in any script, with emoji and line breaks, or empty.
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const text: Generator<string> = oneOf<string>(
  literals(""),
  joined(pattern(/^[A-Za-z]{1,9}[,.?!]?$/), " ", 30),
  joined(character, "", 200)
)

/**
 * Generates media without a caption.
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const media: Generator<Content.MediaContent> = map(
  struct({
    url: pattern(
      /^https:\/\/[a-z]([a-z0-9-]{0,8}[a-z0-9])?\.(com|net|example)(\/[\w.~-]{1,8}){0,3}(\?[a-z]=\w{0,4})?$/
    ),
    mimeType: literals("image/jpeg", "image/png", "video/mp4", "text/vcard", "application/octet-stream")
  }),
  (fields) => new Content.MediaContent(fields)
)

/**
 * Generates text, media, or both: what can be sent.
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const textAndMedia: Generator<Content.Content> = map(
  struct({ text, files: array(media, 3) }),
  ({ files, text }) => Content.fromParts(text, files)
)

const words = joined(pattern(/^[A-Za-z]{1,9}$/), " ", 5)
const label = map(
  struct({ first: pattern(/^[A-Za-z]{1,9}$/), others: words }),
  ({ first, others }) => `${first} ${others}`.trim()
)
const id = pattern(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)

/**
 * Generates files without a URL.
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const file: Generator<Content.FileContent> = map(
  struct({ id: optional(id), mimeType: optional(literals("image/png", "text/csv")), caption: optional(label), label }),
  // One field is always there.
  ({ label, ...fields }) => new Content.FileContent({ ...compact(fields), name: `${label}.bin` })
)

const degrees = (limit: number) =>
  map(integer({ min: -limit * 100_000, max: limit * 100_000 }), (value) => value / 100_000)

/**
 * Generates places.
 *
 * **Example** (Contents of each kind)
 *
 * ```ts run
 * import * as Arbitraries from "effect-sms/testing/Arbitraries"
 * import * as fc from "fast-check"
 *
 * const { binary, contact, location, reply, textAndMedia } = Arbitraries
 *
 * fc.sample(location, 1).map(({ _tag }) => _tag) // => ["LocationContent"]
 * fc.sample(reply, 1).map(({ _tag }) => _tag) // => ["ReplyContent"]
 * fc.sample(contact, 1).map(({ _tag }) => _tag) // => ["ContactContent"]
 * fc.sample(binary, 1).map(({ _tag }) => _tag) // => ["BinaryContent"]
 * fc.sample(textAndMedia, 1).length // => 1
 * ```
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const location: Generator<Content.LocationContent> = map(
  struct({ latitude: degrees(90), longitude: degrees(180), label: optional(label), address: optional(label) }),
  (fields) => new Content.LocationContent(compact(fields))
)

/**
 * Generates choices and reactions.
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const reply: Generator<Content.ReplyContent> = map(
  struct({ text: oneOf<string>(literals("", "👍"), label), payload: optional(label), inReplyTo: optional(id) }),
  ({ text, ...fields }) => new Content.ReplyContent({ text, ...compact(fields) })
)

/**
 * Generates contact cards.
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const contact: Generator<Content.ContactContent> = map(
  struct({
    name: optional(label),
    organization: optional(label),
    phones: array<string>(phoneNumber, 2),
    emails: array(pattern(/^[a-z]{1,8}@[a-z]{1,8}\.example$/), 2)
  }),
  ({ emails, phones, ...fields }) => new Content.ContactContent({ phones, emails, ...compact(fields) })
)

const byte = integer({ min: 0, max: 255 })

/**
 * Generates the bytes of messages that are not text, with a user data header or
 * without.
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const binary: Generator<Content.BinaryContent> = map(
  struct({ first: byte, others: array(byte, 60), header: optional(literals("06050423f40000", "027000")) }),
  ({ first, header, others }) =>
    new Content.BinaryContent({ data: Base64.encode(Uint8Array.of(first, ...others)), ...compact({ header }) })
)

/**
 * Generates content of any kind: text, media and what else messages contain,
 * alone or together.
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const content: Generator<Content.Content> = map(
  struct({
    text,
    parts: array(
      oneOf<Exclude<Content.Part, Content.TextContent>>(media, file, location, reply, contact, binary),
      3
    )
  }),
  ({ parts, text }) => Content.fromParts(text, parts)
)

// Instants from 1970 to 2100.
const instant = map(
  integer({ min: 0, max: 4_102_444_800_000 }),
  (millis) => DateTime.makeUnsafe(millis)
)

const name = literals(...Carriers.all.map(({ name }) => name))
const cost = map(
  struct({ amount: pattern(/^(0|[1-9]\d?)\.\d{2,4}$/), currency: literals("USD", "EUR") }),
  (fields): Cost => fields
)

/**
 * Generates messages of any provider, each with a unique id and content of any
 * kind.
 *
 * **Example** (Properties of messages and reports)
 *
 * ```ts run
 * import { Address, Content, DeliveryStatus } from "effect-sms"
 * import * as Arbitraries from "effect-sms/testing/Arbitraries"
 * import * as fc from "fast-check"
 *
 * const { address, content, deliveryStatus, inboundMessage, phoneNumber } = Arbitraries
 *
 * const isNumber = fc.property(phoneNumber, (number) => Address.kind(Address.Address.make(number)) === "PhoneNumber")
 * fc.check(isNumber).failed // => false
 *
 * const hasParts = fc.property(content, (content) => Content.parts(content).length > 0)
 * fc.check(hasParts).failed // => false
 *
 * const isKept = fc.property(address, (address) => Address.Address.make(address) === address)
 * fc.check(isKept).failed // => false
 *
 * const isRead = fc.property(inboundMessage, ({ content }) => Content.text(content).length >= 0)
 * fc.check(isRead).failed // => false
 *
 * const isItself = fc.property(deliveryStatus, ({ status }) => DeliveryStatus.combine([status]) === status)
 * fc.check(isItself).failed // => false
 * ```
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const inboundMessage: Generator<InboundMessage> = map(
  struct({
    provider: name,
    id,
    sender: address,
    recipient: address,
    content,
    receivedAt: instant,
    senderAliases: optional(map(channelAddress, (alias) => [Address.make(alias)])),
    sentAt: optional(instant),
    reference: optional(id),
    segments: optional(integer({ min: 1, max: 10 })),
    cost: optional(cost),
    isSpam: optional(literals("spam", "no spam"))
  }),
  (
    { content, cost, id, isSpam, provider, receivedAt, recipient, reference, segments, sender, senderAliases, sentAt }
  ) =>
    new InboundMessage({
      sender,
      recipient,
      content,
      receivedAt,
      ...compact({ senderAliases, sentAt, reference, segments, cost }),
      ...(isSpam !== undefined && { spam: isSpam === "spam" }),
      provider,
      channelId: `sms-${provider}`,
      externalId: id,
      idempotencyKey: id,
      metadata: {},
      raw: { id }
    })
)

/**
 * Generates delivery statuses of any provider, with any normalized status.
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const deliveryStatus: Generator<DeliveryStatus.DeliveryStatus> = map(
  struct({
    provider: name,
    messageId: id,
    status: literals(...DeliveryStatus.Status.literals),
    recipient: address,
    sender: address,
    timestamp: instant,
    sentAt: optional(instant),
    reference: optional(id),
    segments: optional(integer({ min: 1, max: 10 })),
    cost: optional(cost)
  }),
  ({ cost, messageId, reference, segments, sentAt, status, ...fields }) =>
    new DeliveryStatus.DeliveryStatus({
      ...fields,
      ...compact({ sentAt, reference, segments, cost }),
      messageId,
      status,
      carrierStatus: status,
      idempotencyKey: `${messageId}:${status}`,
      raw: { id: messageId }
    })
)
