/** Requests that are refused while their body is still to come. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type Carrier, carriers } from "./carriers.ts"
import { assertProblem, exchange, head, layerServer, parseAnswer, publicUrl, request } from "./server.ts"

const pathOf = ({ name }: Carrier) => `/webhooks/sms/${name}/inbound`

/** The lengths with which a body can be announced. */
const announcements: ReadonlyArray<Readonly<Record<string, string>>> = [
  { "content-length": "500" },
  { "transfer-encoding": "chunked" }
]

/** What the server answers to a head whose body never comes. The connection stays open, unless the server closes it. */
const answerTo = Effect.fnUntraced(function*(target: string, headers: Readonly<Record<string, string>>) {
  return parseAnswer(yield* exchange(head("POST", target, { host: "x", ...headers })))
})

describe("without waiting for the body", () => {
  for (const carrier of carriers) {
    const { name } = carrier
    const sign = carrier.sign({ base: publicUrl, path: pathOf(carrier), body: carrier.sms("SM1") })

    it.effect(`a webhook of ${name} without its signature is refused, and the connection closed`, () =>
      Effect.gen(function*() {
        for (const announced of announcements) {
          const answer = yield* answerTo(pathOf(carrier), { "content-type": "application/json", ...announced })
          assertProblem(answer, 403, "The webhook was refused")
          assert.strictEqual(answer.headers["connection"], "close")
        }
      }).pipe(Effect.provide(layerServer())))

    it.effect(`a webhook of ${name} in another format is refused, and the connection closed`, () =>
      Effect.gen(function*() {
        const { headers, target } = yield* sign
        for (const announced of announcements) {
          const answer = yield* answerTo(target, { ...headers, "content-type": "text/plain", ...announced })
          assert.strictEqual(answer.status, 415)
          assert.strictEqual(answer.headers["connection"], "close")
        }
      }).pipe(Effect.provide(layerServer())))

    it.effect(`a webhook of ${name} that is announced too large is refused, and the connection closed`, () =>
      Effect.gen(function*() {
        const { headers, target } = yield* sign
        const answer = yield* answerTo(target, { ...headers, "content-length": "65537" })
        assertProblem(answer, 413, "The body exceeds 65536 bytes")
        assert.strictEqual(answer.headers["connection"], "close")
      }).pipe(Effect.provide(layerServer())))

    it.effect(`a webhook of ${name} that becomes too large on its way is refused, and the connection closed`, () =>
      Effect.gen(function*() {
        const { headers, target } = yield* sign
        const start = head("POST", target, { host: "x", ...headers, "transfer-encoding": "chunked" })
        const answer = parseAnswer(yield* exchange(start, `10001\r\n${"a".repeat(0x10001)}\r\n`))
        assertProblem(answer, 413, "The body exceeds 65536 bytes")
        assert.strictEqual(answer.headers["connection"], "close")
      }).pipe(Effect.provide(layerServer())))
  }

  it.effect("a signature that cannot be one is refused", () =>
    Effect.gen(function*() {
      const malformed = {
        twilio: { "x-twilio-signature": "AAAA" },
        telnyx: { "telnyx-signature-ed25519": "AAAA", "telnyx-timestamp": "1760000000" },
        sinch: {
          "x-sinch-webhook-signature": "AAAA",
          "x-sinch-webhook-signature-nonce": "a.b",
          "x-sinch-webhook-signature-timestamp": "1"
        }
      }
      for (const [name, headers] of Object.entries(malformed)) {
        const answer = yield* answerTo(`/webhooks/sms/${name}/inbound`, {
          "content-type": "application/json",
          "content-length": "500",
          ...headers
        })
        assertProblem(answer, 403, "The webhook was refused")
      }
    }).pipe(Effect.provide(layerServer())))

  it.effect("a caller who waits to be told to go on is told no", () =>
    Effect.gen(function*() {
      for (const carrier of carriers) {
        const headers = { host: "x", "content-type": "application/json", "content-length": "5", expect: "100-continue" }
        const answer = yield* exchange(head("POST", pathOf(carrier), headers))
        assert.notInclude(answer, "100 Continue")
        assertProblem(parseAnswer(answer), 403, "The webhook was refused")
      }
    }).pipe(Effect.provide(layerServer())))

  it.effect("a thousand callers who have no signature leave no connection behind", () =>
    Effect.gen(function*() {
      const answers = yield* Effect.forEach(
        Array.from({ length: 1000 }, (_, index) => carriers[index % carriers.length]!),
        (carrier) => answerTo(pathOf(carrier), { "content-type": "application/json", "content-length": "60000" }),
        { concurrency: 100 }
      )
      for (const answer of answers) assertProblem(answer, 403, "The webhook was refused")
    }).pipe(Effect.provide(layerServer())), 30_000)
})

describe("a request without a body", () => {
  it.effect("that is refused leaves the connection open", () =>
    Effect.gen(function*() {
      const answer = yield* request({
        method: "GET",
        target: pathOf(carriers[0]!),
        headers: { connection: "keep-alive, close" },
        body: ""
      })
      assertProblem(answer, 403, "The webhook was refused")
      const both = head("GET", pathOf(carriers[0]!), { host: "x" }) +
        head("GET", "/health/live", { host: "x", connection: "close" })
      assert.deepStrictEqual(
        [...(yield* exchange(both)).matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status),
        ["403", "200"]
      )
    }).pipe(Effect.provide(layerServer())))
})
