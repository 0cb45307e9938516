/**
 * How a command fails: with one line on the standard error, and an exit code.
 */
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Ref from "effect/Ref"
import * as Runtime from "effect/Runtime"

/** What each exit code says. */
export const exitCodes = {
  /** It could not begin: a variable, a port. Nothing was sent. */
  notPossible: 1,
  /** The command line is wrong. Nothing was sent. */
  usage: 2,
  /** The message was refused. Nothing was sent. */
  refused: 3,
  /** The message may have gone out. */
  unknown: 4,
  /** A part of the message went out. */
  inPart: 5
} as const

/** The command failed, and the reason was told. */
export class Failed extends Data.TaggedError("Failed")<{ readonly code: number }> {
  override readonly [Runtime.errorReported] = false
  override readonly [Runtime.errorExitCode] = this.code
}

/** Tells the reason, which is one line. */
export const fail = (line: string, code: number = exitCodes.notPossible): Effect.Effect<never, Failed> =>
  Effect.andThen(Console.error(line.replaceAll(/\s*\n\s*/g, " ")), Effect.fail(new Failed({ code })))

/** The exit code of a command that is told to end: 0 unless the command says otherwise. */
export class CodeOfInterruption extends Context.Service<CodeOfInterruption, Ref.Ref<number>>()(
  "effect-sms/cli/CodeOfInterruption"
) {}
