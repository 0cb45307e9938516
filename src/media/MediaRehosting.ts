/**
 * Re-hosts the files of messages: fetches them from the carrier, stores them,
 * and puts the store's URLs in the place of the carrier's.
 *
 * Carrier URLs expire, ask for credentials (Twilio), or refuse who would read
 * them: the `robots.txt` of VoiceMeUp turns away the fetchers of AI providers.
 * {@link layer} is a hook that does this to received messages before any
 * channel sees them; {@link rehost} does it to a content.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Schedule from "effect/Schedule"
import * as Content from "../Content.ts"
import * as Hook from "../rooms/Hook.ts"
import { RoomKit } from "../rooms/RoomKit.ts"
import { MediaError, TimedOut } from "./MediaError.ts"
import { MediaFetcher } from "./MediaFetcher.ts"
import { MediaStore } from "./MediaStore.ts"

/**
 * Options of {@link rehost}. Which hosts are fetched from is the fetcher's.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /**
   * What becomes of a message with a file that could not be re-hosted.
   *
   * - `mark` (the default): it passes. The file keeps the carrier's URL and is
   *   marked `unavailable`, with the reason
   * - `pass`: it passes, with the carrier's URL as if nothing had happened
   * - `block`: it is blocked, with the reason
   *
   * With `mark` and `pass` the text always passes, and so do the other files.
   */
  readonly onFailure?: "mark" | "pass" | "block" | undefined
  /** How many files of a message are fetched at once. 4 by default. */
  readonly concurrency?: number | undefined
  /**
   * How many times a file is tried again, if that can help: after half a
   * second, then after twice as long each time. 4 by default.
   */
  readonly retries?: number | undefined
  /**
   * The time limit of a message, 30 seconds by default. The attempts end a
   * little before it, so that there is time left to clean up.
   */
  readonly timeout?: Duration.Input | undefined
}

/**
 * Options of the hook.
 *
 * @category models
 * @since 0.1.0
 */
export type HookOptions = Options & {
  /** As of any hook: lower runs first. 0 by default. */
  readonly priority?: number | undefined
  /** Only messages of these channels, as `["sms-voicemeup"]`. All by default. */
  readonly channelIds?: ReadonlyArray<string> | undefined
}

const files = Metric.counter("sms_media_total", {
  description: "Files to be re-hosted by outcome",
  incremental: true
})

const count = (outcome: string) => Metric.update(Metric.withAttributes(files, { outcome }), 1)

const timeLimit = (options: Options): Duration.Duration => Duration.fromInputUnsafe(options.timeout ?? "30 seconds")

/** Closing the connection and removing what was half stored takes time too. */
const budgetOf = (limit: Duration.Duration): number => {
  const millis = Duration.toMillis(limit)
  return Math.max(millis * 0.9, millis - 1000)
}

/** The host at most: path and query may be all that protects the file. */
const hostOf = (url: string): string => URL.parse(url)?.hostname ?? "unknown"

type Part = Content.Part

/** Spread, so that messages that failed together are not tried again together. */
const policy = Schedule.jittered(Schedule.exponential("500 millis"))

/**
 * A function that re-hosts contents. It fails only with `onFailure: "block"`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options = {}
): Effect.fn.Return<
  (content: Content.Content) => Effect.Effect<Content.Content, MediaError>,
  never,
  MediaFetcher | MediaStore
> {
  const fetcher = yield* MediaFetcher
  const store = yield* MediaStore
  const { concurrency = 4, onFailure = "mark", retries = 4 } = options
  const budget = budgetOf(timeLimit(options))

  const needsIt = (part: Part): part is Content.MediaContent =>
    part._tag === "MediaContent" && fetcher.handles(part.url)

  const move = Effect.fnUntraced(function*(file: Content.MediaContent) {
    const { contentType, stream } = yield* fetcher.fetch(file.url, { mimeType: file.mimeType })
    const { url } = yield* store.put({ contentType, stream })
    const { unavailable: _, ...fields } = file
    return new Content.MediaContent({ ...fields, url, mimeType: contentType })
  }, Effect.scoped)

  /** Tries until the deadline. When that is reached in the middle, the last reason counts. */
  const moveBefore = Effect.fnUntraced(function*(file: Content.MediaContent, deadline: number) {
    let last = new MediaError({ reason: new TimedOut({ limit: "total" }) })
    const left = deadline - (yield* Clock.currentTimeMillis)
    if (left <= 0) return yield* last
    const schedule = Schedule.while(policy, ({ duration, now }) => now + Duration.toMillis(duration) < deadline)
    return yield* move(file).pipe(
      Effect.tapError((error) => Effect.sync(() => void (last = error))),
      Effect.retry({ schedule, times: retries, while: (error) => error.isRetryable }),
      Effect.timeoutOrElse({ duration: left, orElse: () => Effect.fail(last) })
    )
  })

  const failed = Effect.fnUntraced(function*(file: Content.MediaContent, error: MediaError) {
    const { message, reason } = error
    yield* count(reason._tag)
    yield* Effect.logWarning("A media file could not be re-hosted", { host: hostOf(file.url), reason: message })
    if (onFailure === "block") return yield* error
    return onFailure === "pass" ? file : new Content.MediaContent({ ...file, unavailable: message })
  })

  const rehostFile = (file: Content.MediaContent, deadline: number) =>
    moveBefore(file, deadline).pipe(
      Effect.withSpan("MediaRehosting.rehostFile", { attributes: { "sms.media.host": hostOf(file.url) } }),
      Effect.tap(count("rehosted")),
      Effect.catch((error) => failed(file, error))
    )

  const rehostParts = Effect.fnUntraced(function*(content: Content.MediaContent | Content.CompositeContent) {
    const deadline = (yield* Clock.currentTimeMillis) + budget
    if (content._tag === "MediaContent") return yield* rehostFile(content, deadline)
    const parts = yield* Effect.forEach(
      content.parts,
      (part): Effect.Effect<Part, MediaError> => needsIt(part) ? rehostFile(part, deadline) : Effect.succeed(part),
      { concurrency }
    )
    return parts.every((part, index) => part === content.parts[index])
      ? content
      : new Content.CompositeContent({ parts })
  })

  return (content): Effect.Effect<Content.Content, MediaError> => {
    switch (content._tag) {
      case "MediaContent":
        return needsIt(content) ? rehostParts(content) : Effect.succeed(content)
      case "CompositeContent":
        return content.parts.some(needsIt) ? rehostParts(content) : Effect.succeed(content)
      default:
        return Effect.succeed(content)
    }
  }
})

/**
 * A content with its files re-hosted: captions and the order of the parts stay,
 * and `mimeType` becomes what the bytes are. Files on other hosts than those
 * that the fetcher is for stay as they are. It fails only with
 * `onFailure: "block"`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const rehost = (
  content: Content.Content,
  options?: Options
): Effect.Effect<Content.Content, MediaError, MediaFetcher | MediaStore> =>
  Effect.flatMap(make(options), (rehost) => rehost(content))

const allowed = Effect.succeed(Hook.allow)

/**
 * The hook that re-hosts the files of received messages. It runs before the
 * channels, for inbound events of `sms` and `mms` channels.
 *
 * @category constructors
 * @since 0.1.0
 */
export const hook = Effect.fnUntraced(function*(
  options: HookOptions = {}
): Effect.fn.Return<Hook.BeforeBroadcast<never>, never, MediaFetcher | MediaStore> {
  const rehost = yield* make(options)
  return Hook.beforeBroadcast({
    name: "rehost-media",
    channelTypes: ["sms", "mms"],
    directions: ["inbound"],
    channelIds: options.channelIds,
    priority: options.priority,
    timeout: timeLimit(options),
    // For a defect, and for a store that does not end in time. Failures are dealt with below.
    onFailure: options.onFailure === "block" ? "block" : "allow",
    run: (event) =>
      Content.media(event.content).length === 0
        ? allowed
        : rehost(event.content).pipe(
          Effect.map((content) => content === event.content ? Hook.allow : Hook.modify(event.withContent(content))),
          Effect.catch(({ message }) => Effect.succeed(Hook.block(`a media file could not be re-hosted: ${message}`)))
        )
  })
})

/**
 * Registers {@link hook} for the life of the layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options?: HookOptions
): Layer.Layer<never, never, RoomKit | MediaFetcher | MediaStore> =>
  Layer.effectDiscard(Effect.gen(function*() {
    const kit = yield* RoomKit
    yield* kit.hook(yield* hook(options))
  }))
