/**
 * The middleware that reads requests within limits.
 *
 * @since 0.1.0
 */
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as Problems from "./Problems.ts"

/**
 * Reads a request within the limits of the server, and reports invalid fields.
 *
 * @category middleware
 * @since 0.1.0
 */
export class ReadRequest extends HttpApiMiddleware.Service<ReadRequest>()("effect-sms/http/ReadRequest", {
  error: [Problems.BadRequest, Problems.RequestTimeout, Problems.ContentTooLarge, Problems.UnsupportedMediaType]
}) {}
