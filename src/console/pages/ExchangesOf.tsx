/**
 * The exchanges with a carrier that a message is about.
 */
import * as Effect from "effect/Effect"
import type { ExchangeSummary } from "../../http/ExchangesApi.ts"
import { Api } from "../state/api.ts"
import { hrefOf } from "../state/route.ts"
import { Badge } from "../ui/parts.tsx"
import { fullTime } from "../ui/text.ts"
import { useRead } from "../ui/useRead.ts"

export const statusBadge = ({ refusal, status }: Pick<ExchangeSummary, "refusal" | "status">) => (
  <Badge kind={refusal === undefined ? "good" : "bad"}>{status ?? "No answer"}</Badge>
)

export const ExchangesOf = ({ label, query }: {
  readonly label: string
  readonly query: { readonly intent?: string; readonly message?: string; readonly direction?: "inbound" | "outbound" }
}) => {
  const { value } = useRead(JSON.stringify(query), Effect.flatMap(Api, (api) => api.exchanges.list({ query })))
  if (value === undefined || value.items.length === 0) return null
  return (
    <>
      <h3>{label}</h3>
      <ul class="exchanges">
        {value.items.map((exchange) => (
          <li key={exchange.id}>
            <a href={hrefOf(["requests", exchange.id])}>
              {statusBadge(exchange)}
              <span>{exchange.method}</span>
              <time class="muted">{fullTime(exchange.time)}</time>
            </a>
          </li>
        ))}
      </ul>
    </>
  )
}
