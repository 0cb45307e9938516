/**
 * Reads and validates environment variables.
 *
 * An empty variable counts as not set, because compose files pass empty
 * variables on.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { Address } from "../Address.ts"

/**
 * A variable of a carrier, for the tables of the documentation, the help of the
 * command line, and the errors about an incompletely configured carrier.
 *
 * - `receiving`: verifies or reads webhooks
 * - `sending`: enables sending
 * - `media`: gives access to the files of received messages, and may also be
 *   used for sending
 *
 * @category models
 * @since 0.1.0
 */
export interface Variable {
  /** Begins with the carrier's name in upper case. */
  readonly name: string
  /** One sentence, in Markdown. */
  readonly description: string
  readonly group: "receiving" | "sending" | "media"
  /** Whether the group requires the variable. */
  readonly required?: boolean | undefined
  /** Whether the value is a secret. */
  readonly secret?: boolean | undefined
}

/**
 * A variable is missing or invalid. The error names the variable, never its
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

/**
 * Reads options. Returns `undefined` when none of their variables is set.
 *
 * @category models
 * @since 0.1.0
 */
export type Read<A> = Effect.Effect<A | undefined, InvalidVariable | Config.ConfigError>

/**
 * Makes the error about a variable, such as "PORT must be a number".
 *
 * @category constructors
 * @since 0.1.0
 */
export const invalid = (variable: string, problem: string): InvalidVariable =>
  new InvalidVariable({ variable, problem })

/**
 * Reads a secret.
 *
 * @category readers
 * @since 0.1.0
 */
export const secret = (name: string): Config.Config<Redacted.Redacted<string> | undefined> =>
  Config.map(Config.option(Config.Redacted(name)), (value) => {
    const text = Option.isSome(value) ? Redacted.value(value.value).trim() : ""
    return text === "" ? undefined : Redacted.make(text, { label: name })
  })

/**
 * Reads a text that is not a secret.
 *
 * @category readers
 * @since 0.1.0
 */
export const text = (name: string): Config.Config<string | undefined> =>
  Config.map(secret(name), (value) => value === undefined ? undefined : Redacted.value(value))

/**
 * Splits a comma-separated value, without empty parts.
 *
 * @category readers
 * @since 0.1.0
 */
export const list = (value: string): ReadonlyArray<string> =>
  value.split(",").map((part) => part.trim()).filter((part) => part !== "")

/**
 * Reads one of several words, ignoring case.
 *
 * @category readers
 * @since 0.1.0
 */
export const choice = Effect.fnUntraced(function*<const A extends string>(
  name: string,
  choices: ReadonlyArray<A>
): Effect.fn.Return<A | undefined, InvalidVariable | Config.ConfigError> {
  const value = yield* text(name)
  const chosen = choices.find((choice) => choice === value?.toLowerCase())
  return value === undefined || chosen !== undefined
    ? chosen
    : yield* invalid(name, `must be one of ${choices.join(", ")}`)
})

/**
 * Reads a base URL. `appended` describes the text that is appended to it, for
 * the error about a URL with a query.
 *
 * @category readers
 * @since 0.1.0
 */
export const url = Effect.fnUntraced(function*(
  name: string,
  appended: string
): Effect.fn.Return<string | undefined, InvalidVariable | Config.ConfigError> {
  const value = yield* text(name)
  if (value === undefined) return undefined
  const parsed = URL.parse(value)
  if (parsed?.protocol !== "https:" && parsed?.protocol !== "http:") {
    return yield* invalid(name, "must be a URL that begins with https:// or http://")
  }
  // The appended text would end up in the query.
  return /[?#]/.test(value)
    ? yield* invalid(name, `must end before the query: the server appends ${appended}`)
    : value
})

/**
 * Reads `PUBLIC_URL`, the URL at which carriers reach the server.
 *
 * @category readers
 * @since 0.1.0
 */
export const publicUrl: Read<string> = url("PUBLIC_URL", "path and query of each request")

/**
 * Reads the base URL of a carrier's API.
 *
 * @category readers
 * @since 0.1.0
 */
export const apiUrl = (name: string): Read<string> => url(name, "the path of each request")

/**
 * Reads the address of the default sender.
 *
 * @category readers
 * @since 0.1.0
 */
export const address = (name: string): Read<Address> =>
  Effect.map(text(name), (value) => value === undefined ? undefined : Address.make(value))

/**
 * Derives the URL for the carrier's delivery reports from `PUBLIC_URL`.
 *
 * @category readers
 * @since 0.1.0
 */
export const statusCallback = (carrier: string): Read<string> =>
  Effect.map(
    publicUrl,
    (base) => base === undefined ? undefined : `${base.replace(/\/+$/, "")}/webhooks/sms/${carrier}/status`
  )

const missing = (name: string, other: string) =>
  invalid(name, `is missing: ${other} is set, but means nothing without it`)

const isSet = (name: string) => Effect.map(secret(name), (value) => value !== undefined)

/**
 * Reads two variables that must be set together.
 *
 * @category readers
 * @since 0.1.0
 */
export const pair = Effect.fnUntraced(function*(
  one: string,
  other: string
): Effect.fn.Return<
  readonly [string, Redacted.Redacted<string>] | undefined,
  InvalidVariable | Config.ConfigError
> {
  const [first, second] = [yield* text(one), yield* secret(other)]
  if (first === undefined && second === undefined) return undefined
  if (first === undefined) return yield* missing(one, other)
  if (second === undefined) return yield* missing(other, one)
  return [first, second]
})

/**
 * Reads the secrets that verify webhooks: one, or several separated by commas
 * during a rotation. Fails when there is none but another of the carrier's
 * variables is set, because the operator must have forgotten it. `hint` is
 * appended to that error.
 *
 * @category readers
 * @since 0.1.0
 */
export const webhookSecrets = Effect.fnUntraced(function*(
  variables: ReadonlyArray<Variable>,
  name: string,
  hint: string = ""
): Effect.fn.Return<ReadonlyArray<Redacted.Redacted<string>> | undefined, InvalidVariable | Config.ConfigError> {
  const value = yield* secret(name)
  if (value !== undefined) {
    const values = list(Redacted.value(value))
    return values.length === 0
      ? yield* invalid(name, "must be a secret, or several with commas between them")
      : values.map((value) => Redacted.make(value, { label: name }))
  }
  for (const group of ["sending", "media", "receiving"] as const) {
    for (const other of variables) {
      if (other.group === group && other.name !== name && (yield* isSet(other.name))) {
        return yield* invalid(
          name,
          `is missing: ${other.name} is set, but webhooks cannot be verified without it${hint}`
        )
      }
    }
  }
  return undefined
})

/**
 * Fails when a secret is set but `choice`, a variable with the value `none`,
 * disables verification: the operator probably believes that webhooks are
 * verified.
 *
 * @category readers
 * @since 0.1.0
 */
export const refuseUnused = Effect.fnUntraced(function*(
  name: string,
  choice: string
): Effect.fn.Return<void, InvalidVariable | Config.ConfigError> {
  if (yield* isSet(name)) {
    return yield* invalid(name, `is set, but ${choice}=none verifies nothing: unset one of the two`)
  }
})

/**
 * The options of sending that all carriers have, from `SEND_LONG_TEXT` and
 * `SEND_SEVERAL_MEDIA`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Excess {
  readonly longText: "refuse" | "split" | undefined
  readonly severalMedia: "refuse" | "split" | undefined
}

const excess = Effect.gen(function*() {
  return {
    longText: yield* choice("SEND_LONG_TEXT", ["refuse", "split"]),
    severalMedia: yield* choice("SEND_SEVERAL_MEDIA", ["refuse", "split"])
  }
})

/**
 * Reads the options of sending when one of the variables of that group is set.
 * Fails when a required one is missing. `options` receives the values of the
 * required variables by name.
 *
 * @category readers
 * @since 0.1.0
 */
export const sending = <A>(
  variables: ReadonlyArray<Variable>,
  options: (
    required: (name: string) => Redacted.Redacted<string>,
    excess: Excess
  ) => Effect.Effect<A, InvalidVariable | Config.ConfigError>
): Read<A> =>
  Effect.gen(function*() {
    const values = new Map<string, Redacted.Redacted<string>>()
    const group = variables.filter(({ group }) => group === "sending")
    const ordered = [...group.filter(({ required }) => required), ...group.filter(({ required }) => !required)]
    for (const { name } of ordered) {
      const value = yield* secret(name)
      if (value !== undefined) values.set(name, value)
    }
    const [first] = values.keys()
    if (first === undefined) return undefined
    for (const { name, required } of ordered) if (required && !values.has(name)) return yield* missing(name, first)
    return yield* options((name) => values.get(name) ?? Redacted.make(""), yield* excess)
  })
