/**
 * Calls the operations API of a server, for the commands of `Intents.ts`.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { IntentView } from "../http/OperationsApi.ts"
import * as OperationsClient from "../http/OperationsClient.ts"
import { compact } from "../internal/record.ts"
import { SendReceipt } from "../Message.ts"
import type { State } from "../sending/IntentStore.ts"
import * as Access from "./access.ts"
import { exitCodes, fail } from "./Failed.ts"

interface Options {
  readonly url: string
  readonly json: boolean
}

const printed = <A>(schema: Schema.Codec<A, unknown>) => {
  const encode = Schema.encodeEffect(Schema.fromJsonString(Schema.toCodecJson(schema)))
  return (value: A) => Effect.flatMap(Effect.orDie(encode(value)), Console.log)
}

const printViews = printed(Schema.Array(IntentView))
const printView = printed(IntentView)
const printReceipt = printed(SendReceipt)

/** The exit code for a problem, by the status of the response. */
const codes: Readonly<Record<number, number>> = {
  409: exitCodes.inPart,
  422: exitCodes.refused,
  429: exitCodes.refused,
  502: exitCodes.refused,
  504: exitCodes.unknown
}

const statusOf = (error: object): number | undefined =>
  "status" in error && typeof error.status === "number" ? error.status : undefined

/** Prints a problem of the server in one line. Any other error of the client may contain the URL and no more. */
const explain = (url: string, isSend: boolean) => (error: object) => {
  const status = statusOf(error)
  const code = isSend && status !== undefined ? codes[status] : undefined
  if (status === undefined) return fail(`${url} does not answer as a server of effect-sms does`)
  if (status === 401) return fail("The server does not know the token")
  const detail = "detail" in error && typeof error.detail === "string" ? error.detail : undefined
  const title = "title" in error && typeof error.title === "string" ? error.title : String(status)
  return fail(detail ?? title, code ?? exitCodes.notPossible)
}

const withClient = <A>(
  { url }: Options,
  isSend: boolean,
  use: (client: OperationsClient.Service) => Effect.Effect<A, object>
) =>
  Effect.gen(function*() {
    const client = yield* OperationsClient.make(yield* Access.read(url, "scopes read and operate"))
    return yield* Effect.catch(use(client), explain(url, isSend))
  }).pipe(
    Effect.catchTag(["InvalidVariable", "ConfigError"], ({ message }) => fail(message)),
    Effect.provide(NodeHttpClient.layerUndici)
  )

const line = ({ asked, createdAt, id, provider, reason, resolvedBy, state }: IntentView): string =>
  [
    id,
    state,
    DateTime.formatIso(createdAt),
    provider ?? "any provider",
    ...(reason === undefined ? [] : [reason]),
    ...(asked === undefined ? [] : [`asked ${asked} ${asked === 1 ? "time" : "times"}`]),
    ...(resolvedBy === undefined ? [] : [resolvedBy])
  ].join("  ")

/** Lists sends. */
export const list = Effect.fnUntraced(function*(
  { limit, state, ...options }: Options & { readonly state: State | undefined; readonly limit: number | undefined }
) {
  const views = yield* withClient(options, false, (client) => client.intents({ query: compact({ limit, state }) }))
  if (options.json) return yield* printViews(views)
  for (const view of views) yield* Console.log(line(view))
})

/** Resends a message. */
export const resend = Effect.fnUntraced(function*(id: string, options: Options) {
  const receipt = yield* withClient(options, true, (client) => client.resend({ params: { id } }))
  yield* options.json
    ? printReceipt(receipt)
    : Console.log(`${receipt.provider} accepted ${receipt.messageIds.join(", ")}: ${receipt.status}`)
})

/** Gives up a message. */
export const giveUp = Effect.fnUntraced(function*(id: string, options: Options) {
  const view = yield* withClient(options, false, (client) => client.giveUp({ params: { id } }))
  yield* options.json ? printView(view) : Console.log(line(view))
})
