/**
 * The rules that combine the parts of a split MMS into one message.
 *
 * This module is pure: {@link step} computes how a part, or a timeout, changes
 * the state of one correlation key. It uses no clock, timer or store, so the
 * same rules serve an in-memory aggregator and one with persistent state. The
 * state and the inputs are schemas and can be encoded as JSON.
 *
 * VoiceMeUp documents none of this. The payloads captured in the tests of
 * RoomKit show that a wrapper arrives first, that parts share their time of
 * sending, and that media may arrive without a wrapper
 * (https://github.com/roomkit-live/roomkit,
 * `tests/test_providers/test_voicemeup.py`). The rules also handle any other
 * order, number and delay of parts.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { isEmpty } from "../../Content.ts"
import { sizeOf } from "../../internal/sizeOf.ts"
import { unchecked } from "../../internal/unchecked.ts"
import { InboundMessage } from "../../Message.ts"
import { MessagePart, type Segment } from "../../WebhookEvent.ts"
import { idOf, merge, missingOf, partOf } from "./message.ts"
import type { Settings } from "./settings.ts"

export { missingKey, partOfKey, partsKey } from "./message.ts"
export { type Settings, settings } from "./settings.ts"

/**
 * A message that waits for more parts. It has at most one wrapper.
 *
 * @category models
 * @since 0.1.0
 */
export class Window extends Schema.Class<Window>("effect-sms/MmsWindow/Window")({
  /** Identifies the window within its key. */
  id: Schema.Int,
  /** The parts in order of arrival. */
  parts: Schema.NonEmptyArray(MessagePart),
  /** In epoch milliseconds, like all times in this module. */
  openedAt: Schema.Int,
  /** When the window closes and releases the parts that it has. */
  closesAt: Schema.Int
}) {}

/**
 * The reason why a message was released.
 *
 * - `complete`: all its parts have arrived
 * - `alone`: a part that no other part is expected for
 * - `late`: a part of a message that was released earlier
 * - `elapsed`: the window reached its timeout
 * - `evicted`: too many windows were open, or they had too many bytes
 * - `flushed`: the aggregator is shutting down
 *
 * The first three respond to the part that just arrived; the others do not.
 *
 * @category models
 * @since 0.1.0
 */
export const Cause = Schema.Literals(["complete", "alone", "late", "elapsed", "evicted", "flushed"])

/**
 * The type of {@link Cause}.
 *
 * @category models
 * @since 0.1.0
 */
export type Cause = typeof Cause.Type

/**
 * A released message. It stays in the state until it is handled, so that it can
 * be delivered again after a failure or a crash.
 *
 * @category models
 * @since 0.1.0
 */
export class Due extends Schema.TaggedClass<Due>()("Due", {
  /** Identifies the message within its key. */
  id: Schema.Int,
  cause: Cause,
  /** The number of parts it consists of. */
  parts: Schema.Int,
  message: InboundMessage
}) {}

/**
 * A record of a released message, which late parts are matched against.
 *
 * @category models
 * @since 0.1.0
 */
export class Sent extends Schema.Class<Sent>("effect-sms/MmsWindow/Sent")({
  /** The id of the message. */
  id: Schema.optionalKey(Schema.NonEmptyString),
  wrapper: Schema.Boolean,
  media: Schema.Boolean,
  /** The numbers of the segments that were missing. */
  missing: Schema.optionalKey(Schema.Array(Schema.Int))
}) {}

/**
 * The state of one correlation key at one provider.
 *
 * @category models
 * @since 0.1.0
 */
export class State extends Schema.Class<State>("effect-sms/MmsWindow/State")({
  /** The next id for a window or a released message. */
  next: Schema.Int,
  /** The open windows, oldest first. */
  open: Schema.Array(Window),
  /** The released messages that are not handled yet, oldest first. */
  due: Schema.Array(Due),
  /** The recently released messages, oldest first. */
  sent: Schema.Array(Sent),
  /** The ids of all parts that arrived, to detect duplicates. */
  seen: Schema.Array(Schema.String),
  /** When an idle state may be deleted. */
  forgetAt: Schema.Int
}) {
  /**
   * Whether no window is open and no message is unhandled. Deleting an idle state
   * only means that late and duplicate parts are no longer recognized.
   *
   * @since 0.1.0
   */
  get isIdle(): boolean {
    return this.open.length === 0 && this.due.length === 0
  }
}

/**
 * The state of a key before its first part.
 *
 * @category constructors
 * @since 0.1.0
 */
export const empty: State = new State({ next: 0, open: [], due: [], sent: [], seen: [], forgetAt: 0 })

/**
 * A part arrived.
 *
 * @category models
 * @since 0.1.0
 */
export class Arrived extends Schema.TaggedClass<Arrived>()("Arrived", { part: MessagePart }) {}

/**
 * The timer of a window elapsed. The input names the window and the time that
 * the timer was set for, so an outdated timer has no effect.
 *
 * @category models
 * @since 0.1.0
 */
export class Elapsed extends Schema.TaggedClass<Elapsed>()("Elapsed", {
  window: Schema.Int,
  closesAt: Schema.Int
}) {}

/**
 * A window must close before its time.
 *
 * @category models
 * @since 0.1.0
 */
export class Closed extends Schema.TaggedClass<Closed>()("Closed", {
  window: Schema.Int,
  cause: Schema.Literals(["evicted", "flushed"])
}) {}

/**
 * A released message was handled.
 *
 * @category models
 * @since 0.1.0
 */
export class Handled extends Schema.TaggedClass<Handled>()("Handled", { due: Schema.Int }) {}

/**
 * Schema of {@link Input}.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Input = Schema.Union([Arrived, Elapsed, Closed, Handled])

/**
 * An input of {@link step}.
 *
 * @category models
 * @since 0.1.0
 */
export type Input = typeof Input.Type

/**
 * The output of a step: any number of `Due`, and for a part that arrived and
 * released no message, one of
 *
 * - `Buffered`: the part waits for others
 * - `Repeated`: the part is a duplicate
 * - `Empty`: the part belongs to another message and has no content of its own
 *
 * @category models
 * @since 0.1.0
 */
export type Output = Due | { readonly _tag: "Buffered" } | { readonly _tag: "Repeated" } | { readonly _tag: "Empty" }

// Real messages stay far below these limits. They keep a flood on a single key
// from making each part more expensive than the one before.
const maxWindows = 16
const maxParts = 32
const maxSent = 32
const maxSeen = 128
/** Of all parts that wait, estimated. A real part is a few kilobytes. */
const maxOpenBytes = 1024 * 1024

/** Returns whether the message was released by the part that just arrived. */
export const answersPart = ({ cause }: Due): boolean => cause === "complete" || cause === "alone" || cause === "late"

const hasWrapper = ({ parts }: Window): boolean => parts.some(({ role }) => role === "wrapper")
const hasMedia = ({ parts }: Window): boolean => parts.some(({ role }) => role === "media")

/** A mutable state during one step. */
class Draft {
  readonly outputs: Array<Output> = []
  next: number
  open: ReadonlyArray<Window>
  due: ReadonlyArray<Due>
  sent: ReadonlyArray<Sent>
  seen: ReadonlyArray<string>

  constructor(state: State) {
    this.next = state.next
    this.open = state.open
    this.due = state.due
    this.sent = state.sent
    this.seen = state.seen
  }

  put(cause: Cause, message: InboundMessage, parts: number): void {
    const due = unchecked(Due, { id: this.next++, cause, parts, message })
    this.due = [...this.due, due]
    this.outputs.push(due)
  }

  remember(sent: Sent): void {
    this.sent = [...this.sent, sent].slice(-maxSent)
  }

  replace(window: Window, by: Window): void {
    this.open = this.open.map((other) => other === window ? by : other)
  }

  /** Closes a window and releases its parts. A wrapper without text releases nothing. */
  close(window: Window, cause: Cause): void {
    this.open = this.open.filter((other) => other.id !== window.id)
    const message = merge(window.parts)
    if (isEmpty(message.content)) return
    this.put(cause, message, window.parts.length)
    const id = idOf(message)
    const missing = missingOf(window.parts)
    this.remember(
      unchecked(Sent, {
        ...(id !== undefined && { id }),
        wrapper: hasWrapper(window),
        media: hasMedia(window),
        ...(missing.length > 0 && { missing })
      })
    )
  }

  /** Opens a window, evicting the oldest at the limit. */
  wait(part: MessagePart, now: number, time: number): void {
    if (this.open.length >= maxWindows) this.close(this.open[0]!, "evicted")
    this.open = [
      ...this.open,
      unchecked(Window, { id: this.next++, parts: [part], openedAt: now, closesAt: now + time })
    ]
    this.outputs.push({ _tag: "Buffered" })
  }

  /** Releases a part that belongs to a message released earlier. */
  late(part: MessagePart, sent: Sent): void {
    const { role, segment } = part
    const missing = sent.missing?.filter((number) => number !== segment?.number)
    this.sent = this.sent.map((other) =>
      other === sent
        ? unchecked(Sent, {
          ...sent,
          wrapper: sent.wrapper || role === "wrapper",
          media: sent.media || role === "media",
          ...(missing !== undefined && { missing })
        })
        : other
    )
    if (isEmpty(part.message.content)) this.outputs.push({ _tag: "Empty" })
    else this.put("late", partOf(part.message, sent.id), 1)
  }
}

const join = (draft: Draft, window: Window, part: MessagePart, now: number, settings: Settings): void => {
  const joined = unchecked(Window, { ...window, parts: [...window.parts, part] })
  const waits = hasWrapper(joined) && hasMedia(joined)
  const closesAt = waits ? Math.min(now + settings.quietTime, window.openedAt + settings.timeout) : window.closesAt
  if (closesAt <= now || joined.parts.length >= maxParts) return draft.close(joined, "complete")
  draft.replace(window, unchecked(Window, { ...joined, closesAt }))
  draft.outputs.push({ _tag: "Buffered" })
}

/**
 * Adds a segment of a concatenated SMS to the oldest window that lacks its
 * number. If no window lacks it, the segment starts another message: phones
 * reuse a reference soon.
 */
const segmentArrived = (draft: Draft, part: MessagePart, segment: Segment, now: number, settings: Settings): void => {
  const has = ({ parts }: Window) => parts.find((part) => part.segment?.number === segment.number)
  // A segment without an id is a duplicate if its bytes are the same.
  const isRepeated = part.message.idempotencyKey === undefined &&
    draft.open.some((window) => has(window)?.segment?.data === segment.data)
  if (isRepeated) return void draft.outputs.push({ _tag: "Repeated" })
  const waiting = draft.open.find((window) => has(window) === undefined)
  if (waiting !== undefined) {
    const joined = unchecked(Window, { ...waiting, parts: [...waiting.parts, part] })
    if (missingOf(joined.parts).length === 0) {
      draft.close(joined, "complete")
      if (draft.outputs.length === 0) draft.outputs.push({ _tag: "Empty" })
      return
    }
    draft.replace(waiting, joined)
    return void draft.outputs.push({ _tag: "Buffered" })
  }
  const sent = draft.sent.find(({ missing }) => missing?.includes(segment.number) === true)
  if (sent !== undefined) draft.late(part, sent)
  else draft.wait(part, now, settings.timeout)
}

const arrived = (draft: Draft, part: MessagePart, now: number, settings: Settings): void => {
  const id = part.message.idempotencyKey
  if (id !== undefined) {
    if (draft.seen.includes(id)) return void draft.outputs.push({ _tag: "Repeated" })
    draft.seen = [...draft.seen, id].slice(-maxSeen)
  }

  if (part.segment !== undefined) return segmentArrived(draft, part, part.segment, now, settings)

  if (part.role === "wrapper") {
    // Its media are already waiting or released; otherwise it waits for them, even
    // beside other wrappers: two messages can be sent in the same second.
    const waiting = draft.open.find((window) => !hasWrapper(window))
    if (waiting !== undefined) return join(draft, waiting, part, now, settings)
    const sent = draft.sent.find(({ wrapper }) => !wrapper)
    return sent === undefined ? draft.wait(part, now, settings.timeout) : draft.late(part, sent)
  }

  const waiting = draft.open.find((window) => !hasMedia(window)) ?? draft.open[0]
  if (waiting !== undefined) return join(draft, waiting, part, now, settings)
  const sent = draft.sent.find(({ media }) => !media) ?? draft.sent.at(-1)
  if (sent !== undefined) return draft.late(part, sent)
  if (settings.reorderWindow > 0) return draft.wait(part, now, settings.reorderWindow)
  draft.put("alone", part.message, 1)
  const name = idOf(part.message)
  draft.remember(unchecked(Sent, { ...(name !== undefined && { id: name }), wrapper: false, media: true }))
}

/** How far the clocks of the processes on one store may differ, in milliseconds. */
export const clockTolerance = 1000

/**
 * Moves the windows that were opened before the clock was set back to its new
 * time, so that they close as if they had just been opened.
 *
 * @category combinators
 * @since 0.1.0
 */
export const followClock = (state: State, now: number, { rememberFor }: Settings): State => {
  const isAhead = ({ openedAt }: Window) => openedAt > now + clockTolerance
  const forgetAt = Math.min(state.forgetAt, now + rememberFor)
  if (forgetAt === state.forgetAt && !state.open.some(isAhead)) return state
  const open = state.open.map((window) =>
    isAhead(window)
      ? unchecked(Window, { ...window, openedAt: now, closesAt: now + window.closesAt - window.openedAt })
      : window
  )
  return unchecked(State, { ...state, open, forgetAt })
}

/**
 * Computes the outputs and the next state for an input. Pure.
 *
 * A part joins the oldest window that lacks its role. The caller sets a timer
 * for each open window, delivers each `Due`, and passes `Handled` once it was
 * handled.
 *
 * @category combinators
 * @since 0.1.0
 */
export const step = (
  state: State,
  input: Input,
  now: number,
  settings: Settings
): readonly [outputs: ReadonlyArray<Output>, state: State] => {
  const draft = new Draft(state)
  switch (input._tag) {
    case "Arrived":
      arrived(draft, input.part, now, settings)
      while (draft.open.length > 0 && sizeOf(draft.open) > maxOpenBytes) draft.close(draft.open[0]!, "evicted")
      break
    case "Elapsed": {
      const window = state.open.find(({ closesAt, id }) => id === input.window && closesAt === input.closesAt)
      if (window === undefined) return [[], state]
      draft.close(window, "elapsed")
      break
    }
    case "Closed": {
      const window = state.open.find(({ id }) => id === input.window)
      if (window === undefined) return [[], state]
      draft.close(window, input.cause)
      break
    }
    case "Handled":
      draft.due = state.due.filter(({ id }) => id !== input.due)
      break
  }
  const { due, next, open, outputs, seen, sent } = draft
  return [outputs, unchecked(State, { next, open, due, sent, seen, forgetAt: now + settings.rememberFor })]
}
