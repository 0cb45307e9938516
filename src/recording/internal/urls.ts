/**
 * Replaces URLs by URLs of a host that does not exist. The types of files stay.
 */
import * as Reference from "../../internal/reference.ts"
import type { Ids } from "./ids.ts"

/** A host of the top-level domain for examples (RFC 2606). */
export const host = "recording.example"

const fileTypes =
  /(?:\.(?:mms|jpe?g|png|gif|webp|heic|bmp|tiff?|svg|mp4|3gpp?|mov|webm|mp3|m4a|aac|amr|ogg|opus|wav|vcf|ics|pdf|csv|txt|html?|smil|bin|zip|docx?|xlsx?))+$/i

/** The functions that replace URLs. */
export interface Urls {
  readonly replace: (url: string) => string
  /** Replaces the values of a query, and keeps the names. */
  readonly replaceQuery: (query: string, leftOut?: ReadonlyArray<string>) => string
  /** Replaces a text that may be the reference of a send. */
  readonly replaceReference: (text: string, other: (text: string) => string) => string
}

/** Returns whether the name of a field says nothing of a person. */
export const isPlainName = (name: string): boolean => /^[A-Za-z_][\w.\-[\]]{0,63}$/.test(name) && !/\d{5}/.test(name)

/** Makes the functions that replace URLs. */
export const make = (ids: Ids): Urls => {
  const replacements = new Map<string, string>()

  const replaceReference: Urls["replaceReference"] = (text, other) => {
    const reference = Reference.fromText(text)
    if (reference === undefined) return other(text)
    const rest = text.slice(Reference.name.length + 1 + reference.intentId.length)
    return `${Reference.name}=${ids.replace(reference.intentId)}${rest}`
  }

  const replaceField = (field: string): string => {
    const at = field.indexOf("=")
    const name = at < 0 ? field : field.slice(0, at)
    const shown = isPlainName(name) ? name : ids.replace(name)
    return at < 0 ? shown : replaceReference(field, () => `${shown}=${ids.replace(field.slice(at + 1))}`)
  }

  const replaceQuery: Urls["replaceQuery"] = (query, leftOut = []) =>
    query.split("&")
      .filter((field) => field !== "" && !leftOut.includes(field.split("=", 1)[0]!.toLowerCase()))
      .map(replaceField)
      .join("&")

  const replaceSegment = (segment: string): string => {
    const type = fileTypes.exec(segment)?.[0] ?? ""
    return ids.replace(segment.slice(0, segment.length - type.length)) + type
  }

  const generate = (url: string): string => {
    const [, scheme = "", path = "", query] = /^([a-z][a-z\d+.-]*:\/\/[^/?#]*)?([^?#]*)(?:\?([^#]*))?/i.exec(url) ?? []
    const segments = path.split("/").map((segment) => segment === "" ? "" : replaceSegment(segment)).join("/")
    const base = scheme === "" ? "" : `${/^http:/i.test(scheme) ? "http" : "https"}://${host}/${replacements.size + 1}`
    return `${base}${segments}${query === undefined ? "" : `?${replaceQuery(query)}`}`
  }

  return {
    replace: (url) => {
      if (url.trim() === "") return url
      const known = replacements.get(url)
      if (known !== undefined) return known
      const replacement = generate(url)
      replacements.set(url, replacement)
      return replacement
    },
    replaceQuery,
    replaceReference
  }
}
