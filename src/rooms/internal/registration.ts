/**
 * Registers channels, hooks and handlers, the application's code, until a scope
 * closes. Each runs with a timeout and the services of the caller that
 * registered it, and never after those services are released.
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import type { DeliveryStatus } from "../../DeliveryStatus.ts"
import * as SupervisedFibers from "../../internal/supervisedFibers.ts"
import type { RoomEvent } from "../../RoomEvent.ts"
import type { Channel, Outgoing, SendingChannel } from "../Channel.ts"
import type { Hook } from "../Hook.ts"
import type { Room } from "../Room.ts"
import type { Registered } from "./channels.ts"

export interface Registry<in A> {
  readonly add: (registered: A) => void
  readonly remove: (registered: A) => void
}

export interface Limits {
  /** The timeout of one run of a channel or handler. Hooks have their own. */
  readonly runTimeout: Duration.Input
  /** How long closing the scope waits for running work. */
  readonly shutdownTimeout: Duration.Input
}

export type Handler<E = unknown, R = never> = (status: DeliveryStatus) => Effect.Effect<unknown, E, R>

/** Registers until the scope closes. Removal precedes the wait for running work, so that nothing new starts. */
const register = <A>(registry: Registry<A>, registered: A): Effect.Effect<void, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => registry.add(registered)),
    () => Effect.sync(() => registry.remove(registered))
  )

/**
 * Returns the services of the registering caller, without its span: each run is
 * traced under the span of its own event.
 */
const servicesOf = <R>() =>
  Effect.map(
    Effect.context<R>(),
    (services) => Context.omit(Tracer.ParentSpan)(services) as Context.Context<unknown> as Context.Context<R>
  )

export const channel = Effect.fnUntraced(function*<E, R>(
  registry: Registry<Registered>,
  channel: Channel<E, R> | SendingChannel<E, R>,
  { runTimeout, shutdownTimeout }: Limits
): Effect.fn.Return<void, never, R | Scope.Scope> {
  const services = yield* servicesOf<R>()
  const runs = yield* SupervisedFibers.make(shutdownTimeout)
  const deliver = (event: RoomEvent, room: Room): Effect.Effect<ReadonlyArray<Outgoing> | undefined, E, R> =>
    "messages" in channel ? channel.messages(event, room) : Effect.as(channel.deliver(event, room), undefined)
  const { everyRoom, id, type } = channel
  yield* register(registry, {
    id,
    type,
    everyRoom,
    runs,
    retries: !("messages" in channel),
    deliver: (event, room) =>
      runs.runWithin(Effect.provideContext(Effect.suspend(() => deliver(event, room)), services), runTimeout)
  })
})

/** Wraps each run of a hook, whatever its arguments and result. */
const aroundRuns = <E, R>(
  hook: Hook<E, R>,
  around: <A>(run: Effect.Effect<A, E, R>) => Effect.Effect<A, unknown>
): Hook => {
  const run = hook.run as (...input: ReadonlyArray<unknown>) => Effect.Effect<unknown, E, R>
  return {
    ...hook,
    run: (...input: ReadonlyArray<unknown>) => around(Effect.suspend(() => run(...input)))
  } as Hook
}

export const hook = Effect.fnUntraced(function*<E, R>(
  registry: Registry<Hook>,
  hook: Hook<E, R>,
  { shutdownTimeout }: Limits
): Effect.fn.Return<void, never, R | Scope.Scope> {
  const services = yield* servicesOf<R>()
  const runs = yield* SupervisedFibers.make(shutdownTimeout)
  const limit = hook.timeout ?? "30 seconds"
  yield* register(
    registry,
    aroundRuns(hook, (run) => runs.runWithin(Effect.provideContext(run, services), limit))
  )
})

export const handler = Effect.fnUntraced(function*<E, R>(
  registry: Registry<Handler>,
  handler: Handler<E, R>,
  { runTimeout, shutdownTimeout }: Limits
): Effect.fn.Return<void, never, R | Scope.Scope> {
  const services = yield* servicesOf<R>()
  const runs = yield* SupervisedFibers.make(shutdownTimeout)
  yield* register(
    registry,
    (status) => runs.runWithin(Effect.provideContext(Effect.suspend(() => handler(status)), services), runTimeout)
  )
})
