/**
 * The failure of a command: one line on standard error, and an exit code.
 */
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Ref from "effect/Ref"
import * as Runtime from "effect/Runtime"

/** The exit codes of the commands. */
export const exitCodes = {
  /** The command could not start, for example because of an invalid variable or a port in use. Nothing was sent. */
  notPossible: 1,
  /** The command line is wrong. Nothing was sent. */
  usage: 2,
  /** The message was refused. Nothing was sent. */
  refused: 3,
  /** The message may have been sent. */
  unknown: 4,
  /** Only a part of the message was sent. */
  inPart: 5
} as const

/** The command failed, and the reason is already printed. */
export class Failed extends Data.TaggedError("Failed")<{ readonly code: number }> {
  override readonly [Runtime.errorReported] = false
  override readonly [Runtime.errorExitCode] = this.code
}

/** Prints the reason in one line and fails. */
export const fail = (line: string, code: number = exitCodes.notPossible): Effect.Effect<never, Failed> =>
  Effect.andThen(Console.error(line.replaceAll(/\s*\n\s*/g, " ")), Effect.fail(new Failed({ code })))

/** The exit code of an interrupted command. 0 unless the command changes it. */
export class CodeOfInterruption extends Context.Service<CodeOfInterruption, Ref.Ref<number>>()(
  "effect-sms/cli/CodeOfInterruption"
) {}
