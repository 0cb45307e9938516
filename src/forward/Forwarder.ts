/**
 * Forwards events to applications: every inbound message, every change of a
 * delivery, and every opt-out and opt-in, posted as signed JSON.
 *
 * Events are read from the log in its order and queued for each endpoint. They
 * are posted at least once, in order within a room, and again on a schedule for
 * three days when an endpoint does not take them; then the event is a dead
 * letter. An endpoint that took nothing for five days is paused. Its events wait
 * in their order until an operator resumes it.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as CryptoError from "effect/crypto/CryptoError"
import type * as Mac from "effect/crypto/Mac"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Hash from "effect/Hash"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Effects from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Content from "../Content.ts"
import { type Entry as LogEntry, EventLog } from "../events/EventLog.ts"
import { personOf } from "../internal/person.ts"
import { GuardedClient } from "../media/GuardedClient.ts"
import { Postponed } from "../queue/internal/postponed.ts"
import type { Entry, Filter as QueueFilter } from "../queue/Queue.ts"
import * as QueueProcessor from "../queue/QueueProcessor.ts"
import { GiveUp, TryAgain } from "../queue/TryAgain.ts"
import { RoomKit } from "../rooms/RoomKit.ts"
import { SmsError } from "../SmsError.ts"
import type { StorageError } from "../StorageError.ts"
import type { Endpoint } from "./Endpoint.ts"
import { type EndpointState, Forward, ForwardStore, lanesOf } from "./ForwardStore.ts"
import * as Metrics from "./internal/metrics.ts"
import { type NotTaken, post } from "./internal/post.ts"
import * as Schedule from "./internal/schedule.ts"
import { type Answer, kinds, notificationOf } from "./Notification.ts"
import { signer } from "./Signature.ts"

/**
 * Options of the forwarder.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  readonly endpoints: ReadonlyArray<Endpoint>
  /** How long an endpoint may take to answer. 15 seconds by default. */
  readonly timeout?: Duration.Input | undefined
  /**
   * The delays between attempts; each varies by a tenth. A failure after the last
   * delay makes the event a dead letter. By default 5 and 30 seconds, 2, 10 and 30
   * minutes, 1, 2, 4, 6 and 10 hours, and four times 12 hours: three days in all.
   */
  readonly waits?: ReadonlyArray<Duration.Input> | undefined
  /** How long an endpoint may fail before it is paused. 5 days by default. */
  readonly pauseAfter?: Duration.Input | undefined
  /** The maximum number of rooms that are forwarded concurrently. 64 by default. */
  readonly concurrency?: number | undefined
  /** How long shutdown waits for running requests. 5 seconds by default. */
  readonly shutdownTimeout?: Duration.Input | undefined
}

/**
 * An endpoint and its state.
 *
 * @category models
 * @since 0.1.0
 */
export interface EndpointView extends EndpointState {
  readonly name: string
}

/**
 * The members of {@link Forwarder}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  readonly endpoints: Effect.Effect<ReadonlyArray<EndpointView>, StorageError>
  /**
   * Ends the pause of an endpoint, posts its dead letters again and what waits for
   * its next attempt at once, and returns how many dead letters those are.
   * `undefined` for an unknown endpoint.
   */
  readonly resume: (endpoint: string) => Effect.Effect<number | undefined, StorageError>
  /**
   * Posts an event again, whether it was taken or is a dead letter: by its id in
   * the queue to that endpoint, or by its `webhook-id` to all. `false` for an
   * unknown id.
   */
  readonly replay: (id: string) => Effect.Effect<boolean, StorageError>
  /** Posts the events of a span of time again, and returns how many. */
  readonly replaySpan: (span: {
    readonly since: DateTime.Utc
    readonly until: DateTime.Utc
    /** Only to this endpoint. */
    readonly endpoint?: string | undefined
  }) => Effect.Effect<number, StorageError>
  /** Lists what is to be forwarded, was, or could not be, the latest first. */
  readonly list: (
    options: Omit<Parameters<ForwardStore["Service"]["queue"]["list"]>[0], "filter"> & {
      readonly filter?: Filter | undefined
    }
  ) => ReturnType<ForwardStore["Service"]["queue"]["list"]>
}

/**
 * Restricts a list of forwarded events. An absent field matches everything.
 *
 * @category models
 * @since 0.1.0
 */
export interface Filter extends Pick<QueueFilter, "kind" | "since" | "until"> {
  /** Only those to this endpoint. */
  readonly endpoint?: string | undefined
}

/**
 * The service that forwards events.
 *
 * @category services
 * @since 0.1.0
 */
export class Forwarder extends Context.Service<Forwarder, Service>()("effect-sms/forward/Forwarder") {}

const pageSize = 100

const filter = { kinds } as const

/** How long an event waits until the server looks again whether its endpoint is paused, or configured. */
const postponed = new Postponed({ delay: Duration.minutes(5) })

/** The interval between measurements. */
const measureInterval = "15 seconds"

/** Builds the error whose name the operator reads as the last error of a dead letter. */
const because = (name: string, message: string): Error => Object.assign(new Error(message), { name })

/** The lanes of what people said about consent: so few that a lane says nothing about whose it is. */
const consentLanes = 64

/** What is in order: a room, the delivery of a message without one, or what a person said about consent. */
const sequenceOf = ({ event, id, roomId }: LogEntry): string => {
  if (roomId !== undefined) return roomId
  switch (event._tag) {
    case "DeliveryChanged":
      return JSON.stringify([event.provider, event.messageId])
    case "ConsentChanged":
      return `consent ${(Hash.string(personOf(event.person)) >>> 0) % consentLanes}`
    default:
      return id
  }
}

const contentOf = ({ reply }: Answer): Content.Content | undefined => {
  if (reply === undefined) return undefined
  const { media = [], text = "" } = reply
  if (text === "" && media.length === 0) return undefined
  return Content.fromParts(
    text,
    media.map((file) => new Content.MediaContent(typeof file === "string" ? { url: file } : file))
  )
}

/**
 * Starts forwarding until the scope closes.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<
  Service,
  CryptoError.CryptoError | StorageError,
  EventLog | ForwardStore | GuardedClient | Mac.Mac | RoomKit | SecureRandom.SecureRandom | Scope.Scope
> {
  const log = yield* EventLog
  const store = yield* ForwardStore
  const client = yield* GuardedClient
  const kit = yield* RoomKit
  const random = yield* SecureRandom.SecureRandom
  const timeout = Duration.fromInputUnsafe(options.timeout ?? "15 seconds")
  const waits = options.waits?.map((wait) => Duration.fromInputUnsafe(wait)) ?? Schedule.waits
  const pauseAfter = Duration.fromInputUnsafe(options.pauseAfter ?? "5 days")
  /** How long an event is tried. */
  const patience = waits.reduce(Duration.sum, Duration.zero)
  const posts = new Map<string, Omit<Parameters<typeof post>[0], "client" | "timeout">>()
  for (const endpoint of options.endpoints) {
    posts.set(endpoint.name, { endpoint, sign: yield* signer(endpoint.secrets) })
  }
  const resumed = new Map(options.endpoints.map(({ name }) => [name, Latch.makeUnsafe()]))

  /**
   * Sends the person what an application answered, once for each event: the room
   * knows the key. A reply that the carrier refuses for now is sent when the event
   * is posted again.
   */
  const answer = Effect.fnUntraced(function*(
    entry: LogEntry,
    { event: { eventId }, failures }: Entry<Forward>,
    given: Answer
  ) {
    const content = contentOf(given)
    if (content === undefined || entry.event._tag !== "MessageReceived" || entry.event.blocked !== undefined) return
    const key = JSON.stringify(["forward", eventId])
    const post = kit.post(entry.event.roomId, {
      channelId: "application",
      channelType: "other",
      content,
      author: "machine",
      key,
      isPatient: true
    })
    yield* Effect.catchTags(Effect.asVoid(post), {
      RoomNotFound: () => Effect.logWarning("The room of an answer is gone, and the answer with it"),
      Unfinished: Effect.fnUntraced(function*({ cause }) {
        const reason = cause instanceof SmsError ? cause.reason : undefined
        const asked = reason !== undefined && "retryAfter" in reason ? reason.retryAfter : undefined
        const why = because(reason?._tag ?? "Unfinished", "The reply could not be sent yet")
        const after = yield* Schedule.waitAfter(waits, failures, asked)
        return yield* after === undefined ? new GiveUp({ cause: why }) : new TryAgain({ after, cause: why })
      })
    })
  })

  const pause = (endpoint: string, why: string) =>
    Effect.andThen(
      store.pause(endpoint),
      Effect.annotateLogs(Effect.logError(`Forwarding is paused: ${why}`), { endpoint })
    )

  /** Records a failure, and fails with what becomes of the entry. */
  const failed = Effect.fnUntraced(function*(
    { event: { endpoint }, failures }: Entry<Forward>,
    error: NotTaken
  ) {
    const cause = because(error.kind, error.message)
    const since = yield* store.failed(endpoint)
    const now = yield* DateTime.now
    if (Duration.isGreaterThanOrEqualTo(DateTime.distance(since, now), pauseAfter)) {
      yield* pause(endpoint, "the endpoint took nothing for too long")
      return yield* postponed
    }
    const after = yield* Schedule.waitAfter(waits, failures, error.retryAfter)
    return yield* after === undefined ? new GiveUp({ cause }) : new TryAgain({ after, cause })
  })

  const forward = Effect.fnUntraced(function*(queued: Entry<Forward>) {
    const { acceptedAt, event } = queued
    const target = posts.get(event.endpoint)
    if (target === undefined) {
      // Another server may have it, as while the variables change from one server to the next.
      const age = DateTime.distance(acceptedAt, yield* DateTime.now)
      if (Duration.isLessThan(age, patience)) return yield* postponed
      return yield* new GiveUp({ cause: because("NoSuchEndpoint", "The endpoint is not configured any more") })
    }
    const state = yield* store.get(event.endpoint)
    if (state?.pausedAt !== undefined) return yield* postponed
    const entry = yield* log.get(event.eventId)
    const notification = entry && notificationOf(entry)
    // The person was forgotten, or the history is no longer kept.
    if (entry === undefined || notification === undefined) return
    const taken = yield* post({ ...target, client, timeout }, entry.id, notification).pipe(
      Effect.catchTags({
        Gone: () => Effect.andThen(pause(event.endpoint, "the endpoint answered 410"), Effect.fail(postponed)),
        NotTaken: (error) => failed(queued, error)
      })
    )
    if (state?.failingSince !== undefined) yield* store.succeeded(event.endpoint)
    yield* answer(entry, queued, taken)
  })

  const processor = yield* QueueProcessor.make({
    name: "forwards",
    queue: store.queue,
    kindOf: ({ kind }: Forward) => kind,
    process: forward
  }, {
    waits,
    concurrency: options.concurrency,
    shutdownTimeout: options.shutdownTimeout
  })

  const queuedOf = (endpoint: string, entry: LogEntry, replay?: string): Forward =>
    new Forward({
      endpoint,
      eventId: entry.id,
      kind: entry.kind,
      sequence: sequenceOf(entry),
      ...(replay !== undefined && { replay })
    })

  /** Waits while the endpoint is paused. Another server may resume it. */
  const untilResumed = Effect.fnUntraced(function*(endpoint: string) {
    const latch = resumed.get(endpoint)!
    while ((yield* store.get(endpoint))?.pausedAt !== undefined) {
      yield* latch.close
      yield* Effect.raceFirst(latch.await, Effect.sleep("10 seconds"))
    }
  })

  /** Queues what the log has for an endpoint, as it comes. */
  const feed = Effect.fnUntraced(function*({ name }: Endpoint) {
    const { position } = yield* store.open(name, yield* log.head)
    yield* Effect.logInfo(`Forwarding to ${name}`)
    yield* Stream.runForEach(log.pages({ after: position, filter }), ({ entries, position }) =>
      Effect.gen(function*() {
        yield* untilResumed(name)
        if (entries.length > 0) yield* processor.accept(entries.map((entry) => queuedOf(name, entry)))
        yield* store.advance(name, position)
      }))
  })

  yield* Effect.forEach(options.endpoints, (endpoint) =>
    Effect.forkScoped(
      feed(endpoint).pipe(
        Effect.tapError((error) =>
          Effect.annotateLogs(Effect.logError("Forwarding cannot read the log and tries again", error), {
            endpoint: endpoint.name
          })
        ),
        Effect.retry({ schedule: Schedule.reading })
      )
    ), { discard: true })

  yield* Effect.forEach(options.endpoints, (endpoint, index) =>
    // A failure to measure is not worth a line of its own: whatever else uses the database says so.
    Effect.forkScoped(Effect.repeat(
      Effect.ignore(Metrics.measure(store, endpoint, index + 1)),
      Effects.spaced(measureInterval)
    )), { discard: true })

  /** Makes the dead letters of an endpoint pending, the oldest first, so that each room keeps its order. */
  const replayDead = Effect.fnUntraced(function*(endpoint: string) {
    const ids: Array<string> = []
    for (let before: number | undefined;;) {
      const page = yield* store.queue.list({
        state: "dead",
        limit: pageSize,
        before,
        filter: { lanes: lanesOf(endpoint) }
      })
      ids.push(...page.map(({ id }) => id))
      before = page.at(-1)?.position
      if (before === undefined) break
    }
    yield* Effect.forEach(ids.toReversed(), store.queue.replay, { discard: true })
    return ids.length
  })

  const replay: Service["replay"] = Effect.fnUntraced(function*(id) {
    if (yield* store.queue.replay(id)) {
      yield* processor.wake
      return true
    }
    const entry = yield* log.get(id)
    if (entry === undefined || notificationOf(entry) === undefined) return false
    const again = yield* random.ulid
    yield* processor.accept(options.endpoints.map(({ name }) => queuedOf(name, entry, again)))
    return true
  })

  const replaySpan: Service["replaySpan"] = Effect.fnUntraced(function*({ endpoint, since, until }) {
    const targets = options.endpoints.map(({ name }) => name).filter((name) =>
      endpoint === undefined || name === endpoint
    )
    const replay = yield* random.ulid
    let count = 0
    let after = 0
    while (true) {
      const page = yield* log.read({ after, limit: pageSize, filter: { ...filter, since, until } })
      const entries = targets.flatMap((name) => page.entries.map((entry) => queuedOf(name, entry, replay)))
      if (entries.length > 0) yield* processor.accept(entries)
      count += entries.length
      if (page.entries.length < pageSize) return count
      after = page.position
    }
  })

  return Forwarder.of({
    endpoints: Effect.forEach(
      options.endpoints,
      ({ name }) => Effect.map(store.get(name), (state) => ({ name, ...(state ?? { position: 0 }) }))
    ),
    resume: Effect.fnUntraced(function*(endpoint) {
      const latch = resumed.get(endpoint)
      if (latch === undefined) return undefined
      // First, because those of a paused endpoint wait: what is newer must not overtake them.
      const replayed = yield* replayDead(endpoint)
      yield* store.resume(endpoint)
      yield* store.queue.hasten(lanesOf(endpoint))
      yield* processor.wake
      yield* latch.open
      return replayed
    }),
    replay,
    replaySpan,
    list: ({ filter: { endpoint, ...filter } = {}, ...options }) =>
      store.queue.list({
        ...options,
        filter: { ...filter, lanes: endpoint === undefined ? undefined : lanesOf(endpoint) }
      })
  })
})

/**
 * Provides the forwarder, which runs for the lifetime of the layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options) => Layer.effect(Forwarder, make(options))
