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
 * Each process counts for itself, so servers that share a database allow as many
 * times more.
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
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Content from "../Content.ts"
import type { RoomEvent } from "../RoomEvent.ts"
import * as Hook from "../rooms/Hook.ts"
import { RoomKit } from "../rooms/RoomKit.ts"
import { isAutomatic, plain } from "./internal/autoResponders.ts"

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
  /** The maximum number of rooms that are watched; the one without news the longest is dropped. 10,000 by default. */
  readonly maxRooms?: number | undefined
}

/** The name of the hook, in logs and in the reason of a blocked message. */
const name = "loop guard"

/** Runs after other hooks: what they block is no answer. */
const priority = 1000

/** How many texts of a room are compared. */
const remembered = 3

interface Watched {
  /** When machines answered, within the window. */
  answers: Array<number>
  lastAnswer: number
  lastHeard: number
  /** The latest texts from outside, the last one last. */
  texts: Array<string>
  /** How often in a row a known text was answered. */
  repeats: number
  /** Whether the last message from outside is a machine's, by its words. */
  isMarked: boolean
  holds: number
  heldUntil: number
  why: string
  /** The latest events from outside: one may be processed again. */
  seen: Array<string>
}

const fresh = (): Watched => ({
  answers: [],
  lastAnswer: -Infinity,
  lastHeard: -Infinity,
  texts: [],
  repeats: 0,
  isMarked: false,
  holds: 0,
  heldUntil: -Infinity,
  why: "",
  seen: []
})

/**
 * Makes the hook.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): Hook.BeforeBroadcast<never> => {
  const millis = (input: Duration.Input) => Duration.toMillis(Duration.fromInputUnsafe(input))
  const { maxAnswers = 30, maxRepeats = 3, maxRooms = 10_000 } = options
  const window = millis(options.window ?? "10 minutes")
  const maxHold = millis(options.maxHold ?? "1 day")
  const pause = millis(options.pause ?? "20 seconds")
  const rooms = new Map<string, Watched>()

  const watched = (roomId: string): Watched => {
    const room = rooms.get(roomId) ?? fresh()
    rooms.delete(roomId)
    rooms.set(roomId, room)
    if (rooms.size > maxRooms) rooms.delete(rooms.keys().next().value!)
    return room
  }

  const lift = (room: Watched, now: number) => {
    const wasHeld = now < room.heldUntil
    Object.assign(room, { answers: [], repeats: 0, holds: 0, heldUntil: -Infinity })
    return wasHeld
  }

  /** Holds the room, for twice as long as the last time. */
  const hold = (room: Watched, now: number, why: string) => {
    const length = Math.min(window * 2 ** room.holds, maxHold)
    Object.assign(room, { answers: [], repeats: 0, holds: room.holds + 1, heldUntil: now + length, why })
    return length
  }

  const hear = (room: Watched, event: RoomEvent, now: number): boolean => {
    if (room.seen.includes(event.id)) return false
    room.seen = [...room.seen, event.id].slice(-remembered)
    // After a while it is another conversation.
    if (now - room.lastHeard > window) room.texts = []
    room.lastHeard = now
    const text = Content.text(event.content)
    const form = plain(text)
    const isRepeated = form !== "" && room.texts.includes(form)
    room.isMarked = isAutomatic(text)
    room.texts = [...room.texts, form].slice(-remembered)
    room.repeats = isRepeated ? room.repeats + 1 : 0
    const isPerson = !room.isMarked && !isRepeated && now - room.lastAnswer >= pause
    return isPerson && lift(room, now)
  }

  /** Returns why an answer is blocked, and for how long the room is held from now on. */
  const flawOf = (room: Watched, now: number): { readonly why: string; readonly holds?: number } | undefined => {
    if (room.isMarked) return { why: "the message that it answers is that of an automatic responder" }
    if (now < room.heldUntil) return { why: room.why }
    room.answers = room.answers.filter((time) => time > now - window)
    const why = room.answers.length >= maxAnswers
      ? `more than ${maxAnswers} automatic answers in ${Duration.format(Duration.millis(window))}`
      : room.repeats >= maxRepeats
      ? `the same text came and was answered ${room.repeats} times`
      : undefined
    return why === undefined ? undefined : { why, holds: hold(room, now, why) }
  }

  const answer = Effect.fnUntraced(function*(room: Watched, roomId: string, now: number) {
    const flaw = flawOf(room, now)
    if (flaw === undefined) {
      room.answers.push(now)
      room.lastAnswer = now
      return Hook.allow
    }
    if (flaw.holds !== undefined) {
      yield* Effect.annotateLogs(Effect.logWarning(`Loop detected: ${flaw.why}`), {
        room: roomId,
        heldFor: Duration.format(Duration.millis(flaw.holds))
      })
    }
    return Hook.block(flaw.why)
  })

  return Hook.beforeBroadcast({
    name,
    priority,
    run: Effect.fnUntraced(function*(event) {
      const now = yield* Clock.currentTimeMillis
      const { roomId, source } = event
      const room = watched(roomId)
      if (source.direction === "outbound" && source.author !== "person") return yield* answer(room, roomId, now)
      const isLifted = source.direction === "outbound" ? lift(room, now) : hear(room, event, now)
      if (source.direction === "outbound") room.isMarked = false
      if (isLifted) {
        yield* Effect.annotateLogs(Effect.logInfo("A person writes: automatic answers go on"), { room: roomId })
      }
      return Hook.allow
    })
  })
}

/**
 * Registers the guard for the lifetime of the layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<never, never, RoomKit> =>
  Layer.effectDiscard(Effect.flatMap(RoomKit, (kit) => kit.hook(make(options))))
