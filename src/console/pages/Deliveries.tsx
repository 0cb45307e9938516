/**
 * The list of deliveries: what carriers reported about sent messages.
 */
import * as Effect from "effect/Effect"
import { Address } from "../../Address.ts"
import { Status } from "../../DeliveryStatus.ts"
import type { MessageView } from "../../http/MessagesApi.ts"
import { Api } from "../state/api.ts"
import { hrefOf, route } from "../state/route.ts"
import { titleOfProvider } from "../state/session.ts"
import { useAtom } from "../state/store.ts"
import { CarrierFilter, given, SelectFilter, sinceOf, TextFilter, TimeFilter } from "../ui/Filters.tsx"
import { ListPage } from "../ui/ListPage.tsx"
import { StatusBadge } from "../ui/status.tsx"
import { type Column, Facts, Panel } from "../ui/Table.tsx"
import { costOf, fullTime, numberOf, shortTime, statusNames } from "../ui/text.ts"
import { usePages } from "../ui/usePages.ts"
import { useRefresh } from "../ui/useRefresh.ts"
import { ExchangesOf } from "./ExchangesOf.tsx"
import { Tabs } from "./Tabs.tsx"

const errorOf = ({ errorCode, errorMessage }: Pick<MessageView, "errorCode" | "errorMessage">): string =>
  [errorMessage, errorCode === undefined ? undefined : `code ${errorCode}`].filter((part) => part !== undefined)
    .join(" · ")

const columns: ReadonlyArray<Column<MessageView>> = [
  { name: "Recipient", cell: ({ recipient }) => recipient === undefined ? "Not told" : numberOf(recipient) },
  { name: "Status", cell: ({ status }) => <StatusBadge status={status} /> },
  { name: "Error", kind: "is-text", cell: errorOf },
  { name: "Carrier", kind: "is-carrier", cell: ({ provider }) => titleOfProvider(provider) },
  { name: "Since", kind: "is-time", cell: ({ since }) => <time title={fullTime(since)}>{shortTime(since)}</time> }
]

const keyOf = ({ messageId, provider, recipient }: MessageView) => `${provider} ${messageId} ${recipient ?? ""}`

const Delivery = ({ delivery }: { readonly delivery: MessageView }) => (
  <>
    <Facts
      facts={[
        ["Status", <StatusBadge status={delivery.status} />],
        ["Error", errorOf(delivery)],
        ["Recipient", numberOf(delivery.recipient ?? "")],
        ["Carrier", titleOfProvider(delivery.provider)],
        ["Price", delivery.cost === undefined ? undefined : costOf(delivery.cost)],
        ["Since", fullTime(delivery.since)],
        ["Contradicts", delivery.contradictions.map((status) => statusNames[status]).join(", ")],
        ["Message id", <code>{delivery.messageId}</code>]
      ]}
    />
    <h3>Reports</h3>
    <ol class="timeline">
      {delivery.history.map((entry, index) => (
        <li class={entry.effect === "contradicted" ? "is-warn" : "is-neutral"} key={index}>
          <span class="timeline-name">{statusNames[entry.status]}</span>
          <span class="timeline-detail">
            {[`“${entry.carrierStatus}”`, errorOf(entry)].filter(Boolean).join(" · ")}
          </span>
          <time>{fullTime(entry.at)}</time>
        </li>
      ))}
    </ol>
    <ExchangesOf label="Requests and webhooks" query={{ message: delivery.messageId }} />
  </>
)

export const Deliveries = () => {
  const { path: [selected], query } = useAtom(route)
  const filters = Object.fromEntries(query)
  const key = query.toString()
  const pages = usePages(
    key,
    (cursor) =>
      Effect.flatMap(Api, (api) => {
        const number = query.get("number")
        return api.lists.deliveries({
          query: {
            limit: 50,
            ...(cursor !== undefined && { cursor }),
            ...(number !== null && number !== "" && { number: Address.make(number) }),
            ...given({ status: query.get("status"), provider: query.get("provider") }),
            ...sinceOf(query.get("since"))
          }
        })
      }),
    keyOf
  )
  useRefresh(pages.refresh)
  const delivery = pages.items.find((delivery) => keyOf(delivery) === selected)
  return (
    <ListPage
      title="Deliveries"
      intro={<Tabs page="deliveries" />}
      filters={
        <>
          <TextFilter label="Number" name="number" />
          <SelectFilter
            label="Status"
            name="status"
            options={[["", "Any status"], ...Status.literals.map((status) => [status, statusNames[status]] as const)]}
          />
          <CarrierFilter />
          <TimeFilter />
        </>
      }
      columns={columns}
      pages={pages}
      idOf={keyOf}
      selected={selected}
      hrefOf={(delivery) => hrefOf(["deliveries", keyOf(delivery)], filters)}
      empty={{
        icon: "checks",
        title: key === "" ? "No deliveries yet" : "No delivery fits the filters",
        text: key === ""
          ? "What carriers report about sent messages appears here."
          : <a href="#/deliveries">Show all</a>
      }}
    >
      {selected !== undefined && (
        <Panel title="Delivery" closeHref={hrefOf(["deliveries"], filters)} key={selected}>
          {delivery === undefined
            ? <p class="muted">This delivery is not in the list.</p>
            : <Delivery delivery={delivery} />}
        </Panel>
      )}
    </ListPage>
  )
}
