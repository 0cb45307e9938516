import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, Random } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import * as fc from "fast-check"
import * as Carriers from "../../src/Carriers.ts"
import * as Content from "../../src/Content.ts"
import { setOwn } from "../../src/internal/record.ts"
import * as NodeCrypto from "../../src/NodeCrypto.ts"
import type { Payload } from "../../src/Payload.ts"
import { formFromText } from "../../src/provider/Body.ts"
import type { Masking, Unsigned } from "../../src/provider/Recording.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import * as Pseudonymizer from "../../src/recording/Pseudonymizer.ts"
import * as Segments from "../../src/segments/Segments.ts"
import * as Arbitraries from "../../src/testing/Arbitraries.ts"
import type * as ProviderSuite from "../../src/testing/ProviderSuite.ts"
import type { WebhookEvent } from "../../src/WebhookEvent.ts"
import { webhookFixtures } from "../fixtures.ts"
import { secrets } from "../http/carriers.ts"
import * as telnyxKeys from "../telnyx/keys.ts"
import { payloads } from "./payloads.ts"
import { shapeOf } from "./shapes.ts"

const seeded = Pseudonymizer.make({ shiftSeconds: -86_400 }).pipe(Random.withSeed("test"))
const make = (): Pseudonymizer.Pseudonymizer => Effect.runSync(seeded)

const variables = {
  TWILIO_AUTH_TOKEN: secrets.twilio,
  SINCH_WEBHOOK_SECRET: secrets.sinch,
  TELNYX_PUBLIC_KEY: telnyxKeys.publicKey,
  TELNYX_PRIVATE_KEY: secrets.telnyx,
  VOICEMEUP_WEBHOOK_TOKEN: secrets.voicemeup,
  VOICEMEUP_TIME_ZONE: "America/Toronto"
}
const services = Layer.mergeAll(
  NodeCrypto.layer,
  ConfigProvider.layer(ConfigProvider.fromUnknown(variables)),
  Layer.succeed(HttpClient.HttpClient, HttpClient.make(() => Effect.die("no request")))
)

/** A carrier as a server has it, and what a replay needs. */
const load = (name: string) =>
  Effect.gen(function*() {
    const carrier = yield* Carriers.all.find((carrier) => carrier.name === name)!.load
    const environment = yield* carrier.environment
    const provider = yield* Effect.provide(SmsProvider, (yield* environment.provider)!)
    const sign = (yield* environment.sign)!
    const shapes = Effect.fnUntraced(function*(unsigned: Omit<Unsigned, "url">) {
      const url = `https://sms.example.com/webhooks/sms/${name}/inbound`
      const webhook = yield* provider.verify(yield* sign({ ...unsigned, url }))
      return yield* provider.decode(webhook)
    }, Effect.provide(services))
    return { masking: yield* carrier.masking, provider, samples: yield* carrier.samples, receive: shapes }
  }).pipe(Effect.provide(services))

const unsignedOf = ({ request }: ProviderSuite.Fixture): Omit<Unsigned, "url"> =>
  request.method === "GET"
    ? { method: "GET", format: "form", payload: formFromText(new URL(request.url).search) }
    : request.contentType.startsWith("application/json")
    ? { method: "POST", format: "json", payload: JSON.parse(request.body) }
    : { method: "POST", format: "form", payload: formFromText(request.body) }

/** The values of a payload, at any depth. */
const valuesOf = (value: unknown): ReadonlyArray<string> =>
  typeof value === "object" && value !== null ? Object.values(value).flatMap(valuesOf) : [String(value)]

const text: Masking = {
  kindsOf: () => ({ text: "text", to: "number", id: "id", url: "url", time: "time", at: "time" })
}
/** Values have the type of what they replace. */
const masked = <P extends Payload>(payload: P, masking: Masking = text, pseudonymizer = make()): P =>
  pseudonymizer.payload(payload, masking) as P

/** What is neither a number nor an id: a word of the carrier, a count, a type. */
const isPlain = (value: string) => value.length < 40 && !/\d{7}/.test(value)

/** The words of people, of those that a carrier does not act on. */
const wordsOf = (events: ReadonlyArray<WebhookEvent>): ReadonlyArray<string> =>
  events.flatMap((event) => {
    const message = event._tag === "MessagePart" ? event.message : event
    return message._tag === "InboundMessage" ? Content.text(message.content).match(/\p{L}{3,}/gu) ?? [] : []
  }).filter((word) => !["STOP", "Yes"].includes(word))

for (const { name } of Carriers.all) {
  describe(`a recorded payload of ${name}`, () => {
    for (const fixture of webhookFixtures(name)) {
      it.effect(`decodes as ${fixture.name} does, and has none of its numbers and ids`, () =>
        Effect.gen(function*() {
          const { masking, receive } = yield* load(name)
          const unsigned = unsignedOf(fixture)
          const { payload } = unsigned
          const replaced = masked(payload, masking)
          const [original, events] = [yield* receive(unsigned), yield* receive({ ...unsigned, payload: replaced })]
          assert.deepStrictEqual(events.map(shapeOf), original.map(shapeOf))
          const words = new Set(wordsOf(events))
          assert.deepStrictEqual(wordsOf(original).filter((word) => words.has(word)), [])
          const [before, after] = [valuesOf(payload), valuesOf(replaced)]
          assert.strictEqual(after.length, before.length)
          const kept = before.filter((value) => after.includes(value) && value !== payload["udh"])
          assert.deepStrictEqual(kept.filter((value) => !isPlain(value)), [])
        }))
    }

    it.effect("decodes as its samples do", () =>
      Effect.gen(function*() {
        const { masking, samples } = yield* load(name)
        const url = "https://sms.example.com/webhooks/sms"
        const [customer, ours] = ["+15145550142", "+15145550100"] as const
        const webhooks = yield* samples.webhooks({
          inboundUrl: url,
          statusUrl: url,
          customer: customer as never,
          ours: ours as never
        })
        const pseudonymizer = make()
        for (const { kind, request } of webhooks) {
          if (kind === "forged") continue
          const [event] = yield* samples.provider.decode(yield* samples.provider.verify(request))
          const raw = event!._tag === "MessagePart" ? event!.message.raw : event!.raw
          const replaced = pseudonymizer.payload(raw, masking)
          const [again] = yield* samples.provider.decodePayload(replaced)
          assert.deepStrictEqual(shapeOf(again!), shapeOf(event!), kind)
          for (const number of [customer, ours]) assert.notInclude(JSON.stringify(replaced), number.slice(1))
        }
      }).pipe(Effect.provide(NodeCrypto.layer)))

    it.effect("decodes as any message and any report do", () =>
      Effect.gen(function*() {
        const { masking, receive } = yield* load(name)
        const format = name === "twilio" ? "form" : "json"
        const decode = (payload: Payload) =>
          Effect.map(receive({ method: "POST", format, payload }), (events) => events.map(shapeOf))
        for (const payload of fc.sample(payloads(name), { seed: 1, numRuns: 500 })) {
          const replaced = masked(payload, masking)
          assert.deepStrictEqual(yield* decode(replaced), yield* decode(payload))
          const numbers = JSON.stringify(payload).match(/(?<=[+"])\d{9,}(?=")/g) ?? []
          for (const number of numbers) assert.notInclude(JSON.stringify(replaced), number)
        }
      }))
  })
}

describe("a number", () => {
  it("has the same replacement in every form, and that is a number for fiction", () => {
    const pseudonymizer = make()
    const replaced = masked(
      {
        to: ["+15145550199", "15145550199", "whatsapp:+15145550199", " 15145550199", "+1 (514) 555-0199", 15145550199],
        text:
          "Call 514-555-0199, (514) 555-0199, +1 514.555.0199, 5145550199 or ＋１５１４５５５０１９９. Not +15145550123."
      },
      text,
      pseudonymizer
    )
    assert.deepStrictEqual(replaced.to, [
      "+12015550100",
      "12015550100",
      "whatsapp:+12015550100",
      " 12015550100",
      "+1 (201) 555-0100",
      12015550100
    ])
    for (
      const number of [
        "201-555-0100",
        "(201) 555-0100",
        "+1 201.555.0100",
        " 2015550100 ",
        "＋１２０１５５５０１００",
        "+12015550101"
      ]
    ) {
      assert.include(replaced.text, number)
    }
    // Another carrier writes it without a sign.
    assert.deepStrictEqual(masked({ to: "15145550123" }, text, pseudonymizer), { to: "12015550101" })
  })

  it("of another country has one too, also without its country code once it is known", () => {
    const replaced = masked({ to: "+447911123456", text: "07911 123456 and +44 7911 123456 and 447911123456" })
    assert.strictEqual(replaced.to, "+12015550100")
    assert.strictEqual(replaced.text.length, "07911 123456 and +44 7911 123456 and 447911123456".length)
    assert.match(replaced.text, /^12015 550100 \p{L}{3} \+12015550100 {3} \p{L}{3} \+12015550100$/u)
  })

  it("in the forms of one phone is one number", () => {
    const replaced = masked({ to: ["+5215512345678", "+525512345678"] })
    assert.deepStrictEqual(replaced.to, ["+12015550100", "+12015550100"])
  })

  it("of fiction is replaced by another", () => {
    assert.deepStrictEqual(masked({ to: "+12015550100" }), { to: "+12015550101" })
  })

  it("says when the range is exhausted", () => {
    const pseudonymizer = make()
    for (let i = 0; i < 70_000 && !pseudonymizer.isExhausted(); i++) {
      masked({ to: `+4477${String(i).padStart(8, "0")}` }, text, pseudonymizer)
    }
    assert.isTrue(pseudonymizer.isExhausted())
  })

  it("that is a short code keeps its length", () => {
    const { to } = masked({ to: ["12345", "12345", "54321", "Acme 24"] })
    assert.match(to[0]!, /^[1-9]\d{4}$/)
    assert.strictEqual(to[1], to[0])
    assert.notStrictEqual(to[2], to[0])
    assert.match(to[3]!, /^[A-Z][a-z]{3} [1-9]\d$/)
  })
})

describe("a text", () => {
  const isAlike = (one: string, other: string) => {
    const [a, b] = [Segments.count(one), Segments.count(other)]
    assert.deepStrictEqual([a.encoding, a.segments, a.units], [b.encoding, b.segments, b.units])
  }

  it("takes as many segments of the same encoding, whatever it is", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(Arbitraries.text, Arbitraries.phoneNumber, fc.constant(" +1 (514) 555-0199 ")), {
          maxLength: 4
        }),
        (texts) => {
          const original = texts.join(" ")
          isAlike(masked({ text: original }).text, original)
        }
      ),
      { seed: 1, numRuns: 2000 }
    )
  })

  it("has the same replacement for the same word, in its case", () => {
    const [first, second, third, , fifth] = masked({ text: "Parcel PARCEL parcel for parcels" }).text.split(" ")
    assert.notStrictEqual(first, "Parcel")
    assert.deepStrictEqual([first!.toUpperCase(), first!.toLowerCase()], [second, third])
    assert.notStrictEqual(fifth, `${third}s`)
  })

  it("keeps the words that carriers act on, and what it is built of", () => {
    assert.strictEqual(masked({ text: " STOP\n" }).text, " STOP\n")
    assert.deepStrictEqual(["start", "Help", "UNSTOP", "Arrêt"].map((word) => masked({ text: word }).text), [
      "start",
      "Help",
      "UNSTOP",
      "Arrêt"
    ])
    assert.match(masked({ text: "Hello, John! 👋 (10%)" }).text, /^[A-Z][a-z]{4}, [A-Z][a-z]{3}! 👋 \(\d\d%\)$/)
    assert.notInclude(masked({ text: "Hello, John! 👋 (10%)" }).text, "John")
  })

  it("hides no text in characters that are not seen", () => {
    const tags = Array.from("John", (letter) => String.fromCodePoint(0xE0000 + letter.charCodeAt(0))).join("")
    assert.notInclude(masked({ text: `a${tags}` }).text, tags)
  })
})

describe("what no carrier names", () => {
  it("is replaced by what it looks like, and its name stays if it says nothing", () => {
    const payload = {
      note: "Ana Lopez",
      phone: "+15145550199",
      ref: "0f1a3d5e-0000-4000-8000-000000000002",
      link: "https://acme.example/ana?x=lopez",
      when: "2026-01-28T13:00:00.123Z",
      nested: "{\"name\":\"Ana Lopez\",\"phone\":\"15145550199\"}",
      count: 42,
      big: 15145550199,
      flag: true,
      none: null,
      "+15145550199": "x",
      deep: [{ city: "Montreal" }]
    }
    const replaced = masked(payload, { kindsOf: () => ({}) })
    const json = JSON.stringify(replaced)
    for (const original of ["Ana", "Lopez", "5145550199", "acme", "lopez", "Montreal", "0f1a3d5e", "2026-01-28"]) {
      assert.notInclude(json, original)
    }
    assert.strictEqual(replaced.when, "2026-01-27T13:00:00.123Z")
    assert.match(replaced.ref, /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-8[\da-f]{3}-[\da-f]{12}$/)
    assert.match(replaced.link, /^https:\/\/recording\.example\/1\//)
    assert.deepStrictEqual([replaced.flag, replaced.none, replaced.phone], [true, null, "+12015550100"])
    assert.strictEqual(Object.keys(replaced).at(-2), "+12015550100")
    assert.strictEqual(JSON.parse(replaced.nested).phone, "12015550100")
  })

  it("has no member that changes its prototype, and an end", () => {
    const payload: Record<string, unknown> = {}
    setOwn(payload, "__proto__", { polluted: "Ana" })
    const replaced = masked(payload, { kindsOf: () => ({}) })
    assert.deepStrictEqual(Object.keys(replaced), ["__proto__"])
    let deep: unknown = "Ana"
    for (let i = 0; i < 10_000; i++) deep = [deep]
    assert.notInclude(JSON.stringify(masked({ deep }, { kindsOf: () => ({}) })), "Ana")
  })

  it("is kept where it should be a word but is none", () => {
    const keep: Masking = { kindsOf: () => ({ status: "keep" }) }
    assert.deepStrictEqual(masked({ status: "delivered" }, keep), { status: "delivered" })
    assert.notInclude(JSON.stringify(masked({ status: "sent to +15145550199" }, keep)), "5145550199")
    assert.notInclude(JSON.stringify(masked({ status: 15145550199 }, keep)), "5145550199")
  })
})

describe("an id, a URL and a time", () => {
  it("keep their form", () => {
    const sid = `SM${"0a".repeat(16)}`
    const { id } = masked({ id: [sid, sid, "01W4FFL35P4NC4K35SMSBATCH8", "sms-hash-123", "7", "8"] })
    assert.match(id[0]!, /^SM[\da-f]{32}$/)
    assert.strictEqual(id[1], id[0])
    assert.match(id[2]!, /^0\d[A-Z\d]{24}$/)
    assert.match(id[3]!, /^[a-z]{3}-[a-z]{4}-\d{3}$/)
    assert.notStrictEqual(id[4], id[5])
  })

  it("lead nowhere, each URL to a place of its own", () => {
    const { url } = masked({
      url: ["https://a.example/x/door.mms.jpg?k=v", "https://b.example", "https://b.example", ""]
    })
    assert.match(url[0]!, /^https:\/\/recording\.example\/1\/[a-z]\/[a-z]{4}\.mms\.jpg\?k=[a-z]$/)
    assert.deepStrictEqual(url.slice(1), ["https://recording.example/2", "https://recording.example/2", ""])
  })

  it("keep the distances between them", () => {
    const times = [
      "2026-01-28T13:00:00Z",
      "2026-01-28 13:00:14",
      "2026-01-28T13:00:00.5+02:00",
      "1769605200",
      1769605200000
    ]
    assert.deepStrictEqual(masked({ time: times }).time, [
      "2026-01-27T13:00:00Z",
      "2026-01-27 13:00:14",
      "2026-01-27T13:00:00.5+02:00",
      "1769518800",
      1769518800000
    ])
  })

  it("keep the reference of a send", () => {
    const { replaced, query } = (() => {
      const pseudonymizer = make()
      const masking: Masking = { kindsOf: () => ({ ref: "reference" }), signatureParameters: ["hash"] }
      return {
        replaced: masked({ ref: ["intent=01ABC.2.3", "Ana"] }, masking, pseudonymizer),
        query: pseudonymizer.query("token=secret&intent=01ABC.2.3&hash=abc&id=42", masking)
      }
    })()
    assert.match(replaced.ref[0]!, /^intent=0\d[A-Z]{3}\.2\.3$/)
    assert.notStrictEqual(replaced.ref[1], "Ana")
    assert.strictEqual(query.split("&")[0], replaced.ref[0])
    assert.match(query.split("&").slice(1).join("&"), /^id=\d\d$/)
  })
})
