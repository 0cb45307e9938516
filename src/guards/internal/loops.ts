/**
 * What the loop guard knows about a room, as pure functions that every store
 * runs in one atomic step.
 *
 * A clock that is set back holds no room for longer than a hold may last.
 */
import * as Duration from "effect/Duration"
import * as Hash from "effect/Hash"
import * as Schema from "effect/Schema"
import type { Kept } from "../GuardStore.ts"
import { isAutomatic, plain } from "./autoResponders.ts"

/** The options, in milliseconds. */
export interface Settings {
  readonly maxAnswers: number
  readonly maxRepeats: number
  readonly window: number
  readonly maxHold: number
  readonly pause: number
}

/** What happens in a room: a person of ours writes, a machine answers, or a text comes from outside. */
export type Input =
  | { readonly _tag: "Person" }
  | { readonly _tag: "Answer" }
  | { readonly _tag: "Text"; readonly id: string; readonly text: string }

/** What becomes of it. `heldFor` is the length of a hold that begins, in milliseconds. */
export type Result =
  | { readonly _tag: "Allowed"; readonly isLifted: boolean }
  | { readonly _tag: "Blocked"; readonly why: string; readonly heldFor?: number | undefined }

export const Watched = Schema.Struct({
  /** When machines answered, within the window. */
  answers: Schema.Array(Schema.Finite),
  lastAnswer: Schema.optionalKey(Schema.Finite),
  lastHeard: Schema.Finite,
  /** Hashes of the latest texts from outside, the last one last: no store needs the texts. */
  texts: Schema.Array(Schema.Finite),
  /** How often in a row a known text was answered. */
  repeats: Schema.Finite,
  /** Whether the last message from outside is a machine's, by its words. */
  isMarked: Schema.Boolean,
  holds: Schema.Finite,
  heldUntil: Schema.Finite,
  why: Schema.String,
  /** The latest events from outside: one may be processed again. */
  seen: Schema.Array(Schema.String)
})

export type Watched = typeof Watched.Type

const fresh: Watched = {
  answers: [],
  lastHeard: 0,
  texts: [],
  repeats: 0,
  isMarked: false,
  holds: 0,
  heldUntil: 0,
  why: "",
  seen: []
}

/** How many texts of a room are compared. */
const remembered = 3

/** Returns the state as of a time, without anything that is in its future. */
const asOf = (state: Watched | undefined, now: number, { maxHold, window }: Settings): Watched => {
  if (state === undefined) return fresh
  const { lastAnswer } = state
  return {
    ...state,
    answers: state.answers.map((time) => Math.min(time, now)).filter((time) => time > now - window),
    lastHeard: Math.min(state.lastHeard, now),
    heldUntil: Math.min(state.heldUntil, now + Math.max(maxHold, window)),
    ...(lastAnswer !== undefined && { lastAnswer: Math.min(lastAnswer, now) })
  }
}

type Next = readonly [result: Result, state: Watched]

const lift = (room: Watched, now: number): Next => [
  { _tag: "Allowed", isLifted: now < room.heldUntil },
  { ...room, answers: [], repeats: 0, holds: 0, heldUntil: 0 }
]

const hear = (room: Watched, id: string, text: string, now: number, { pause, window }: Settings): Next => {
  const unchanged: Result = { _tag: "Allowed", isLifted: false }
  if (room.seen.includes(id)) return [unchanged, room]
  // After a while it is another conversation.
  const texts = now - room.lastHeard > window ? [] : room.texts
  const form = plain(text)
  const hash = Hash.string(form)
  const isRepeated = form !== "" && texts.includes(hash)
  const isMarked = isAutomatic(text)
  const heard: Watched = {
    ...room,
    seen: [...room.seen, id].slice(-remembered),
    lastHeard: now,
    isMarked,
    texts: [...texts, hash].slice(-remembered),
    repeats: isRepeated ? room.repeats + 1 : 0
  }
  const isPerson = !isMarked && !isRepeated && (room.lastAnswer === undefined || now - room.lastAnswer >= pause)
  return isPerson ? lift(heard, now) : [unchanged, heard]
}

const answer = (room: Watched, now: number, { maxAnswers, maxHold, maxRepeats, window }: Settings): Next => {
  const blocked = (why: string): Next => [{ _tag: "Blocked", why }, room]
  if (room.isMarked) return blocked("the message that it answers is that of an automatic responder")
  if (now < room.heldUntil) return blocked(room.why)
  const why = room.answers.length >= maxAnswers
    ? `more than ${maxAnswers} automatic answers in ${Duration.format(Duration.millis(window))}`
    : room.repeats >= maxRepeats
    ? `the same text came and was answered ${room.repeats} times`
    : undefined
  if (why === undefined) {
    return [{ _tag: "Allowed", isLifted: false }, { ...room, answers: [...room.answers, now], lastAnswer: now }]
  }
  // For twice as long as the last time.
  const heldFor = Math.min(window * 2 ** room.holds, maxHold)
  return [
    { _tag: "Blocked", why, heldFor },
    { ...room, answers: [], repeats: 0, holds: room.holds + 1, heldUntil: now + heldFor, why }
  ]
}

/** Returns what becomes of an input, and the state of the room after it. */
export const step = (
  state: Watched | undefined,
  now: number,
  input: Input,
  settings: Settings
): readonly [result: Result, kept: Kept<Watched>] => {
  const room = asOf(state, now, settings)
  const [result, next] = input._tag === "Answer"
    ? answer(room, now, settings)
    : input._tag === "Text"
    ? hear(room, input.id, input.text, now, settings)
    : lift({ ...room, isMarked: false }, now)
  // The holds of a room are remembered for as long as the longest one.
  const expiresAt = Math.max(now, next.heldUntil) + Math.max(settings.maxHold, settings.window)
  return [result, { state: next, expiresAt }]
}
