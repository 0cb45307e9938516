/**
 * Runs hooks: `Before` hooks in sequence, `After` hooks concurrently. A failing
 * hook is reported and does not stop the kit.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as SchemaIssue from "effect/SchemaIssue"
import { TryAgain } from "../../queue/TryAgain.ts"
import type { RoomEvent } from "../../RoomEvent.ts"
import type { Hook, HookResult, Subject } from "../Hook.ts"
import type { KitEvent } from "../KitEvent.ts"
import { Unfinished } from "../ProcessResult.ts"
import type { HookRegistry, Trigger, Triggered } from "./hooks.ts"

export interface Parts {
  readonly hooks: HookRegistry
  readonly notify: (event: KitEvent) => Effect.Effect<void>
}

/** The combined decision of the hooks on a value. */
export type Verdict<A> =
  | { readonly _tag: "Passed"; readonly value: A }
  | { readonly _tag: "Blocked"; readonly value: A; readonly hook: string; readonly reason: string }

export interface Before<H extends Hook, A> {
  /** The fields that filters are matched against. A modification by a hook does not change them. */
  readonly subject: Subject
  /** The event that the hooks run for. Absent for a message without a room. */
  readonly event?: RoomEvent | undefined
  readonly value: A
  readonly run: (hook: H, value: A) => Effect.Effect<HookResult<A>, unknown>
  /**
   * Whether the event is processed again when this ends without a result. A hook
   * that fails with `TryAgain`, or whose scope closes during its run, then ends
   * the processing: the event must not pass without the hook. Otherwise it counts
   * as failed.
   */
  readonly isResumed?: boolean | undefined
  /** Validates the value that a hook returned as a modification. */
  readonly check: (modified: A, value: A) => Effect.Effect<A, SchemaIssue.Issue>
}

export interface After<H extends Hook> {
  readonly subject: Subject
  readonly event?: RoomEvent | undefined
  readonly run: (hook: H) => Effect.Effect<void, unknown>
}

type BeforeTrigger = Extract<Trigger, `Before${string}`>
type AfterTrigger = Extract<Trigger, `After${string}`>

export interface HookRuns {
  /** Returns whether there are hooks for a subject. */
  readonly hasAny: (trigger: Trigger, subject: Subject) => boolean
  readonly before: <T extends BeforeTrigger, A>(
    trigger: T,
    options: Before<Triggered<T>, A>
  ) => Effect.Effect<Verdict<A>, Unfinished>
  readonly after: <T extends AfterTrigger>(trigger: T, options: After<Triggered<T>>) => Effect.Effect<void>
}

const inSpan = <A>(hook: Hook, run: Effect.Effect<A, unknown>) =>
  Effect.withSpan(run, "RoomKit.hook", { attributes: { "sms.hook": hook.name, "sms.trigger": hook.trigger } })

export const make = ({ hooks, notify }: Parts): HookRuns => {
  const failed = (hook: Hook, event: RoomEvent | undefined, cause: Cause.Cause<unknown>) =>
    Effect.andThen(
      Effect.logError(`Hook ${JSON.stringify(hook.name)} failed`, cause),
      notify({
        _tag: "HookFailed",
        roomId: event?.roomId,
        eventId: event?.id,
        hook: hook.name,
        trigger: hook.trigger,
        cause
      })
    )

  /** Turns a hook result into a verdict. Dies on an invalid result, which only untyped JavaScript can return. */
  const verdict = <A>(
    hook: Hook,
    result: HookResult<A>,
    value: A,
    check: Before<never, A>["check"]
  ): Effect.Effect<Verdict<A>, Schema.SchemaError> => {
    switch (result._tag) {
      case "Allow":
        return Effect.succeed({ _tag: "Passed", value })
      case "Block":
        return Effect.succeed({ _tag: "Blocked", value, hook: hook.name, reason: result.reason })
      case "Modify":
        return Effect.mapBoth(Effect.suspend(() => check(result.value, value)), {
          onSuccess: (value) => ({ _tag: "Passed", value }),
          onFailure: (issue) => new Schema.SchemaError(issue)
        })
      default:
        return Effect.die(new TypeError("A hook must return allow, block or modify", { cause: result satisfies never }))
    }
  }

  const ask = <H extends Extract<Hook, { readonly trigger: BeforeTrigger }>, A>(
    hook: H,
    value: A,
    { check, event, isResumed = false, run }: Pick<Before<H, A>, "check" | "event" | "isResumed" | "run">
  ): Effect.Effect<Verdict<A>, Unfinished> =>
    inSpan(hook, run(hook, value)).pipe(
      Effect.flatMap((result) => verdict(hook, result, value, check)),
      Effect.catchCause((cause): Effect.Effect<Verdict<A>, Unfinished> => {
        if (isResumed && Cause.hasInterruptsOnly(cause)) return Effect.interrupt
        const error = Cause.squash(cause)
        if (isResumed && error instanceof TryAgain) {
          return Effect.fail(new Unfinished({ failed: [`hook ${hook.name}`], cause: error }))
        }
        return Effect.map(failed(hook, event, cause), (): Verdict<A> =>
          hook.onFailure === "allow"
            ? { _tag: "Passed", value }
            : { _tag: "Blocked", value, hook: hook.name, reason: "the hook failed" })
      })
    )

  const askAll = Effect.fnUntraced(function*<H extends Extract<Hook, { readonly trigger: BeforeTrigger }>, A>(
    matching: ReadonlyArray<H>,
    { subject: _, value: first, ...options }: Before<H, A>
  ): Effect.fn.Return<Verdict<A>, Unfinished> {
    let value = first
    for (const hook of matching) {
      // A hook that was removed while an earlier one ran may no longer use its services.
      if (!hooks.has(hook)) {
        if (options.isResumed === true) return yield* Effect.interrupt
        continue
      }
      const verdict = yield* ask(hook, value, options)
      if (verdict._tag === "Blocked") return verdict
      value = verdict.value
    }
    return { _tag: "Passed", value }
  })

  return {
    hasAny: (trigger, subject) => hooks.matching(trigger, subject).length > 0,
    before: (trigger, options) => {
      const matching = hooks.matching(trigger, options.subject)
      return matching.length === 0
        ? Effect.succeed({ _tag: "Passed", value: options.value })
        : askAll(matching, options)
    },
    after: (trigger, { event, run, subject }) => {
      const matching = hooks.matching(trigger, subject)
      return matching.length === 0 ? Effect.void : Effect.forEach(
        matching,
        (hook) => Effect.catchCause(inSpan(hook, run(hook)), (cause) => failed(hook, event, cause)),
        { concurrency: "unbounded", discard: true }
      )
    }
  }
}
