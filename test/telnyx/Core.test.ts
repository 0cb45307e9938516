/**
 * Every way of receiving a webhook of Telnyx's comes to the same: the core on
 * Node and on the web, and the provider, with and without synchronous Ed25519.
 *
 * `npm run test:cores` does the same with 200,000 requests.
 */
import { NodeCrypto as PlatformCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer } from "effect"
import * as fc from "fast-check"
import { generateKeyPairSync, sign } from "node:crypto"
import * as NodeCrypto from "../../src/NodeCrypto.ts"
import type { Payload } from "../../src/Payload.ts"
import { parseJson } from "../../src/provider/core/body.ts"
import { plainly } from "../../src/provider/core/receive.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import { decode, decodeAny } from "../../src/telnyx/core/decode.ts"
import * as Events from "../../src/telnyx/core/Events.ts"
import * as Core from "../../src/telnyx/core/Node.ts"
import * as Web from "../../src/telnyx/core/Web.ts"
import { decode as decodeBasics } from "../../src/telnyx/core/webDecode.ts"
import * as Telnyx from "../../src/telnyx/index.ts"
import * as WebhookRequest from "../../src/WebhookRequest.ts"
import {
  basicsOf,
  bundle,
  byProvider,
  inBareContext,
  inBrief,
  inFull,
  mutated,
  nearly,
  ofCore,
  runs,
  runSync,
  sameBasics,
  toWeb
} from "../cores.ts"

const now = 1_790_000_000_000
const [{ privateKey, publicKey }, other] = [generateKeyPairSync("ed25519"), generateKeyPairSync("ed25519")]
type Result = ReturnType<ReturnType<typeof plainly>> & { readonly isChecked?: boolean }

const textOf = (key: typeof publicKey) => Buffer.from(key.export({ format: "jwk" }).x!, "base64url").toString("base64")

const options: Core.Options = { publicKey: [textOf(other.publicKey), textOf(publicKey)], now: () => now }
const core = Core.make(options)

const providerOf = (crypto: typeof PlatformCrypto.layer) =>
  Effect.map(
    Effect.provide(
      SmsProvider.use(Effect.succeed),
      Layer.fresh(Telnyx.layerWebhook({ publicKey: options.publicKey })).pipe(Layer.provide(Layer.fresh(crypto)))
    ),
    byProvider
  )

const synchronous = Effect.runSync(providerOf(NodeCrypto.layer))

const word = fc.oneof(
  fc.constantFrom("", "hello", "+13125550001", "+13125550002", "whatsapp:+13125550001", "Acme", "x".repeat(300)),
  fc.string({ unit: "grapheme", maxLength: 12 })
)
const time = fc.constantFrom("2024-01-15T20:16:07.503+00:00", "2024-01-15T20:16:07Z", "never", "")
const value = fc.oneof(word, time, fc.constantFrom<unknown>(null, 5, 12345, true, [], {}, [{ _tag: "Refused" }]))
const optional = <A>(arbitrary: fc.Arbitrary<A>) => fc.option(arbitrary, { nil: undefined, freq: 4 })

const party = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      phone_number: fc.constantFrom("+13125550001", "+13125550002", "+5215550000000", "12345"),
      status: optional(fc.constantFrom("webhook_delivered", "delivered", "delivery_failed", "sent"))
    })
  },
  { weight: 1, arbitrary: value }
)

const file = fc.oneof(
  fc.constantFrom<unknown>("https://media.example.com/1", null),
  fc.record({
    url: optional(fc.constantFrom("https://media.example.com/2", "")),
    content_type: optional(fc.constant("image/png"))
  })
)

const rich = fc.oneof(
  fc.record({ text: fc.oneof(word, fc.record({ body: word })), from_user_id: optional(word), type: optional(word) }),
  fc.record({ image: fc.record({ link: optional(word), caption: optional(word), id: optional(word) }) }),
  fc.record({
    location: fc.record({ latitude: value, longitude: fc.constantFrom<unknown>(-122.4, "1"), name: optional(word) })
  }),
  fc.record({ button: fc.record({ text: word, payload: optional(word) }), context: optional(fc.record({ id: word })) }),
  fc.record({ contacts: fc.array(fc.record({ name: value, phones: value }), { maxLength: 2 }) })
)

const message = fc.record({
  id: fc.oneof({ weight: 5, arbitrary: fc.constant("84cca175") }, { weight: 1, arbitrary: value }),
  direction: optional(fc.constantFrom("inbound", "outbound")),
  from: party,
  to: fc.oneof(fc.array(party, { minLength: 1, maxLength: 3 }), party),
  cc: optional(fc.array(party, { maxLength: 3 })),
  text: optional(word),
  subject: optional(word),
  body: optional(fc.oneof(rich, value)),
  media: optional(fc.array(file, { maxLength: 2 })),
  parts: optional(value),
  cost: optional(fc.record({ amount: fc.constantFrom<unknown>("0.004", 1, "free"), currency: optional(word) })),
  is_spam: optional(value),
  errors: optional(fc.array(fc.record({ code: value, title: optional(word) }), { maxLength: 2 })),
  received_at: optional(time),
  sent_at: optional(time),
  completed_at: optional(time),
  webhook_url: optional(fc.constantFrom("https://sms.example.com/?intent=order-1", "x")),
  group_message_id: optional(word)
})

const payloads: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      event_type: fc.constantFrom("message.received", "message.received", "message.sent", "message.finalized", "other"),
      occurred_at: optional(time),
      payload: fc.oneof({ weight: 9, arbitrary: message }, { weight: 1, arbitrary: value })
    }).map((data) => JSON.stringify({ data }))
  },
  { weight: 1, arbitrary: fc.json({ maxDepth: 2 }) }
)

const headersOf = (body: Buffer): fc.Arbitrary<Record<string, string>> =>
  fc.record({
    timestamp: fc.constantFrom(0, 0, 0, 0, -300, -301, 300, 301).map((skew) => String(now / 1000 + skew)),
    alter: fc.constantFrom<(text: string) => string>(
      (text) => text,
      (text) => text,
      (text) => text,
      (text) => text,
      (text) => text,
      (text) => text.replace("==", ""),
      (text) => `${text.slice(0, 85)}${String.fromCharCode(text.charCodeAt(85) + 1)}==`,
      (text) => text.replaceAll("+", "-").replaceAll("/", "_"),
      () => "",
      () => `${"A".repeat(85)}A==`
    )
  }).map(({ alter, timestamp }) => ({
    "telnyx-signature-ed25519": alter(
      sign(null, Buffer.concat([Buffer.from(`${timestamp}|`), body]), privateKey).toString("base64")
    ),
    "telnyx-timestamp": timestamp
  }))

const requests: fc.Arbitrary<WebhookRequest.WebhookRequest> = payloads.chain((text) => {
  const body = Buffer.from(text)
  const changed = fc.oneof(
    { weight: 5, arbitrary: fc.constant<Uint8Array>(body) },
    { weight: 1, arbitrary: mutated(body) }
  )
  return fc.tuple(headersOf(body), changed)
}).map(([headers, body]) =>
  WebhookRequest.make({
    url: "https://sms.example.com/telnyx",
    headers: { "content-type": "application/json", ...headers },
    body
  })
)

const atNow = Effect.provideService(Clock.Clock, {
  ...Effect.runSync(Clock.clockWith(Effect.succeed)),
  currentTimeMillisUnsafe: () => now,
  currentTimeMillis: Effect.succeed(now)
})

describe("the core of Telnyx", () => {
  it("gives the events and refusals of the provider, for any request", () => {
    const seen = { events: 0, reason: 0 }
    fc.assert(
      fc.property(requests, (request) => {
        const outcome = ofCore(core.receive(request))
        seen["events" in outcome ? "events" : "reason"]++
        assert.deepStrictEqual(outcome, runSync(atNow(synchronous(request))))
      }),
      runs(1500)
    )
    assert.isAbove(seen.events, 300)
    assert.isAbove(seen.reason, 300)
  }, 3_600_000)

  it.effect("gives them with the cryptography of the web, and of services that are effects", () =>
    Effect.gen(function*() {
      const effectful = yield* providerOf(PlatformCrypto.layer)
      for (const request of fc.sample(requests, { numRuns: 200, seed: 1128 })) {
        const expected = ofCore(core.receive(request))
        assert.deepStrictEqual(yield* atNow(effectful(request)), expected)
        const received = yield* Effect.promise(() => Web.receive(toWeb(request), options))
        assert.deepStrictEqual(inFull(received, (whole) => Events.decode(whole)), inBrief(expected))
      }
    }))

  it("refuses a key that cannot be one, or under which anybody can sign", () => {
    const small = Buffer.from([1, ...Buffer.alloc(31)]).toString("base64")
    const key = textOf(publicKey)
    for (const publicKey of ["", [], "x", small, key.replace("=", ""), ` ${key}`, [key, small]]) {
      assert.throws(() => Core.make({ publicKey }), TypeError)
    }
  })
})

const messageOf = (payload: object) => ({
  data: { event_type: "message.received", id: "1", payload: { id: "2", direction: "inbound", type: "SMS", ...payload } }
})
const reportOf = (type: string, payload: object) => ({
  data: {
    event_type: type,
    id: "1",
    payload: { id: "2", direction: "outbound", from: ours, errors: [], media: [], ...payload }
  }
})
const [ours, theirs] = [{ phone_number: "+13125550001" }, { phone_number: "+13125550002" }]
const plain = [
  messageOf({ from: theirs, to: [{ ...ours, status: "webhook_delivered" }], text: "Hello!", media: [], cc: [] }),
  messageOf({
    from: theirs,
    to: [ours],
    cc: null,
    text: "Look",
    media: [
      { url: "https://media.example.com/1", content_type: "image/png", size: 5 },
      { url: "https://media.example.com/2", content_type: "image/png" }
    ]
  }),
  reportOf("message.sent", { to: [{ ...theirs, status: "sent" }], text: "Hello!" }),
  reportOf("message.finalized", {
    to: [{ ...theirs, status: "delivery_failed" }, { phone_number: "+13125550003", status: "delivered" }],
    errors: [{ code: "40300", title: "Blocked" }]
  }),
  reportOf("message.read", { to: [{ ...theirs, status: "delivered" }] })
]
const members = [
  "body",
  "subject",
  "media",
  "media_urls",
  "attachments",
  "cc",
  "errors",
  "text",
  "status",
  "group_message_id",
  "agent_id",
  "mime_type"
]

const ordinary = {
  data: {
    event_type: "message.received",
    id: "1",
    occurred_at: "2024-01-15T20:16:07.588+00:00",
    payload: {
      id: "2",
      direction: "inbound",
      type: "SMS",
      from: { ...theirs, carrier: "T-Mobile USA", line_type: "long_code" },
      to: [{ ...ours, status: "webhook_delivered" }],
      text: "Hello!",
      media: [],
      errors: [],
      parts: 1,
      cost: { amount: "0.0040", currency: "USD" },
      is_spam: false,
      received_at: "2024-01-15T20:16:07.503+00:00",
      sent_at: null,
      completed_at: null,
      tags: []
    },
    record_type: "event"
  },
  meta: { attempt: 1 }
}

describe("an ordinary SMS of Telnyx's", () => {
  it("is decoded as every other webhook, whatever its fields contain", () => {
    const decoders = { fast: plainly(decode), careful: plainly(decodeAny) }
    let texts = 0
    fc.assert(
      fc.property(nearly([ordinary], [...members, "record_type", "event_type", "phone_number"]), (payload) => {
        const { isChecked, ...actual }: Result = decoders.fast("telnyx", payload)
        const { isChecked: isNot, ...expected }: Result = decoders.careful("telnyx", payload)
        assert.deepStrictEqual(actual, expected)
        assert.strictEqual(JSON.stringify(actual), JSON.stringify(expected))
        assert.isUndefined(isNot)
        if (isChecked) texts++
      }),
      runs(3000)
    )
    assert.isAbove(texts, 500)
  }, 3_600_000)
})

describe("effect-sms/telnyx/webhook", () => {
  it("runs where there is nothing but the interfaces of the web, and is small", async () => {
    const { code, gzip } = await bundle(`${import.meta.dirname}/../../src/telnyx/core/Web.ts`, "receive")
    assert.notMatch(code, /\bprocess\b|\bBuffer\b|node:|require\(/)
    const { receive } = inBareContext<typeof Web>(code)
    for (const request of fc.sample(requests, { numRuns: 60, seed: 26 })) {
      const outcome = inFull(await receive(toWeb(request), options), (whole) => Events.decode(whole))
      assert.deepStrictEqual<unknown>(
        JSON.parse(JSON.stringify(outcome)),
        JSON.parse(JSON.stringify(inBrief(ofCore(core.receive(request)))))
      )
    }
    assert.isAtMost(gzip, 2560)
  })

  it("gives the events of the core, with less in them, for any payload", () => {
    const same = (payload: Payload): boolean => {
      const decoded = core.decode(payload)
      return decoded._tag === "Decoded" && sameBasics(basicsOf(decodeBasics, "telnyx", payload), decoded.events)
    }
    for (const payload of plain) assert.isTrue(same(payload), JSON.stringify(payload))
    let compared = 0
    const received = requests.map((request) => parseJson(request.body)).filter((parsed) => parsed._tag === "Parsed")
      .map((
        { payload }
      ) => payload)
    fc.assert(
      fc.property(fc.oneof(received, nearly(plain, members)), (payload) => {
        if (same(payload)) compared++
      }),
      runs(3000)
    )
    assert.isAbove(compared, 500)
  }, 3_600_000)
})
