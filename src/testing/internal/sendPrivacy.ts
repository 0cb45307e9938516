/**
 * Tests that errors, logs and spans of a send contain no private data.
 */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import { inspect } from "node:util"
import { SmsError } from "../../SmsError.ts"
import * as CarrierServer from "../CarrierServer.ts"
import { recordingTracer } from "./recordingTracer.ts"
import { clients, customer, message, ours, type Rig, secretText, type Subject } from "./sendSubject.ts"

const encodeError = Schema.encodeEffect(Schema.toCodecJson(SmsError))

/** Common shapes of carriers' error responses, with these words in them. */
const commonShapes = (words: string): ReadonlyArray<unknown> => [
  { code: 21211, message: words, status: 400 },
  { errors: [{ code: "40310", title: words, detail: words }] },
  { code: "syntax_invalid_parameter_format", text: words },
  {
    response_details: {
      response_status: "error",
      response_messages: { message: { code: "x", _content: words } }
    }
  }
]

/** Returns the distinct shapes of these refusals, with these words in place of every text except the code. */
const shapesOf = (refusals: Subject["refusals"], words: string): ReadonlyArray<unknown> => {
  const shapes = new Map<string, unknown>()
  for (const { body, code } of refusals) {
    if (code === undefined) continue
    const shape = JSON.stringify(body, (_, value) => typeof value === "object" ? value : "")
    shapes.set(
      shape,
      JSON.parse(JSON.stringify(body), (_, value) => typeof value === "string" && value !== code ? words : value)
    )
  }
  return [...shapes.values()]
}

export const testPrivacy = ({ name, refusals, secrets }: Subject, { acceptance, accepted, providerAt }: Rig): void => {
  it.effect(`${name} keeps secrets, numbers and texts out of errors, logs and spans`, () =>
    Effect.gen(function*() {
      const told: Array<string> = []
      const { spans, tracer } = recordingTracer()
      // Carriers repeat the request's values in their errors.
      const words = `'${secretText}' to ${customer} (${customer.slice(1)}, 514-555-0142) from ${ours} with ${
        secrets.join(" ")
      }`
      const gossip = [...shapesOf(refusals, words), ...commonShapes(words)]
      const behaviours = [
        acceptance,
        CarrierServer.reset,
        CarrierServer.cut(accepted.status, accepted.body),
        ...[200, 400, 429, 500].flatMap((status) => gossip.map((body) => CarrierServer.answer(status, body)))
      ]
      yield* Effect.gen(function*() {
        for (const client of Object.values(clients)) {
          for (const behave of behaviours) {
            const carrier = yield* CarrierServer.serve(behave)
            const provider = yield* providerAt(carrier.url, { retry: { times: 0 } }, client)
            const exit = yield* Effect.exit(provider.send(message(secretText)))
            if (Exit.isSuccess(exit)) continue
            const error = yield* Effect.flip(exit)
            yield* Effect.logError("Sending failed", exit.cause)
            told.push(inspect(error, { depth: 10 }), String(error.stack), JSON.stringify(yield* encodeError(error)))
          }
        }
      }).pipe(
        Effect.withTracer(tracer),
        Effect.provide(Layer.merge(
          Logger.layer([Logger.map(Logger.formatJson, (line) => void told.push(line))]),
          Layer.succeed(References.MinimumLogLevel, "All")
        ))
      )
      for (const { attributes, events, name, status } of spans) {
        const failure = status._tag === "Ended" && status.exit._tag === "Failure" ? String(status.exit.cause) : ""
        told.push(inspect([name, [...attributes], events, failure], { depth: 10 }))
      }
      assert.isTrue(spans.some(({ name }) => name === "SmsProvider.send"))
      assert.isAbove(told.length, 50)
      const forbidden = [...secrets, "swordfish", "5145550142", "514-555-0142", "5145550100"]
      for (const text of told) for (const secret of forbidden) assert.notInclude(text, secret)
    }))
}
