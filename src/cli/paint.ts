/**
 * Text for a terminal: its colors, and what a stranger wrote in it.
 */
import * as Effect from "effect/Effect"
import { text } from "../provider/Environment.ts"

const colors = { dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const

export type Color = keyof typeof colors

/** Writes text in a color, or as it is. */
export type Paint = (color: Color, text: string) => string

export const plain: Paint = (_, text) => text

export const ansi: Paint = (color, text) => `\u001b[${colors[color]}m${text}\u001b[0m`

/** Returns how standard output is painted: with colors only on a terminal, and not with `NO_COLOR`. */
export const ofOutput: Effect.Effect<Paint> = text("NO_COLOR").pipe(
  Effect.map((noColor) => process.stdout.isTTY && noColor === undefined ? ansi : plain),
  // A value with a flaw is a value.
  Effect.orElseSucceed(() => plain)
)

/** Control characters, and marks that change the direction of text. */
// oxlint-disable-next-line no-control-regex
const controls = /[\0-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/**
 * Replaces what a terminal would take for a command, and line breaks: the text
 * comes from strangers.
 */
export const shown = (text: string): string => text.replaceAll(/\s+/g, " ").replaceAll(controls, "\ufffd")
