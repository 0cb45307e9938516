/**
 * Calls the operations API and the forwarding API of a server, for the commands
 * of `DeadLetters.ts`.
 */
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiClient from "effect/http-api/HttpApiClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Forwarding } from "../http/ForwardingApi.ts"
import type { Options } from "../http/MessagesClient.ts"
import { DeadLetter } from "../http/OperationsApi.ts"
import * as OperationsClient from "../http/OperationsClient.ts"
import * as Paging from "../http/Paging.ts"
import { compact } from "../internal/record.ts"
import { call, printed } from "./calls.ts"
import { exitCodes, fail } from "./Failed.ts"
import { type DeadLetters, queryOf, type Replay } from "./filters.ts"
import * as Paint from "./paint.ts"
import * as Table from "./table.ts"

class ForwardingApi extends HttpApi.make("effect-sms").add(Forwarding) {}

/** Makes a client of both APIs. */
const makeClient = Effect.fnUntraced(function*(options: Options) {
  const { baseUrl, token } = options
  const httpClient = HttpClient.mapRequest(yield* HttpClient.HttpClient, HttpClientRequest.bearerToken(token))
  return {
    operations: yield* OperationsClient.make(options),
    forwarding: yield* HttpApiClient.group(ForwardingApi, { group: "forwarding", baseUrl, httpClient })
  }
})

const printPage = printed(Paging.pageOf(DeadLetter))
const printReplayed = printed(Schema.Struct({ replayed: Schema.Int }))

const headings = ["ID", "TIME", "KIND", "PROVIDER", "FAILURES", "LAST ERROR"]

const rowOf = ({ acceptedAt, failures, id, kind, lastError, provider, unreadable }: DeadLetter): ReadonlyArray<
  Table.Cell
> => [
  id,
  Table.localTime(DateTime.toEpochMillis(acceptedAt)),
  Paint.shown(kind),
  Paint.shown(provider),
  String(failures),
  [unreadable === undefined ? Paint.shown(lastError ?? "") : "unreadable", "red"]
]

/** The stored text of an unreadable event may have a number and a text in it. */
const withoutText = ({ unreadable, ...fields }: DeadLetter): DeadLetter =>
  new DeadLetter({ ...fields, ...(unreadable !== undefined && { unreadable: "…" }) })

/** Lists dead letters. */
export const list = Effect.fnUntraced(function*({ json, kind, url, ...filters }: DeadLetters) {
  const query = { ...queryOf(filters), ...compact({ kind: Option.getOrUndefined(kind) }) }
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
  const access = { url, scopes: "scope operate", make: makeClient }
  if (id !== undefined) {
    if (since !== undefined || until !== undefined || endpoint !== undefined) {
      return yield* misused("An id and a span of time exclude each other")
    }
    const params = { id }
    yield* call(
      access,
      ({ forwarding, operations }) =>
        Effect.catchTag(operations.replay({ params }), "NotFound", () => forwarding.replayForward({ params }))
    )
    return yield* json ? printReplayed({ replayed: 1 }) : Console.log(`Replayed ${Paint.shown(id)}`)
  }
  if (since === undefined) return yield* misused("Name an id, or --since")
  const span = { since, until: until ?? (yield* DateTime.now) }
  const { replayed } = yield* call(
    access,
    ({ forwarding }) => forwarding.replayForwards({ payload: { ...span, ...compact({ endpoint }) } })
  )
  yield* json
    ? printReplayed({ replayed })
    : Console.log(`Forwarding ${replayed} ${replayed === 1 ? "event" : "events"} again`)
})
