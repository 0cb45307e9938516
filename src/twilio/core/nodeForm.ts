/**
 * Parses forms of Twilio's where the runtime has Node's `Buffer`.
 */
import * as FormScanner from "../../provider/core/formScanner.ts"
import { decoders } from "../../provider/core/nodeText.ts"
import { messageFields, statusFields } from "./fields.ts"

/** A message has at most ten files. */
const files = Array.from({ length: 10 }, (_, index) => [`MediaUrl${index}`, `MediaContentType${index}`]).flat()

/** The fields of Twilio's forms. */
export const names = [...Object.keys(messageFields.places), ...Object.keys(statusFields.places), ...files]

/** Builds the form of an ordinary SMS, as Twilio usually sends it. */
export const usual: FormScanner.Build = (values) => ({
  AccountSid: values[0]!,
  ApiVersion: values[1]!,
  Body: values[2]!,
  From: values[3]!,
  FromCity: values[4]!,
  FromCountry: values[5]!,
  FromState: values[6]!,
  FromZip: values[7]!,
  MessageSid: values[8]!,
  NumMedia: values[9]!,
  NumSegments: values[10]!,
  SmsMessageSid: values[11]!,
  SmsSid: values[12]!,
  SmsStatus: values[13]!,
  To: values[14]!,
  ToCity: values[15]!,
  ToCountry: values[16]!,
  ToState: values[17]!,
  ToZip: values[18]!
})

/** Gives up on every form where the runtime has no `Buffer`. */
export const scan: FormScanner.Scan = decoders === undefined
  ? () => undefined
  : FormScanner.make(names, decoders, usual)
