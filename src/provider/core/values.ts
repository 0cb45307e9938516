/**
 * Reads single values of payloads.
 */
import type { Cost } from "../../Cost.ts"
import { isAmount } from "../../internal/amount.ts"
import { isObject, lookup } from "../../internal/record.ts"
import type { Payload } from "../../Payload.ts"

/**
 * Returns a non-empty string, or the first value of a repeated form field.
 * Returns `undefined` for anything else, including numbers, which are neither
 * URLs nor addresses.
 */
export const stringOf = (value: unknown): string | undefined => {
  const first = Array.isArray(value) ? value[0] : value
  return typeof first === "string" && first !== "" ? first : undefined
}

/** Applies {@link stringOf} to an own property. */
export const ownString = (payload: Payload, key: string): string | undefined => stringOf(lookup(payload, key))

const scalarText = (value: unknown): string => {
  if (typeof value === "string") return value
  return typeof value === "number" || typeof value === "bigint" ? String(value) : ""
}

/** Returns a string, a number as a string, the first of a list of these, or the empty string for anything else. */
export const toText = (value: unknown): string => scalarText(Array.isArray(value) ? value[0] : value)

/** Returns how many of something; anything but a whole number is absent. */
export const toCount = (value: unknown): number | undefined => {
  const text = toText(value)
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

/** Returns a boolean, or `true` and `false` as text. */
export const toFlag = (value: unknown): boolean | undefined => {
  const text = typeof value === "boolean" ? String(value) : toText(value).toLowerCase()
  return text === "true" ? true : text === "false" ? false : undefined
}

/** Returns an amount of money, with its currency if there is one. */
export const toCost = (value: unknown): typeof Cost.Encoded | undefined => {
  if (!isObject(value)) return undefined
  const [amount, currency] = [toText(value["amount"]), toText(value["currency"])]
  if (!isAmount(amount)) return undefined
  return currency === "" ? { amount } : { amount, currency }
}

/** Returns whether a value is an `http` or `https` URL, which a list of files may contain in place of objects. */
export const isUrl = (value: unknown): value is string => typeof value === "string" && /^https?:\/\//i.test(value)

/** Reads a list. Anything else becomes an empty list. */
export const list = (value: unknown): ReadonlyArray<unknown> => Array.isArray(value) ? value : []

/** As {@link list}, but a value outside a list becomes a list of one. */
export const items = (value: unknown): ReadonlyArray<unknown> => {
  if (Array.isArray(value)) return value
  return value === undefined || value === null || value === "" ? [] : [value]
}

/** Reads an object; anything else is empty. */
export const object = (value: unknown): Payload => isObject(value) ? value : {}
