/**
 * Re-hosts the media files of messages: fetches them from the carrier, stores
 * them, and replaces the carrier's URLs with the store's.
 *
 * Carrier URLs expire, require credentials (Twilio), or turn away readers: the
 * `robots.txt` of VoiceMeUp blocks the crawlers of AI providers. {@link layer}
 * is a hook that re-hosts the files of received messages before any channel
 * sees them; {@link rehost} processes a single content.
 *
 * **Example** (Re-hosting the files of a content)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { type Content, MediaRehosting } from "effect-sms"
 *
 * export const rehosted = Effect.fnUntraced(function*(content: Content.Content) {
 *   return yield* MediaRehosting.rehost(content)
 * })
 * ```
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Schedule from "effect/Schedule"
import * as Content from "../Content.ts"
import * as SteadyClock from "../internal/steadyClock.ts"
import { TryAgain } from "../queue/TryAgain.ts"
import * as Hook from "../rooms/Hook.ts"
import { EarlierAttempts } from "../rooms/internal/attempt.ts"
import { RoomKit } from "../rooms/RoomKit.ts"
import { MediaError, TimedOut } from "./MediaError.ts"
import { MediaFetcher } from "./MediaFetcher.ts"
import { MediaStore } from "./MediaStore.ts"

/**
 * Options of {@link rehost}. The fetcher decides which hosts are allowed.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /**
   * How a message is handled when one of its files cannot be re-hosted.
   *
   * - `mark` (the default): the message passes. The file keeps the carrier's URL
   *   and is marked `unavailable` with the reason
   * - `pass`: the message passes. The file keeps the carrier's URL, unmarked
   * - `block`: the message is blocked, with the reason
   *
   * With `mark` and `pass`, the text and the other files always pass.
   */
  readonly onFailure?: "mark" | "pass" | "block" | undefined
  /** The maximum number of files of one message that are fetched concurrently. 4 by default. */
  readonly concurrency?: number | undefined
  /**
   * The maximum number of retries per file, for retryable errors. The backoff
   * starts at half a second and doubles each time. 4 by default.
   */
  readonly retries?: number | undefined
  /**
   * The timeout per message. 30 seconds by default. Attempts stop slightly
   * earlier, which leaves time to clean up.
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
  /** The priority of the hook: lower runs first. 0 by default. */
  readonly priority?: number | undefined
  /**
   * How often the inbox processes a message again, on its schedule, while a file
   * cannot be fetched for now, before `onFailure` decides. The next messages of
   * the conversation wait meanwhile. 4 by default: for about a minute, and the
   * time of the attempts. Without an inbox, `onFailure` decides at once.
   */
  readonly laterRetries?: number | undefined
  /** The channels whose messages are re-hosted, such as `["sms-voicemeup"]`. All by default. */
  readonly channelIds?: ReadonlyArray<string> | undefined
}

const files = Metric.counter("sms_media_total", {
  description: "Files to be re-hosted by outcome",
  incremental: true
})

const count = (outcome: string) => Metric.update(Metric.withAttributes(files, { outcome }), 1)

const timeLimit = (options: Options): Duration.Duration => Duration.fromInputUnsafe(options.timeout ?? "30 seconds")

/** Reserves time to close the connection and to remove a partially stored file. */
const budgetOf = (limit: Duration.Duration): number => {
  const millis = Duration.toMillis(limit)
  return Math.max(millis * 0.9, millis - 1000)
}

/** Returns only the host: the path and query may be the only protection of the file. */
const hostOf = (url: string): string => URL.parse(url)?.hostname ?? "unknown"

type Part = Content.Part

/** Adds jitter, so that messages that failed together are not retried together. */
const policy = Schedule.jittered(Schedule.exponential("500 millis"))

/**
 * Builds a function that re-hosts the files of a content. It fails with
 * `onFailure: "block"`, and with a retryable error if the message is processed
 * again later.
 */
const makeWith = Effect.fnUntraced(function*(
  options: Options,
  isRetriedLater: Effect.Effect<boolean>
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

  /** Retries until the deadline. Past the deadline, fails with the last error. */
  const moveBefore = Effect.fnUntraced(function*(file: Content.MediaContent, deadline: number) {
    let last = new MediaError({ reason: new TimedOut({ limit: "total" }) })
    const left = deadline - (yield* SteadyClock.millis)
    if (left <= 0) return yield* last
    const schedule = Schedule.while(
      policy,
      ({ duration }) => Effect.map(SteadyClock.millis, (now) => now + Duration.toMillis(duration) < deadline)
    )
    return yield* move(file).pipe(
      Effect.tapError((error) => Effect.sync(() => void (last = error))),
      Effect.retry({ schedule, times: retries, while: (error) => error.isRetryable }),
      Effect.timeoutOrElse({ duration: left, orElse: () => Effect.fail(last) })
    )
  })

  const failed = Effect.fnUntraced(function*(file: Content.MediaContent, error: MediaError) {
    const { message, reason } = error
    yield* count(reason._tag)
    yield* Effect.logWarning("Media re-hosting failed", { host: hostOf(file.url), reason: message })
    if (error.isRetryable && (yield* isRetriedLater)) return yield* error
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
    const deadline = (yield* SteadyClock.millis) + budget
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
 * Builds a function that re-hosts the files of a content. The function fails
 * only with `onFailure: "block"`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  options: Options = {}
): Effect.Effect<
  (content: Content.Content) => Effect.Effect<Content.Content, MediaError>,
  never,
  MediaFetcher | MediaStore
> => makeWith(options, Effect.succeed(false))

/**
 * Re-hosts the files of a content. Captions and the order of the parts are
 * kept, and `mimeType` is set to the detected type. Files on hosts that the
 * fetcher does not allow are left unchanged. Fails only with `onFailure:
 * "block"`.
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
 * Builds the hook that re-hosts the files of received messages. It runs before
 * the channels, for inbound events of `sms` and `mms` channels. It fails with
 * `TryAgain` when a file cannot be fetched for now: see `laterRetries`.
 *
 * **Example** (Re-hosting the files of one room)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { MediaRehosting, RoomKit } from "effect-sms"
 *
 * export const rehostIn = Effect.fnUntraced(function*(roomId: string) {
 *   const kit = yield* RoomKit.RoomKit
 *   yield* kit.hook({ ...(yield* MediaRehosting.hook()), roomId })
 * })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const hook = Effect.fnUntraced(function*(
  options: HookOptions = {}
): Effect.fn.Return<Hook.BeforeBroadcast<TryAgain>, never, MediaFetcher | MediaStore> {
  const { laterRetries = 4 } = options
  const isRetriedLater = Effect.map(EarlierAttempts, (attempts) => attempts !== undefined && attempts < laterRetries)
  const rehost = yield* makeWith(options, isRetriedLater)
  return Hook.beforeBroadcast({
    name: "rehost-media",
    channelTypes: ["sms", "mms"],
    directions: ["inbound"],
    channelIds: options.channelIds,
    priority: options.priority,
    timeout: timeLimit(options),
    // Covers defects and a store that exceeds the timeout. Typed failures are handled below.
    onFailure: options.onFailure === "block" ? "block" : "allow",
    run: (event) =>
      Content.media(event.content).length === 0
        ? allowed
        : rehost(event.content).pipe(
          Effect.map((content) => content === event.content ? Hook.allow : Hook.modify(event.withContent(content))),
          Effect.catch((error) =>
            Effect.flatMap(isRetriedLater, (isRetriedLater) =>
              error.isRetryable && isRetriedLater
                ? Effect.fail(new TryAgain({ cause: error }))
                : Effect.succeed(Hook.block(`media re-hosting failed: ${error.message}`)))
          )
        )
  })
})

/**
 * Registers {@link hook} for the lifetime of the layer.
 *
 * **Example** (Re-hosting what a kit receives)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { MediaRehosting, RoomKit } from "effect-sms"
 *
 * export const Kit = MediaRehosting.layer().pipe(Layer.provideMerge(RoomKit.layer()))
 * ```
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
