/**
 * Base64 and hexadecimal digits as bytes, as the modules of `effect/encoding`
 * read and write them: a property test compares the two.
 */

const hexDigits = /^(?:[\da-f]{2})*$/i

/** Decodes hexadecimal digits. Returns `undefined` for other text. */
export const fromHex = (text: string): Uint8Array | undefined =>
  hexDigits.test(text)
    ? Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16))
    : undefined

/** Encodes bytes as lower-case hexadecimal digits. */
export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")

const base64 = /^[A-Za-z\d+/]*={0,2}$/

/** Decodes Base64 with its padding, line breaks left out. Returns `undefined` for other text. */
export const fromBase64 = (text: string): Uint8Array | undefined => {
  const stripped = /[\r\n]/.test(text) ? text.replaceAll(/[\r\n]/g, "") : text
  if (stripped.length % 4 !== 0 || !base64.test(stripped)) return undefined
  const binary = atob(stripped)
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}

/** Encodes bytes as Base64. */
export const toBase64 = (bytes: Uint8Array): string =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))
