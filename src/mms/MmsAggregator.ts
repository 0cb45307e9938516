/**
 * Makes one message of the parts of a split MMS.
 *
 * VoiceMeUp sends an MMS as several webhooks: a wrapper, which has the text,
 * and one for each file. The aggregator keeps the wrapper until its file comes,
 * or until its time is over. Nothing is lost: what comes too late comes out on
 * its own and says what it belongs to, and a text whose file never comes is
 * delivered as text.
 *
 * `RoomKit` makes an aggregator in memory by itself, and uses another one that
 * is provided below it. What belongs together is decided in `MmsWindow`, for
 * every aggregator alike.
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
 * The state of the aggregator could not be read or written. The part may not
 * be stored: the webhook must not be acknowledged, so that the carrier repeats
 * it. An aggregator in memory never fails.
 *
 * @category errors
 * @since 0.1.0
 */
export class MmsAggregatorError extends Schema.TaggedError<MmsAggregatorError>()("MmsAggregatorError", {
  cause: Schema.Defect()
}) {
  override get message(): string {
    return "The store of split messages failed"
  }
}

/**
 * What became of a part.
 *
 * - `Due`: a message came out; `value` is what was made of it
 * - `Buffered`: it is kept, and waits for other parts
 * - `Repeated`: it came before, and nothing is to be done
 * - `Empty`: it says nothing: the wrapper of media that came out before
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
   * Takes a part, and gives the message that comes out because of it: none
   * while it waits, and for a repeated part. Whoever calls has the message from
   * then on. The part is stored when this returns.
   */
  readonly offer: (part: MessagePart) => Effect.Effect<Option.Option<InboundMessage>, MmsAggregatorError>
  /**
   * As {@link offer}, for a caller that can fail or be killed: a message that
   * comes out counts as handled when `handle` succeeded. If it fails or is
   * interrupted, its error is the answer and the message is delivered in the
   * background, like one that comes out by time. If the process dies, an
   * aggregator that outlives it delivers the message again. So `handle` can see
   * a message twice, with the same idempotency key.
   *
   * The part is stored before `handle` is called, and when this returns.
   */
  readonly process: <A, E, R>(
    part: MessagePart,
    handle: (message: InboundMessage) => Effect.Effect<A, E, R>
  ) => Effect.Effect<Outcome<A>, E | MmsAggregatorError, R>
  /**
   * Registers who handles the messages that come out by time, until the scope
   * closes. Of several, the last one that is registered gets them. A failure is
   * logged and tried again. Before the last handler leaves, it gets what would
   * be lost with this process.
   */
  readonly onDue: <E, R>(
    handler: (message: InboundMessage) => Effect.Effect<unknown, E, R>
  ) => Effect.Effect<void, never, R | Scope.Scope>
  /**
   * The messages that nobody handled, the latest 1,000 of them, each once:
   * there was no handler, which is warned of, or no attempt succeeded, which is
   * an error in the log. None where they are kept in a store for another time.
   */
  readonly orphans: Stream.Stream<InboundMessage>
  /**
   * Lets out everything that would be lost with this process, and waits until
   * it is handled, for the shutdown timeout at most. For the end of a server,
   * while hooks and channels are still there. An aggregator whose state outlives
   * the process has nothing to let out. It waits for what is being handled, and
   * leaves what comes out by time to others from then on.
   */
  readonly drain: Effect.Effect<void>
}

/**
 * The aggregator.
 *
 * @category services
 * @since 0.1.0
 */
export class MmsAggregator extends Context.Service<MmsAggregator, Service>()("effect-sms/MmsAggregator") {}

/**
 * Options that every aggregator has.
 *
 * @category models
 * @since 0.1.0
 */
export type Options<E = unknown, R = never> = {
  /** How long a wrapper waits for its media, and a message for all of its parts. 5 seconds by default. */
  readonly timeout?: Duration.Input | undefined
  /**
   * How long a message waits for more media after each file, within `timeout`.
   * 0 by default: the first file completes it, and the next ones come out on
   * their own, marked as late.
   */
  readonly quietTime?: Duration.Input | undefined
  /**
   * How long media wait for a wrapper that may come after them. 0 by default:
   * they come out at once, because a picture that comes without a wrapper is a
   * message of its own. A text that comes later comes out at once too, marked
   * as late.
   */
  readonly reorderWindow?: Duration.Input | undefined
  /** How long late and repeated parts are recognized. 10 minutes by default. */
  readonly rememberFor?: Duration.Input | undefined
  /**
   * Handles the messages that come out by time, in the place of `RoomKit` or
   * another registered handler. A failure is logged and tried again.
   */
  readonly onTimeout?: ((message: InboundMessage) => Effect.Effect<unknown, E, R>) | undefined
  /**
   * When a handler that failed is tried again. By default after a second,
   * doubling up to a minute, ten times.
   */
  readonly retry?: Schedule.Schedule<unknown> | undefined
  /** How long the end of the aggregator, and {@link Service.drain}, wait for handlers. 5 seconds by default. */
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
   * Messages that may wait at a time, and as many whose handler failed. 10,000
   * by default. Beyond that the oldest comes out with what it has, so that a
   * flood cannot grow memory.
   */
  readonly maxPending?: number | undefined
  /** Correlation keys of which late and repeated parts are recognized. 10,000 by default, the latest. */
  readonly maxRemembered?: number | undefined
}

/** A part that lacks what it is correlated by: it belongs to nothing, and passes alone. */
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
 * An aggregator that keeps everything in memory. For one process: what waits
 * when the process is killed is lost, and so is a message whose parts come to
 * different processes. The end of the scope lets out what is pending.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeMemory = Effect.fnUntraced(function*<E = never, R = never>(
  options: MemoryOptions<E, R> = {}
): Effect.fn.Return<Service, never, R | Scope.Scope> {
  const settings = MmsWindow.settings(options)
  const maxPending = Math.max(1, options.maxPending ?? 10_000)
  const services = yield* Effect.context<R>()
  const { onTimeout } = options
  // Changed in place, and only within the one step that `Ref.modify` is: a
  // copy would make a part cost more the more is pending.
  const state = yield* Ref.make(
    Memory.make({ settings, maxPending, maxRemembered: Math.max(0, options.maxRemembered ?? 10_000) })
  )
  let closed = false

  const deliveries: Deliveries.Deliveries = yield* Deliveries.make({
    onTimeout: onTimeout && ((message) => Effect.provideContext(onTimeout(message), services)),
    retry: options.retry,
    shutdownTimeout: options.shutdownTimeout ?? "5 seconds",
    capacity: maxPending,
    beforeLeaving: Effect.suspend(() => drain)
  })

  const timers = yield* Memory.makeTimers((window, closesAt) =>
    change(window.key, new MmsWindow.Elapsed({ window: window.id, closesAt }))
  )

  const deliveryOf = (key: Memory.Key, due: MmsWindow.Due): Deliveries.Delivery => ({
    message: due.message,
    handled: Effect.asVoid(change(key, new MmsWindow.Handled({ due: due.id })))
  })

  /** One input: the state, then the timers, then what came out by time. Gives what answers a part that came. */
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
      Effect.logWarning("Too many split messages are pending: the oldest comes out with the parts that it has"),
      { provider }
    )

  const flush = Effect.gen(function*() {
    const memory = yield* Ref.get(state)
    for (let window = memory.oldest(); window !== undefined; window = memory.oldest()) {
      yield* change(window.key, new MmsWindow.Closed({ window: window.id, cause: "flushed" }))
    }
  })

  const drain: Effect.Effect<void> = Effect.andThen(flush, deliveries.drain)

  // Runs before that of the deliveries, which waits for the handlers.
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
          // Nobody would close the window any more.
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
 * An aggregator that keeps everything in memory: see {@link makeMemory}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = <E = never, R = never>(
  options?: MemoryOptions<E, R>
): Layer.Layer<MmsAggregator, never, Exclude<R, Scope.Scope>> => Layer.effect(MmsAggregator, makeMemory(options))
