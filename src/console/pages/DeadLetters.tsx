/**
 * The list of dead letters, and their replay.
 */
import * as Effect from "effect/Effect"
import { useState } from "preact/hooks"
import type { DeadLetter } from "../../http/OperationsApi.ts"
import { Api, run } from "../state/api.ts"
import { messageOf } from "../state/problem.ts"
import { hrefOf, route } from "../state/route.ts"
import { can, titleOfProvider } from "../state/session.ts"
import { useAtom } from "../state/store.ts"
import { CarrierFilter, given, SelectFilter, sinceOf, TimeFilter } from "../ui/Filters.tsx"
import { Icon } from "../ui/icons.tsx"
import { ListPage } from "../ui/ListPage.tsx"
import { Badge, Problem } from "../ui/parts.tsx"
import { type Column, Facts, Panel } from "../ui/Table.tsx"
import { fullTime, shortTime } from "../ui/text.ts"
import { usePages } from "../ui/usePages.ts"
import { useRefresh } from "../ui/useRefresh.ts"
import { Tabs } from "./Tabs.tsx"

const events: Readonly<Record<string, string>> = {
  InboundMessage: "Received message",
  DeliveryStatus: "Delivery report",
  MessagePart: "Part of a message",
  Unrecognized: "Unknown event",
  MessageReceived: "Received message",
  DeliveryChanged: "Changed delivery"
}

const nameOf = ({ event }: DeadLetter) => events[event] ?? event

const columns: ReadonlyArray<Column<DeadLetter>> = [
  { name: "Event", cell: nameOf },
  {
    name: "Where",
    kind: "is-text",
    cell: ({ endpoint, kind, provider }) =>
      kind === "inbox" ? `From ${titleOfProvider(provider ?? "")}` : `For ${endpoint ?? "an endpoint"}`
  },
  { name: "Last error", cell: ({ lastError }) => <Badge kind="bad">{lastError ?? "Unknown"}</Badge> },
  { name: "Attempts", kind: "is-carrier", cell: ({ failures }) => failures },
  {
    name: "Accepted",
    kind: "is-time",
    cell: ({ acceptedAt }) => <time title={fullTime(acceptedAt)}>{shortTime(acceptedAt)}</time>
  }
]

const Replay = ({ letter, onDone }: { readonly letter: DeadLetter; readonly onDone: () => void }) => {
  const [state, setState] = useState<"idle" | "busy" | "done">("idle")
  const [problem, setProblem] = useState<string>()
  if (!can("operate")) return <p class="muted">Your token may not replay.</p>
  const replay = () => {
    setState("busy")
    setProblem(undefined)
    run(
      Effect.flatMap(Api, ({ operations }) => operations.replay({ params: { id: letter.id } })).pipe(Effect.match({
        onSuccess: () => {
          setState("done")
          onDone()
        },
        onFailure: (error) => {
          setState("idle")
          setProblem(messageOf(error))
        }
      }))
    )
  }
  return (
    <div class="actions">
      <button type="button" class="button is-primary" disabled={state !== "idle"} onClick={replay}>
        <Icon name="replay" size={16} /> Replay
      </button>
      <span role="status">{state === "done" ? "It is processed again." : ""}</span>
      {problem !== undefined && <Problem>{problem}</Problem>}
    </div>
  )
}

export const DeadLetters = () => {
  const { path: [selected], query } = useAtom(route)
  const filters = Object.fromEntries(query)
  const key = query.toString()
  const pages = usePages(
    key,
    (cursor) =>
      Effect.flatMap(Api, (api) =>
        api.operations.deadLetters({
          query: {
            limit: 50,
            ...(cursor !== undefined && { cursor }),
            ...given({ kind: query.get("kind"), provider: query.get("provider") }),
            ...sinceOf(query.get("since"))
          }
        })),
    ({ id }) => id
  )
  useRefresh(pages.refresh, { heartbeat: true })
  const letter = pages.items.find(({ id }) => id === selected)
  return (
    <ListPage
      title="Dead letters"
      intro={<Tabs page="dead-letters" />}
      filters={
        <>
          <SelectFilter
            label="Kind"
            name="kind"
            options={[["", "Any kind"], ["inbox", "Not processed"], ["forward", "Not taken"]]}
          />
          <CarrierFilter />
          <TimeFilter />
        </>
      }
      columns={columns}
      pages={pages}
      idOf={({ id }) => id}
      selected={selected}
      hrefOf={({ id }) => hrefOf(["dead-letters", id], filters)}
      empty={{
        icon: "check",
        title: key === "" ? "No dead letters" : "No dead letter fits the filters",
        text: key === ""
          ? "What could not be processed or forwarded, however often it was tried, appears here."
          : <a href="#/dead-letters">Show all</a>
      }}
    >
      {selected !== undefined && (
        <Panel
          title={letter === undefined ? "Dead letter" : nameOf(letter)}
          closeHref={hrefOf(["dead-letters"], filters)}
          key={selected}
        >
          {letter === undefined
            ? <p class="muted">This dead letter is not in the list any more.</p>
            : (
              <>
                <Facts
                  facts={[
                    ["Last error", <Badge kind="bad">{letter.lastError ?? "Unknown"}</Badge>],
                    ["Attempts", String(letter.failures)],
                    ["Carrier", letter.provider === undefined ? undefined : titleOfProvider(letter.provider)],
                    ["Endpoint", letter.endpoint],
                    ["webhook-id", letter.eventId === undefined ? undefined : <code>{letter.eventId}</code>],
                    ["Accepted", fullTime(letter.acceptedAt)],
                    ["Id", <code>{letter.id}</code>]
                  ]}
                />
                <Replay letter={letter} onDone={pages.refresh} />
                {letter.unreadable !== undefined && (
                  <>
                    <h3>Stored text</h3>
                    <pre class="code" tabIndex={0} aria-label="Stored text">{letter.unreadable}</pre>
                  </>
                )}
              </>
            )}
        </Panel>
      )}
    </ListPage>
  )
}
