/**
 * Reads the provider by which a list is filtered.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Carriers from "../../Carriers.ts"
import { SmsProviders } from "../../provider/SmsProviders.ts"
import * as Problems from "../Problems.ts"

/**
 * Makes the function that returns the name of a provider as it is registered:
 * a request may write it in any case. What a carrier sent stays when it is no
 * longer configured, so the names of all carriers are known too.
 */
export const make = Effect.map(SmsProviders, (providers) => {
  const known = [...new Set([...providers.all, ...Carriers.all].map(({ name }) => name))]
  const invalid = new Problems.BadRequest({ detail: `provider: expected one of ${known.join(", ")}` })
  return (written: string | undefined): Effect.Effect<string | undefined, Problems.BadRequest> => {
    if (written === undefined) return Effect.undefined
    const found = Option.match(providers.find(written), {
      onSome: ({ name }) => name,
      onNone: () => known.find((name) => name.toLowerCase() === written.toLowerCase())
    })
    return found === undefined ? Effect.fail(invalid) : Effect.succeed(found)
  }
})
