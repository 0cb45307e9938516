/**
 * Ends conversations of machines: two bots that answer each other all night, a
 * bot that answers absence notes, channels of one room that answer each other.
 *
 * The guard is a hook of the kit. It counts the answers of machines in each
 * room: what a channel or hook posts while it handles an event, and any other
 * message that is not marked as a person's. Too many in a window, or the same
 * text again and again, hold the room: answers of machines are blocked, at first
 * for as long as the window and then for twice as long each time, up to a day. A
 * blocked answer stays in the history of the room, with the reason, and the kit
 * tells of it with `EventBlocked`.
 *
 * A message of a person lifts the hold: one that is posted as a person's, or one
 * from outside that no machine seems to have written, because it has other words
 * than those before, and did not come within seconds of an answer.
 *
 * Servers whose `GuardStore` is a database count together. Without a store in the
 * context, and while it fails, each process counts for itself.
 *
 * **Example** (A kit with the guard)
 *
 * ```ts
 * import { Layer } from "effect"
 * import { LoopGuard, RoomKit } from "effect-sms"
 *
 * export const Kit = LoopGuard.layer({ maxAnswers: 10, window: "5 minutes" }).pipe(Layer.provideMerge(RoomKit.layer()))
 * ```
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Content from "../Content.ts"
import type { RoomEvent } from "../RoomEvent.ts"
import * as Hook from "../rooms/Hook.ts"
import { RoomKit } from "../rooms/RoomKit.ts"
import * as GuardStore from "./GuardStore.ts"
import * as Keys from "./internal/keys.ts"
import * as Loops from "./internal/loops.ts"

/**
 * Options of the guard.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /** How many answers of machines a room may have in a window. 30 by default. */
  readonly maxAnswers?: number | undefined
  /** The length of the window, and of the first hold. 10 minutes by default. */
  readonly window?: Duration.Input | undefined
  /** The longest hold. 1 day by default. */
  readonly maxHold?: Duration.Input | undefined
  /** How often in a row the same text may come and be answered. 3 by default. */
  readonly maxRepeats?: number | undefined
  /** How soon after an answer a message may be a machine's. 20 seconds by default. */
  readonly pause?: Duration.Input | undefined
  /**
   * The maximum number of rooms that are watched in memory; the one without news
   * the longest is dropped. 10,000 by default.
   */
  readonly maxRooms?: number | undefined
}

/** The name of the hook, in logs and in the reason of a blocked message. */
const name = "loop guard"

/** Runs after other hooks: what they block is no answer. */
const priority = 1000

/** A store needs the end of a hold. */
const longestHold = Duration.toMillis(Duration.days(365))

const inputOf = ({ content, id, source }: RoomEvent): Loops.Input => {
  if (source.direction !== "outbound") return { _tag: "Text", id, text: Content.text(content) }
  return { _tag: source.author === "person" ? "Person" : "Answer" }
}

/**
 * Makes the hook. It counts in the `GuardStore` of the context, if there is one.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options = {}
): Effect.fn.Return<Hook.BeforeBroadcast<never>> {
  const millis = (input: Duration.Input) => Duration.toMillis(Duration.fromInputUnsafe(input))
  const { maxAnswers = 30, maxRepeats = 3, maxRooms = 10_000 } = options
  const settings: Loops.Settings = {
    maxAnswers,
    maxRepeats,
    window: millis(options.window ?? "10 minutes"),
    maxHold: Math.min(millis(options.maxHold ?? "1 day"), longestHold),
    pause: millis(options.pause ?? "20 seconds")
  }
  const own = yield* GuardStore.makeMemory({ capacity: maxRooms })
  const store = Option.getOrElse(yield* Effect.serviceOption(GuardStore.GuardStore), () => own)

  const stepIn = ({ modify }: GuardStore.Service, event: RoomEvent) => {
    const { roomId } = event
    return modify(Keys.loopPrefix, Loops.Watched)([roomId], (states, now) => {
      const [answer, kept] = Loops.step(states.get(roomId), now, inputOf(event), settings)
      return { answer, changes: new Map([[roomId, kept]]) }
    })
  }

  return Hook.beforeBroadcast({
    name,
    priority,
    run: Effect.fnUntraced(function*(event) {
      const log = (line: Effect.Effect<void>, fields = {}) =>
        Effect.annotateLogs(line, { room: event.roomId, ...fields })
      const result = yield* Effect.catch(
        stepIn(store, event),
        () =>
          Effect.andThen(
            log(Effect.logWarning("The store of the loop guard failed; this process counts for itself")),
            Effect.orDie(stepIn(own, event))
          )
      )
      if (result._tag === "Allowed") {
        if (result.isLifted) yield* log(Effect.logInfo("A person writes: automatic answers go on"))
        return Hook.allow
      }
      const { heldFor, why } = result
      if (heldFor !== undefined) {
        yield* log(Effect.logWarning(`Loop detected: ${why}`), { heldFor: Duration.format(Duration.millis(heldFor)) })
      }
      return Hook.block(why)
    })
  })
})

/**
 * Registers the guard for the lifetime of the layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<never, never, RoomKit> =>
  Layer.effectDiscard(
    Effect.gen(function*() {
      const { hook } = yield* RoomKit
      yield* hook(yield* make(options))
    })
  )
