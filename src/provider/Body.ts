/**
 * Parses the two body formats that carriers send, JSON and forms, into plain
 * data.
 */
import * as Effect from "effect/Effect"
import type { Payload } from "../Payload.ts"
import type { InvalidPayload } from "../WebhookError.ts"
import type { WebhookRequest } from "../WebhookRequest.ts"
import * as Core from "./core/body.ts"
import type { InvalidPayload as PlainReason, Refused } from "./core/refusal.ts"
import { invalidPayloadOf } from "./internal/reasons.ts"

export { type Form, formFromText, isJson } from "./core/body.ts"

/**
 * Returns a parsed body. Evaluated eagerly: parsing is synchronous, and starting a
 * fiber would cost more than the work itself.
 */
export const parsedOf = <P extends Payload>(
  result: Core.Parsed<P> | Refused<PlainReason>
): Effect.Effect<P, InvalidPayload> =>
  result._tag === "Parsed" ? Effect.succeed(result.payload) : Effect.fail(invalidPayloadOf(result.reason))

/** Parses a form body. A leading `?` belongs to the first field name. */
export const parseForm = (bytes: Uint8Array): Effect.Effect<Core.Form, InvalidPayload> =>
  parsedOf(Core.parseForm(bytes))

/** Parses a JSON body, which must be an object. Fails with `InvalidPayload`. */
export const parseJson = (bytes: Uint8Array): Effect.Effect<Payload, InvalidPayload> => parsedOf(Core.parseJson(bytes))

/** Parses the body by its content type: as JSON if it declares JSON, otherwise as a form. */
export const parseBody = (request: WebhookRequest): Effect.Effect<Payload, InvalidPayload> =>
  parsedOf<Payload>(Core.parseBody(request))
