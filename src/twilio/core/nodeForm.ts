/**
 * Parses forms of Twilio's where the runtime has Node's `Buffer`.
 */
import * as FormScanner from "../../provider/core/formScanner.ts"
import { decoders } from "../../provider/core/nodeText.ts"
import { messageFields, statusFields } from "./fields.ts"
import { type ReadForm, readForm } from "./verify.ts"

/** A message has at most ten files. */
const files = Array.from({ length: 10 }, (_, index) => [`MediaUrl${index}`, `MediaContentType${index}`]).flat()

/** The fields of Twilio's forms. */
export const names = [...Object.keys(messageFields.places), ...Object.keys(statusFields.places), ...files]

/** `undefined` where the runtime has no `Buffer`. */
export const scan = decoders === undefined ? undefined : FormScanner.make(names, decoders)

/** Parses a form with the scanner if it is plain, and with `URLSearchParams` if not. */
export const readNodeForm: ReadForm = scan === undefined
  ? readForm
  : (body) => (ArrayBuffer.isView(body) ? scan(body) : undefined) ?? readForm(body)
