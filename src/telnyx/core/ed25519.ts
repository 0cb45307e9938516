/**
 * What is checked of keys and signatures before any arithmetic, because
 * implementations disagree about unusual ones: see `Ed25519.ts`.
 */

/** The prime of the field, and the order of the base point. */
export const p = 2n ** 255n - 19n
export const l = 2n ** 252n + 27742317777372353535851937790883648493n

/** The `y` of the eight points of small order: 1 and -1 belong to one point each, the others to two. */
const y8 = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n
export const smallOrder: ReadonlyArray<bigint> = [1n, p - 1n, 0n, y8, p - y8]

/** Encodes a number as 32 little-endian bytes. Numbers are compared as bytes, which is faster than with `BigInt`. */
const littleEndian = (number: bigint): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, i) => Number(BigInt.asUintN(8, number >> BigInt(8 * i))))

const order = /* @__PURE__ */ littleEndian(l)
const prime = /* @__PURE__ */ littleEndian(p)
const smallOrders = /* @__PURE__ */ Array.from(smallOrder, littleEndian)

/**
 * Compares two encoded numbers, from the highest byte. `start` is where the first
 * number is, and `mask` selects the bits of its top byte.
 */
const compare = (one: Uint8Array, other: Uint8Array, mask: number, start: number): number => {
  const top = (one[start + 31]! & mask) - other[31]!
  if (top !== 0) return top
  let i = 30
  while (i > 0 && one[start + i] === other[i]) i--
  return one[start + i]! - other[i]!
}

/** Whether the point in the first 32 bytes is canonically encoded and not of small order. The top bit is the sign of `x`. */
export const isSound = (point: Uint8Array): boolean =>
  compare(point, prime, 0x7f, 0) < 0 && smallOrders.every((small) => compare(point, small, 0x7f, 0) !== 0)

export const isWellFormed = (signature: Uint8Array): boolean =>
  signature.length === 64 && compare(signature, order, 0xff, 32) < 0 && isSound(signature)
