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
import type { Lazy } from "../provider/Carrier.ts"
import * as Access from "./access.ts"
import { call, printed } from "./calls.ts"
import { exitCodes, fail } from "./Failed.ts"
import { type DeadLetters, queryOf, type Replay } from "./filters.ts"
import * as Paint from "./paint.ts"
import * as Table from "./table.ts"

// Loaded on demand: what a server has needs no carrier.
const loadPlayer = Effect.promise(() => import("./playRecording.ts"))

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
const replayStored = Effect.fnUntraced(function*({ json, ...input }: Replay) {
  const [endpoint, id] = [Option.getOrUndefined(input.endpoint), Option.getOrUndefined(input.id)]
  const [since, until] = [Option.getOrUndefined(input.since), Option.getOrUndefined(input.until)]
  const url = Option.getOrElse(input.url, () => Access.defaultUrl)
  const access = { url, scopes: "scope operate", make: OperationsClient.make }
  if (id !== undefined) {
    if (since !== undefined || until !== undefined || endpoint !== undefined) {
      return yield* misused("An id and a span of time exclude each other")
    }
    yield* call(access, (client) => client.replay({ params: { id } }))
    return yield* json ? printReplayed({ replayed: 1 }) : Console.log(`Replayed ${Paint.shown(id)}`)
  }
  if (since === undefined) return yield* misused("Name an id, --since or --recording")
  const span = { since, until: until ?? (yield* DateTime.now) }
  const { replayed } = yield* call(
    access,
    (client) => client.replayForwards({ payload: { ...span, ...compact({ endpoint }) } })
  )
  yield* json
    ? printReplayed({ replayed })
    : Console.log(`Forwarding ${replayed} ${replayed === 1 ? "event" : "events"} again`)
})

/** The flags of the forms of `replay`, by which a flag of another form is found. */
const ofStored = ["url", "id", "since", "until", "endpoint"] as const
const ofRecording = ["recording", "to", "repeats", "shuffle", "seed", "speed"] as const

const named = (input: Replay, flags: ReadonlyArray<typeof ofStored[number] | typeof ofRecording[number]>) =>
  flags.filter((flag) => input[flag]._tag === "Some").map((flag) => flag === "id" ? "an id" : `--${flag}`)

/** Replays what a server has, or a recording. */
export const replay = Effect.fnUntraced(function*(input: Replay, carriers: ReadonlyArray<Lazy>) {
  const [[stored], [recorded]] = [named(input, ofStored), named(input, ofRecording)]
  if (input.keys) {
    const other = stored ?? recorded
    if (other !== undefined) return yield* misused(`--keys and ${other} exclude each other`)
    const { printKeys } = yield* loadPlayer
    return yield* printKeys(input.json, carriers)
  }
  if (recorded === undefined) return yield* replayStored(input)
  if (Option.isNone(input.recording)) return yield* misused(`${recorded} needs --recording`)
  if (stored !== undefined) return yield* misused(`--recording and ${stored} exclude each other`)
  const { play } = yield* loadPlayer
  return yield* play({
    recording: input.recording.value,
    to: Option.getOrElse(input.to, () => Access.defaultUrl),
    seed: Option.getOrElse(input.seed, () => 1),
    repeats: Option.getOrElse(input.repeats, () => 0),
    shuffle: Option.getOrElse(input.shuffle, () => 0),
    speed: Option.getOrUndefined(input.speed),
    json: input.json
  }, carriers)
})
