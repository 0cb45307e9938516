/**
 * What carriers and the server told each other: webhooks, also refused ones,
 * and requests.
 */
import * as Effect from "effect/Effect"
import type { ExchangeSummary, ExchangeView } from "../../http/ExchangesApi.ts"
import { Api } from "../state/api.ts"
import { hrefOf, route } from "../state/route.ts"
import { titleOfProvider } from "../state/session.ts"
import { useAtom } from "../state/store.ts"
import { Copy } from "../ui/Copy.tsx"
import { curlOf, pretty } from "../ui/curl.ts"
import { CarrierFilter, given, SelectFilter } from "../ui/Filters.tsx"
import { Icon } from "../ui/icons.tsx"
import { ListPage } from "../ui/ListPage.tsx"
import { Problem, Skeleton } from "../ui/parts.tsx"
import { type Column, Facts, Panel } from "../ui/Table.tsx"
import { fullTime, shortTime } from "../ui/text.ts"
import { usePages } from "../ui/usePages.ts"
import { useRead } from "../ui/useRead.ts"
import { useRefresh } from "../ui/useRefresh.ts"
import { statusBadge } from "./ExchangesOf.tsx"

const columns: ReadonlyArray<Column<ExchangeSummary>> = [
  {
    name: "Request",
    cell: ({ direction }) => (
      <span class="cell-person">
        <span class={`direction is-${direction}`}>
          <Icon name={direction === "inbound" ? "in" : "out"} size={14} />
        </span>
        {direction === "inbound" ? "Webhook" : "Send"}
      </span>
    )
  },
  { name: "Carrier", kind: "is-carrier", cell: ({ provider }) => titleOfProvider(provider) },
  { name: "Answer", cell: statusBadge },
  { name: "Outcome", kind: "is-text", cell: ({ refusal }) => refusal === undefined ? "Accepted" : refusal.message },
  { name: "Time", kind: "is-time", cell: ({ time }) => <time title={fullTime(time)}>{shortTime(time)}</time> }
]

/** What an operator can do about a webhook that was refused. */
const remedies: Readonly<Record<string, string>> = {
  MissingSignature: "The request has no signature. Somebody else may have sent it, or a proxy removed the header.",
  InvalidSignature: "The secret of this server is not the one that the carrier signs with, the URL that the carrier " +
    "calls is not the one of PUBLIC_URL, or somebody else sent it.",
  StaleTimestamp: "The clock of this machine is wrong, or the request was sent again by somebody else.",
  InvalidPayload: "The carrier, or somebody else, sent something that this version does not understand.",
  UnsupportedContentType: "The carrier is set up to send another format.",
  PayloadTooLarge: "No carrier sends as much."
}

const Body = ({ label, text, type }: {
  readonly label: string
  readonly text: string
  readonly type: string | undefined
}) =>
  text === "" ? null : (
    <>
      <h3>{label}</h3>
      <pre class="code" tabIndex={0} aria-label={label}>{pretty(text, type)}</pre>
    </>
  )

const Exchange = ({ exchange }: { readonly exchange: ExchangeView }) => {
  const { answer, body, direction, headers, id, intentId, messageIds, provider, refusal, took } = exchange
  return (
    <>
      {refusal !== undefined && (
        <div class="verdict" role="note">
          <p class="verdict-title">
            <Icon name="warning" /> {refusal.message}
          </p>
          {direction === "inbound" && remedies[refusal.reason] !== undefined && <p>{remedies[refusal.reason]}</p>}
        </div>
      )}
      <Facts
        facts={[
          ["Answer", statusBadge(exchange)],
          ["Carrier", titleOfProvider(provider)],
          ["Time", fullTime(exchange.time)],
          ["Took", took === undefined ? undefined : `${took} ms`],
          ["Message ids", messageIds.length === 0 ? undefined : <code>{messageIds.join(" ")}</code>],
          [
            "Send",
            intentId === undefined ? undefined : <a href={hrefOf(["messages", "outbound", intentId])}>{intentId}</a>
          ],
          ["Id", <code>{id}</code>]
        ]}
      />
      <div class="actions">
        <Copy label="Copy as curl" text={curlOf(exchange)} />
      </div>
      <h3>Request</h3>
      <pre class="code" tabIndex={0} aria-label="Request">
        <strong>{exchange.method} {exchange.url}</strong>
        {"\n"}
        {Object.entries(headers).map(([name, value]) => `${name}: ${value}\n`)}
      </pre>
      <Body label="Body" text={body} type={headers["content-type"]} />
      <Body label="Answer of the carrier" text={answer ?? ""} type="application/json" />
    </>
  )
}

const ExchangePanel = ({ closeHref, id }: { readonly id: string; readonly closeHref: string }) => {
  const { problem, refresh, value } = useRead(
    id,
    Effect.flatMap(Api, (api) => api.exchanges.get({ params: { id } })).pipe(
      Effect.catchTag("NotFound", () => Effect.succeed(undefined))
    )
  )
  return (
    <Panel title="Request" closeHref={closeHref}>
      {value !== undefined
        ? <Exchange exchange={value} />
        : problem === undefined
        ? <Skeleton rows={4} />
        : <Problem onRetry={refresh}>{problem}</Problem>}
    </Panel>
  )
}

export const Requests = () => {
  const { path: [selected], query } = useAtom(route)
  const filters = Object.fromEntries(query)
  const key = query.toString()
  const pages = usePages(
    key,
    () =>
      Effect.flatMap(Api, (api) =>
        api.exchanges.list({
          query: given({
            direction: query.get("direction"),
            outcome: query.get("outcome"),
            provider: query.get("provider")
          })
        })),
    ({ id }) => id
  )
  useRefresh(pages.refresh, { heartbeat: true })
  return (
    <ListPage
      title="Requests"
      intro={
        <p class="muted">
          The latest webhooks and sends of this process, for an hour, at most 500. They are in memory alone.
        </p>
      }
      filters={
        <>
          <SelectFilter
            label="Direction"
            name="direction"
            options={[["", "Webhooks and sends"], ["inbound", "Webhooks"], ["outbound", "Sends"]]}
          />
          <SelectFilter
            label="Outcome"
            name="outcome"
            options={[["", "Any outcome"], ["accepted", "Accepted"], ["refused", "Refused"]]}
          />
          <CarrierFilter />
        </>
      }
      columns={columns}
      pages={pages}
      idOf={({ id }) => id}
      selected={selected}
      hrefOf={({ id }) => hrefOf(["requests", id], filters)}
      empty={{
        icon: "wire",
        title: key === "" ? "No requests in the last hour" : "No request fits the filters",
        text: key === "" ? "Webhooks appear here, also those that are refused." : <a href="#/requests">Show all</a>
      }}
    >
      {selected !== undefined && (
        <ExchangePanel id={selected} closeHref={hrefOf(["requests"], filters)} key={selected} />
      )}
    </ListPage>
  )
}
