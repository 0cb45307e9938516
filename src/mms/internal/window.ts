/**
 * How the parts of a split MMS become one message.
 *
 * Everything here is pure: {@link step} says what a part, or the end of a
 * wait, does to what is known of one correlation key. It keeps no clock, no
 * timer and no store, so the same rules serve an aggregator in memory and one
 * whose state survives the process. The state and the inputs are schemas and
 * go through JSON.
 *
 * VoiceMeUp documents none of this. That a wrapper comes first, that parts
 * have the time of sending in common, and that a picture may come without a
 * wrapper, is from the captured payloads in the tests of RoomKit
 * (https://github.com/roomkit-live/roomkit, `tests/test_providers/test_voicemeup.py`).
 * Any other order, number and delay of parts is expected too.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { isEmpty } from "../../Content.ts"
import { InboundMessage } from "../../Message.ts"
import { MessagePart, type Segment } from "../../WebhookEvent.ts"
import { idOf, merge, missingOf, partOf } from "./message.ts"
import type { Settings } from "./settings.ts"

export { missingKey, partOfKey, partsKey } from "./message.ts"
export { type Settings, settings } from "./settings.ts"

/**
 * A message that waits for more parts. It has one wrapper at most.
 *
 * @category models
 * @since 0.1.0
 */
export class Window extends Schema.Class<Window>("effect-sms/MmsWindow/Window")({
  /** Names the window among those of its key. */
  id: Schema.Int,
  /** What came, in the order in which it came. */
  parts: Schema.NonEmptyArray(MessagePart),
  /** In milliseconds since 1970, as all times here. */
  openedAt: Schema.Int,
  /** When it closes with what it has. */
  closesAt: Schema.Int
}) {}

/**
 * Why a message came out.
 *
 * - `complete`: its parts are together
 * - `alone`: a part that nothing is awaited for
 * - `late`: a part of a message that came out before
 * - `elapsed`: the window was open for as long as it may
 * - `evicted`: too many windows were open
 * - `flushed`: the aggregator ends
 *
 * The first three answer the part that just came; the others come by time.
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
 * A message that came out. It stays in the state until it was handled, so that
 * it can be handed out again after a failure or a crash.
 *
 * @category models
 * @since 0.1.0
 */
export class Due extends Schema.TaggedClass<Due>()("Due", {
  /** Names it among those of its key. */
  id: Schema.Int,
  cause: Cause,
  /** How many parts it is made of. */
  parts: Schema.Int,
  message: InboundMessage
}) {}

/**
 * What is remembered of a message that came out: whose parts the late ones are.
 *
 * @category models
 * @since 0.1.0
 */
export class Sent extends Schema.Class<Sent>("effect-sms/MmsWindow/Sent")({
  /** The id that the message had. */
  id: Schema.optionalKey(Schema.NonEmptyString),
  wrapper: Schema.Boolean,
  media: Schema.Boolean,
  /** The numbers of the segments that it came out without. */
  missing: Schema.optionalKey(Schema.Array(Schema.Int))
}) {}

/**
 * All that is known of one correlation key at one provider.
 *
 * @category models
 * @since 0.1.0
 */
export class State extends Schema.Class<State>("effect-sms/MmsWindow/State")({
  /** The next id of a window or of a message that comes out. */
  next: Schema.Int,
  /** Oldest first. */
  open: Schema.Array(Window),
  /** Came out and not handled yet, oldest first. */
  due: Schema.Array(Due),
  /** Came out lately, oldest first. */
  sent: Schema.Array(Sent),
  /** The ids of the parts that came, to recognize repeated ones. */
  seen: Schema.Array(Schema.String),
  /** When there is nothing open and nothing due, it can be forgotten from this time on. */
  forgetAt: Schema.Int
}) {
  /**
   * Whether nothing would be lost with it but the memory of what was.
   *
   * @since 0.1.0
   */
  get isIdle(): boolean {
    return this.open.length === 0 && this.due.length === 0
  }
}

/**
 * What is known of a key before its first part.
 *
 * @category constructors
 * @since 0.1.0
 */
export const empty: State = new State({ next: 0, open: [], due: [], sent: [], seen: [], forgetAt: 0 })

/**
 * A part came.
 *
 * @category models
 * @since 0.1.0
 */
export class Arrived extends Schema.TaggedClass<Arrived>()("Arrived", { part: MessagePart }) {}

/**
 * The timer of a window ran out. It is about the window and the time that it
 * was set for: a timer that was overtaken does nothing, whenever it comes.
 *
 * @category models
 * @since 0.1.0
 */
export class Elapsed extends Schema.TaggedClass<Elapsed>()("Elapsed", {
  window: Schema.Int,
  closesAt: Schema.Int
}) {}

/**
 * A window has to close before its time.
 *
 * @category models
 * @since 0.1.0
 */
export class Closed extends Schema.TaggedClass<Closed>()("Closed", {
  window: Schema.Int,
  cause: Schema.Literals(["evicted", "flushed"])
}) {}

/**
 * A message that came out was handled.
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
 * Anything that can happen to a key.
 *
 * @category models
 * @since 0.1.0
 */
export type Input = typeof Input.Type

/**
 * What a step puts out: any number of `Due`, and for a part that came and is
 * not due, one of
 *
 * - `Buffered`: it waits for others
 * - `Repeated`: it came before
 * - `Empty`: it belongs to something and says nothing by itself
 *
 * @category models
 * @since 0.1.0
 */
export type Output = Due | { readonly _tag: "Buffered" } | { readonly _tag: "Repeated" } | { readonly _tag: "Empty" }

// Real messages stay far below. What somebody floods a single key with must
// not make each part cost more than the one before it.
const maxWindows = 16
const maxParts = 32
const maxSent = 32
const maxSeen = 128

/** Whether the message came out to answer the part that just came. */
export const answersPart = ({ cause }: Due): boolean => cause === "complete" || cause === "alone" || cause === "late"

const hasWrapper = ({ parts }: Window): boolean => parts.some(({ role }) => role === "wrapper")
const hasMedia = ({ parts }: Window): boolean => parts.some(({ role }) => role === "media")

/** A state in the making. */
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
    const due = new Due({ id: this.next++, cause, parts, message })
    this.due = [...this.due, due]
    this.outputs.push(due)
  }

  remember(sent: Sent): void {
    this.sent = [...this.sent, sent].slice(-maxSent)
  }

  replace(window: Window, by: Window): void {
    this.open = this.open.map((other) => other === window ? by : other)
  }

  /** Lets a window out with what it has. A wrapper without text has nothing. */
  close(window: Window, cause: Cause): void {
    this.open = this.open.filter((other) => other.id !== window.id)
    const message = merge(window.parts)
    if (isEmpty(message.content)) return
    this.put(cause, message, window.parts.length)
    const id = idOf(message)
    const missing = missingOf(window.parts)
    this.remember(
      new Sent({
        ...(id !== undefined && { id }),
        wrapper: hasWrapper(window),
        media: hasMedia(window),
        ...(missing.length > 0 && { missing })
      })
    )
  }

  /** Opens a window, at the cost of the oldest when there are too many. */
  wait(part: MessagePart, now: number, time: number): void {
    if (this.open.length >= maxWindows) this.close(this.open[0]!, "evicted")
    this.open = [...this.open, new Window({ id: this.next++, parts: [part], openedAt: now, closesAt: now + time })]
    this.outputs.push({ _tag: "Buffered" })
  }

  /** The part says something that belongs to a message that went out. */
  late(part: MessagePart, sent: Sent): void {
    const { role, segment } = part
    const missing = sent.missing?.filter((number) => number !== segment?.number)
    this.sent = this.sent.map((other) =>
      other === sent
        ? new Sent({
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
  const joined = new Window({ ...window, parts: [...window.parts, part] })
  const waits = hasWrapper(joined) && hasMedia(joined)
  const closesAt = waits ? Math.min(now + settings.quietTime, window.openedAt + settings.timeout) : window.closesAt
  if (closesAt <= now || joined.parts.length >= maxParts) return draft.close(joined, "complete")
  draft.replace(window, new Window({ ...joined, closesAt }))
  draft.outputs.push({ _tag: "Buffered" })
}

/**
 * A part of a concatenated SMS. It joins the window that lacks its number, and
 * completes it when it is the last. Where none lacks it, it is of another
 * message: carriers and phones use a reference again before long.
 */
const segmentArrived = (draft: Draft, part: MessagePart, segment: Segment, now: number, settings: Settings): void => {
  const has = ({ parts }: Window) => parts.find((part) => part.segment?.number === segment.number)
  // Without an id, the same bytes are the same part.
  const isRepeated = part.message.idempotencyKey === undefined &&
    draft.open.some((window) => has(window)?.segment?.data === segment.data)
  if (isRepeated) return void draft.outputs.push({ _tag: "Repeated" })
  const waiting = draft.open.find((window) => has(window) === undefined)
  if (waiting !== undefined) {
    const joined = new Window({ ...waiting, parts: [...waiting.parts, part] })
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
    // Its media wait for it, or are out already. Else it waits for them, also
    // beside other wrappers: two messages can be sent in one second.
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
  draft.remember(new Sent({ ...(name !== undefined && { id: name }), wrapper: false, media: true }))
}

/**
 * What an input does: what is put out, and what is known then. Pure.
 *
 * A part joins the oldest window that lacks what it is. Whoever runs the steps
 * sets a timer for each open window, hands each `Due` out, and says so with
 * `Handled` once it was handled.
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
  return [outputs, new State({ next, open, due, sent, seen, forgetAt: now + settings.rememberFor })]
}
