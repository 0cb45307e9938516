/**
 * The verifier against that of the `telnyx` package, which reads the system
 * clock: the test clock is set to it, and no timestamp is near the boundary.
 */
import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import Official from "telnyx"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as Telnyx from "../../src/telnyx/index.ts"
import * as WebhookRequest from "../../src/WebhookRequest.ts"
import { otherPublicKey, privateKey, publicKey } from "./keys.ts"

const official = new Official({ apiKey: "unused" })

interface Case {
  readonly body: string
  readonly key: string
  readonly headers: Readonly<Record<string, string>>
}

/** After a verification that passes, the official function parses; what it throws then is not about the signature. */
const officialAccepts = ({ body, headers, key }: Case) =>
  Effect.promise(() =>
    official.webhooks.unwrap(body, { headers, key }).then(
      () => true,
      (error: Error) => error.name !== "TelnyxWebhookVerificationError"
    )
  )

const accepts = ({ body, headers, key }: Case) =>
  Effect.gen(function*() {
    const context = yield* Layer.build(Telnyx.layerWebhook({ publicKey: key }).pipe(Layer.provide(NodeCrypto.layer)))
    const url = "https://sms.example.com/"
    const request = WebhookRequest.make({ url, headers: { "content-type": "application/json", ...headers }, body })
    return Exit.isSuccess(yield* Effect.exit(Context.get(context, SmsProvider).verify(request)))
  }).pipe(Effect.scoped, Effect.catch(() => Effect.succeed(false)))

const signed = Effect.fnUntraced(function*(body: string, offset = 0) {
  const now = Date.now()
  yield* TestClock.setTime(now)
  const timestamp = Math.floor(now / 1000) + offset
  return yield* Telnyx.sign({ privateKey, body, timestamp }).pipe(Effect.provide(NodeCrypto.layer))
})

const signature = "telnyx-signature-ed25519"
const timestamp = "telnyx-timestamp"

type Change = (headers: Record<string, string>, body: string, nat: number) => void

const changes: Readonly<Record<string, Change>> = {
  nothing: () => {},
  bit: (headers, _, nat) => {
    const bytes = Buffer.from(headers[signature]!, "base64")
    bytes[nat % 64]! ^= 1 << (nat % 8)
    headers[signature] = bytes.toString("base64")
  },
  short: (headers, _, nat) => {
    headers[signature] = Buffer.from(headers[signature]!, "base64").subarray(0, nat % 64).toString("base64")
  },
  zeros: (headers) => {
    headers[signature] = Buffer.alloc(64).toString("base64")
  },
  spelling: (headers, _, nat) => {
    const text = headers[signature]!
    const bytes = Buffer.from(text, "base64")
    headers[signature] = [
      bytes.toString("base64url"),
      bytes.toString("hex"),
      text.replaceAll("=", ""),
      `${text}\n`,
      ` ${text}`,
      `${text.slice(0, 40)} ${text.slice(40)}`,
      ""
    ][nat % 7]!
  },
  clock: (headers, _, nat) => {
    headers[timestamp] = String(Number(headers[timestamp]) + (nat % 2 === 0 ? 1 : -1))
  },
  words: (headers, _, nat) => {
    const text = headers[timestamp]!
    headers[timestamp] = ["", "abc", `${text}x`, ` ${text}`, `${text}.0`, `-${text}`, `0${text}`, `${text}\n`][nat % 8]!
  },
  withoutSignature: (headers) => {
    delete headers[signature]
  },
  withoutTimestamp: (headers) => {
    delete headers[timestamp]
  }
}

describe("Telnyx and the official package", () => {
  it.effect("agree on any body, signature, timestamp and key", () =>
    Effect.gen(function*() {
      const run = Effect.runPromiseWith(yield* Effect.context<never>())
      const seen = new Set<string>()
      const property = fc.asyncProperty(
        fc.oneof(
          fc.json(),
          fc.string({ unit: "grapheme" }),
          fc.string({ unit: "binary" }).map((s) => s.toWellFormed())
        ),
        fc.constantFrom(0, 0, 0, 10, -10, 280, -280, 320, -320, 1e6, -1e6),
        fc.constantFrom(...Object.keys(changes), "body", "key"),
        fc.nat(),
        (body, offset, change, nat) =>
          run(Effect.gen(function*() {
            const headers: Record<string, string> = { ...(yield* signed(body, offset)) }
            changes[change]?.(headers, body, nat)
            const given = {
              body: change === "body" ? `${body} ` : body,
              key: change === "key" ? otherPublicKey : publicKey,
              headers
            }
            const accepted = yield* accepts(given)
            assert.strictEqual(accepted, yield* officialAccepts(given))
            assert.strictEqual(accepted, change === "nothing" && Math.abs(offset) <= 300)
            seen.add(`${change} ${accepted}`)
          }))
      )
      yield* Effect.promise(() => fc.assert(property, { numRuns: 1000 }))
      assert.strictEqual(seen.size, Object.keys(changes).length + 3, [...seen].join())
    }), 60_000)

  it.effect("differ on a signature whose last character has bits that mean nothing: here it is refused", () =>
    Effect.gen(function*() {
      const body = "{}"
      const headers = yield* signed(body)
      const text = headers[signature]
      const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
      const changed = { ...headers, [signature]: `${text.slice(0, 85)}${alphabet[alphabet.indexOf(text[85]!) + 1]}==` }
      assert.isTrue(yield* officialAccepts({ body, key: publicKey, headers: changed }))
      assert.isFalse(yield* accepts({ body, key: publicKey, headers: changed }))
    }))

  it.effect("differ on bytes that are not text: there they cannot be given, here they are verified", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Date.now())
      const bytes = Uint8Array.of(0x7b, 0xff, 0x7d)
      const headers = yield* Telnyx.sign({ privateKey, body: bytes })
      const context = yield* Layer.build(Telnyx.layerWebhook({ publicKey }))
      yield* Context.get(context, SmsProvider).verify(
        WebhookRequest.make({ url: "/", headers: { "content-type": "application/json", ...headers }, body: bytes })
      )
      assert.isFalse(yield* officialAccepts({ body: new TextDecoder().decode(bytes), key: publicKey, headers }))
    }).pipe(Effect.scoped, Effect.provide(NodeCrypto.layer)))

  it.effect("differ on a key of small order: there it verifies nothing, here it stops the start", () =>
    Effect.gen(function*() {
      const key = Buffer.alloc(32).toString("base64")
      assert.isFalse(yield* officialAccepts({ body: "{}", key, headers: yield* signed("{}") }))
      const error = yield* Effect.flip(Layer.build(Telnyx.layerWebhook({ publicKey: key })))
      assert.strictEqual(error.reason._tag, "InvalidKey")
    }).pipe(Effect.scoped, Effect.provide(NodeCrypto.layer)))

  it.effect("differ on an authentic body that is not JSON: there it is thrown, here only decoding refuses it", () =>
    Effect.gen(function*() {
      const headers = yield* signed("not JSON")
      assert.isTrue(yield* accepts({ body: "not JSON", key: publicKey, headers }))
      const thrown = yield* Effect.promise(() =>
        official.webhooks.unwrap("not JSON", { headers, key: publicKey }).then(() => "", (error: Error) => error.name)
      )
      assert.strictEqual(thrown, "SyntaxError")
    }))
})
