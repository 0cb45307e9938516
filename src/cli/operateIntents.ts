/**
 * Calls the operations API of a server, for the commands of `Intents.ts`.
 */
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { IntentView } from "../http/OperationsApi.ts"
import * as OperationsClient from "../http/OperationsClient.ts"
import { compact } from "../internal/record.ts"
import { SendReceipt } from "../Message.ts"
import type { State } from "../sending/IntentStore.ts"
import { call, type Codes, printed } from "./calls.ts"
import { exitCodes } from "./Failed.ts"

interface Options {
  readonly url: string
  readonly json: boolean
}

const printViews = printed(Schema.Array(IntentView))
const printView = printed(IntentView)
const printReceipt = printed(SendReceipt)

/** The exit code of a resend for a problem, by the status of the response. */
const sendCodes: Codes = {
  // Without a reason of a send, somebody else has decided about it.
  409: (error) =>
    "accepted" in error ? exitCodes.inPart : "reason" in error ? exitCodes.refused : exitCodes.notPossible,
  422: exitCodes.refused,
  429: exitCodes.refused,
  502: exitCodes.refused,
  504: exitCodes.unknown
}

const withClient = <A>(
  { url }: Options,
  codes: Codes,
  use: (client: OperationsClient.Service) => Effect.Effect<A, object>
) => call({ url, codes, scopes: "scopes read and operate", make: OperationsClient.make }, use)

const line = (
  { asked, canAsk, candidates = [], createdAt, id, provider, reason, resolvedBy, state }: IntentView
): string =>
  [
    id,
    state,
    DateTime.formatIso(createdAt),
    provider ?? "any provider",
    ...(reason === undefined ? [] : [reason]),
    ...(canAsk === false
      ? ["cannot be asked"]
      : asked === undefined
      ? []
      : [`asked ${asked} ${asked === 1 ? "time" : "times"}`]),
    ...(candidates.length === 0 ? [] : [`may be ${candidates.map(({ messageId }) => messageId).join(" or ")}`]),
    ...(resolvedBy === undefined ? [] : [resolvedBy])
  ].join("  ")

/** Lists sends. */
export const list = Effect.fnUntraced(function*(
  { limit, state, ...options }: Options & { readonly state: State | undefined; readonly limit: number | undefined }
) {
  const views = yield* withClient(options, {}, (client) => client.intents({ query: compact({ limit, state }) }))
  if (options.json) return yield* printViews(views)
  for (const view of views) yield* Console.log(line(view))
})

/** Resends a message. */
export const resend = Effect.fnUntraced(function*(id: string, options: Options) {
  const receipt = yield* withClient(options, sendCodes, (client) => client.resend({ params: { id } }))
  yield* options.json
    ? printReceipt(receipt)
    : Console.log(`${receipt.provider} accepted ${receipt.messageIds.join(", ")}: ${receipt.status}`)
})

/** Gives up a message. */
export const giveUp = Effect.fnUntraced(function*(id: string, options: Options) {
  const view = yield* withClient(options, {}, (client) => client.giveUp({ params: { id } }))
  yield* options.json ? printView(view) : Console.log(line(view))
})
