/**
 * The emulated service plan: its generated credentials, its ids, and the shape
 * of its errors.
 */
import * as DateTime from "effect/DateTime"
import { type ApiReply, json, type Network, type Options } from "../../provider/Emulation.ts"

export interface Account {
  /** The id of the service plan, which is not the UUID of a project. */
  readonly planId: string
  readonly apiToken: string
  readonly webhookSecret: string
  readonly options: Options
}

export const make = (options: Options): Account => {
  const { random } = options
  return { planId: random.hex(32), apiToken: random.hex(32), webhookSecret: random.text(32), options }
}

const base32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

/** Generates a ULID: ten characters of the time, and 16 that are random. */
export const generateId = (network: Network): string => {
  let id = ""
  for (let rest = network.now(); id.length < 10; rest = Math.floor(rest / 32)) id = base32[rest % 32] + id
  while (id.length < 26) id += base32[Math.floor(network.random.next() * 32)]
  return id
}

export const isId = (text: string): boolean => /^[\dA-Z]{26}$/i.test(text)

/** Formats a time as in Sinch's messages: `2024-06-06T07:52:37.386Z`. */
export const time = (millis: number): string => DateTime.formatIso(DateTime.makeUnsafe(millis))

const statuses = {
  syntax_invalid_json: 400,
  syntax_invalid_parameter_format: 400,
  syntax_constraint_violation: 400,
  unknown_group: 403,
  illegal_number_type: 403,
  blocked_account: 403,
  conflict_send_at: 403
} as const

export type Code = keyof typeof statuses

/** Builds an error. */
export const problem = (code: Code, text: string): ApiReply => json(statuses[code], { code, text })

/** Builds a response without a body, as Sinch's other errors have none that is documented. */
export const bare = (status: number, headers: Readonly<Record<string, string>> = {}): ApiReply => ({
  status,
  headers,
  body: ""
})

export const isReply = (value: unknown): value is ApiReply =>
  typeof value === "object" && value !== null && "status" in value && "headers" in value
