import { formFromText, parseBody, type Parsed } from "../../provider/core/body.ts"
import type { InvalidPayload, Refused } from "../../provider/core/refusal.ts"
import { queryOf } from "../../provider/Url.ts"
import type { WebhookRequest } from "../../WebhookRequest.ts"

/** Parses the fields of a webhook: from the query of a GET, or from the body of a POST. */
export const payloadOf = (request: WebhookRequest): Parsed | Refused<InvalidPayload> =>
  request.method === "GET"
    ? { _tag: "Parsed", payload: formFromText(queryOf(request.url)) }
    : parseBody(request)
