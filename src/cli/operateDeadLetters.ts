/**
 * Calls the operations API of a server, for the commands of `DeadLetters.ts`.
 */
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { DeadLetter } from "../http/OperationsApi.ts"
import * as OperationsClient from "../http/OperationsClient.ts"
import * as Paging from "../http/Paging.ts"
import { compact } from "../internal/record.ts"
import { call, printed } from "./calls.ts"
import { exitCodes, fail } from "./Failed.ts"
import { type DeadLetters, queryOf, type Replay } from "./filters.ts"
import * as Paint from "./paint.ts"
import * as Table from "./table.ts"

const printPage = printed(Paging.pageOf(DeadLetter))
const printReplayed = printed(Schema.Struct({ replayed: Schema.Int }))

const headings = ["ID", "TIME", "KIND", "EVENT", "PROVIDER OR ENDPOINT", "FAILURES", "LAST ERROR"]

const rowOf = (
  { acceptedAt, endpoint, event, failures, id, kind, lastError, provider, unreadable }: DeadLetter
): ReadonlyArray<
  Table.Cell
> => [
  id,
  Table.localTime(DateTime.toEpochMillis(acceptedAt)),
  kind,
  Paint.shown(event),
  Paint.shown(provider ?? endpoint ?? ""),
  String(failures),
  [unreadable === undefined ? Paint.shown(lastError ?? "") : "unreadable", "red"]
]

/** The stored text of an unreadable event may have a number and a text in it. */
const withoutText = ({ unreadable, ...fields }: DeadLetter): DeadLetter =>
  new DeadLetter({ ...fields, ...(unreadable !== undefined && { unreadable: "…" }) })

/** Lists dead letters. */
export const list = Effect.fnUntraced(function*({ event, json, kind, url, ...filters }: DeadLetters) {
  const chosen = compact({ kind: Option.getOrUndefined(kind), event: Option.getOrUndefined(event) })
  const query = { ...queryOf(filters), ...chosen }
  const { items, ...page } = yield* call(
    { url, scopes: "scope read", make: OperationsClient.make },
    (client) => client.deadLetters({ query })
  )
  if (json) return yield* printPage({ ...page, items: items.map(withoutText) })
  for (const line of Table.format(headings, items.map(rowOf), yield* Paint.ofOutput)) yield* Console.log(line)
  if (page.next !== undefined) yield* Console.error(`The next page: --cursor ${page.next}`)
})

const misused = (line: string) => fail(`${line}. See effect-sms replay --help`, exitCodes.usage)

/** Replays a dead letter, or what was forwarded, by id or by time. */
export const replay = Effect.fnUntraced(function*({ json, url, ...input }: Replay) {
  const [endpoint, id] = [Option.getOrUndefined(input.endpoint), Option.getOrUndefined(input.id)]
  const [since, until] = [Option.getOrUndefined(input.since), Option.getOrUndefined(input.until)]
  const access = { url, scopes: "scope operate", make: OperationsClient.make }
  if (id !== undefined) {
    if (since !== undefined || until !== undefined || endpoint !== undefined) {
      return yield* misused("An id and a span of time exclude each other")
    }
    yield* call(access, (client) => client.replay({ params: { id } }))
    return yield* json ? printReplayed({ replayed: 1 }) : Console.log(`Replayed ${Paint.shown(id)}`)
  }
  if (since === undefined) return yield* misused("Name an id, or --since")
  const span = { since, until: until ?? (yield* DateTime.now) }
  const { replayed } = yield* call(
    access,
    (client) => client.replayForwards({ payload: { ...span, ...compact({ endpoint }) } })
  )
  yield* json
    ? printReplayed({ replayed })
    : Console.log(`Forwarding ${replayed} ${replayed === 1 ? "event" : "events"} again`)
})
