/**
 * Calls the HTTP API of a server, for the commands of an operator.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Schema from "effect/Schema"
import type { Options } from "../http/MessagesClient.ts"
import * as Access from "./access.ts"
import { exitCodes, fail } from "./Failed.ts"

/** Makes a function that prints values as one line of JSON. */
export const printed = <A>(schema: Schema.Codec<A, unknown>) => {
  const encode = Schema.encodeEffect(Schema.fromJsonString(Schema.toCodecJson(schema)))
  return (value: A) => Effect.flatMap(Effect.orDie(encode(value)), Console.log)
}

const statusOf = (error: object): number | undefined =>
  "status" in error && typeof error.status === "number" ? error.status : undefined

/** The exit codes for problems, by the status of the response. */
export type Codes = Readonly<Record<number, number | ((error: object) => number)>>

/** Prints a problem of the server in one line. */
const explain = (url: string, codes: Codes) => (error: object) => {
  const status = statusOf(error)
  if (status === undefined) return Access.explain(url, error)
  if (status === 401) return fail("The server does not know the token")
  const detail = "detail" in error && typeof error.detail === "string" ? error.detail : undefined
  const title = "title" in error && typeof error.title === "string" ? error.title : String(status)
  const code = codes[status] ?? exitCodes.notPossible
  return fail(detail ?? title, typeof code === "function" ? code(error) : code)
}

/**
 * Calls a server through a client. `scopes` are those that the token needs, and
 * `codes` the exit codes for problems, by the status of the response.
 */
export const call = <Client, A>(
  { codes = {}, make, scopes, url }: {
    readonly url: string
    readonly scopes: string
    readonly make: (options: Options) => Effect.Effect<Client, never, HttpClient.HttpClient>
    readonly codes?: Codes | undefined
  },
  use: (client: Client) => Effect.Effect<A, object>
) =>
  Effect.gen(function*() {
    const client = yield* make(yield* Access.read(url, scopes))
    return yield* Effect.catch(use(client), explain(url, codes))
  }).pipe(
    Effect.catchTag(["InvalidVariable", "ConfigError"], ({ message }) => fail(message)),
    Effect.provide(NodeHttpClient.layerUndici)
  )
