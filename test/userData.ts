/** Texts as phones put them into the user data of an SMS. */
import { basic, extension } from "../src/internal/gsm7.ts"

const extensionCodes = [0x0a, 0x14, 0x28, 0x29, 0x2f, 0x3c, 0x3d, 0x3e, 0x40, 0x65]

/** The septets of a text in the default alphabet (3GPP TS 23.038, 6.2.1). */
export const septetsOf = (text: string): ReadonlyArray<number> =>
  Array.from(text).flatMap((character) => {
    const index = basic.indexOf(character)
    if (index !== -1) return [index < 0x1b ? index : index + 1]
    return [0x1b, extensionCodes[extension.indexOf(character)]!]
  })

/** Septets in octets, after so many bits of filling (3GPP TS 23.038, 6.1.2.1). */
export const pack = (septets: ReadonlyArray<number>, fillBits: number): Uint8Array => {
  const octets = new Uint8Array(Math.ceil((fillBits + septets.length * 7) / 8))
  septets.forEach((septet, index) => {
    for (let bit = 0; bit < 7; bit++) {
      const at = fillBits + index * 7 + bit
      octets[at >> 3]! |= ((septet >> bit) & 1) << (at & 7)
    }
  })
  return octets
}

export const ucs2 = (text: string): Uint8Array =>
  Uint8Array.from(
    Array.from({ length: text.length }, (_, index) => text.charCodeAt(index)).flatMap((unit) => [
      unit >> 8,
      unit & 0xff
    ])
  )

export const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))

const hex = (...bytes: ReadonlyArray<number>) => bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("")

/** The header of a part, with a reference of 8 or 16 bits. */
export const header8 = (reference: number, total: number, number: number) => hex(5, 0, 3, reference, total, number)
export const header16 = (reference: number, total: number, number: number) =>
  hex(6, 8, 4, reference >> 8, reference & 0xff, total, number)

export const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64")
