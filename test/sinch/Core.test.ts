/**
 * Every way of receiving a callback of Sinch's comes to the same: the core on
 * Node and on the web, and the provider, with and without a synchronous HMAC.
 *
 * `npm run test:cores` does the same with 200,000 requests.
 */
import { NodeCrypto as PlatformCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer, Redacted } from "effect"
import * as fc from "fast-check"
import { createHmac } from "node:crypto"
import * as NodeCrypto from "../../src/NodeCrypto.ts"
import type { Payload } from "../../src/Payload.ts"
import { parseJson } from "../../src/provider/core/body.ts"
import { plainly } from "../../src/provider/core/receive.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import { decode, decodeAny } from "../../src/sinch/core/decode.ts"
import * as Events from "../../src/sinch/core/Events.ts"
import * as Core from "../../src/sinch/core/Node.ts"
import * as Web from "../../src/sinch/core/Web.ts"
import { decode as decodeBasics } from "../../src/sinch/core/webDecode.ts"
import * as Sinch from "../../src/sinch/index.ts"
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

type Result = ReturnType<ReturnType<typeof plainly>> & { readonly isChecked?: boolean }

const secret = "a secret"
const now = 1_790_000_000_000

const providerOf = (crypto: typeof PlatformCrypto.layer, verification: Sinch.Verification) =>
  Effect.runSync(Effect.provide(
    SmsProvider.use(Effect.succeed),
    Layer.fresh(Sinch.layerWebhook({ verification })).pipe(Layer.provide(Layer.fresh(crypto)))
  ))

/** Each scheme in each way. */
const subjects = ([
  ["HmacSha256", { tolerance: undefined }],
  ["HmacSha256", { tolerance: 300 }],
  ["HmacSha1", {}]
] as const).map(([scheme, { tolerance }]: readonly [string, { readonly tolerance?: number | undefined }]) => {
  const secrets = ["another", secret]
  const options: Core.Options = {
    verification: scheme === "HmacSha1"
      ? { scheme, secret: secrets }
      : { scheme: "HmacSha256", secret: secrets, tolerance },
    now: () => now
  }
  const redacted = secrets.map((secret) => Redacted.make(secret))
  const verification = scheme === "HmacSha1"
    ? Sinch.hmacSha1(redacted)
    : Sinch.hmacSha256(redacted, tolerance === undefined ? undefined : { tolerance: tolerance * 1000 })
  return {
    options,
    core: Core.make(options),
    synchronous: byProvider(providerOf(NodeCrypto.layer, verification)),
    effectful: byProvider(providerOf(PlatformCrypto.layer, verification))
  }
})

const word = fc.oneof(
  fc.constantFrom("", "hello", "12015555555", "+12017777777", "Acme", "intent=order-1.1.2", "0", "x".repeat(300)),
  fc.string({ unit: "grapheme", maxLength: 12 })
)
const time = fc.constantFrom("2024-06-06T07:52:37.386Z", "2024-06-06T07:52:37+02:00", "2024-06-06 07:52", "never", "")
const value = fc.oneof(
  word,
  time,
  fc.constantFrom<unknown>(null, 5, 400, true, [], {}, ["12015555555"], [{ _tag: "Invalid" }])
)

const optional = <A>(arbitrary: fc.Arbitrary<A>) => fc.option(arbitrary, { nil: undefined, freq: 4 })

const file = fc.oneof(
  fc.constantFrom<unknown>("https://files.example.com/1", null, 7),
  fc.record({
    url: optional(fc.constantFrom("https://files.example.com/2", "")),
    content_type: optional(fc.constant("image/png")),
    status: optional(fc.constantFrom("Uploaded", "Failed")),
    code: optional(fc.constantFrom<unknown>(0, "404"))
  })
)

const base64 = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString("base64"))

const inbound = fc.record({
  type: fc.constantFrom("mo_text", "mo_text", "MO_BINARY", "mo_media", undefined),
  id: optional(word),
  from: fc.oneof({ weight: 4, arbitrary: fc.constantFrom("12015555555", "12345", "Acme") }, {
    weight: 1,
    arbitrary: value
  }),
  to: fc.oneof({ weight: 4, arbitrary: fc.constant("12017777777") }, { weight: 1, arbitrary: value }),
  body: fc.oneof(
    word,
    base64,
    fc.record({ subject: optional(word), message: optional(word), media: optional(fc.array(file, { maxLength: 3 })) }),
    value
  ),
  udh: optional(fc.constantFrom("050003cc0201", "06050415811581", "zz", "")),
  received_at: optional(time),
  sent_at: optional(time),
  operator_id: optional(word),
  client_reference: optional(word),
  media: optional(fc.array(file, { maxLength: 2 }))
})

const report = fc.record({
  type: fc.constantFrom("recipient_delivery_report_sms", "recipient_delivery_report_mms"),
  batch_id: fc.oneof({ weight: 4, arbitrary: fc.constant("batch") }, { weight: 1, arbitrary: value }),
  recipient: optional(word),
  status: fc.oneof({ weight: 4, arbitrary: fc.constantFrom("Delivered", "FAILED", "Other") }, {
    weight: 1,
    arbitrary: value
  }),
  code: optional(value),
  status_message: optional(word),
  applied_originator: optional(word),
  at: optional(time),
  operator_status_at: optional(time),
  client_reference: optional(word),
  number_of_message_parts: optional(value)
})

const entry = fc.oneof(
  fc.record({
    status: fc.oneof({ weight: 4, arbitrary: fc.constantFrom("Delivered", "Failed") }, { weight: 1, arbitrary: value }),
    code: optional(value),
    count: optional(value),
    recipients: optional(fc.array(value, { maxLength: 3 }))
  }),
  value
)

const batch = fc.record({
  type: fc.constant("delivery_report_sms"),
  batch_id: fc.oneof({ weight: 4, arbitrary: fc.constant("batch") }, { weight: 1, arbitrary: value }),
  statuses: fc.oneof({ weight: 4, arbitrary: fc.array(entry, { maxLength: 3 }) }, { weight: 1, arbitrary: value }),
  client_reference: optional(word)
})

const payloads: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: inbound.map((payload) => JSON.stringify(payload)) },
  { weight: 2, arbitrary: report.map((payload) => JSON.stringify(payload)) },
  { weight: 2, arbitrary: batch.map((payload) => JSON.stringify(payload)) },
  { weight: 1, arbitrary: fc.json({ maxDepth: 2 }) }
)

const seconds = String(now / 1000)

const tagOf = (hash: string, text: string | Buffer, encoding: "hex" | "base64") =>
  createHmac(hash, secret).update(text).digest(encoding)

const signed = (body: Buffer, { nonce, timestamp }: { readonly nonce: string; readonly timestamp: string }) => ({
  "x-sinch-webhook-signature": tagOf("sha256", Buffer.concat([body, Buffer.from(`.${nonce}.${timestamp}`)]), "base64"),
  "x-sinch-webhook-signature-nonce": nonce,
  "x-sinch-webhook-signature-timestamp": timestamp,
  "x-sinch-webhook-signature-algorithm": "HmacSHA256"
})

const headersOf = (body: Buffer): fc.Arbitrary<Record<string, string>> =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        nonce: fc.constantFrom("01J9", "01J9", "01J9", "a.b", "", "é", "0".repeat(250)),
        timestamp: fc.constantFrom(
          seconds,
          seconds,
          seconds,
          String(now / 1000 - 301),
          String(now / 1000 - 48 * 3600),
          String(now / 1000 + 1e6),
          "soon"
        )
      }).map((parts) => signed(body, parts))
    },
    {
      weight: 3,
      arbitrary: fc.constantFrom("hex", "base64").map((encoding) => ({
        "x-sinch-signature": tagOf("sha1", body, encoding)
      }))
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Record<string, string>>(
        {},
        { "x-sinch-signature": tagOf("sha1", body, "hex").toUpperCase() },
        { "x-sinch-signature": tagOf("sha1", body, "base64").replace("=", "") },
        { ...signed(body, { nonce: "1", timestamp: seconds }), "x-sinch-webhook-signature-algorithm": "HmacMD5" },
        { ...signed(body, { nonce: "1", timestamp: seconds }), "x-sinch-webhook-signature": `${"A".repeat(43)}=` }
      )
    }
  )

const requests: fc.Arbitrary<WebhookRequest.WebhookRequest> = payloads.chain((text) => {
  const body = Buffer.from(text)
  return fc.tuple(
    headersOf(body),
    fc.oneof({ weight: 4, arbitrary: fc.constant<Uint8Array>(body) }, { weight: 1, arbitrary: mutated(body) })
  )
}).map(([headers, body]) =>
  WebhookRequest.make({
    url: "https://sms.example.com/sinch",
    headers: { "content-type": "application/json", ...headers },
    body
  })
)

const atNow = Effect.provideService(Clock.Clock, {
  ...Effect.runSync(Clock.clockWith(Effect.succeed)),
  currentTimeMillisUnsafe: () => now,
  currentTimeMillis: Effect.succeed(now)
})

describe("the core of Sinch", () => {
  it("gives the events and refusals of the provider, for any request", () => {
    const seen = { events: 0, reason: 0 }
    fc.assert(
      fc.property(requests, fc.constantFrom(...subjects), (request, { core, synchronous }) => {
        const outcome = ofCore(core.receive(request))
        seen["events" in outcome ? "events" : "reason"]++
        assert.deepStrictEqual(outcome, runSync(atNow(synchronous(request))))
      }),
      runs(3000)
    )
    assert.isAbove(seen.events, 300)
    assert.isAbove(seen.reason, 500)
  }, 3_600_000)

  it.effect("gives them with the cryptography of the web, and of services that are effects", () =>
    Effect.gen(function*() {
      for (const request of fc.sample(requests, { numRuns: 150, seed: 1128 })) {
        for (const { core, effectful, options } of subjects) {
          const expected = ofCore(core.receive(request))
          assert.deepStrictEqual(yield* atNow(effectful(request)), expected)
          const received = yield* Effect.promise(() => Web.receive(toWeb(request), options))
          assert.deepStrictEqual(inFull(received, (whole) => Events.decode(whole)), inBrief(expected))
        }
      }
    }))

  it("decodes an ordinary text as every other callback, whatever its fields contain", () => {
    const decoders = { fast: plainly(decode), careful: plainly(decodeAny) }
    const ordinary = inbound.map(({ media: _, type = "mo_text", udh: __, ...payload }): Payload =>
      JSON.parse(JSON.stringify({ type, ...payload, id: payload.id ?? "01W4" }))
    )
    let texts = 0
    fc.assert(
      fc.property(ordinary, (payload) => {
        const { isChecked, ...actual }: Result = decoders.fast("sinch", payload)
        const { isChecked: isNot, ...expected }: Result = decoders.careful("sinch", payload)
        assert.deepStrictEqual(actual, expected)
        assert.strictEqual(JSON.stringify(actual), JSON.stringify(expected))
        assert.isUndefined(isNot)
        if (isChecked) texts++
      }),
      runs(3000)
    )
    assert.isAbove(texts, 200)
  }, 3_600_000)

  it("refuses an empty secret, with which everybody could sign", () => {
    for (const secret of ["", " ", [], ["x", ""]]) {
      assert.throws(() => Core.make({ verification: { scheme: "HmacSha256", secret } }), TypeError)
    }
  })

  it("takes an object of the payload for what it is, whatever its members are named", () => {
    const payload = {
      type: "mo_text",
      id: "1",
      from: "12015555555",
      to: "12017777777",
      body: { _tag: "Invalid", issues: [] }
    }
    const decoded = subjects[0]!.core.decode({ ...payload, media: [{ _tag: "Refused" }] })
    assert.strictEqual(decoded._tag, "Decoded")
  })
})

const plain = [
  {
    type: "mo_text",
    id: "1",
    from: "15145550142",
    to: "15145550100",
    body: "Hello!",
    received_at: "2026-01-28T18:00:00Z"
  },
  {
    type: "mo_media",
    id: "2",
    from: "15145550142",
    to: "15145550100",
    body: {
      subject: "A picture",
      message: "Look",
      media: [{ url: "https://files.example.com/1", content_type: "image/png", status: "Uploaded", code: 0 }]
    }
  },
  {
    type: "recipient_delivery_report_sms",
    batch_id: "3",
    recipient: "15145550142",
    status: "Failed",
    code: 402,
    at: "2026-01-28T18:00:00Z"
  },
  {
    type: "delivery_report_mms",
    batch_id: "4",
    total_message_count: 3,
    statuses: [{ code: 0, status: "Delivered", count: 3 }]
  },
  {
    type: "delivery_report_sms",
    batch_id: "5",
    statuses: [
      { code: 0, status: "Delivered", count: 2, recipients: ["15145550142", "15145550143"] },
      { code: "60", status: "Rejected", count: 1, recipients: ["15145550144"] }
    ]
  }
]
const members = [
  "body",
  "message",
  "text",
  "media",
  "mediaUrls",
  "attachment",
  "url",
  "mime_type",
  "status",
  "code",
  "count",
  "recipients",
  "id"
]

describe("effect-sms/sinch/webhook", () => {
  it("runs where there is nothing but the interfaces of the web, and is small", async () => {
    const { code, gzip } = await bundle(`${import.meta.dirname}/../../src/sinch/core/Web.ts`, "receive")
    assert.notMatch(code, /\bprocess\b|node:|require\(/)
    const { receive } = inBareContext<typeof Web>(code)
    for (const request of fc.sample(requests, { numRuns: 40, seed: 26 })) {
      for (const { core, options } of subjects) {
        const outcome = inFull(await receive(toWeb(request), options), (whole) => Events.decode(whole))
        assert.deepStrictEqual<unknown>(
          JSON.parse(JSON.stringify(outcome)),
          JSON.parse(JSON.stringify(inBrief(ofCore(core.receive(request)))))
        )
      }
    }
    assert.isAtMost(gzip, 2560)
  })

  it("gives the events of the core, with less in them, for any payload", () => {
    const same = (payload: Payload): boolean => {
      const decoded = subjects[0]!.core.decode(payload)
      return decoded._tag === "Decoded" && sameBasics(basicsOf(decodeBasics, "sinch", payload), decoded.events)
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
