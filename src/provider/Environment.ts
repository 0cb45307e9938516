/**
 * Variables of the environment.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

/**
 * A variable is missing or cannot be used. Names the variable, never its
 * value.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidVariable extends Schema.TaggedError<InvalidVariable>()("InvalidVariable", {
  variable: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.variable} ${this.problem}`
  }
}

export const invalid = (variable: string, problem: string) => new InvalidVariable({ variable, problem })

/** A variable that is set to nothing is not set: compose files pass empty ones on. */
export const secret = (name: string): Config.Config<Redacted.Redacted<string> | undefined> =>
  Config.map(Config.option(Config.Redacted(name)), (value) => {
    const text = Option.isSome(value) ? Redacted.value(value.value).trim() : ""
    return text === "" ? undefined : Redacted.make(text, { label: name })
  })

/** As {@link secret}, for what may be seen. */
export const variable = (name: string): Config.Config<string | undefined> =>
  Config.map(secret(name), (value) => value === undefined ? undefined : Redacted.value(value))

export const parts = (value: string): ReadonlyArray<string> =>
  value.split(",").map((part) => part.trim()).filter((part) => part !== "")

/** The choice that a variable holds. */
export const choice = Effect.fnUntraced(function*<const A extends string>(name: string, choices: ReadonlyArray<A>) {
  const value = yield* variable(name)
  const chosen = choices.find((choice) => choice === value?.toLowerCase())
  return value === undefined || chosen !== undefined
    ? chosen
    : yield* invalid(name, `must be one of ${choices.join(", ")}`)
})

export const baseUrl = Effect.fnUntraced(function*(name: string, appended: string) {
  const value = yield* variable(name)
  if (value === undefined) return undefined
  const url = URL.parse(value)
  if (url?.protocol !== "https:" && url?.protocol !== "http:") {
    return yield* invalid(name, "must be a URL that begins with https:// or http://")
  }
  // A query would swallow it.
  return /[?#]/.test(value)
    ? yield* invalid(name, `must end before the query: the server appends ${appended}`)
    : value
})

export const publicUrl = baseUrl("PUBLIC_URL", "path and query of each request")
