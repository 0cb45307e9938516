/**
 * Problems (RFC 9457) of one status and several types.
 */
import type * as Cause from "effect/Cause"
import * as ErrorReporter from "effect/ErrorReporter"
import * as ProblemDetails from "effect/http/ProblemDetails"
import * as Schema from "effect/Schema"

/**
 * Makes the class of a problem. Unlike `HttpApiError.Problem`, `type` belongs to
 * the instance, so it can lead to the documentation of the reason.
 */
export const ReasonProblem =
  <Self>() =>
  <const Tag extends string, const Status extends number, const Fields extends Schema.Struct.Fields>(
    tag: Tag,
    { status, title }: { readonly status: Status; readonly title: string },
    fields: Fields
  ) => {
    const Base = Schema.Error<Self, Cause.YieldableError & { readonly _tag: Tag }>(tag)({
      ...fields,
      type: Schema.String.annotate({ description: "The documentation of the reason: its cause and remedy" }),
      status: Schema.tag(status),
      title: Schema.tag(title),
      detail: Schema.optionalKey(Schema.String),
      instance: Schema.optionalKey(Schema.String)
    }, {
      description: title,
      httpApiStatus: status,
      "~httpApiEncoding": { _tag: "Json", contentType: ProblemDetails.contentType }
    })
    Object.assign((Base as { readonly prototype: object }).prototype, {
      _tag: tag,
      [ErrorReporter.ignore]: status < 500
    })
    return Base
  }
