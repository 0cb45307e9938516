/**
 * Reads the bearer tokens of the server from an environment variable or from a
 * file.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { invalid, type InvalidVariable, text } from "../provider/Environment.ts"
import { issuesOf } from "../provider/Wire.ts"
import { repeatedName, Token } from "./Tokens.ts"

/**
 * The names of the variables.
 *
 * @category models
 * @since 0.1.0
 */
export const variables: ReadonlyArray<string> = ["TOKENS", "TOKENS_FILE"]

const Tokens = Schema.fromJsonString(Schema.Array(Token))

const example = `[{"name":"shop","scopes":["send"],"sha256":"…"}]`

// Loaded on demand: the library reads no files.
const readFile = (path: string) =>
  Effect.tryPromise({
    try: () => import("./internal/readFile.ts").then(({ readFile }) => readFile(path)),
    catch: () => invalid("TOKENS_FILE", "must name a file that can be read")
  })

const decode = Effect.fnUntraced(function*(variable: string, json: string) {
  const tokens = yield* Effect.mapError(
    Schema.decodeEffect(Tokens)(json),
    ({ issue }) => {
      const [{ expected, field }] = issuesOf(issue)
      return invalid(variable, `must be JSON such as ${example}: ${field === "" ? "" : `${field}: `}${expected}`)
    }
  )
  const twice = repeatedName(tokens)
  return twice === undefined ? tokens : yield* invalid(variable, `names ${JSON.stringify(twice)} twice`)
})

/**
 * Reads the tokens. None without a variable.
 *
 * @category constructors
 * @since 0.1.0
 */
export const load: Effect.Effect<ReadonlyArray<Token>, InvalidVariable | Config.ConfigError> = Effect.gen(function*() {
  const inline = yield* text("TOKENS")
  const path = yield* text("TOKENS_FILE")
  if (inline !== undefined && path !== undefined) return yield* invalid("TOKENS", "and TOKENS_FILE are both set")
  if (inline !== undefined) return yield* decode("TOKENS", inline)
  return path === undefined ? [] : yield* decode("TOKENS_FILE", yield* readFile(path))
})
