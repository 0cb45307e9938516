/**
 * The handlers of the forwarding API. Without a forwarder, its lists are empty.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Forwarder } from "../../forward/Forwarder.ts"
import { endpointViewOf, forwardViewOf } from "../ForwardingApi.ts"
import { GatewayApi } from "../MessagesApi.ts"
import * as Problems from "../Problems.ts"
import * as Cursors from "./cursors.ts"
import { storageFailed } from "./storageFailed.ts"

const spanReversed = new Problems.BadRequest({ detail: "since: expected a time that is not after `until`" })

const cursors = Cursors.make(Schema.Int)

export const layer = HttpApiBuilder.group(
  GatewayApi,
  "forwarding",
  Effect.fnUntraced(function*(handlers) {
    const forwarder = Option.getOrUndefined(yield* Effect.serviceOption(Forwarder))
    return handlers.handleAll({
      forwardingEndpoints: () =>
        forwarder === undefined
          ? Effect.succeed([])
          : forwarder.endpoints.pipe(
            Effect.map((endpoints) => endpoints.map(endpointViewOf)),
            Effect.catch(storageFailed)
          ),
      resumeForwarding: Effect.fnUntraced(function*({ payload: { endpoint } }) {
        const replayed = yield* Effect.catch(forwarder?.resume(endpoint) ?? Effect.undefined, storageFailed)
        return replayed === undefined ? yield* Problems.unknown("endpoint") : { replayed }
      }),
      forwards: Effect.fnUntraced(function*({ query }) {
        const { cursor, endpoint, event, limit, since, state = "pending", until } = query
        const before = yield* cursors.placeOf(cursor)
        if (forwarder === undefined) return { items: [] }
        const filter = { endpoint, kind: event, since, until }
        const reading = forwarder.list({ state, ...Cursors.oneMore(limit), before, filter })
        const found = yield* Effect.catch(reading, storageFailed)
        return cursors.page(found, limit, forwardViewOf, ({ position }) => position)
      }),
      replayForwards: Effect.fnUntraced(function*({ payload }) {
        const endpoints = forwarder === undefined ? [] : yield* Effect.catch(forwarder.endpoints, storageFailed)
        const { endpoint, since, until = yield* DateTime.now } = payload
        if (DateTime.isGreaterThan(since, until)) return yield* spanReversed
        if (forwarder === undefined || (endpoint !== undefined && endpoints.every(({ name }) => name !== endpoint))) {
          return yield* Problems.unknown("endpoint")
        }
        return { replayed: yield* Effect.catch(forwarder.replaySpan({ ...payload, until }), storageFailed) }
      })
    })
  })
)
