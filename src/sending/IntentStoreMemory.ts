/**
 * Intents in memory. They are lost on restart.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { recorder } from "../events/EventLog.ts"
import { settled } from "../events/internal/changes.ts"
import { InsertionOrderedMap } from "../internal/insertionOrderedMap.ts"
import * as Listing from "../internal/listing.ts"
import type { Place } from "../internal/listing.ts"
import { providerOf } from "../internal/providerOf.ts"
import { compact } from "../internal/record.ts"
import { sizeOf } from "../internal/sizeOf.ts"
import { StorageError } from "../StorageError.ts"
import { Intent, IntentStore, type Outcome, type Service, type State, type Times } from "./IntentStore.ts"
import * as Findings from "./internal/findings.ts"
import { factsOf, refuserOf } from "./internal/refusals.ts"
import * as Resends from "./internal/resends.ts"

/**
 * Options of the store.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /**
   * The maximum number of intents, and of queued ones. Beyond it, the oldest
   * that is not queued is evicted with its key, and no more are queued. 10,000
   * by default.
   */
  readonly capacity?: number | undefined
  /** The maximum bytes of all intents, and of queued ones, estimated, with the same effect. 32 MiB by default. */
  readonly maxBytes?: number | undefined
  /** How long an intent is kept that is not queued. 1 day by default. */
  readonly timeToLive?: Duration.Input | undefined
}

const withoutOutcome = (
  { candidates: _, error: __, receipt: ___, refusal: ____, requestedAt: _____, resolvedBy: ______, ...intent }: Intent
): Intent => new Intent(intent)

const readyMillis = ({ readyAt, times }: Intent): number =>
  DateTime.toEpochMillis(readyAt ?? times.queued ?? DateTime.makeUnsafe(0))

/** Returns whether an intent is ready. If the clock was set back, all are that have no time of their own. */
const isReady = (now: number) => (intent: Intent): boolean => {
  const at = readyMillis(intent)
  const queuedAt = DateTime.toEpochMillis(intent.times.queued ?? intent.updatedAt)
  const isScheduled = at > queuedAt && intent.failures === 0 && intent.deferrals === 0
  return at <= now || (queuedAt > now + 1000 && !isScheduled)
}

/** What an intent takes beside its contents: its key in the index, and the stack of an error. */
const perIntent = 2048

const bytesOf = ({ error, message, receipt }: Intent): number =>
  perIntent + sizeOf(message) + sizeOf(receipt) + sizeOf(error?.reason)

/** Returns whether an intent has the same unknown outcome as when it was read. */
const isResumable = ({ resolvedBy, state, times: { unknown } }: Intent, read: Times): boolean =>
  state === "unknown" && resolvedBy === undefined && unknown !== undefined && read.unknown !== undefined &&
  DateTime.toEpochMillis(unknown) === DateTime.toEpochMillis(read.unknown)

/** Orders ready intents by time. */
const byTime = (one: Intent, other: Intent): number =>
  readyMillis(one) - readyMillis(other) || (one.id < other.id ? -1 : 1)

/**
 * Makes the store.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  { capacity = 10_000, maxBytes = 32 * 1024 * 1024, timeToLive = "1 day" }: Options = {}
): Effect.fn.Return<Service> {
  const life = Duration.toMillis(Duration.fromInputUnsafe(timeToLive))
  const intents = new InsertionOrderedMap<Intent>({ maxEntries: Math.max(1, capacity), maxBytes })
  /** The queued intents, which are never evicted. */
  const queue = new InsertionOrderedMap<Intent>()
  const keys = new Map<string, string>()
  /** The token of the claim of each intent that was claimed from the queue. */
  const claims = new Map<string, string>()
  /** The token of the claim of each intent that is being resent. */
  const resends = new Map<string, string>()
  /** The numbers of the intents, in the order in which they were reserved. */
  const positions = new Map<string, number>()
  let reserved = 0
  const record = yield* recorder

  /** When carriers are asked about an intent, and when that was set. */
  type Ask = { readonly at: number; readonly setAt: number }
  const asks = new Map<string, Ask>()

  const drop = (intent: Intent) => {
    intents.delete(intent.id)
    claims.delete(intent.id)
    asks.delete(intent.id)
    resends.delete(intent.id)
    positions.delete(intent.id)
    if (intent.key !== undefined) keys.delete(intent.key)
  }

  const dropExpired = (now: number) => {
    for (let oldest = intents.oldest(); oldest !== undefined; oldest = intents.oldest()) {
      if (DateTime.toEpochMillis(oldest.value.updatedAt) + life > now) return
      drop(oldest.value)
    }
  }

  const keep = (intent: Intent) => {
    if (!intents.put(intent.id, intent, bytesOf(intent))) drop(intent)
    for (let oldest = intents.excess(); oldest !== undefined; oldest = intents.excess()) drop(oldest.value)
  }

  const find = (id: string) => queue.get(id) ?? intents.get(id)

  /** Stores the intent in a state. Its key can be used again when it is refused. */
  const put = (
    { key, readyAt: _, ...intent }: Intent,
    state: State,
    now: DateTime.Utc,
    fields: Omit<Outcome, "state"> & {
      readonly readyAt?: DateTime.Utc | undefined
      readonly failures?: number | undefined
      readonly deferrals?: number | undefined
    } = {}
  ) => {
    const isReleased = state === "refused"
    if (isReleased && key !== undefined) keys.delete(key)
    const next = new Intent({
      ...intent,
      ...compact({ ...fields, key: isReleased ? undefined : key }),
      state,
      updatedAt: now,
      times: { ...intent.times, [state]: now }
    })
    queue.delete(next.id)
    if (state !== "sending") claims.delete(next.id)
    resends.delete(next.id)
    const millis = DateTime.toEpochMillis(now)
    if (state === "unknown" && next.resolvedBy === undefined) asks.set(next.id, { at: millis, setAt: millis })
    else asks.delete(next.id)
    intents.delete(next.id)
    if (state === "queued") queue.put(next.id, next, bytesOf(next))
    else keep(next)
    return next
  }

  const settle = Effect.fnUntraced(
    function*({ resolvedBy, ...intent }: Intent, { state, ...outcome }: Outcome): Effect.fn.Return<Intent> {
      const next = put(withoutOutcome(intent as Intent), state, yield* DateTime.now, outcome)
      const isRepeated = intent.state === state && resolvedBy === outcome.resolvedBy
      if (!isRepeated) yield* record(() => settled(next, { state, ...outcome }))
      const origin = outcome.receipt === undefined ? undefined : find(Resends.originOf(next) ?? "")
      if (origin !== undefined && Findings.isUndecided(origin, compact(outcome))) {
        yield* settle(origin, { ...Findings.decided(origin, outcome.receipt), resolvedBy: Resends.resent })
      }
      return next
    }
  )

  const placeOf = ({ createdAt, id }: Intent): Place => ({
    time: DateTime.toEpochMillis(createdAt),
    position: positions.get(id) ?? 0
  })

  const list = () => [...queue.values(), ...intents.values()]

  return IntentStore.of({
    reserve: Effect.fnUntraced(function*(
      { eventId, hash, id, key, message, priority = "transactional", provider, readyAt, roomId }
    ) {
      const now = yield* DateTime.now
      dropExpired(DateTime.toEpochMillis(now))
      const known = key === undefined ? undefined : find(keys.get(key) ?? "")
      if (known !== undefined) {
        return known.hash === hash ? { _tag: "Known", intent: known } : { _tag: "KeyReused" }
      }
      if (readyAt !== undefined && (queue.size >= capacity || queue.bytes >= maxBytes)) {
        return yield* new StorageError({ store: "intents", cause: new Error("The queue is full") })
      }
      const state = readyAt === undefined ? "sending" : "queued"
      const intent = new Intent({
        id,
        hash,
        message,
        priority,
        state,
        failures: 0,
        deferrals: 0,
        createdAt: now,
        updatedAt: now,
        times: {},
        ...compact({ key, provider, roomId, eventId })
      })
      if (key !== undefined) keys.set(key, id)
      positions.set(id, ++reserved)
      return { _tag: "Reserved", intent: put(intent, state, now, { readyAt }) }
    }),
    settle: (id, outcome) =>
      Effect.suspend(() => {
        const intent = find(id)
        return intent === undefined || Findings.isDecided(intent, outcome)
          ? Effect.void
          : Effect.asVoid(settle(intent, Findings.withFindings(intent, outcome)))
      }),
    decide: (id, { receipt, resolvedBy }) =>
      Effect.suspend(() => {
        const intent = find(id)
        if (intent === undefined || !Findings.isUndecided(intent, compact({ receipt }))) return Effect.succeed(false)
        return Effect.as(settle(intent, { ...Findings.decided(intent, receipt), resolvedBy }), true)
      }),
    claimResend: ({ id, token }) =>
      Effect.map(DateTime.now, (updatedAt) => {
        const intent = intents.get(id)
        if (intent === undefined || !Resends.isResendable(intent)) return false
        resends.set(id, token)
        asks.delete(id)
        keep(new Intent({ ...intent, resolvedBy: Resends.resending, updatedAt }))
        return true
      }),
    releaseResend: ({ id, token }) =>
      Effect.map(DateTime.now, (updatedAt) => {
        const intent = intents.get(id)
        if (intent === undefined || resends.get(id) !== token) return false
        resends.delete(id)
        const { resolvedBy: _, ...undecided } = intent
        const millis = DateTime.toEpochMillis(updatedAt)
        asks.set(id, { at: millis, setAt: millis })
        keep(new Intent({ ...undecided, updatedAt }))
        return true
      }),
    resume: ({ id, times }, error) =>
      Effect.map(DateTime.now, (now) => {
        const intent = find(id)
        if (intent === undefined || !isResumable(intent, times)) return false
        put(withoutOutcome(intent), "sending", now, { error })
        return true
      }),
    recordFound: Effect.fnUntraced(function*(id, part) {
      const intent = intents.get(id)
      if (intent === undefined || !Findings.isOpen(intent)) return undefined
      const updatedAt = yield* DateTime.now
      const next = new Intent({ ...intent, found: Findings.withFound(intent, part), updatedAt })
      keep(next)
      const outcome = Findings.outcomeOf(next)
      return outcome === undefined ? next : yield* settle(next, outcome)
    }),
    claimUnknown: ({ lease, limit }) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const isDue = ({ at, setAt }: Ask) => at <= now || setAt > now + 1000
        const due = [...asks].filter(([, ask]) => isDue(ask)).slice(0, limit)
        for (const [id] of due) asks.set(id, { at: now + Duration.toMillis(lease), setAt: now })
        return due.flatMap(([id]) => intents.get(id) ?? [])
      }),
    asked: (id, delay) =>
      Effect.map(DateTime.now, (now) => {
        const intent = intents.get(id)
        if (intent?.state !== "unknown" || intent.resolvedBy !== undefined) return
        keep(new Intent({ ...intent, asked: (intent.asked ?? 0) + 1, updatedAt: now }))
        const setAt = DateTime.toEpochMillis(now)
        if (delay === undefined) asks.delete(id)
        else asks.set(id, { at: setAt + Duration.toMillis(delay), setAt })
      }),
    cannotAsk: (id) => Effect.sync(() => void asks.delete(id)),
    recordCandidates: (id, candidates) =>
      Effect.sync(() => {
        const intent = intents.get(id)
        if (intent?.state === "unknown") keep(new Intent({ ...intent, candidates }))
      }),
    ownerOf: (message) => Effect.sync(() => [...intents.values()].find((intent) => Findings.owns(intent, message))?.id),
    openTo: (address) =>
      Effect.sync(() =>
        [...intents.values()].filter(({ message, state }) =>
          message.to === address && (state === "sending" || state === "unknown")
        )
      ),
    get: (id) => Effect.sync(() => find(id)),
    search: ({ room, state, ...options }) =>
      Effect.sync(() =>
        Listing.search(
          list().flatMap((intent) =>
            (state === undefined || intent.state === state) && (room === undefined || intent.roomId === room)
              ? [{
                value: intent,
                place: placeOf(intent),
                address: intent.message.to,
                provider: providerOf(intent),
                content: intent.message.content
              }]
              : []
          ),
          options
        )
      ),
    tally: (options) =>
      Effect.sync(() =>
        Listing.tally(
          list().map((intent) => ({
            at: DateTime.toEpochMillis(intent.createdAt),
            provider: providerOf(intent),
            state: intent.state,
            ...(intent.state === "refused" && { refuser: refuserOf(factsOf(intent.error)) })
          })),
          options
        )
      ),
    backlog: Effect.map(Clock.currentTimeMillis, (now) => {
      const all = list()
      const count = (state: State) =>
        all.filter((intent) => intent.state === state && (state !== "unknown" || intent.resolvedBy === undefined))
          .length
      const ready = all.flatMap(({ readyAt, state }) =>
        state === "queued" && readyAt !== undefined ? [DateTime.toEpochMillis(readyAt)] : []
      ).filter((at) => at <= now)
      return {
        queued: count("queued"),
        sending: count("sending"),
        unknown: count("unknown"),
        waitingSince: ready.length === 0 ? undefined : Math.min(...ready)
      }
    }),
    ofEvent: (eventId) =>
      Effect.sync(() =>
        list().filter((intent) => intent.eventId === eventId)
          .sort((one, other) => placeOf(one).position - placeOf(other).position)
      ),
    list: ({ limit, state }) =>
      Effect.sync(() =>
        list().filter((intent) =>
          state === undefined || (intent.state === state && (state !== "unknown" || intent.resolvedBy === undefined))
        )
          .sort((one, other) => one.id < other.id ? 1 : -1)
          .slice(0, limit)
      ),
    claim: ({ bulk, limit, token }) =>
      Effect.map(DateTime.now, (now) => {
        const ready = [...queue.values()].filter(isReady(DateTime.toEpochMillis(now))).sort(byTime)
        const first = ready.filter(({ priority }) => priority === "transactional").slice(0, limit)
        const last = ready.filter(({ priority }) => priority === "bulk").slice(0, Math.min(bulk, limit - first.length))
        return [...first, ...last].map((intent) => {
          claims.set(intent.id, token)
          return put(intent, "sending", now)
        })
      }),
    unclaim: (token) =>
      Effect.map(DateTime.now, (now) => {
        for (const [id, by] of claims) {
          if (by === token) put(intents.get(id)!, "queued", now, { readyAt: now })
        }
      }),
    requeue: ({ id, token }, { deferrals, delay, error, failures }) =>
      Effect.map(DateTime.now, (now) => {
        const intent = intents.get(id)
        if (intent?.state !== "sending" || claims.get(id) !== token) return
        put(withoutOutcome(intent), "queued", now, {
          error,
          failures,
          deferrals,
          readyAt: DateTime.addDuration(now, delay)
        })
      }),
    cancel: (id) =>
      Effect.flatMap(DateTime.now, (now) => {
        const queued = queue.get(id)
        if (queued === undefined) return Effect.succeed(intents.get(id))
        const intent = put(queued, "cancelled", now)
        return Effect.as(record(() => settled(intent, { state: "cancelled" })), intent)
      }),
    nextAt: Effect.sync(() => Math.min(Infinity, ...[...queue.values()].map(readyMillis)))
  })
})

/**
 * Provides the store.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options?: Options
): Layer.Layer<IntentStore> => Layer.effect(IntentStore, make(options))
