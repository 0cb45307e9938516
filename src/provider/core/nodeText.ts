/**
 * Texts from bytes with Node's `Buffer`, whose methods take any byte array.
 */
import type { Decoders } from "./formScanner.ts"

/** The methods that `toString` calls, without the conversion of its arguments. */
interface Slices {
  readonly latin1Slice: (this: Uint8Array, start: number, end: number) => string
  readonly utf8Slice: (this: Uint8Array, start: number, end: number) => string
}

/** `undefined` where the runtime has no such methods. */
export const decoders: Decoders | undefined = /* @__PURE__ */ (() => {
  const { latin1Slice, utf8Slice } = (globalThis.Buffer?.prototype ?? {}) as Partial<Slices>
  return latin1Slice === undefined || utf8Slice === undefined ? undefined : {
    latin1: (bytes, start, end) => latin1Slice.call(bytes, start, end),
    utf8: (bytes, start, end) => utf8Slice.call(bytes, start, end)
  }
})()
