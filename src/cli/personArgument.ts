/**
 * The address of a person on the command line.
 */
import * as Argument from "effect/cli/Argument"
import * as CliError from "effect/cli/CliError"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Address } from "../Address.ts"
import { Person } from "../internal/writtenAddress.ts"

/** Normalizes the address. The error does not contain it, because standard error often ends up in a log. */
const cleaned = (text: string): Effect.Effect<Address, CliError.CliError> =>
  Effect.mapError(
    Schema.decodeEffect(Person)(text),
    ({ message }) => new CliError.ValidationError({ message: `Invalid value for argument number. ${message}` })
  )

export const argument = Argument.String("number").pipe(
  Argument.mapEffect(cleaned),
  Argument.withDescription("The person's number with its country code, as +15145550142, or an id on a channel")
)
