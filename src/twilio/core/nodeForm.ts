/**
 * Parses forms of Twilio's where the runtime has Node's `Buffer`.
 */
import * as FormScanner from "../../provider/core/formScanner.ts"
import { decoders } from "../../provider/core/nodeText.ts"
import { messageFields, statusFields } from "./fields.ts"
import { type ReadForm, readForm } from "./verify.ts"

/** A message has at most ten files. */
const files = Array.from({ length: 10 }, (_, index) => [`MediaUrl${index}`, `MediaContentType${index}`]).flat()

/** Makes the scanner of Twilio's forms. */
export const makeScanner = (decoders: FormScanner.Decoders): FormScanner.Scanner =>
  FormScanner.make([...Object.keys(messageFields.places), ...Object.keys(statusFields.places), ...files], decoders)

/** `undefined` where the runtime has no `Buffer`. */
export const scanner = decoders === undefined ? undefined : makeScanner(decoders)

/** Parses a form with the scanner if it is plain, and with `URLSearchParams` if not. */
export const readNodeForm: ReadForm = scanner === undefined
  ? readForm
  : Object.assign(
    (body: Uint8Array) => (ArrayBuffer.isView(body) ? scanner.scan(body) : undefined) ?? readForm(body),
    { learn: scanner.learn }
  )
