/**
 * Reassembles split MMS messages.
 *
 * VoiceMeUp delivers an MMS as several webhooks: a wrapper, which holds the
 * text, and one per file. The aggregator buffers the wrapper until its file
 * arrives or a timeout elapses. Nothing is lost: a late part is released as a
 * message of its own that names the message it belongs to, and a text whose
 * file never arrives is released as text.
 *
 * `RoomKit` builds an in-memory aggregator by default, and uses the one in its
 * context if there is one. `MmsWindow` contains the rules for which parts
 * belong together; all aggregators share them.
 *
 * **Example** (Waiting longer for files)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { MmsAggregator, RoomKit } from "effect-sms"
 *
 * export const Kit = RoomKit.layer().pipe(
 *   Layer.provide(MmsAggregator.layerMemory({ timeout: "10 seconds", quietTime: "1 second" }))
 * )
 * ```
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import { isEmpty } from "../Content.ts"
import type { InboundMessage } from "../Message.ts"
import type { MessagePart } from "../WebhookEvent.ts"
import * as Deliveries from "./internal/deliveries.ts"
import * as Memory from "./internal/memory.ts"
import * as Metrics from "./internal/metrics.ts"
import * as MmsWindow from "./internal/window.ts"

/**
 * The state of the aggregator could not be read or written, and the part may
 * not be stored. Do not acknowledge the webhook, so that the carrier redelivers
 * it. An in-memory aggregator never fails.
 *
 * @category errors
 * @since 0.1.0
 */
export class MmsAggregatorError extends Schema.TaggedError<MmsAggregatorError>()("MmsAggregatorError", {
  cause: Schema.Defect()
}) {
  override get message(): string {
    return "The MMS store failed"
  }
}

/**
 * The result of processing a part.
 *
 * - `Due`: a message was released; `value` is the result of handling it
 * - `Buffered`: the part is stored and waits for other parts
 * - `Repeated`: the part is a duplicate and was ignored
 * - `Empty`: the part has no content: it is the wrapper of media that were
 *   already released
 *
 * @category models
 * @since 0.1.0
 */
export type Outcome<A> =
  | { readonly _tag: "Due"; readonly value: A }
  | { readonly _tag: "Buffered" }
  | { readonly _tag: "Repeated" }
  | { readonly _tag: "Empty" }

/**
 * The members of {@link MmsAggregator}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /**
   * Stores a part and returns the message that it releases, or `None` while the
   * part waits or when it is a duplicate. The caller is responsible for the
   * message from then on.
   */
  readonly offer: (part: MessagePart) => Effect.Effect<Option.Option<InboundMessage>, MmsAggregatorError>
  /**
   * Like {@link offer}, for a caller that may fail or crash: a released message
   * counts as handled once `handle` succeeds. If `handle` fails or is
   * interrupted, its error is returned and the message is delivered in the
   * background, like one released by timeout. If the process crashes, an
   * aggregator with persistent state delivers the message again. `handle` can
   * therefore see a message twice, with the same idempotency key.
   *
   * The part is stored before `handle` runs, and when this returns.
   */
  readonly process: <A, E, R>(
    part: MessagePart,
    handle: (message: InboundMessage) => Effect.Effect<A, E, R>
  ) => Effect.Effect<Outcome<A>, E | MmsAggregatorError, R>
  /**
   * Registers the handler for messages released by timeout, until the scope
   * closes. The most recently registered handler receives them. A failure is
   * logged and retried. Before the last handler is removed, it receives the
   * messages that would otherwise be lost with this process.
   */
  readonly onDue: <E, R>(
    handler: (message: InboundMessage) => Effect.Effect<unknown, E, R>
  ) => Effect.Effect<void, never, R | Scope.Scope>
  /**
   * Streams dead letters, keeping the latest 1,000 or 8 MiB: messages without a registered
   * handler (logged as a warning), and messages whose retries are exhausted
   * (logged as an error). Empty for aggregators that keep such messages in a
   * store for another attempt.
   */
  readonly orphans: Stream.Stream<InboundMessage>
  /**
   * Releases every message that would be lost with this process, and waits until
   * they are handled, for at most the shutdown timeout. Call it when a server
   * shuts down, while hooks and channels are still registered. An aggregator with
   * persistent state has nothing to release: it waits for running handlers, and
   * leaves later timeouts to other processes.
   */
  readonly drain: Effect.Effect<void>
}

/**
 * The service that reassembles split MMS messages.
 *
 * @category services
 * @since 0.1.0
 */
export class MmsAggregator extends Context.Service<MmsAggregator, Service>()("effect-sms/MmsAggregator") {}

/**
 * Options shared by all aggregators.
 *
 * @category models
 * @since 0.1.0
 */
export type Options<E = unknown, R = never> = {
  /** How long a wrapper waits for its media, and a message for all of its parts. 5 seconds by default. */
  readonly timeout?: Duration.Input | undefined
  /**
   * How long a message waits for more media after each file, within `timeout`. 0
   * by default: the first file completes the message, and later files are
   * released as messages of their own, marked as late.
   */
  readonly quietTime?: Duration.Input | undefined
  /**
   * How long media wait for a wrapper that arrives after them. 0 by default:
   * media without a wrapper are released immediately as a message of their own. A
   * wrapper that arrives later is also released immediately, marked as late.
   */
  readonly reorderWindow?: Duration.Input | undefined
  /** How long late and duplicate parts are recognized. 10 minutes by default. */
  readonly rememberFor?: Duration.Input | undefined
  /**
   * Handles the messages released by timeout, instead of `RoomKit` or another
   * registered handler. A failure is logged and retried.
   */
  readonly onTimeout?: ((message: InboundMessage) => Effect.Effect<unknown, E, R>) | undefined
  /**
   * The backoff of a failed handler. By default ten retries, after one second at
   * first, doubling up to one minute.
   */
  readonly retry?: Schedule.Schedule<unknown> | undefined
  /** How long shutting down and {@link Service.drain} wait for handlers. 5 seconds by default. */
  readonly shutdownTimeout?: Duration.Input | undefined
}

/**
 * Options of {@link layerMemory}.
 *
 * @category models
 * @since 0.1.0
 */
export type MemoryOptions<E = unknown, R = never> = Options<E, R> & {
  /**
   * The maximum number of pending messages, and separately of messages whose
   * handler failed. 10,000 by default. Beyond it the oldest is released
   * incomplete, which bounds memory under a flood.
   */
  readonly maxPending?: number | undefined
  /**
   * The maximum bytes of the parts of all pending messages, and separately of
   * messages whose handler failed, estimated. 32 MiB by default, with the same
   * effect.
   */
  readonly maxBytes?: number | undefined
  /** The maximum number of correlation keys kept to recognize late and duplicate parts. 10,000 by default. */
  readonly maxRemembered?: number | undefined
  /** The maximum bytes of those keys and of the ids of their parts, estimated. 16 MiB by default. */
  readonly maxRememberedBytes?: number | undefined
}

/** Releases a part without a correlation key: it belongs to no other part. */
const pass = <A, E, R>(
  { message, provider }: MessagePart,
  handle: (message: InboundMessage) => Effect.Effect<A, E, R>
): Effect.Effect<Outcome<A>, E, R> =>
  isEmpty(message.content)
    ? Effect.as(Metrics.count(provider, [{ _tag: "Empty" }]), { _tag: "Empty" })
    : Metrics.count(provider, [new MmsWindow.Due({ id: 0, cause: "alone", parts: 1, message })]).pipe(
      Effect.andThen(handle(message)),
      Effect.map((value) => ({ _tag: "Due", value }))
    )

/**
 * Builds an aggregator that keeps all state in memory, for a single process.
 * Pending messages are lost when the process is killed, and parts that arrive
 * at different processes are not reassembled. Closing the scope releases the
 * pending messages.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeMemory = Effect.fnUntraced(function*<E = never, R = never>(
  options: MemoryOptions<E, R> = {}
): Effect.fn.Return<Service, never, R | Scope.Scope> {
  const settings = MmsWindow.settings(options)
  const maxPending = Math.max(1, options.maxPending ?? 10_000)
  const maxBytes = options.maxBytes ?? 32 * 1024 * 1024
  const services = yield* Effect.context<R>()
  const { onTimeout } = options
  // Mutated in place, only inside the atomic `Ref.modify`: copying would make the
  // cost of a part grow with the number of pending messages.
  const state = yield* Ref.make(
    Memory.make({
      settings,
      maxPending,
      maxBytes,
      maxRemembered: Math.max(0, options.maxRemembered ?? 10_000),
      maxRememberedBytes: options.maxRememberedBytes ?? 16 * 1024 * 1024
    })
  )
  let closed = false

  const deliveries: Deliveries.Deliveries = yield* Deliveries.make({
    onTimeout: onTimeout && ((message) => Effect.provideContext(onTimeout(message), services)),
    retry: options.retry,
    shutdownTimeout: options.shutdownTimeout ?? "5 seconds",
    capacity: maxPending,
    maxBytes,
    beforeLeaving: Effect.suspend(() => drain)
  })

  const timers = yield* Memory.makeTimers((window, closesAt) =>
    change(window.key, new MmsWindow.Elapsed({ window: window.id, closesAt }))
  )

  const deliveryOf = (key: Memory.Key, due: MmsWindow.Due): Deliveries.Delivery => ({
    message: due.message,
    handled: Effect.asVoid(change(key, new MmsWindow.Handled({ due: due.id })))
  })

  /**
   * Applies one input: updates the state, sets the timers and delivers the
   * messages released by timeout. Returns the output for the part that arrived,
   * if any.
   */
  const change = (key: Memory.Key, input: MmsWindow.Input): Effect.Effect<MmsWindow.Output | undefined> =>
    Effect.uninterruptible(Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      const { outputs, ...windows } = yield* Ref.modify(state, (memory) => [memory.apply(key, input, now), memory])
      timers.set(windows)
      let answer: MmsWindow.Output | undefined
      for (const { key, output } of outputs) {
        yield* Metrics.count(key.provider, [output])
        if (output._tag !== "Due" || MmsWindow.answersPart(output)) answer = output
        else {
          if (output.cause === "evicted") yield* warnOfEviction(key)
          yield* deliveries.start(deliveryOf(key, output))
        }
      }
      for (const { key } of windows.opened) yield* Metrics.addPending(key.provider, 1)
      for (const { key } of windows.closed) yield* Metrics.addPending(key.provider, -1)
      return answer
    }))

  const warnOfEviction = ({ provider }: Memory.Key) =>
    Effect.annotateLogs(
      Effect.logWarning("Too many split messages are pending; evicting the oldest with the parts it has"),
      { provider }
    )

  const flush = Effect.gen(function*() {
    const memory = yield* Ref.get(state)
    for (let window = memory.oldest(); window !== undefined; window = memory.oldest()) {
      yield* change(window.key, new MmsWindow.Closed({ window: window.id, cause: "flushed" }))
    }
  })

  const drain: Effect.Effect<void> = Effect.andThen(flush, deliveries.drain)

  // Registered after the deliveries, so it runs before their finalizer, which waits for the handlers.
  yield* Effect.addFinalizer(() => {
    closed = true
    return flush
  })

  const process: Service["process"] = Effect.fn("MmsAggregator.process")(
    function*<A, E, R>(
      part: MessagePart,
      handle: (message: InboundMessage) => Effect.Effect<A, E, R>
    ): Effect.fn.Return<Outcome<A>, E, R> {
      const { correlationKey, provider } = part
      if (correlationKey === undefined) return yield* pass(part, handle)
      const key = Memory.keyOf(provider, correlationKey)
      return yield* Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*(): Effect.fn.Return<Outcome<A>, E, R> {
          const answer = (yield* change(key, new MmsWindow.Arrived({ part }))) ?? { _tag: "Repeated" as const }
          // After shutdown, nothing else would close the window.
          if (closed) yield* flush
          if (answer._tag !== "Due") return answer
          const handling = restore(Effect.suspend(() => handle(answer.message)))
          return { _tag: "Due" as const, value: yield* deliveries.hand(deliveryOf(key, answer), handling) }
        })
      )
    }
  )

  return MmsAggregator.of({
    offer: Deliveries.offering(process),
    process,
    onDue: deliveries.onDue,
    orphans: deliveries.orphans,
    drain
  })
})

/**
 * Provides an aggregator that keeps all state in memory: see {@link
 * makeMemory}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = <E = never, R = never>(
  options?: MemoryOptions<E, R>
): Layer.Layer<MmsAggregator, never, Exclude<R, Scope.Scope>> => Layer.effect(MmsAggregator, makeMemory(options))
