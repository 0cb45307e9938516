/**
 * Every way of receiving a webhook of VoiceMeUp's comes to the same: the core on
 * Node and on the web, and the provider.
 *
 * `npm run test:cores` does the same with 200,000 requests.
 */
import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import * as fc from "fast-check"
import type { Payload } from "../../src/Payload.ts"
import { parseBody } from "../../src/provider/core/body.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as Events from "../../src/voicemeup/core/Events.ts"
import * as Core from "../../src/voicemeup/core/Node.ts"
import type * as Web from "../../src/voicemeup/core/Web.ts"
import { decode as decodeBasics } from "../../src/voicemeup/core/webDecode.ts"
import * as VoiceMeUp from "../../src/voicemeup/index.ts"
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

const tokens = ["another", "a token"]

const subjects = [undefined, "America/Toronto"].map((timeZone) => {
  const options: Core.Options = { verification: { scheme: "Token", token: tokens }, timeZone }
  const layer = VoiceMeUp.layerWebhook({
    verification: { scheme: "Token", token: tokens.map((token) => Redacted.make(token)) },
    timeZone
  })
  const provider = Effect.runSync(Effect.provide(
    SmsProvider.use(Effect.succeed),
    Layer.fresh(layer).pipe(Layer.provide(NodeCrypto.layer))
  ))
  return { options, core: Core.make(options), receive: byProvider(provider) }
})

const word = fc.oneof(
  fc.constantFrom("", "hello", "14188050723", "+14188050723", " 14184805945 ", "12345", "Acme", "x".repeat(300)),
  fc.string({ unit: "grapheme", maxLength: 12 })
)
const time = fc.constantFrom("2026-01-28 14:00:00", "2026-11-01 01:30:00", "2026-03-08 02:30:00", "never", "")
const link = fc.constantFrom(
  "https://clients.voicemeup.com/file/1.mms.html",
  "https://clients.voicemeup.com/file/1.mms.jpg",
  " ",
  ""
)
const value = fc.oneof(word, time, link, fc.constantFrom<unknown>(null, 5, true, [], {}, [{ _tag: "Invalid" }], [null]))
const optional = <A>(arbitrary: fc.Arbitrary<A>) => fc.option(arbitrary, { nil: undefined, freq: 4 })
const attachments = fc.oneof(
  link,
  fc.array(fc.oneof(link, fc.record({ url: optional(link) })), { maxLength: 3 }),
  value
)

const row = fc.record({
  direction: optional(fc.constantFrom("inbound", "outbound", " Inbound ")),
  source_number: fc.oneof({ weight: 4, arbitrary: fc.constantFrom("14188050723", "12345") }, {
    weight: 1,
    arbitrary: value
  }),
  destination_number: fc.oneof({ weight: 4, arbitrary: fc.constant("14184805945") }, { weight: 1, arbitrary: value }),
  message: optional(word),
  sms_hash: optional(word),
  sms_log_id: optional(word),
  datetime_transmission: optional(time),
  datetime: optional(time),
  attachment: optional(attachments),
  attachment_mime_type: optional(fc.oneof(fc.constantFrom("image/png", "text/html"), value)),
  attachment_url: optional(attachments),
  type: optional(word),
  status: optional(value)
})

const requests: fc.Arbitrary<WebhookRequest.WebhookRequest> = fc.record({
  payload: fc.oneof({ weight: 6, arbitrary: row }, { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) }),
  isForm: fc.boolean(),
  query: fc.constantFrom(
    "?token=a+token",
    "?token=a%20token",
    "?token=another&x=1",
    "?token=a",
    "?token=a+token&token=a+token",
    "?token=",
    "?Token=another",
    "",
    "#?token=another"
  )
}).chain(({ isForm, payload, query }) => {
  const texts = Object.entries(payload ?? {}).filter(([, value]) => typeof value === "string").map((
    [key, value]
  ) => [key, String(value)])
  const body = Buffer.from(isForm ? `${new URLSearchParams(texts)}` : JSON.stringify(payload))
  const contentType = isForm ? "application/x-www-form-urlencoded" : "application/json"
  return fc.oneof({ weight: 4, arbitrary: fc.constant<Uint8Array>(body) }, { weight: 1, arbitrary: mutated(body) }).map(
    (body) =>
      WebhookRequest.make({ url: `https://sms.example.com/v${query}`, headers: { "content-type": contentType }, body })
  )
})

describe("the core of VoiceMeUp", () => {
  it("gives the events and refusals of the provider, for any request", () => {
    const seen = { events: 0, reason: 0 }
    fc.assert(
      fc.property(requests, fc.constantFrom(...subjects), (request, { core, receive }) => {
        const outcome = ofCore(core.receive(request))
        seen["events" in outcome ? "events" : "reason"]++
        assert.deepStrictEqual(outcome, runSync(receive(request)))
      }),
      runs(3000)
    )
    assert.isAbove(seen.events, 300)
    assert.isAbove(seen.reason, 300)
  }, 3_600_000)

  it("refuses an empty token, which every request has, and an unknown zone", () => {
    for (const token of ["", " ", [], ["x", ""]]) {
      assert.throws(() => Core.make({ verification: { scheme: "Token", token } }), TypeError)
    }
    assert.throws(() => Core.make({ verification: { scheme: "None" }, timeZone: "Europe/Atlantis" }), RangeError)
  })
})

const parties = { direction: "inbound", source_number: "15145550142", destination_number: "15145550100" }
const plain = [
  { ...parties, message: "Hello!", sms_hash: "1", datetime_transmission: "2026-01-28 13:00:14", attachment: "" },
  {
    ...parties,
    message: "Look",
    sms_hash: "2",
    datetime_transmission: "2026-01-28 13:00:14",
    attachment: "https://clients.voicemeup.com/file/1.mms.html",
    attachment_mime_type: "text/html"
  },
  {
    ...parties,
    message: "",
    sms_log_id: "3",
    datetime_transmission: "2026-01-28 13:00:14",
    attachment: "https://clients.voicemeup.com/file/1.mms.jpg",
    attachment_mime_type: "image/jpeg",
    attachment_size: "1000"
  }
]
const members = [
  "attachment",
  "attachment_url",
  "attachment_type",
  "attachment_mime_type",
  "media_url",
  "mediaUrls",
  "event",
  "type",
  "message",
  "sms_log_id"
]

describe("effect-sms/voicemeup/webhook", () => {
  it("runs where there is nothing but the interfaces of the web, and is small", async () => {
    const { code, gzip } = await bundle(`${import.meta.dirname}/../../src/voicemeup/core/Web.ts`, "receive")
    assert.notMatch(code, /\bprocess\b|\bBuffer\b|node:|require\(/)
    const { receive } = inBareContext<typeof Web>(code)
    for (const request of fc.sample(requests, { numRuns: 60, seed: 26 })) {
      for (const { core, options } of subjects) {
        const outcome = inFull(await receive(toWeb(request), options), (whole) => Events.decode(whole, options))
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
      return decoded._tag === "Decoded" && sameBasics(basicsOf(decodeBasics, "voicemeup", payload), decoded.events)
    }
    for (const payload of plain) assert.isTrue(same(payload), JSON.stringify(payload))
    let compared = 0
    const received = requests.map((request) => parseBody(request)).filter((parsed) => parsed._tag === "Parsed").map((
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
