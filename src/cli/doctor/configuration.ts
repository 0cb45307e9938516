/**
 * Checks the variables, and whether the carriers have all of theirs.
 */
import * as Effect from "effect/Effect"
import type { Examination } from "../../http/internal/examination.ts"
import { startsWith } from "../../http/internal/setVariables.ts"
import * as ServerConfig from "../../http/ServerConfig.ts"
import type { Any, Lazy } from "../../provider/Carrier.ts"
import * as Finding from "./Finding.ts"

const check = "configuration"

/** Returns whether a wrong variable is one of a carrier. */
export const isAffected = ({ wrong }: Examination, carrier: Pick<Any, "name">): boolean =>
  wrong.some(({ variable }) => startsWith(variable, ServerConfig.prefixOf(carrier)))

/** Lists every variable that is wrong, or set without an effect. */
export const variables = Effect.fnUntraced(function*(carriers: ReadonlyArray<Lazy>, { wrong }: Examination) {
  const findings = [
    ...wrong.map(({ message }) => Finding.failure(check, message)),
    ...(yield* ServerConfig.warnings(carriers)).map((message) => Finding.warning(check, message))
  ]
  return findings.length > 0 ? findings : [Finding.ok(check, "Every variable that is set can be used")]
})

const listed = new Intl.ListFormat("en-GB", { type: "conjunction" })

/** Says of each carrier with a variable whether it receives and sends, and of which variables it has not. */
export const carriers = Effect.fnUntraced(function*(examination: Examination) {
  if (examination.carriers.length === 0) {
    return [Finding.warning("carriers", "No carrier is configured", "`effect-sms serve` runs a demonstration")]
  }
  return yield* Effect.forEach(
    examination.carriers,
    Effect.fnUntraced(function*(carrier) {
      const { title } = carrier
      if (isAffected(examination, carrier)) {
        return Finding.failure(title, "It is not configured completely", "Correct its variables that are named above")
      }
      const { variables } = yield* carrier.environment
      const missing = variables.filter(({ group, name, required }) =>
        group === "sending" && required === true && !examination.names.has(name)
      )
      return missing.length === 0
        ? Finding.ok(title, "It receives and sends")
        : Finding.warning(title, "It only receives", `To send, set ${listed.format(missing.map(({ name }) => name))}`)
    })
  )
})
