/**
 * How the command line prints help and errors.
 */
import * as CliOutput from "effect/cli/CliOutput"
import * as Effect from "effect/Effect"
import { fail } from "./Failed.ts"

/** Prints command-line errors in one line, instead of the whole help. */
export const presenter: CliOutput.Presenter = {
  present: (event) => {
    if (event._tag !== "InvalidInvocation") return CliOutput.defaultPresenter.present(event)
    const problems = event.errors.map(({ message }) => message).join("; ")
    return Effect.ignore(fail(`${problems}. See ${event.commandPath.join(" ")} --help`))
  }
}
