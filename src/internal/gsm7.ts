/**
 * The GSM-7 default alphabet of SMS and its extension table.
 *
 * @see https://www.3gpp.org/dynareport/23038.htm 3GPP TS 23.038, 6.2.1 and 6.2.1.1
 */

/** The 127 characters of one septet in code order. The escape, 0x1B, is not a character and is left out. */
export const basic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ" +
  " !\"#¤%&'()*+,-./0123456789:;<=>?" +
  "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§" +
  "¿abcdefghijklmnopqrstuvwxyzäöñüà"

/** The characters of two septets: the escape followed by a code. */
export const extension = "\f^{}\\[~]|€"

/** The codes of the extension table, in the same order. */
const extensionCodes = [0x0a, 0x14, 0x28, 0x29, 0x2f, 0x3c, 0x3d, 0x3e, 0x40, 0x65]

const escape = 0x1b

/** Decodes septets, one per byte. An escape before an unassigned code is a space, as the standard requires. */
export const decodeSeptets = (septets: Iterable<number>): string => {
  let text = ""
  let escaped = false
  for (const septet of septets) {
    if (escaped) {
      const index = extensionCodes.indexOf(septet)
      text += index === -1
        ? ` ${septet === escape ? "" : basic[septet < escape ? septet : septet - 1]}`
        : extension[index]
      escaped = false
    } else if (septet === escape) escaped = true
    else text += basic[septet < escape ? septet : septet - 1]
  }
  return text
}

/**
 * Unpacks septets from octets, after the fill bits. Seven zero bits at the end
 * are padding, unless the message is `full`.
 *
 * @see https://www.3gpp.org/dynareport/23038.htm 3GPP TS 23.038, 6.1.2.1
 */
export const unpack = (octets: Uint8Array, { fillBits, full }: {
  readonly fillBits: number
  readonly full: boolean
}): ReadonlyArray<number> => {
  const septets: Array<number> = []
  for (let bit = fillBits; bit + 7 <= octets.length * 8; bit += 7) {
    const [index, shift] = [bit >> 3, bit & 7]
    septets.push(((octets[index]! | (octets[index + 1] ?? 0) << 8) >> shift) & 0x7f)
  }
  if (!full && septets.at(-1) === 0 && (octets.length * 8 - fillBits) % 7 === 0) septets.pop()
  return septets
}
