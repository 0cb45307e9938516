/**
 * What `effect-sms doctor` finds.
 */
import * as Schema from "effect/Schema"
import type { Color, Paint } from "../paint.ts"

/** `skipped` is a check that could not be made. */
export const Status = Schema.Literals(["ok", "warning", "failure", "skipped"])

/** The result of one check, without secrets, numbers and texts. */
export const Finding = Schema.Struct({
  check: Schema.String,
  status: Status,
  message: Schema.String,
  /** What to do. */
  advice: Schema.optionalKey(Schema.String)
})

export type Finding = typeof Finding.Type

/** All results, and the worst of them. */
export const Report = Schema.Struct({ status: Status, findings: Schema.Array(Finding) })

const make = (status: Finding["status"]) => (check: string, message: string, advice?: string): Finding => ({
  check,
  status,
  message,
  ...(advice !== undefined && { advice })
})

export const [ok, warning, failure, skipped] = [make("ok"), make("warning"), make("failure"), make("skipped")]

const colors: Readonly<Record<Finding["status"], Color>> = {
  ok: "green",
  warning: "yellow",
  failure: "red",
  skipped: "dim"
}

/** Formats each result as one line. */
export const format = (findings: ReadonlyArray<Finding>, paint: Paint): ReadonlyArray<string> => {
  const width = Math.max(...findings.map(({ check }) => check.length))
  return findings.map(({ advice, check, message, status }) =>
    [
      paint(colors[status], status.padEnd("warning".length)),
      check.padEnd(width),
      advice === undefined ? message : `${message}. ${advice}`
    ].join("  ")
  )
}

/** Returns the worst status: a failure, a warning, or `ok`. */
export const worst = (findings: ReadonlyArray<Finding>): Finding["status"] =>
  (["failure", "warning"] as const).find((status) => findings.some((finding) => finding.status === status)) ?? "ok"
