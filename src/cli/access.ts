/**
 * The address and the token with which commands call a server.
 */
import * as Flag from "effect/cli/Flag"
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as WebUrl from "../internal/webUrl.ts"
import { type InvalidVariable, secret } from "../provider/Environment.ts"
import { exitCodes, fail, type Failed } from "./Failed.ts"

export const url = Flag.String("url").pipe(
  Flag.withDescription("The address of the server, such as https://sms.example.com"),
  Flag.withDefault("http://127.0.0.1:3000")
)

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
