/**
 * The handlers of exchanges with carriers.
 */
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Exchanges from "../../provider/Exchanges.ts"
import { GatewayApi } from "../MessagesApi.ts"
import * as Problems from "../Problems.ts"
import * as MaskExchange from "./maskExchange.ts"
import * as ProviderFilter from "./providerFilter.ts"

export const layer = HttpApiBuilder.group(
  GatewayApi,
  "exchanges",
  Effect.fnUntraced(function*(handlers) {
    const exchanges = yield* Exchanges.Exchanges
    const providerOf = yield* ProviderFilter.make
    const all = exchanges === undefined ? Effect.succeed([]) : exchanges.all
    return handlers.handleAll({
      list: Effect.fnUntraced(function*({ query: { direction, intent, message, outcome, provider } }) {
        const name = yield* providerOf(provider)
        const items = (yield* all).filter((one) =>
          (direction === undefined || one.direction === direction) &&
          (name === undefined || one.provider === name) &&
          (outcome === undefined || (outcome === "refused") === (one.refusal !== undefined)) &&
          (message === undefined || one.messageIds.includes(message)) &&
          (intent === undefined || one.intentId === intent)
        )
        return { items: items.map(MaskExchange.summarize) }
      }),
      get: Effect.fnUntraced(function*({ params: { id } }) {
        const found = (yield* all).find((exchange) => exchange.id === id)
        return found === undefined ? yield* Problems.unknown("exchange") : MaskExchange.show(found)
      })
    })
  })
)
