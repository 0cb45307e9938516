/**
 * The address and the token with which commands call a server.
 */
import * as Flag from "effect/cli/Flag"
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as Redacted from "effect/Redacted"
import * as WebUrl from "../internal/webUrl.ts"
import { type InvalidVariable, secret } from "../provider/Environment.ts"
import { exitCodes, fail, type Failed } from "./Failed.ts"

const urlFlag = Flag.String("url").pipe(
  Flag.withDescription("The address of the server, such as https://sms.example.com")
)

/** The address of a server that runs beside the command. */
export const defaultUrl = "http://127.0.0.1:3000"

export const url = Flag.withDefault(urlFlag, defaultUrl)

/** As {@link url}, where another flag excludes it. */
export const optionalUrl = Flag.optional(urlFlag)

export const variables = ["EFFECT_SMS_TOKEN", "ADMIN_TOKEN"] as const

/** Says for the help which variable has the token, and what the token needs. */
export const sentence = (scopes: string): string =>
  `${variables[0]}, or ${variables[1]}, has a token of the server with the ${scopes}.`

/** Checks the address, and reads the token. */
export const read = Effect.fnUntraced(function*(
  url: string,
  scopes: string
): Effect.fn.Return<
  { readonly baseUrl: string; readonly token: Redacted.Redacted<string> },
  Failed | InvalidVariable | Config.ConfigError
> {
  if (WebUrl.parse(url) === undefined) return yield* fail("--url must be an http or https URL", exitCodes.usage)
  for (const name of variables) {
    const token = yield* secret(name)
    if (token !== undefined) return { baseUrl: url, token }
  }
  return yield* fail(`${variables.join(" or ")} must have a token of the server with the ${scopes}`)
})

/** Says why a server did not answer. The error of the client may contain the URL and no more. */
export const explain = (url: string, error: unknown): Effect.Effect<never, Failed> =>
  HttpClientError.isHttpClientError(error) && error.reason._tag === "TransportError"
    ? fail(`${url} cannot be reached: is the server running, and is this its address?`)
    : fail(`${url} does not answer as a server of effect-sms does`)

/** Fails when no server of this library answers at the address. */
export const check = (url: string): Effect.Effect<void, Failed, HttpClient.HttpClient> =>
  HttpClient.get(new URL("health/live", `${url.replace(/\/+$/, "")}/`)).pipe(
    Effect.flatMap(({ json }) => json),
    Effect.timeout("10 seconds"),
    Effect.catch((error) => explain(url, error)),
    Effect.flatMap((body) =>
      typeof body === "object" && body !== null && "status" in body && body.status === "live"
        ? Effect.void
        : explain(url, undefined)
    )
  )
