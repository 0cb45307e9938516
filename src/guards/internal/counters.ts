/**
 * What guards count, as pure functions that every store runs in one atomic step.
 *
 * Every use has the id of its send, so that a repeated send counts once and what
 * a refused one has counted is given back. A clock that is set back holds
 * nothing up for longer than a window.
 */
import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import { AlarmRaised } from "../../events/Event.ts"
import { compact } from "../../internal/record.ts"
import type { Change, Kept } from "../GuardStore.ts"

/** The sends of a sliding window: when, the id, and how much each counts. */
const Sliding = Schema.Struct({
  uses: Schema.Array(Schema.Tuple([Schema.Finite, Schema.String, Schema.Finite])),
  /** Until when an alarm is raised. */
  alarmedUntil: Schema.optionalKey(Schema.Finite)
})

/** The sum of a window that begins at a multiple of its length. */
const Period = Schema.Struct({
  /** The number of the window. */
  period: Schema.Finite,
  used: Schema.Finite,
  /** What replies have added to the limit. */
  earned: Schema.Finite,
  alarmed: Schema.optionalKey(Schema.Literals(["near", "reached"]))
})

/** What a send has counted in the sums of windows: by key, the number of the window and the amount. */
const Send = Schema.Struct({
  counted: Schema.Record(Schema.String, Schema.Tuple([Schema.Finite, Schema.Finite]))
})

export const Counter = Schema.Union([Sliding, Period, Send])
export type Counter = typeof Counter.Type

/** What a limit is about, for errors and alarms. */
export interface About {
  readonly guard: AlarmRaised["guard"] | "frequency"
  readonly rule: string
  readonly country?: string | undefined
  readonly prefix?: string | undefined
}

/** What one send takes of a limit. */
export interface Demand extends About {
  readonly kind: "sliding" | "period"
  readonly key: string
  /** The length of the window in milliseconds. */
  readonly window: number
  readonly amount: number
  readonly limit: number
  /** The part of the limit at which an alarm is raised. No such alarm without it. */
  readonly alarmAt?: number | undefined
  /** Whether a message beyond the limit can be sent later. */
  readonly isHeld: boolean
  /** Whether the send passes in any case, and only counts. */
  readonly isForced: boolean
}

/** Whether a send may go out, and if not, by which demand and for how long. */
export type Verdict =
  & { readonly alarms: ReadonlyArray<AlarmRaised> }
  & (
    | { readonly _tag: "Passed" }
    | Refused
  )

/** `retryAfter` is in milliseconds, and absent for good. */
interface Refused {
  readonly _tag: "Refused"
  readonly demand: Demand
  readonly retryAfter: number | undefined
}

const isSliding = (state: Counter | undefined): state is typeof Sliding.Type => state !== undefined && "uses" in state
const isPeriod = (state: Counter | undefined): state is typeof Period.Type => state !== undefined && "period" in state
const isSend = (state: Counter | undefined): state is typeof Send.Type => state !== undefined && "counted" in state

/** The key of what a send has counted. */
export const keyOfSend = (id: string): string => `send ${id}`

/** All keys that a change of these demands needs. */
export const keysOf = (demands: ReadonlyArray<Demand>, id: string): ReadonlyArray<string> => [
  ...demands.map(({ key }) => key),
  ...(demands.some(({ kind }) => kind === "period") ? [keyOfSend(id)] : [])
]

const slidingOf = (state: Counter | undefined, window: number, now: number): typeof Sliding.Type =>
  isSliding(state)
    ? {
      ...state,
      uses: state.uses.flatMap(([time, id, amount]) => {
        const at = Math.min(time, now)
        return at > now - window ? [[at, id, amount] as const] : []
      })
    }
    : { uses: [] }

const numberOf = (window: number, now: number): number => Math.floor(now / window)

const periodOf = (state: Counter | undefined, window: number, now: number): typeof Period.Type => {
  const period = numberOf(window, now)
  return isPeriod(state) && state.period >= period ? { ...state, period } : { period, used: 0, earned: 0 }
}

const sum = (uses: (typeof Sliding.Type)["uses"]): number => uses.reduce((total, [, , amount]) => total + amount, 0)

/** Returns after how long so much of a window is free, or `undefined` if it never is. */
const waitFor = ({ uses }: typeof Sliding.Type, { amount, limit, window }: Demand, now: number): number | undefined => {
  let used = sum(uses)
  for (const [at, , freed] of uses) {
    used -= freed
    if (used + amount <= limit) return at + window - now
  }
  return undefined
}

const endOf = ({ kind, window }: Demand, now: number): number =>
  kind === "period" ? (numberOf(window, now) + 1) * window : now + window

const alarmOf = (demand: Demand, level: AlarmRaised["level"], now: number) => {
  const { country, guard, prefix, rule } = demand
  return guard === "frequency" ? undefined : new AlarmRaised({
    guard,
    level,
    rule,
    until: DateTime.makeUnsafe(endOf(demand, now)),
    ...compact({ country, prefix })
  })
}

type States = ReadonlyMap<string, Counter>
type Changes = Map<string, Kept<Counter>>

/** Returns why a demand is refused, or `undefined`. */
const refusalOf = (states: States, id: string, demand: Demand, now: number): Refused | undefined => {
  const { amount, isForced, isHeld, key, limit, window } = demand
  if (isForced) return undefined
  if (demand.kind === "sliding") {
    const sliding = slidingOf(states.get(key), window, now)
    if (sliding.uses.some(([, use]) => use === id) || sum(sliding.uses) + amount <= limit) return undefined
    return { _tag: "Refused", demand, retryAfter: isHeld ? waitFor(sliding, demand, now) : undefined }
  }
  const send = states.get(keyOfSend(id))
  const { earned, period, used } = periodOf(states.get(key), window, now)
  if ((isSend(send) && send.counted[key]?.[0] === period) || used + amount <= limit + earned) return undefined
  const isEver = amount <= limit
  return { _tag: "Refused", demand, retryAfter: isHeld && isEver ? endOf(demand, now) - now : undefined }
}

/** Records that a limit is reached. Returns the alarm, unless it was raised before in the window. */
const reach = (states: States, changes: Changes, demand: Demand, now: number) => {
  const { key, window } = demand
  const expiresAt = endOf(demand, now)
  if (demand.kind === "sliding") {
    const sliding = slidingOf(states.get(key), window, now)
    const { alarmedUntil = -Infinity } = sliding
    if (demand.guard === "frequency" || (now < alarmedUntil && alarmedUntil <= now + window)) return undefined
    changes.set(key, { state: { ...sliding, alarmedUntil: expiresAt }, expiresAt })
  } else {
    const period = periodOf(states.get(key), window, now)
    if (period.alarmed === "reached") return undefined
    changes.set(key, { state: { ...period, alarmed: "reached" }, expiresAt })
  }
  return alarmOf(demand, "reached", now)
}

/** Counts a send. Returns the alarm that it raises. */
const count = (states: States, changes: Changes, id: string, demand: Demand, now: number) => {
  const { alarmAt = Infinity, amount, key, limit, window } = demand
  const expiresAt = endOf(demand, now)
  if (demand.kind === "sliding") {
    const sliding = slidingOf(states.get(key), window, now)
    if (sliding.uses.some(([, use]) => use === id)) return undefined
    changes.set(key, { state: { ...sliding, uses: [...sliding.uses, [now, id, amount]] }, expiresAt })
    return undefined
  }
  const period = periodOf(states.get(key), window, now)
  const send = changes.get(keyOfSend(id)) ?? { state: states.get(keyOfSend(id)), expiresAt: 0 }
  const counted = isSend(send.state) ? send.state.counted : {}
  if (counted[key]?.[0] === period.period) return undefined
  const used = period.used + amount
  const isNear = used >= limit * alarmAt && period.alarmed === undefined
  changes.set(key, { state: { ...period, used, ...(isNear && { alarmed: "near" }) }, expiresAt })
  changes.set(keyOfSend(id), {
    state: { counted: { ...counted, [key]: [period.period, amount] } },
    expiresAt: Math.max(send.expiresAt, expiresAt)
  })
  return isNear ? alarmOf(demand, "near", now) : undefined
}

/** Counts a send in all of its limits, or in none if one of them refuses it. */
export const take = (demands: ReadonlyArray<Demand>, id: string): Change<Counter, Verdict> => (states, now) => {
  const changes: Changes = new Map()
  for (const demand of demands) {
    const refusal = refusalOf(states, id, demand, now)
    if (refusal === undefined) continue
    const alarm = reach(states, changes, demand, now)
    const alarms = alarm === undefined ? [] : [alarm]
    return { answer: { ...refusal, alarms }, changes, events: alarms }
  }
  const alarms = demands.flatMap((demand) => count(states, changes, id, demand, now) ?? [])
  return { answer: { _tag: "Passed", alarms }, changes, events: alarms }
}

/** Takes back what a send has counted that was not made. */
export const giveBack = (demands: ReadonlyArray<Demand>, id: string): Change<Counter, void> => (states, now) => {
  const changes: Changes = new Map()
  const send = states.get(keyOfSend(id))
  for (const demand of demands) {
    const { key, window } = demand
    const state = states.get(key)
    if (isSliding(state)) {
      const uses = state.uses.filter(([, use]) => use !== id)
      changes.set(key, { state: { ...state, uses }, expiresAt: now + window })
    }
    const counted = isSend(send) ? send.counted[key] : undefined
    if (!isPeriod(state) || counted === undefined || counted[0] !== state.period) continue
    const used = Math.max(0, state.used - counted[1])
    changes.set(key, { state: { ...state, used }, expiresAt: endOf(demand, now) })
  }
  if (isSend(send)) changes.set(keyOfSend(id), { state: { counted: {} }, expiresAt: now })
  return { answer: undefined, changes }
}

/** Adds to a limit what a reply is worth. Adds nothing while nothing was counted. */
export const earn = (key: string, window: number, amount: number): Change<Counter, void> => (states, now) => {
  const state = states.get(key)
  if (!isPeriod(state)) return { answer: undefined }
  const period = periodOf(state, window, now)
  const expiresAt = (numberOf(window, now) + 1) * window
  const next = { ...period, earned: period.earned + amount }
  return { answer: undefined, changes: new Map([[key, { state: next, expiresAt }]]) }
}
