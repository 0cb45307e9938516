/**
 * Every way of receiving a webhook of Twilio's comes to the same: the core on
 * Node, with its scanner of forms and with the parser that it stands in for; the
 * core on the web; and the provider, with and without a synchronous HMAC.
 *
 * `npm run test:cores` does the same with 200,000 requests.
 */
import { NodeCrypto as PlatformCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import * as fc from "fast-check"
import { createHash } from "node:crypto"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { getExpectedTwilioSignature } from "twilio/lib/webhooks/webhooks.js"
import { syncCrypto } from "../../src/internal/nodeSyncCrypto.ts"
import * as NodeCrypto from "../../src/NodeCrypto.ts"
import type { Payload } from "../../src/Payload.ts"
import { twentyBytes } from "../../src/provider/core/base64.ts"
import { plain } from "../../src/provider/core/build.ts"
import * as FormScanner from "../../src/provider/core/formScanner.ts"
import { decoders } from "../../src/provider/core/nodeText.ts"
import { plainly } from "../../src/provider/core/receive.ts"
import { defaultLimits } from "../../src/provider/Receiving.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import { decode, decodeAny } from "../../src/twilio/core/decode.ts"
import { parse } from "../../src/twilio/core/dialect.ts"
import * as Events from "../../src/twilio/core/Events.ts"
import * as Core from "../../src/twilio/core/Node.ts"
import { names, scan, usual } from "../../src/twilio/core/nodeForm.ts"
import * as Ordinary from "../../src/twilio/core/ordinary.ts"
import { fieldsText } from "../../src/twilio/core/signedText.ts"
import { readForm, verifySync } from "../../src/twilio/core/verify.ts"
import * as Web from "../../src/twilio/core/Web.ts"
import { decode as decodeBasics } from "../../src/twilio/core/webDecode.ts"
import * as Twilio from "../../src/twilio/index.ts"
import type { WebhookRequest } from "../../src/WebhookRequest.ts"
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
  type Outcome,
  runs,
  runSync,
  sameBasics,
  toWeb
} from "../cores.ts"
import { type Cut, genuine, recuts, signedText } from "./recuts.ts"
import * as Webhooks from "./webhooks.ts"

const token = "12345"
const account = "AC00000000000000000000000000000001"
const options = { authToken: ["another", token] }

const core = Core.make(options)
const decodeInFull = (request: WebhookRequest) => Events.decode(request)

const providerOf = (crypto: typeof PlatformCrypto.layer) =>
  Effect.runSync(Effect.provide(
    SmsProvider.use(Effect.succeed),
    Layer.fresh(Twilio.layerWebhook({ authToken: options.authToken.map((token) => Redacted.make(token)) })).pipe(
      Layer.provide(Layer.fresh(crypto))
    )
  ))

const synchronous = byProvider(providerOf(NodeCrypto.layer))
const effectful = byProvider(providerOf(PlatformCrypto.layer))

const signatureOf = (cut: Cut) => getExpectedTwilioSignature(token, signedText(cut), {})

const encoded = (fields: Cut["fields"]) =>
  Buffer.from(`${new URLSearchParams(fields.map(([name, value]) => [name, value]))}`)

const shuffled = <A>(values: ReadonlyArray<A>) =>
  fc.shuffledSubarray([...values], { minLength: values.length, maxLength: values.length })

/** Forms as Twilio sends them, in any order, and other cuts, other bytes and other signatures of them. */
const forms: fc.Arbitrary<WebhookRequest> = fc.oneof(genuine.map((cut) => [cut, cut] as const), recuts).chain((
  [original, { fields, method, url }]
) =>
  fc.record({
    fields: shuffled(fields),
    signature: fc.oneof(
      { weight: 8, arbitrary: fc.constant(signatureOf(original)) },
      { weight: 1, arbitrary: fc.constantFrom("", "A", "A".repeat(28), `${"A".repeat(27)}=`) }
    )
  }).chain(({ fields, signature }) => {
    const body = method === "GET" ? Buffer.alloc(0) : encoded(fields)
    return fc.oneof(
      { weight: 2, arbitrary: fc.constant(body) },
      { weight: 1, arbitrary: method === "GET" ? fc.constant(body) : mutated(body) }
    ).map((body) => Webhooks.request({ method, url, body, signature }))
  })
)

/** Forms that were changed first and signed then: genuine ones that no one has seen yet. */
const unusual: fc.Arbitrary<WebhookRequest> = genuine.filter(({ method }) => method === "POST").chain((cut) =>
  shuffled(cut.fields).chain((fields) => mutated(encoded(fields))).map((body) => {
    const form: Record<string, string | Array<string>> = {}
    new URLSearchParams(`?${body.toString()}`).forEach((value, name) => {
      const earlier = Object.hasOwn(form, name) ? form[name] : undefined
      Object.defineProperty(form, name, {
        value: earlier === undefined ? value : [earlier, value].flat(),
        enumerable: true,
        configurable: true
      })
    })
    return Webhooks.request({ url: cut.url, body, signature: getExpectedTwilioSignature(token, cut.url, form) })
  })
)

const json: fc.Arbitrary<WebhookRequest> = fc.record({
  body: fc.oneof(genuine.map(({ fields }) => JSON.stringify(Object.fromEntries(fields))), fc.json({ maxDepth: 2 })),
  isIntact: fc.boolean()
}).map(({ body, isIntact }) => {
  const url = `https://mycompany.com/sms?bodySHA256=${createHash("sha256").update(body).digest("hex")}`
  return Webhooks.request({
    url,
    contentType: "application/json",
    body: isIntact ? body : `${body} `,
    signature: getExpectedTwilioSignature(token, url, {})
  })
})

/** The same fields in the same order, with other texts in them. */
const texts = (fields: Cut["fields"]): fc.Arbitrary<Buffer> => {
  const text = fc.oneof(fc.constantFrom("", "+1 650", "50% & é", "😀", "x".repeat(40)), fc.string({ unit: "binary" }))
  return fc.array(text, { minLength: fields.length, maxLength: fields.length }).map((values) =>
    encoded(fields.map(([name], i) => [name, values[i]!]))
  )
}

const requests = fc.oneof(
  { weight: 4, arbitrary: forms },
  { weight: 4, arbitrary: unusual },
  { weight: 1, arbitrary: json }
)

/** Parses a form as the core does. */
const readNodeForm = (body: Uint8Array) => scan(body) ?? readForm(body)

const carefully = verifySync(
  {
    tags: options.authToken.map((token) => syncCrypto.hmac("sha1", Buffer.from(token))),
    sha256: syncCrypto.sha256
  },
  undefined
)

const same = (actual: Outcome, expected: Outcome) => assert.deepStrictEqual(actual, expected)

const form = Object.fromEntries(
  fc.sample(genuine.filter(({ method }) => method === "POST"), { numRuns: 1, seed: 5 })[0]!.fields
)
const url = "https://mycompany.com/sms"
const signed = (form: Readonly<Record<string, string>>, to = url) =>
  Webhooks.request({
    url: to,
    body: `${new URLSearchParams(form)}`,
    signature: getExpectedTwilioSignature(token, to, form)
  })
describe("the core of Twilio", () => {
  it("gives the events and refusals of the provider, for any request", () => {
    const seen = { events: 0, reason: 0 }
    fc.assert(
      fc.property(requests, (request) => {
        const outcome = ofCore(core.receive(request))
        seen["events" in outcome ? "events" : "reason"]++
        same(outcome, runSync(synchronous(request)))
        const verified = core.verify(request)
        // What precedes the signature is the same code in both.
        if (verified._tag === "Verified") assert.deepStrictEqual<unknown>(carefully(request, defaultLimits), verified)
        else if (request.headers["x-twilio-signature"] !== "") {
          assert.strictEqual(carefully(request, defaultLimits)._tag, "Refused")
        }
      }),
      runs(3000)
    )
    assert.isAbove(seen.events, 500)
    assert.isAbove(seen.reason, 500)
  }, 3_600_000)

  it.effect("gives them with the cryptography of the web, and of services that are effects", () =>
    Effect.gen(function*() {
      for (const request of fc.sample(requests, { numRuns: 300, seed: 1128 })) {
        const expected = ofCore(core.receive(request))
        same(yield* effectful(request), expected)
        const received = yield* Effect.promise(() => Web.receive(toWeb(request), { ...options, url: request.url }))
        assert.deepStrictEqual(inFull(received, decodeInFull), inBrief(expected))
      }
    }))

  /** What was read, and what is signed of it. */
  const formOf = (read: ReturnType<typeof readForm>) => {
    if (read._tag === "Refused") return read
    const { bytes, form, length, sorted } = read
    const text = fieldsText(form, sorted)
    return { form, sorted, text: bytes === undefined ? text : Buffer.from(bytes.subarray(0, length)).toString() }
  }

  it("scans forms as the parser of forms reads them, or leaves them to it", () => {
    const seen = { scanned: 0, left: 0 }
    const bodies = fc.oneof(forms.map(({ body }) => body), unusual.map(({ body }) => body), fc.uint8Array())
    fc.assert(
      fc.property(bodies, (body) => {
        assert.deepStrictEqual(formOf(readNodeForm(body)), formOf(readForm(body)))
        seen[scan(body) === undefined ? "left" : "scanned"]++
      }),
      runs(5000)
    )
    assert.isAbove(seen.scanned, 1000)
    assert.isAbove(seen.left, 100)
  }, 3_600_000)

  it("scans forms with fields that it has learned as any others, and their fields are sorted", () => {
    const seen = { learned: 0, others: 0 }
    const fields = Object.keys(usual([])).map((name) => [name, ""] as const)
    const cuts = fc.oneof(
      { weight: 3, arbitrary: genuine.filter(({ method }) => method === "POST") },
      { weight: 1, arbitrary: fc.constant<Cut>({ method: "POST", url: "https://mycompany.com/sms", fields }) }
    )
    const bodies = cuts.chain(({ fields }) =>
      shuffled(fields).chain((other) =>
        fc.tuple(fc.constant(encoded(fields)), fc.oneof(mutated(encoded(other)), texts(other)))
      )
    )
    fc.assert(
      fc.property(bodies, ([body, other]) => {
        const given = Array.from(new URLSearchParams(`${body}`).keys()).filter((name) => /^\w+$/.test(name))
        const learning = FormScanner.make(given, decoders!, usual)
        learning(body)?.learn?.()
        for (const form of [body, other]) {
          const scanned = learning(form)
          if (scanned === undefined) continue
          seen[scanned.learn === undefined ? "learned" : "others"]++
          assert.deepStrictEqual<unknown>(formOf(scanned), formOf(readForm(form)))
          assert.deepStrictEqual(Object.keys(scanned.form), scanned.sorted)
        }
      }),
      runs(3000)
    )
    assert.isAbove(seen.learned, 1000)
    assert.isAbove(seen.others, 10)
  }, 3_600_000)

  it("learns the fields of a form only once its signature has matched, and of a few forms only", () => {
    const learning = FormScanner.make(names, decoders!, usual)
    const verify = verifySync(
      { tags: [syncCrypto.hmac("sha1", Buffer.from(token))], sha256: syncCrypto.sha256 },
      undefined,
      learning
    )
    const textIn = (body: Uint8Array) => {
      const { bytes, length } = learning(body)!
      return Buffer.from(bytes.subarray(0, length)).toString()
    }
    const isLearned = (body: Uint8Array) => learning(body)?.learn === undefined
    const id = "SM00000000000000000000000000000001"
    const genuine = signed({ To: "+16505550100", From: "+16505550111", Body: "Hi", MessageSid: id })
    const forged = { ...genuine, body: Buffer.concat([genuine.body, Buffer.from("&NumMedia=9")]) }
    assert.isFalse(isLearned(genuine.body))
    // Its signature matches, but it is cut anew.
    const cut = { ...genuine, body: Buffer.from(`Body=Hi&From=%2B16505550111MessageSid${id}&To=%2B16505550100`) }
    assert.deepStrictEqual(textIn(cut.body), textIn(genuine.body))
    for (const request of [forged, cut]) {
      assert.strictEqual(verify(request, defaultLimits)._tag, "Refused")
      assert.isFalse(isLearned(request.body))
    }
    assert.strictEqual(verify(genuine, defaultLimits)._tag, "Verified")
    assert.isTrue(isLearned(genuine.body))
    assert.isTrue(isLearned(Buffer.from("MessageSid=1&Body=Hello&To=2&From=1")))

    // Eight in all: a form that is not learned has its names sorted anew each time.
    const bodies = names.slice(0, 8).map((name) => Buffer.from(`${name}=1`))
    for (const form of bodies.map((body) => learning(body))) form?.learn?.()
    const isKept = bodies.map((body) => learning(body)?.sorted === learning(body)?.sorted)
    assert.deepStrictEqual(isKept, bodies.map((_, i) => i < 7))
  })

  const reasonOf = (request: WebhookRequest, twilio = core) => {
    const result = twilio.receive(request)
    return result._tag === "Refused" ? [result.reason._tag, result.status] : result._tag
  }

  it("has the limits, the accounts and the head of the provider", () => {
    assert.strictEqual(reasonOf(signed(form)), "Received")
    const limited = Core.make({ ...options, limits: { maxBytes: 300, maxFields: 5, maxQueryLength: 10 } })
    assert.deepStrictEqual(reasonOf(signed({ ...form, Body: "x".repeat(300) }), limited), ["PayloadTooLarge", 413])
    assert.deepStrictEqual(reasonOf(signed({ a: "", b: "", c: "", d: "", e: "", f: "" }), limited), [
      "InvalidPayload",
      400
    ])
    assert.deepStrictEqual(reasonOf(signed({}, `${url}?${"a".repeat(10)}`), limited), ["InvalidPayload", 400])
    // Of fields that the scanner knows, with those of the query, and after the last of which may be nothing.
    const known = { MessageSid: "SM1", SmsStatus: "sent", From: "1", To: "2" }
    assert.strictEqual(reasonOf(signed(known), limited), "Received")
    const five = signed({ ...known, ErrorCode: "1" })
    assert.strictEqual(reasonOf(five, limited), "Received")
    assert.deepStrictEqual(reasonOf({ ...five, body: Buffer.concat([five.body, Buffer.from("&")]) }, limited), [
      "InvalidPayload",
      400
    ])
    assert.deepStrictEqual(reasonOf(signed(known, `${url}?a&b`), limited), ["InvalidPayload", 400])
    assert.deepStrictEqual(reasonOf(signed({ ...known, ErrorCode: "1", ApiVersion: "2010-04-01" }), limited), [
      "InvalidPayload",
      400
    ])
    assert.deepStrictEqual(reasonOf({ ...signed(form), method: "PUT" }), ["MethodNotAllowed", 405])
    const text = { ...signed(form).headers, "content-type": "text/plain" }
    assert.deepStrictEqual(reasonOf({ ...signed(form), headers: text }), ["UnsupportedContentType", 415])
    assert.deepStrictEqual(reasonOf({ ...signed(form), body: { ...form } as never }), ["InvalidPayload", 400])
    const ours = Core.make({ ...options, webhookAccounts: [account.toLowerCase()] })
    assert.strictEqual(reasonOf(signed({ ...form, AccountSid: account }), ours), "Received")
    const other = { ...form, AccountSid: account.replace("1", "2") }
    assert.deepStrictEqual(reasonOf(signed(other), ours), ["InvalidPayload", 400])
  })

  it("adds the reference of a send, which is in the signed URL", () => {
    const report = { MessageSid: "SM00000000000000000000000000000001", MessageStatus: "delivered" }
    const result = core.receive(signed(report, `${url}?intent=order-1.2.3`))
    if (result._tag !== "Received") return assert.fail(result._tag)
    assert.deepInclude(result.events[0], { intent: { intentId: "order-1", part: 2, of: 3 } })
  })

  it("adds the reference of the application, which cannot be lengthened by another cut of the signed text", () => {
    const report = { AccountSid: account, MessageSid: "SM00000000000000000000000000000001", MessageStatus: "sent" }
    const referenceIn = (query: string, params: Partial<typeof report> = report) => {
      const result = core.receive(signed(params, `${url}?${query}`))
      if (result._tag !== "Received") return result._tag
      return (result.events[0] as { readonly reference?: string }).reference
    }
    assert.strictEqual(referenceIn("reference=caf%C3%A9%20%26%2042&"), "café & 42")
    assert.strictEqual(referenceIn("token=x&reference=a&intent=order-1"), "a")
    for (
      const query of ["reference=a", "reference=&", "reference=%E9&", "reference=a&reference=b&", "myreference=a&"]
    ) {
      assert.isUndefined(referenceIn(query), query)
    }
    const { AccountSid: _, ...cut } = report
    for (const end of ["&", ""]) {
      assert.include([undefined, "a", "Refused"], referenceIn(`reference=a${end}AccountSid${account}`, cut))
    }
  })

  it("refuses an empty token, with which everybody could sign", () => {
    for (const authToken of ["", " ", [], [token, ""]]) assert.throws(() => Core.make({ authToken }), TypeError)
  })

  it("takes a signature in its canonical Base64 only", () => {
    const request = signed(form)
    const signature = request.headers["x-twilio-signature"]!
    const last = signature.charCodeAt(26)
    const others = [
      `${signature.slice(0, 26)}${String.fromCharCode(last + 1)}=`,
      signature.replace("=", ""),
      signature.replaceAll("+", "-").replaceAll("/", "_").replace("=", ""),
      `${signature}\n`,
      ` ${signature}`
    ]
    for (const other of others) {
      // Node reads the same twenty bytes.
      assert.deepStrictEqual(Buffer.from(other, "base64"), Buffer.from(signature, "base64"))
      const headers = { ...request.headers, "x-twilio-signature": other }
      assert.deepStrictEqual(reasonOf({ ...request, headers }), ["InvalidSignature", 403])
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 24 }), (bytes) => {
      assert.strictEqual(twentyBytes.test(Buffer.from(bytes).toString("base64")), bytes.length === 20)
    }))
  })

  it("reads an escape that is not UTF-8 as the parser does, and never as another text", () => {
    for (const text of ["%FF", "%C3", "%ED%A0%80", "%F0%9F%98", "%EF%BF%BD"]) {
      const body = Buffer.from(`Body=${text}&From=%2B16505550111`)
      assert.deepStrictEqual(formOf(readNodeForm(body)), formOf(readForm(body)))
    }
    const read = readNodeForm(Buffer.from([0x42, 0x6f, 0x64, 0x79, 0x3d, 0xff]))
    assert.isTrue(read._tag === "Refused" && read.reason.issues[0].expected === "Expected UTF-8")
  })

  it("keeps no body for an id or a text that is kept", () => {
    setFlagsFromString("--expose-gc")
    const collect: () => void = runInNewContext("gc")
    const kept: Array<string> = []
    const used = () => process.memoryUsage().heapUsed
    collect()
    const before = used()
    // Long names that are not known make bodies of 50 kB, which either parser reads.
    const padding = "x".repeat(50_000)
    for (const isPlain of [true, false]) {
      for (let i = 0; i < 400; i++) {
        const body = Buffer.from(
          `MessageSid=SM${String(i).padStart(32, "0")}&ProfileName=${padding}${i}${isPlain ? "" : "&Unknown=1"}`
        )
        const read = readNodeForm(body)
        if (read._tag === "SignedForm") kept.push(String(read.form["MessageSid"]))
      }
    }
    collect()
    assert.lengthOf(kept, 800)
    // The bodies have 40 MB.
    assert.isBelow(used() - before, 4_000_000)
  })

  it("learns nothing from requests: the same form has the same result after any others", () => {
    const request = signed(form)
    const expected = core.receive(request)
    for (let i = 0; i < 2000; i++) {
      const made = Object.fromEntries(Array.from({ length: 8 }, (_, j) => [`MadeUp${i}Of${j}`, "x"]))
      core.receive(signed({ ...form, ...made }))
      core.receive({ ...request, body: Buffer.from(`${new URLSearchParams(made)}`) })
    }
    assert.deepStrictEqual(core.receive(request), expected)
  })
})

const sid = "SM00000000000000000000000000000001"
const parties = { AccountSid: account, ApiVersion: "2010-04-01", From: "+15145550142", To: "+15145550100" }
const plainPayloads = [
  { ...parties, MessageSid: sid, SmsSid: sid, SmsStatus: "received", Body: "Hello!", NumMedia: "0" },
  {
    ...parties,
    MessageSid: sid,
    SmsStatus: "received",
    Body: "Look",
    NumMedia: "2",
    MediaUrl0: "https://api.twilio.com/0",
    MediaContentType0: "image/png",
    MediaUrl1: "https://api.twilio.com/1",
    MediaContentType1: "image/jpeg"
  },
  {
    ...parties,
    MessageSid: sid,
    SmsSid: sid,
    MessageStatus: "undelivered",
    SmsStatus: "undelivered",
    ErrorCode: "30003"
  },
  { ...parties, MessageSid: sid, MessageStatus: "delivered" }
]
const members = [
  "Body",
  "MediaUrl0",
  "MediaUrl1",
  "MediaContentType2",
  "MediaUrl01",
  "NumMedia",
  "MessageStatus",
  "SmsStatus",
  "SmsSid",
  "From"
]

describe("an ordinary SMS", () => {
  it("is decoded as every other webhook, whatever its fields contain", () => {
    const decoders = [decode, decodeAny].map((decode) => plainly(decode))
    const values = fc.oneof(
      { weight: 20, arbitrary: fc.string({ maxLength: 5 }) },
      {
        weight: 1,
        arbitrary: fc.constantFrom<unknown>("", "whatsapp:", "x".repeat(257), "x".repeat(65_537), 1, null, ["1"])
      }
    )
    const optional = ["ApiVersion", "MessagingServiceSid", "SmsMessageSid", "SmsSid", "ToCity", "ToZip"]
    const all = ["AccountSid", "Body", "From", "To", "FromCity", "FromCountry", "FromState", "FromZip", ...optional]
    const ordinary = fc.record<Record<string, unknown>>({
      ...Object.fromEntries([...all, "MessageSid"].map((name) => [name, values])),
      SmsStatus: fc.constantFrom("received", "received", "received", "Received", "sent"),
      NumMedia: fc.constantFrom("0", "0", "0", "1"),
      NumSegments: fc.constantFrom("1", "1", "", "x")
    }, { requiredKeys: [...all.filter((name) => !optional.includes(name)), "MessageSid", "SmsStatus"] })
    const payloads = fc.tuple(ordinary, fc.boolean()).map(([payload, isSorted]): Payload =>
      isSorted ? Object.fromEntries(Object.entries(payload).sort(([a], [b]) => a < b ? -1 : 1)) : payload
    )
    let ordinaries = 0
    fc.assert(
      fc.property(payloads, (payload) => {
        const [actual, expected] = decoders.map((decode) => decode("twilio", payload))
        assert.deepStrictEqual(actual, expected)
        // Also the order of the metadata.
        assert.strictEqual(JSON.stringify(actual), JSON.stringify(expected))
        if (Ordinary.decode(plain, "twilio", payload) !== undefined) ordinaries++
      }),
      runs(3000)
    )
    assert.isAbove(ordinaries, 200)
  }, 3_600_000)
})

describe("effect-sms/twilio/webhook", () => {
  const entry = `${import.meta.dirname}/../../src/twilio/core/Web.ts`

  it("runs where there is nothing but the interfaces of the web, and is small", async () => {
    const { code, gzip } = await bundle(entry, "receive")
    assert.notMatch(code, /\bprocess\b|\bBuffer\b|node:|require\(/)
    const { receive } = inBareContext<typeof Web>(code)
    for (const request of fc.sample(requests, { numRuns: 60, seed: 26 })) {
      const outcome = inFull(await receive(toWeb(request), { ...options, url: request.url }), decodeInFull)
      // Of another realm, so that its objects have other prototypes.
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
      return decoded._tag === "Decoded" && sameBasics(basicsOf(decodeBasics, "twilio", payload), decoded.events)
    }
    for (const payload of plainPayloads) assert.isTrue(same(payload), JSON.stringify(payload))
    let compared = 0
    const received = requests.map((request) => parse(request)).filter((parsed) => parsed._tag === "Parsed").map((
      { payload }
    ) => payload)
    fc.assert(
      fc.property(fc.oneof(received, nearly(plainPayloads, members)), (payload) => {
        if (same(payload)) compared++
      }),
      runs(3000)
    )
    assert.isAbove(compared, 500)
  }, 3_600_000)

  it("refuses the webhooks of other accounts", async () => {
    const accounts = { ...options, webhookAccounts: [account.toLowerCase()] }
    for (const AccountSid of [account, account.replace("1", "2")]) {
      const request = signed({ ...form, AccountSid })
      const received = await Web.receive(toWeb(request), { ...accounts, url: request.url })
      assert.strictEqual(received._tag, AccountSid === account ? "Received" : "Refused")
      assert.deepStrictEqual(
        inFull(received, (whole) => Events.decode(whole, accounts)),
        inBrief(ofCore(Core.make(accounts).receive(request)))
      )
    }
  })

  it("reads no more of a body than the limit, and none of a request that is refused by its head", async () => {
    let pulled = 0
    const request = (headers: Readonly<Record<string, string>>) =>
      new Request("https://mycompany.com/sms", {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
        body: new ReadableStream({
          pull: (controller) => {
            pulled++
            controller.enqueue(new Uint8Array(1024).fill(0x41))
          }
        }, { highWaterMark: 0 }),
        duplex: "half"
      } as RequestInit)
    const refused = await Web.receive(request({}), options)
    assert.isTrue(refused._tag === "Refused" && refused.reason._tag === "MissingSignature")
    assert.strictEqual(pulled, 0)
    const large = await Web.receive(request({ "x-twilio-signature": `${"A".repeat(27)}=` }), options)
    assert.isTrue(large._tag === "Refused" && large.reason._tag === "PayloadTooLarge")
    assert.isBelow(pulled, 70)
  })
})
