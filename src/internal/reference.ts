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

/** Returns the reference in the query of a URL. With several, returns none. */
export const fromUrl = (url: string): Reference | undefined => {
  if (!url.includes(`${name}=`)) return undefined
  const query = url.split("#", 1)[0]!.split("?").slice(1).join("?")
  const [field, ...others] = query.split("&").filter((field) => field.startsWith(`${name}=`))
  return field === undefined || others.length > 0 ? undefined : fromText(field)
}
