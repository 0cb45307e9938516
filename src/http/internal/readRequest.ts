/**
 * Reads the body of a request within the limits of the server, and answers
 * invalid fields with a problem.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpApiError from "effect/http-api/HttpApiError"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as Layer from "effect/Layer"
import type * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import type { unhandled } from "effect/Types"
import { issuesOf } from "../../provider/Wire.ts"
import { InvalidPayload, invalidPayload, UnsupportedContentType } from "../../WebhookError.ts"
import * as Problems from "../Problems.ts"
import { ReadRequest } from "../ReadRequest.ts"
import * as RequestBody from "./requestBody.ts"

const notUtf8 = invalidPayload("", "Expected UTF-8")

/** A body without a type is JSON, as far as the endpoint takes that. */
const typeOf = (contentType: string = "application/json"): string => contentType.split(";", 1)[0]!.trim().toLowerCase()

type BodyProblem = ReturnType<typeof Problems.fromBodyReason>

const refuse = (reason: Parameters<typeof Problems.fromBodyReason>[0]): Effect.Effect<never, BodyProblem> =>
  Effect.fail(Problems.fromBodyReason(reason))

/** Limits the issues in a response: the caller controls the number and length of unknown field names. */
const misread = ([first, ...rest]: InvalidPayload["issues"]) => {
  const short = ({ expected, field }: typeof first) => ({ field: field.slice(0, 100), expected })
  return new InvalidPayload({ issues: [short(first), ...rest.slice(0, 9).map(short)] })
}

/** Returns the names of the parameters that an endpoint has. */
const namesOf = (query: Schema.Top | undefined): ReadonlyArray<string> =>
  query !== undefined && SchemaAST.isObjects(query.ast)
    ? query.ast.propertySignatures.map(({ name }) => String(name))
    : []

/** A parameter that is ignored would answer with more than was asked for. */
const unknownParameter = (name: string, known: ReadonlyArray<string>) =>
  misread(
    invalidPayload(
      name,
      known.length === 0
        ? "Unknown parameter: there are none"
        : `Unknown parameter: expected one of ${known.join(", ")}`
    ).issues
  )

/** Provides the middleware. */
export const layer = (
  { bodyTimeout, maxBodyBytes }: {
    readonly bodyTimeout?: Duration.Input | undefined
    readonly maxBodyBytes?: number | undefined
  }
): Layer.Layer<ReadRequest> =>
  Layer.sync(ReadRequest, () => {
    const readBody = RequestBody.reader(maxBodyBytes, bodyTimeout)
    return ReadRequest.of(Effect.fnUntraced(function*(next, { endpoint }) {
      const request = yield* HttpServerRequest.HttpServerRequest
      if (request.method === "POST") {
        const types = [...endpoint.payload.keys()]
        if (types.length > 0 && !types.includes(typeOf(request.headers["content-type"]))) {
          return yield* refuse(new UnsupportedContentType({ expected: types }))
        }
        // The decoder reads the same bytes later.
        const body = yield* Effect.catch(
          readBody(request),
          (reason): Effect.Effect<never, BodyProblem | Problems.RequestTimeout> =>
            reason._tag === "BodyTimeout"
              ? Effect.fail(new Problems.RequestTimeout({ detail: reason.message }))
              : refuse(reason)
        )
        // The decoder replaces invalid bytes, so another text would be sent.
        if (!RequestBody.isUtf8(body)) return yield* refuse(notUtf8)
      }
      const known = namesOf(endpoint.query)
      const other = Object.keys(yield* HttpServerRequest.ParsedSearchParams).find((name) => !known.includes(name))
      if (other !== undefined) return yield* refuse(unknownParameter(other, known))
      return yield* Effect.catch(next, (error): Effect.Effect<never, unhandled | BodyProblem> =>
        HttpApiError.HttpApiSchemaError.is(error) && !["Body", "ResponseHeaders"].includes(error.kind)
          ? refuse(misread(issuesOf(error.cause.issue)))
          : Effect.fail(error))
    }))
  })
