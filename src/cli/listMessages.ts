/**
 * Prints a page of messages. Loaded on demand: other commands need no client.
 */
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ListedMessage } from "../http/ListsApi.ts"
import * as MessagesClient from "../http/MessagesClient.ts"
import * as Paging from "../http/Paging.ts"
import { compact } from "../internal/record.ts"
import { call, printed } from "./calls.ts"
import { type Messages, queryOf } from "./filters.ts"
import { contentOf } from "./Line.ts"
import { type Color, type Paint, shown } from "./paint.ts"
import * as paint from "./paint.ts"
import * as Table from "./table.ts"

const printPage = printed(Paging.pageOf(ListedMessage))

const colors: Readonly<Record<ListedMessage["state"], Color | undefined>> = {
  received: undefined,
  blocked: "yellow",
  queued: "dim",
  sending: "dim",
  accepted: "green",
  refused: "red",
  unknown: "red",
  cancelled: "dim"
}

const rowOf = ({ content, direction, from, provider, reason, state, time, to }: ListedMessage) => [
  Table.localTime(DateTime.toEpochMillis(time)),
  direction === "inbound" ? `${shown(from ?? "unknown")} →` : `→ ${shown(to ?? "unknown")}`,
  [reason === undefined ? state : `${state} (${shown(reason)})`, colors[state]] as const,
  shown(provider ?? ""),
  contentOf(content)
]

const headings = ["TIME", "PERSON", "STATE", "PROVIDER", "TEXT"]

/** Formats messages as the lines of a table. */
export const table = (messages: ReadonlyArray<ListedMessage>, paint: Paint): ReadonlyArray<string> =>
  Table.format(headings, messages.map(rowOf), paint)

/** Lists messages. */
export const list = Effect.fnUntraced(function*({ direction, json, room, state, url, ...filters }: Messages) {
  const query = {
    ...queryOf(filters),
    ...compact({
      direction: Option.getOrUndefined(direction),
      room: Option.getOrUndefined(room),
      state: Option.getOrUndefined(state)
    })
  }
  const page = yield* call(
    { url, scopes: "scope read", make: MessagesClient.make },
    ({ lists }) => lists.messages({ query })
  )
  if (json) return yield* printPage(page)
  for (const line of table(page.items, yield* paint.ofOutput)) yield* Console.log(line)
  if (page.next !== undefined) yield* Console.error(`The next page: --cursor ${page.next}`)
})
