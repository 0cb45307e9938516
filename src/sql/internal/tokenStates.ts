/**
 * The states of rate limits, as pure functions: what the stores of Effect in
 * memory and on Redis do.
 */
import * as Duration from "effect/Duration"
import type * as RateLimiter from "effect/persistence/RateLimiter"
import * as Schema from "effect/Schema"
import { isOver, type Step } from "./limits.ts"

type Store = RateLimiter.RateLimiterStore["Service"]

type OptionsOf<Name extends keyof Store> = Parameters<Store[Name]>[0]

/** The counter of a fixed window. */
export const Counter = Schema.Struct({ count: Schema.Finite, endsAt: Schema.Finite })

export const takeFromWindow = ({ limit, refillRate, tokens }: OptionsOf<"fixedWindow">) =>
(
  state: typeof Counter.Type | undefined,
  now: number
): Step<typeof Counter.Type, readonly [count: number, ttl: number]> => {
  const interval = Duration.toMillis(refillRate)
  const known = state ?? { count: 0, endsAt: now }
  // A clock that is set back holds nothing up for longer than the window.
  const current = { ...known, endsAt: Math.min(known.endsAt, now + interval * known.count) }
  if (limit !== undefined && current.count + tokens > limit) {
    return { answer: [current.count + tokens, current.endsAt - now], state: current, expiresAt: current.endsAt }
  }
  const next = { count: current.count + tokens, endsAt: current.endsAt + interval * tokens }
  return { answer: [next.count, next.endsAt - now], state: next, expiresAt: next.endsAt }
}

/** A bucket of tokens. */
export const Bucket = Schema.Struct({ tokens: Schema.Finite, refilledAt: Schema.Finite })

export const takeFromBucket = ({ allowOverflow, limit, refillRate, tokens }: OptionsOf<"tokenBucket">) =>
(
  state: typeof Bucket.Type | undefined,
  now: number
): Step<typeof Bucket.Type, readonly [remaining: number, elapsed: number]> => {
  const interval = Duration.toMillis(refillRate)
  const known = state ?? { tokens: limit, refilledAt: now }
  // A clock that is set back holds nothing up for longer than the bucket takes to fill.
  const since = Math.min(known.refilledAt, now)
  const refills = Math.floor((now - since) / interval)
  const held = refills > 0 ? Math.min(limit, known.tokens + refills) : known.tokens
  const refilledAt = held >= limit ? now : since + refills * interval
  const remaining = held - tokens
  const kept = allowOverflow || remaining >= 0 ? remaining : held
  return {
    answer: [remaining, now - refilledAt],
    state: { tokens: kept, refilledAt },
    expiresAt: refilledAt + Math.ceil(limit - kept) * interval
  }
}

/** What is learned from a server that refuses. */
export const Adaptive = Schema.Struct({
  phase: Schema.Literals(["cooldown", "learning", "learned"]),
  epoch: Schema.Finite,
  cooldownUntil: Schema.Finite,
  /** How long the cooldown is. */
  cooldownFor: Schema.optionalKey(Schema.Finite),
  learningStartedAt: Schema.Finite,
  observedTokens: Schema.Finite,
  learnedLimit: Schema.Finite,
  learnedWindow: Schema.Finite
})

type Adaptive = typeof Adaptive.Type

/** How long a state is kept after it ends. */
const grace = 60_000

const longestWindow = 60 * 60 * 1000

const bounded = (millis: number): number => Number.isNaN(millis) || millis <= 0 ? 1 : Math.min(millis, longestWindow)

export const consumeAdaptive = ({ fallbackWindow, tokens }: OptionsOf<"adaptiveConsume">) =>
(
  state: Adaptive | undefined,
  now: number
): Step<Adaptive, RateLimiter.AdaptiveConsumeResult> => {
  if (state === undefined) return { answer: { delay: Duration.zero, epoch: 0, phase: "inactive" } }
  const fallback = Duration.toMillis(fallbackWindow)
  switch (state.phase) {
    case "cooldown": {
      const { cooldownFor = longestWindow, cooldownUntil, epoch } = state
      if (!isOver(cooldownUntil, cooldownFor, now)) {
        return { answer: { delay: Duration.millis(cooldownUntil - now), epoch, phase: "cooldown" } }
      }
      return {
        answer: { delay: Duration.zero, epoch: epoch + 1, phase: "learning" },
        state: { ...state, phase: "learning", epoch: epoch + 1, learningStartedAt: now, observedTokens: tokens },
        expiresAt: now + fallback + grace
      }
    }
    case "learning":
      return {
        answer: { delay: Duration.zero, epoch: state.epoch, phase: "learning" },
        state: { ...state, observedTokens: state.observedTokens + tokens },
        expiresAt: state.learningStartedAt + fallback + grace
      }
    case "learned": {
      const { epoch, learnedLimit, learnedWindow } = state
      const interval = learnedWindow / learnedLimit
      const isNew = isOver(state.cooldownUntil, interval * state.observedTokens, now)
      const observedTokens = (isNew ? 0 : state.observedTokens) + tokens
      const cooldownUntil = (isNew ? now : state.cooldownUntil) + interval * tokens
      const elapsed = observedTokens * interval - (cooldownUntil - now)
      const wait = Math.floor((observedTokens - 1) / learnedLimit) * learnedWindow - elapsed
      return {
        answer: { delay: Duration.millis(Math.max(0, wait)), epoch, phase: "learned" },
        state: { ...state, observedTokens, cooldownUntil },
        expiresAt: Math.max(now, cooldownUntil) + learnedWindow + grace
      }
    }
  }
}

export const adapt = ({ epoch, retryAfter, status, tokens }: OptionsOf<"adaptiveFeedback">) =>
(
  state: Adaptive | undefined,
  now: number
): Step<Adaptive, void> => {
  const unchanged = { answer: undefined }
  if (status !== 429 || retryAfter === undefined || epoch !== (state?.epoch ?? 0)) return unchanged
  const wait = bounded(Duration.toMillis(retryAfter))
  const cooldownUntil = now + wait
  const cooldown = (until: number, length: number): Step<Adaptive, void> => ({
    answer: undefined,
    state: {
      phase: "cooldown",
      epoch,
      cooldownUntil: until,
      cooldownFor: length,
      learningStartedAt: 0,
      observedTokens: 0,
      learnedLimit: 0,
      learnedWindow: 0
    },
    expiresAt: until + grace
  })
  if (state?.phase === "cooldown" && state.cooldownUntil > cooldownUntil) {
    const { cooldownFor = longestWindow, cooldownUntil } = state
    if (!isOver(cooldownUntil, cooldownFor, now)) return cooldown(cooldownUntil, cooldownFor)
  }
  if (state?.phase !== "learning") return cooldown(cooldownUntil, wait)
  const acceptedTokens = state.observedTokens - tokens
  if (acceptedTokens <= 0) return cooldown(cooldownUntil, wait)
  const learnedWindow = bounded(now - state.learningStartedAt + wait)
  return {
    answer: undefined,
    state: {
      ...state,
      phase: "learned",
      epoch: epoch + 1,
      cooldownUntil: state.learningStartedAt + learnedWindow,
      observedTokens: acceptedTokens,
      learnedLimit: acceptedTokens,
      learnedWindow
    },
    expiresAt: now + learnedWindow + grace
  }
}
