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
import * as Base64 from "effect/encoding/Base64"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { Address, fromCarrierDigits, type Kind } from "../Address.ts"
import type { WebhookRequest } from "../WebhookRequest.ts"
import * as flaws from "./internal/flaws.ts"
import { withQuery } from "./Recording.ts"
import * as WebhookGuard from "./WebhookGuard.ts"

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

/** Fails with a flaw of the variable, if there is one. */
const refuse = (name: string, flaw: string | undefined): Effect.Effect<void, InvalidVariable> =>
  flaw === undefined ? Effect.void : Effect.fail(invalid(name, flaw))

/**
 * Reads a secret. Fails when it is in quotes, is a placeholder or the like.
 *
 * @category readers
 * @since 0.1.0
 */
export const secret = Effect.fnUntraced(function*(
  name: string
): Effect.fn.Return<Redacted.Redacted<string> | undefined, InvalidVariable | Config.ConfigError> {
  const value = yield* Config.option(Config.Redacted(name))
  const text = Option.isSome(value) ? Redacted.value(value.value).trim() : ""
  if (text === "") return undefined
  yield* refuse(name, flaws.text(name, text))
  return Redacted.make(text, { label: name })
})

/**
 * Reads a secret that goes into requests as it is: ASCII, without blanks.
 *
 * @category readers
 * @since 0.1.0
 */
export const credential = (name: string): Read<Redacted.Redacted<string>> =>
  Effect.tap(
    secret(name),
    (value) => refuse(name, value === undefined ? undefined : flaws.credential(Redacted.value(value)))
  )

/**
 * Reads a text that is not a secret.
 *
 * @category readers
 * @since 0.1.0
 */
export const text = (name: string): Read<string> =>
  Effect.map(secret(name), (value) => value === undefined ? undefined : Redacted.value(value))

/**
 * Reads text of a certain form. `flaw` says how a value that has another one
 * must be written, without repeating it: "must be …".
 *
 * @category readers
 * @since 0.1.0
 */
export const checked = (name: string, flaw: (value: string) => string | undefined): Read<string> =>
  Effect.tap(text(name), (value) => refuse(name, value === undefined ? undefined : flaw(value)))

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
 * Reads a URL that something is appended to, which is named in the error about
 * one with a query.
 *
 * @category readers
 * @since 0.1.0
 */
export const url = (name: string, appended: string): Read<string> =>
  checked(name, (value) => flaws.url(value, appended))

const webhooks = "/webhooks/sms"

/**
 * Reads `PUBLIC_URL`, where carriers reach the server: one URL, or several with
 * commas between them.
 *
 * @category readers
 * @since 0.1.0
 */
export const publicUrls: Read<readonly [string, ...Array<string>]> = Effect.gen(function*() {
  const name = "PUBLIC_URL"
  const value = yield* text(name)
  if (value === undefined) return undefined
  const flaw = (value: string) => flaws.wholeUrl(value, webhooks) ?? flaws.url(value, "path and query of each request")
  const [first = "", ...others] = list(value)
  for (const url of [first, ...others]) yield* refuse(name, flaw(url))
  return [first, ...others]
})

/**
 * Reads the first URL of `PUBLIC_URL`, which the server names to carriers.
 *
 * @category readers
 * @since 0.1.0
 */
export const publicUrl: Read<string> = Effect.map(publicUrls, (urls) => urls?.[0])

/**
 * Reads the base URL of a carrier's API. `path` is what every request appends,
 * to recognise a URL that has it already.
 *
 * @category readers
 * @since 0.1.0
 */
export const apiUrl = (name: string, path?: string): Read<string> =>
  Effect.map(
    checked(
      name,
      (value) =>
        (path === undefined ? undefined : flaws.wholeUrl(value, path) ?? flaws.partialUrl(value, path)) ??
          flaws.url(value, "the path of each request")
    ),
    (value) => value?.replace(/\/+$/, "")
  )

/**
 * Reads an address: the sender of messages that name none. `kinds` are those
 * that the carrier has, `digits` is for one that writes numbers without `+`, and
 * `northAmerican` for one that has numbers of North America only.
 *
 * @category readers
 * @since 0.1.0
 */
export const address = (
  name: string,
  { digits = false, kinds = ["PhoneNumber", "ShortCode", "SenderId", "ChannelAddress"], northAmerican = false }: {
    readonly kinds?: ReadonlyArray<Kind> | undefined
    readonly digits?: boolean | undefined
    readonly northAmerican?: boolean | undefined
  } = {}
): Read<Address> =>
  Effect.map(
    checked(name, (value) => flaws.sender(value, { digits, kinds, northAmerican })),
    (value) => value === undefined ? undefined : digits ? fromSenderDigits(value) : Address.make(value)
  )

/** Eight digits and fewer are a short code. */
const fromSenderDigits = (value: string): Address =>
  /^\d{3,8}$/.test(value) ? Address.make(value) : fromCarrierDigits(value)

/**
 * Derives the URL for the carrier's delivery reports from `PUBLIC_URL`.
 *
 * @category readers
 * @since 0.1.0
 */
export const statusCallback = (carrier: string): Read<string> =>
  Effect.map(
    publicUrl,
    (base) => base === undefined ? undefined : `${base.replace(/\/+$/, "")}${webhooks}/${carrier}/status`
  )

const missing = (name: string, other: string) =>
  invalid(name, `is missing: ${other} is set, but means nothing without it`)

/** Refuses one of two values whose variables must be set together. */
const together = (
  [one, first]: readonly [name: string, value: unknown],
  [other, second]: readonly [name: string, value: unknown]
): Effect.Effect<void, InvalidVariable> => {
  if ((first === undefined) === (second === undefined)) return Effect.void
  return Effect.fail(first === undefined ? missing(one, other) : missing(other, one))
}

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
  const [first, second] = [yield* text(one), yield* credential(other)]
  yield* together([one, first], [other, second])
  return first === undefined || second === undefined ? undefined : [first, second]
})

/** One secret, or several with commas between them. */
const secretsOf = Effect.fnUntraced(function*(
  name: string,
  value: Redacted.Redacted<string>,
  isSecret = true
): Effect.fn.Return<ReadonlyArray<Redacted.Redacted<string>>, InvalidVariable> {
  const values = list(Redacted.value(value))
  if (values.length === 0) return yield* invalid(name, "must be a secret, or several with commas between them")
  if (isSecret) {
    for (const value of values) yield* refuse(name, flaws.secret(value) ?? flaws.urlSecret(value))
  }
  return values.map((value) => Redacted.make(value, { label: name }))
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
    return yield* secretsOf(name, value, variables.some((one) => one.name === name && one.secret === true))
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
 * Lists the variables that {@link guards} reads.
 *
 * @category readers
 * @since 0.1.0
 */
export const guardVariables = (prefix: string, carrier: string): ReadonlyArray<Variable> => [
  {
    name: `${prefix}_WEBHOOK_TOKEN`,
    description:
      `A secret in the callback URL, \`…/webhooks/sms/${carrier}/inbound?token=SECRET\`, alone or beside a signature. Several separated by commas during a rotation.`,
    group: "receiving",
    secret: true
  },
  {
    name: `${prefix}_WEBHOOK_USERNAME`,
    description: "The user name of a callback URL with Basic authentication, `https://USERNAME:PASSWORD@…`.",
    group: "receiving"
  },
  {
    name: `${prefix}_WEBHOOK_PASSWORD`,
    description: `The password of \`${prefix}_WEBHOOK_USERNAME\`. Several separated by commas during a rotation.`,
    group: "receiving",
    secret: true
  }
]

/**
 * Reads the guards of a carrier's callback URL: a token, Basic authentication,
 * or both.
 *
 * @category readers
 * @since 0.1.0
 */
export const guards = Effect.fnUntraced(function*(
  prefix: string
): Effect.fn.Return<ReadonlyArray<WebhookGuard.WebhookGuard>, InvalidVariable | Config.ConfigError> {
  const [token, username, password] = [
    `${prefix}_WEBHOOK_TOKEN`,
    `${prefix}_WEBHOOK_USERNAME`,
    `${prefix}_WEBHOOK_PASSWORD`
  ] as const
  const given = yield* secret(token)
  const [user, passwords] = [yield* text(username), yield* secret(password)]
  yield* together([username, user], [password, passwords])
  return [
    ...given === undefined ? [] : [WebhookGuard.token({ token: yield* secretsOf(token, given) })],
    ...user === undefined || passwords === undefined
      ? []
      : [WebhookGuard.basicAuth({ username: user, password: yield* secretsOf(password, passwords) })]
  ]
})

/**
 * Reads what passes the guards of a carrier's callback URL, and returns a
 * function that adds it to a request. Of several secrets, the first is used.
 *
 * @category readers
 * @since 0.1.0
 */
export const passes = Effect.fnUntraced(function*(
  prefix: string
): Effect.fn.Return<(request: WebhookRequest) => WebhookRequest, InvalidVariable | Config.ConfigError> {
  const firstOf = (value: Redacted.Redacted<string> | undefined) =>
    value === undefined ? undefined : list(Redacted.value(value))[0]
  const token = firstOf(yield* secret(`${prefix}_WEBHOOK_TOKEN`))
  const username = yield* text(`${prefix}_WEBHOOK_USERNAME`)
  const password = firstOf(yield* secret(`${prefix}_WEBHOOK_PASSWORD`))
  return (request) => ({
    ...request,
    url: token === undefined ? request.url : withQuery(request.url, new URLSearchParams({ token }).toString()),
    headers: username === undefined || password === undefined
      ? request.headers
      : {
        ...request.headers,
        authorization: `Basic ${Base64.encode(new TextEncoder().encode(`${username}:${password}`))}`
      }
  })
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
    const isSecret = new Set(group.filter(({ secret }) => secret).map(({ name }) => name))
    const ordered = [...group.filter(({ required }) => required), ...group.filter(({ required }) => !required)]
    for (const { name } of ordered) {
      const value = yield* (isSecret.has(name) ? credential(name) : secret(name))
      if (value !== undefined) values.set(name, value)
    }
    const [first] = values.keys()
    if (first === undefined) return undefined
    for (const { name, required } of ordered) if (required && !values.has(name)) return yield* missing(name, first)
    return yield* options((name) => values.get(name) ?? Redacted.make(""), yield* excess)
  })
