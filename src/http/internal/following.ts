/**
 * Follows the events of a server over any number of connections.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpApiClient from "effect/http-api/HttpApiClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import type { Address } from "../../Address.ts"
import type { Kind } from "../../events/Event.ts"
import type { Entry } from "../../events/EventLog.ts"
import { compact } from "../../internal/record.ts"
import { heartbeat } from "../EventsApi.ts"
import type { MessagesApi } from "../MessagesApi.ts"
import type * as Problems from "../Problems.ts"

/**
 * What to follow. An absent field matches everything.
 *
 * @category models
 * @since 0.1.0
 */
export type FollowOptions = {
  /**
   * The position after which to begin. 0 is the oldest event that is kept.
   * Begins now without it.
   */
  readonly after?: number | undefined
  /** Only events of this room. */
  readonly room?: string | undefined
  /** Only events of these kinds. */
  readonly kinds?: ReadonlyArray<Kind> | undefined
  /** Only events of the person with this number, in any form. */
  readonly number?: Address | undefined
}

/**
 * Why following ended: the token or the request is wrong, or the server keeps
 * no events.
 *
 * @category errors
 * @since 0.1.0
 */
export type FollowError =
  | Problems.BadRequest
  | Problems.Unauthorized
  | Problems.Forbidden
  | Problems.NotFound

/** After three missing heartbeats, the connection is taken for lost. */
const silence: Duration.Input = "45 seconds"

/** The wait before the first reconnection, which doubles with each failure, and its limit. */
const [firstWait, maxWait] = [250, 30_000]

const refusals: ReadonlyArray<string> = [
  "BadRequest",
  "Unauthorized",
  "Forbidden",
  "NotFound"
] satisfies ReadonlyArray<FollowError["_tag"]>

const isRefusal = (error: { readonly _tag: string } | HttpClientError.HttpClientError): error is FollowError =>
  refusals.includes(error._tag)

/** What a program that shows the connection needs to know. */
export interface Observer {
  /** Runs when a connection has brought its first event. */
  readonly onConnected?: Effect.Effect<void> | undefined
  /** Runs when a connection ended, before the next one is made. */
  readonly onLost?: Effect.Effect<void> | undefined
  /** Runs when the server tells that nothing happened for a while. */
  readonly onHeartbeat?: Effect.Effect<void> | undefined
  /** Ends a connection that cannot be used any more, before its silence shows that. */
  readonly drop?: Effect.Effect<void> | undefined
  /** Ends the wait for the next connection. */
  readonly wake?: Effect.Effect<void> | undefined
}

/** Builds the function that follows, over connections that this one makes. */
export const make = (
  connect: HttpApiClient.ForApi<typeof MessagesApi>["events"]["follow"],
  {
    drop = Effect.never,
    onConnected = Effect.void,
    onHeartbeat = Effect.void,
    onLost = Effect.void,
    wake = Effect.never
  }: Observer = {}
) =>
({ after, kinds, number, room }: FollowOptions = {}): Stream.Stream<Entry, FollowError> =>
  Stream.suspend(() => {
    let last = after
    let failures = 0
    const query = compact({ after, room, kind: kinds, number })
    const connection = Stream.unwrap(
      Effect.suspend(() => {
        let isNew = true
        const events = connect({ query, headers: last === undefined ? {} : { "last-event-id": last } })
        return Effect.map(
          events,
          Stream.tap(() => {
            const connected = isNew ? onConnected : Effect.void
            isNew = false
            return connected
          })
        )
      })
    ).pipe(
      Stream.interruptWhen(drop),
      Stream.timeout(silence),
      Stream.catch((error) =>
        isRefusal(error)
          ? Stream.fail(error)
          : failures > 0
          ? Stream.empty
          : Stream.fromEffectDrain(Effect.logWarning(`Following was interrupted (${error._tag}), and goes on`))
      ),
      Stream.flatMap((event) => {
        failures = 0
        if (event.id !== undefined) last = Number(event.id)
        if (typeof event.data !== "string") return Stream.succeed(event.data)
        return event.event === heartbeat ? Stream.fromEffectDrain(onHeartbeat) : Stream.empty
      })
    )
    const pause = Effect.suspend(() => {
      const wait = Math.min(maxWait, firstWait * 2 ** failures++)
      const waiting = Effect.flatMap(Random.nextBetween(wait / 2, wait), Effect.sleep)
      return Effect.andThen(onLost, Effect.raceFirst(waiting, wake))
    })
    return Stream.forever(Stream.concat(connection, Stream.fromEffectDrain(pause)))
  })
