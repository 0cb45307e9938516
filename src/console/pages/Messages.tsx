/**
 * The list of received and sent messages.
 */
import * as Effect from "effect/Effect"
import { Address } from "../../Address.ts"
import type { ListedMessage } from "../../http/ListsApi.ts"
import { Api } from "../state/api.ts"
import { hrefOf, route } from "../state/route.ts"
import { titleOfProvider } from "../state/session.ts"
import { useAtom } from "../state/store.ts"
import { CarrierFilter, given, SelectFilter, sinceOf, TextFilter, TimeFilter } from "../ui/Filters.tsx"
import { Icon } from "../ui/icons.tsx"
import { ListPage } from "../ui/ListPage.tsx"
import { StateBadge, stateOptions } from "../ui/status.tsx"
import type { Column } from "../ui/Table.tsx"
import { fullTime, numberOf, previewOf, shortTime } from "../ui/text.ts"
import { usePages } from "../ui/usePages.ts"
import { useRefresh } from "../ui/useRefresh.ts"
import { MessagePanel } from "./MessagePanel.tsx"
import { Tabs } from "./Tabs.tsx"

const personOf = ({ direction, from, to }: ListedMessage): string =>
  numberOf((direction === "inbound" ? from : to) ?? "")

const columns: ReadonlyArray<Column<ListedMessage>> = [
  {
    name: "Person",
    cell: (message) => (
      <span class="cell-person">
        <span class={`direction is-${message.direction}`}>
          <Icon
            name={message.direction === "inbound" ? "in" : "out"}
            size={14}
            label={message.direction === "inbound" ? "From" : "To"}
          />
        </span>
        {personOf(message)}
      </span>
    )
  },
  { name: "Message", kind: "is-text", cell: ({ content }) => previewOf(content) },
  { name: "State", cell: (message) => <StateBadge {...message} /> },
  {
    name: "Carrier",
    kind: "is-carrier",
    cell: ({ provider }) => provider === undefined ? "" : titleOfProvider(provider)
  },
  { name: "Time", kind: "is-time", cell: ({ time }) => <time title={fullTime(time)}>{shortTime(time)}</time> }
]

const keyOf = ({ direction, id }: ListedMessage) => `${direction} ${id}`

export const Messages = () => {
  const { path, query } = useAtom(route)
  const [direction, id] = path
  const filters = Object.fromEntries(query)
  const key = query.toString()
  const pages = usePages(
    key,
    (cursor) =>
      Effect.flatMap(Api, (api) => {
        const number = query.get("number")
        return api.lists.messages({
          query: {
            limit: 50,
            ...(cursor !== undefined && { cursor }),
            ...(number !== null && number !== "" && { number: Address.make(number) }),
            ...given({
              text: query.get("text"),
              state: query.get("state"),
              direction: query.get("direction"),
              provider: query.get("provider"),
              room: query.get("room")
            }),
            ...sinceOf(query.get("since"))
          }
        })
      }),
    keyOf
  )
  useRefresh(pages.refresh)
  const selected = direction === undefined || id === undefined ? undefined : `${direction} ${id}`
  const message = pages.items.find((message) => keyOf(message) === selected)
  return (
    <ListPage
      title="Messages"
      intro={<Tabs page="messages" />}
      filters={
        <>
          <TextFilter label="Text" name="text" />
          <TextFilter label="Number" name="number" />
          <SelectFilter label="State" name="state" options={stateOptions} />
          <SelectFilter
            label="Direction"
            name="direction"
            options={[["", "Both directions"], ["inbound", "Received"], ["outbound", "Sent"]]}
          />
          <CarrierFilter />
          <TimeFilter />
        </>
      }
      columns={columns}
      pages={pages}
      idOf={keyOf}
      selected={selected}
      hrefOf={(message) => hrefOf(["messages", message.direction, message.id], filters)}
      empty={{
        icon: "list",
        title: key === "" ? "No messages yet" : "No message fits the filters",
        text: key === "" ? "What the server receives and sends appears here." : <a href="#/messages">Show all</a>
      }}
    >
      {direction !== undefined && id !== undefined && (
        <MessagePanel
          key={selected}
          direction={direction === "inbound" ? "inbound" : "outbound"}
          id={id}
          message={message}
          closeHref={hrefOf(["messages"], filters)}
        />
      )}
    </ListPage>
  )
}
