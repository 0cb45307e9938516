/**
 * The handlers of the forwarding API. Without a forwarder, its lists are empty.
 */
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Option from "effect/Option"
import { Forwarder } from "../../forward/Forwarder.ts"
import { endpointViewOf, forwardViewOf } from "../ForwardingApi.ts"
import { GatewayApi } from "../MessagesApi.ts"
import * as Paging from "../Paging.ts"
import { unknown } from "../Problems.ts"
import { storageFailed } from "./storageFailed.ts"

export const layer = HttpApiBuilder.group(
  GatewayApi,
  "forwarding",
  Effect.fnUntraced(function*(handlers) {
    const forwarder = Option.getOrUndefined(yield* Effect.serviceOption(Forwarder))
    return handlers.handleAll({
      endpoints: () =>
        forwarder === undefined
          ? Effect.succeed([])
          : forwarder.endpoints.pipe(
            Effect.map((endpoints) => endpoints.map(endpointViewOf)),
            Effect.catch(storageFailed)
          ),
      resume: Effect.fnUntraced(function*({ payload: { endpoint } }) {
        const replayed = yield* Effect.catch(forwarder?.resume(endpoint) ?? Effect.undefined, storageFailed)
        return replayed === undefined ? yield* unknown("endpoint") : { replayed }
      }),
      forwards: ({ query: { before, limit = Paging.defaultLimit, state = "dead" } }) =>
        forwarder === undefined
          ? Effect.succeed([])
          : forwarder.list({ state, limit, before }).pipe(
            Effect.map((entries) => entries.map(forwardViewOf)),
            Effect.catch(storageFailed)
          ),
      replayForward: Effect.fnUntraced(function*({ params: { id } }) {
        const isKnown = forwarder !== undefined && (yield* Effect.catch(forwarder.replay(id), storageFailed))
        return isKnown ? { replayed: 1 } : yield* unknown("event")
      }),
      replayForwards: Effect.fnUntraced(function*({ payload }) {
        const endpoints = forwarder === undefined ? [] : yield* Effect.catch(forwarder.endpoints, storageFailed)
        const { endpoint } = payload
        if (forwarder === undefined || (endpoint !== undefined && endpoints.every(({ name }) => name !== endpoint))) {
          return yield* unknown("endpoint")
        }
        return { replayed: yield* Effect.catch(forwarder.replaySpan(payload), storageFailed) }
      })
    })
  })
)
