import * as Schema from "effect/Schema"
import { SendRequest } from "../MessagesApi.ts"

/** Encodes a request canonically: equal messages give equal text, whoever asks. */
export const requestText: (request: SendRequest) => string = Schema.encodeSync(
  Schema.fromJsonString(Schema.toCodecJson(SendRequest))
)
