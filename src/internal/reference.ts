/**
 * Parses the references of sends, as plain data.
 */

interface Reference {
  readonly intentId: string
  readonly part: number
  readonly of: number
}

/** The name of the query parameter, and the start of a reference as text. */
export const name = "intent"

const pattern = /^intent=([A-Za-z\d_-]{1,64})(?:\.(\d{1,4})\.(\d{1,4}))?$/

/** Parses a reference. Returns `undefined` for any other text. */
export const fromText = (text: string): Reference | undefined => {
  const match = pattern.exec(text)
  if (match === null) return undefined
  const [, intentId = "", part = "1", of = "1"] = match
  const reference = { intentId, part: Number(part), of: Number(of) }
  return reference.part >= 1 && reference.part <= reference.of ? reference : undefined
}

/** Returns the only field of a name in the query of a URL, as it is written. */
const fieldOf = (url: string, name: string): string | undefined => {
  if (!url.includes(`${name}=`)) return undefined
  const query = url.split("#", 1)[0]!.split("?").slice(1).join("?")
  const [field, ...others] = query.split("&").filter((field) => field.startsWith(`${name}=`))
  return others.length > 0 ? undefined : field
}

/** Returns the reference in the query of a URL. With several, returns none. */
export const fromUrl = (url: string): Reference | undefined => {
  const field = fieldOf(url, name)
  return field === undefined ? undefined : fromText(field)
}

/** The query parameter with the reference of the application. */
const applicationName = "reference"

/** A callback URL has a reference of 512 characters at most, which have nine each when they are escaped. */
const maxUrlReference = 9 * 512

/** Adds a field to the query of a URL, without changing the rest. */
export const addField = (url: string, field: string): string => {
  const [target = "", ...fragment] = url.split("#")
  const separator = !target.includes("?") ? "?" : /[?&]$/.test(target) ? "" : "&"
  return [`${target}${separator}${field}`, ...fragment].join("#")
}

/**
 * Adds the reference of the application to the query of a URL. An `&` ends it:
 * Twilio's signature does not tell where the URL ends and the form begins, so the
 * name of the first form field could be read as a part of the reference.
 */
export const addToUrl = (url: string, reference: string): string =>
  addField(url, `${applicationName}=${encodeURIComponent(reference)}&`)

/** Returns the reference of the application in the query of a URL. With several, or without its end, returns none. */
export const ofApplication = (url: string): string | undefined => {
  const field = fieldOf(url, applicationName)
  if (field === undefined || field.length > maxUrlReference || !url.includes(`${field}&`)) return undefined
  try {
    return decodeURIComponent(field.slice(applicationName.length + 1)) || undefined
  } catch {
    return undefined
  }
}

/** What the query of a callback URL tells of the send that a delivery report belongs to. */
interface OfCallback {
  readonly intent?: Reference
  readonly reference?: string
}

/** Returns both references in the query of a callback URL, or `undefined` without any. */
export const ofCallback = (url: string): OfCallback | undefined => {
  const [intent, reference] = [fromUrl(url), ofApplication(url)]
  return intent === undefined && reference === undefined
    ? undefined
    : { ...(intent !== undefined && { intent }), ...(reference !== undefined && { reference }) }
}
