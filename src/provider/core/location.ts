/**
 * Decodes locations from the texts or numbers of a carrier.
 */
import { compact } from "../../internal/record.ts"
import type { Build, Part } from "./build.ts"

type LocationContent = Extract<Part, { readonly _tag: "LocationContent" }>

const degrees = (value: unknown, limit: number): number | undefined => {
  // A number close to zero is written with an exponent.
  const text = typeof value === "number" ? String(value) : value
  if (typeof text !== "string" || !/^\s*[+-]?\d{1,3}(\.\d{1,30})?(e-\d{1,3})?\s*$/i.test(text)) return undefined
  // A schema, as JSON, has no negative zero.
  return Math.abs(Number(text)) <= limit ? Number(text) + 0 : undefined
}

const named = (value: unknown): string | undefined =>
  typeof value === "string" && value.trim() !== "" ? value : undefined

/** Returns the location, or `undefined` without coordinates and names. A single coordinate is ignored. */
export const locationOf = ({ of }: Build, fields: {
  readonly latitude: unknown
  readonly longitude: unknown
  readonly label: unknown
  readonly address: unknown
}): LocationContent | undefined => {
  const latitude = degrees(fields.latitude, 90)
  const longitude = degrees(fields.longitude, 180)
  const place = compact({ label: named(fields.label), address: named(fields.address) })
  if (latitude !== undefined && longitude !== undefined) {
    return of({ _tag: "LocationContent", latitude, longitude, ...place })
  }
  return Object.keys(place).length === 0 ? undefined : of({ _tag: "LocationContent", ...place })
}
