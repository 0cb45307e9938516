import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { request } from "node:http"
import Twilio from "twilio"
import * as Emulator from "../../src/emulator/Emulator.ts"
import * as CarrierServer from "../../src/testing/CarrierServer.ts"
import { sdk } from "./twilio.ts"

const person = "+15145550142"

const setUp = Effect.fnUntraced(function*(
  behaviour: CarrierServer.Behaviour = CarrierServer.answer(204, ""),
  options: Emulator.Options = {}
) {
  const app = yield* CarrierServer.serve(behaviour)
  const emulator = yield* Emulator.make({ appUrl: app.url, seed: "twilio", pace: 0, ...options })
  const from = emulator.env["TWILIO_FROM"]!
  const service = emulator.extras["TWILIO_MESSAGING_SERVICE_SID"]!
  const client = sdk(emulator)
  const statusCallback = `${app.url}/status?a=1`
  const fields = () => app.requests.map(({ body }) => Object.fromEntries(new URLSearchParams(body)))
  return { app, client, emulator, fields, from, service, statusCallback }
})

interface RestError {
  readonly status: number
  readonly code: number
  readonly message: string
  readonly moreInfo: string
}

/** The error of a call of the SDK. */
const refused = (call: () => Promise<unknown>) =>
  Effect.flip(Effect.tryPromise({ try: call, catch: (error) => error as RestError }))

describe("Twilio's SDK creates messages", () => {
  it.live("and gets the resource as Twilio writes it", () =>
    Effect.gen(function*() {
      const { client, from } = yield* setUp()
      const message = yield* Effect.promise(() => client.messages.create({ to: person, from, body: "Hello 👋" }))
      assert.match(message.sid, /^SM[\da-f]{32}$/)
      assert.strictEqual(message.status, "queued")
      assert.strictEqual(message.direction, "outbound-api")
      assert.strictEqual(message.numSegments, "1")
      assert.strictEqual(message.numMedia, "0")
      assert.isNull(message.price)
      assert.isNull(message.dateSent)
      assert.isNull(message.errorCode)
      assert.instanceOf(message.dateCreated, Date)
      assert.isFalse(Number.isNaN(message.dateCreated.getTime()))
      assert.strictEqual(message.uri, `/2010-04-01/Accounts/${message.accountSid}/Messages/${message.sid}.json`)
    }))

  it.live("through a service, which chooses the sender", () =>
    Effect.gen(function*() {
      const { client, emulator, fields, service, statusCallback } = yield* setUp()
      const options = { to: person, messagingServiceSid: service, body: "Hello", statusCallback }
      const message = yield* Effect.promise(() => client.messages.create(options))
      assert.deepStrictEqual([message.status, message.from, message.numSegments], ["accepted", null, "0"])
      yield* emulator.quiet()
      // Being queued is reported where it was not the first state.
      assert.deepStrictEqual(fields().map((form) => form["MessageStatus"]), ["queued", "sent", "delivered"])
      assert.strictEqual(fields()[0]!["MessagingServiceSid"], service)
      const after = yield* Effect.promise(() => client.messages(message.sid).fetch())
      assert.deepStrictEqual([after.status, after.from, after.numSegments], [
        "delivered",
        emulator.carriers[0]!.numbers[1],
        "1"
      ])
      assert.strictEqual(after.price as unknown, "-0.00750")
    }))

  it.live("with files, of which each is a field of the same name", () =>
    Effect.gen(function*() {
      const { client, emulator, from } = yield* setUp()
      const mediaUrl = ["https://example.com/a.png", "https://example.com/b.png"]
      const message = yield* Effect.promise(() => client.messages.create({ to: person, from, mediaUrl }))
      assert.match(message.sid, /^MM[\da-f]{32}$/)
      assert.strictEqual(message.numMedia, "2")
      assert.lengthOf(yield* Effect.promise(() => client.messages(message.sid).media.list()), 2)
      yield* emulator.quiet()
      assert.deepStrictEqual((yield* emulator.received(person))[0]!.urls, mediaUrl)
    }))

  it.live("and counts the segments", () =>
    Effect.gen(function*() {
      const { client, from } = yield* setUp()
      const count = (body: string) =>
        Effect.promise(() => client.messages.create({ to: person, from, body }).then((one) => one.numSegments))
      assert.strictEqual(yield* count("x".repeat(160)), "1")
      assert.strictEqual(yield* count("x".repeat(161)), "2")
      assert.strictEqual(yield* count("’".repeat(70)), "1")
      assert.strictEqual(yield* count("👋".repeat(36)), "2")
    }))

  const refusals: ReadonlyArray<
    readonly [what: string, code: number, options: Partial<Parameters<ReturnType<typeof sdk>["messages"]["create"]>[0]>]
  > = [
    ["no text", 21619, { body: undefined! }],
    ["a text that is too long", 21617, { body: "x".repeat(1601) }],
    ["no number", 21211, { to: "hello" }],
    ["a short code", 21265, { to: "12345" }],
    ["the sender as recipient", 21266, { to: "+15145550100" }],
    ["a sender of somebody else", 21659, { from: "+15145550777" }],
    ["an unknown service", 21701, { messagingServiceSid: `MG${"0".repeat(32)}` }],
    ["eleven files", 21623, { mediaUrl: Array.from({ length: 11 }, (_, index) => `https://example.com/${index}`) }],
    ["a file without a URL", 21620, { mediaUrl: ["a.png"] }],
    ["a callback on a host with an underscore", 21609, { statusCallback: "https://my_host.example.com" }],
    ["a validity of a day", 21624, { validityPeriod: 86_400 }],
    ["a schedule without a service", 35118, { scheduleType: "fixed", sendAt: new Date(4e12) }],
    ["the test number 21211", 21211, { to: "+15005550001" }],
    ["the test number 21612", 21612, { to: "+15005550002" }],
    ["the test number 21408", 21408, { to: "+15005550003" }],
    ["the test number 21610", 21610, { to: "+15005550004" }],
    ["the test number 21614", 21614, { to: "+15005550009" }],
    ["the test sender 21212", 21212, { from: "+15005550001" }],
    ["the test sender 21606", 21606, { from: "+15005550007" }],
    ["the test sender 21611", 21611, { from: "+15005550008" }],
    ["a magic number of the emulator", 21610, { to: "+15005551010" }]
  ]
  it.live.each(refusals)("and is refused with %s", ([, code, options]) =>
    Effect.gen(function*() {
      const { client, from } = yield* setUp()
      const error = yield* refused(() => client.messages.create({ to: person, from, body: "Hello", ...options }))
      assert.deepStrictEqual([error.code, error.moreInfo], [code, `https://www.twilio.com/docs/errors/${code}`])
      assert.isAtLeast(error.status, 400)
    }))

  it.live("with the sender that every test account has", () =>
    Effect.gen(function*() {
      const { client } = yield* setUp()
      const options = { to: person, from: "+15005550006", body: "Hello" }
      assert.strictEqual((yield* Effect.promise(() => client.messages.create(options))).status, "queued")
    }))

  it.live("with an API key, and with no other credentials", () =>
    Effect.gen(function*() {
      const { emulator, from } = yield* setUp()
      const { env, extras } = emulator
      const accountSid = env["TWILIO_ACCOUNT_SID"]!
      const at = (...[name, secret, options]: Parameters<typeof Twilio>) => {
        const client = Twilio(name, secret, options)
        client.api.baseUrl = env["TWILIO_BASE_URL"]!
        return () => client.messages.create({ to: person, from, body: "Hello" })
      }
      const [key, secret] = [extras["TWILIO_API_KEY"]!, extras["TWILIO_API_SECRET"]!]
      assert.match((yield* Effect.promise(at(key, secret, { accountSid }))).sid, /^SM/)
      for (const call of [at(accountSid, "x"), at(key, env["TWILIO_AUTH_TOKEN"], { accountSid })]) {
        const { code, status } = yield* refused(call)
        assert.deepStrictEqual([status, code], [401, 20003])
      }
      const other = `AC${"0".repeat(32)}`
      assert.strictEqual((yield* refused(at(key, secret, { accountSid: other }))).code, 20404)
    }))
})

describe("Twilio's SDK reads and changes messages", () => {
  it.live("page by page, newest first", () =>
    Effect.gen(function*() {
      const { client, emulator, from } = yield* setUp()
      const sids: Array<string> = []
      for (let index = 0; index < 5; index++) {
        const options = { to: `+1514555015${index}`, from, body: String(index) }
        sids.unshift((yield* Effect.promise(() => client.messages.create(options))).sid)
      }
      yield* emulator.quiet()
      const list = (options: Parameters<typeof client.messages.list>[0]) =>
        Effect.promise(() => client.messages.list(options).then((messages) => messages.map(({ sid }) => sid)))
      assert.deepStrictEqual(yield* list({ pageSize: 2 }), sids)
      assert.deepStrictEqual(yield* list({ limit: 3 }), sids.slice(0, 3))
      assert.deepStrictEqual(yield* list({ to: "+15145550153" }), [sids[1]])
      const now = Date.now()
      assert.deepStrictEqual(yield* list({ dateSentAfter: new Date(now - 3_600_000) }), sids)
      assert.deepStrictEqual(yield* list({ dateSentBefore: new Date(now - 3_600_000) }), [])
      const page = yield* Effect.promise(() => client.messages.page({ pageSize: 2 }))
      const next = yield* Effect.promise(() => page.nextPage()!)
      assert.deepStrictEqual(next.instances.map(({ sid }) => sid), sids.slice(2, 4))
    }))

  it.live("redacts and deletes what is delivered, and nothing before", () =>
    Effect.gen(function*() {
      const { client, emulator, from } = yield* setUp(undefined, { pace: 1000 })
      const { sid } = yield* Effect.promise(() => client.messages.create({ to: person, from, body: "Hello" }))
      assert.strictEqual((yield* refused(() => client.messages(sid).remove())).code, 20009)
      yield* emulator.setState(sid, { state: "delivered" })
      const redacted = yield* Effect.promise(() => client.messages(sid).update({ body: "" }))
      assert.strictEqual(redacted.body, "")
      assert.isTrue(yield* Effect.promise(() => client.messages(sid).remove()))
      assert.strictEqual((yield* refused(() => client.messages(sid).fetch())).code, 20404)
      assert.deepStrictEqual(yield* Effect.promise(() => client.messages.list()), [])
    }))

  it.live("cancels what is scheduled, which is then reported", () =>
    Effect.gen(function*() {
      const { client, emulator, fields, service, statusCallback } = yield* setUp()
      const sendAt = new Date(Date.now() + 3_600_000)
      const schedule = () =>
        client.messages.create({
          to: person,
          messagingServiceSid: service,
          body: "Later",
          scheduleType: "fixed",
          sendAt,
          statusCallback
        })
      const { sid, status } = yield* Effect.promise(schedule)
      assert.strictEqual(status, "scheduled")
      const canceled = yield* Effect.promise(() => client.messages(sid).update({ status: "canceled" }))
      assert.strictEqual(canceled.status, "canceled")
      assert.strictEqual((yield* refused(() => client.messages(sid).update({ status: "canceled" }))).code, 30409)
      yield* emulator.quiet()
      assert.deepStrictEqual(fields().map((form) => form["MessageStatus"]), ["canceled"])
    }))

  it.live("and what is around them", () =>
    Effect.gen(function*() {
      const { client, emulator, from, service } = yield* setUp()
      const account = yield* Effect.promise(() =>
        client.api.v2010.accounts(emulator.env["TWILIO_ACCOUNT_SID"]!).fetch()
      )
      assert.strictEqual(account.status, "active")
      assert.lengthOf(yield* Effect.promise(() => client.api.v2010.accounts.list()), 1)
      const [number] = yield* Effect.promise(() => client.incomingPhoneNumbers.list({ phoneNumber: from }))
      assert.strictEqual(number!.smsUrl, `${emulator.env["PUBLIC_URL"]}/webhooks/sms/twilio/inbound`)
      const updated = yield* Effect.promise(() =>
        client.incomingPhoneNumbers(number!.sid).update({ smsUrl: "https://example.com/sms" })
      )
      assert.strictEqual(updated.smsUrl, "https://example.com/sms")
      const services = yield* Effect.promise(() => client.messaging.v1.services.list())
      assert.deepStrictEqual(services.map(({ sid }) => sid), [service])
      const numbers = yield* Effect.promise(() => client.messaging.v1.services(service).phoneNumbers.list())
      assert.deepStrictEqual(numbers.map(({ phoneNumber }) => phoneNumber), [emulator.carriers[0]!.numbers[1]])
    }))

  it.live("and hears that the emulator does not have an operation", () =>
    Effect.gen(function*() {
      const { client } = yield* setUp()
      const { message, status } = yield* refused(() => client.calls.list())
      assert.strictEqual(status, 501)
      assert.include(message, "Calls")
    }))
})

describe("Twilio's SDK verifies webhooks", () => {
  const isValid = (app: CarrierServer.CarrierServer, token: string) =>
    app.requests.map(({ body, headers, path }) =>
      Twilio.validateRequest(
        token,
        headers["x-twilio-signature"]!,
        app.url + path,
        Object.fromEntries(new URLSearchParams(body))
      )
    )

  it.live("of messages and reports", () =>
    Effect.gen(function*() {
      const { app, client, emulator, fields, from, statusCallback } = yield* setUp()
      yield* emulator.text({
        from: person,
        text: "Ça va ? 👋 a+b&c ",
        files: [{ type: "image/png", bytes: Uint8Array.of(1) }]
      })
      yield* Effect.promise(() => client.messages.create({ to: person, from, body: "Hello", statusCallback }))
      yield* emulator.quiet()
      assert.deepStrictEqual(isValid(app, emulator.env["TWILIO_AUTH_TOKEN"]!), [true, true, true])
      assert.deepStrictEqual(isValid(app, "another"), [false, false, false])
      const [inbound, sent, delivered] = fields()
      assert.strictEqual(inbound!["Body"], "Ça va ? 👋 a+b&c ")
      assert.strictEqual(inbound!["FromCity"], "")
      assert.isUndefined(inbound!["MessagingServiceSid"])
      assert.deepStrictEqual([sent!["MessageStatus"], sent!["SmsStatus"]], ["sent", "sent"])
      assert.match(delivered!["RawDlrDoneDate"]!, /^\d{10}$/)
    }))

  it.live("not of those with a wrong signature", () =>
    Effect.gen(function*() {
      const { app, client, emulator, from, statusCallback } = yield* setUp()
      yield* Effect.promise(() => client.messages.create({ to: "+15005551033", from, body: "Hello", statusCallback }))
      yield* emulator.quiet()
      assert.deepStrictEqual(isValid(app, emulator.env["TWILIO_AUTH_TOKEN"]!), [false, false])
    }))
})

it.live("serves the file of a received message, with credentials, through a URL that is signed", () =>
  Effect.gen(function*() {
    const { client, emulator, fields } = yield* setUp()
    const bytes = Uint8Array.of(137, 80, 78, 71, 0, 255)
    yield* emulator.text({ from: person, files: [{ type: "image/png", bytes }] })
    yield* emulator.quiet()
    const url = fields()[0]!["MediaUrl0"]!
    const get = (url: string, headers: Record<string, string> = {}) =>
      Effect.promise(() => fetch(url, { headers, redirect: "manual" }))
    assert.strictEqual((yield* get(url)).status, 401)
    const { TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN } = emulator.env
    const redirect = yield* get(url, { authorization: `Basic ${btoa(`${TWILIO_ACCOUNT_SID}:${TWILIO_AUTH_TOKEN}`)}` })
    assert.strictEqual(redirect.status, 307)
    const location = redirect.headers.get("location")!
    assert.notStrictEqual(new URL(location).origin, new URL(url).origin)
    const file = yield* get(location)
    assert.strictEqual(file.headers.get("content-type"), "image/png")
    assert.deepStrictEqual(new Uint8Array(yield* Effect.promise(() => file.arrayBuffer())), bytes)
    assert.strictEqual((yield* get(location.replace(/Expires=\d+/, "Expires=9999999999"))).status, 403)
    const sid = fields()[0]!["MessageSid"]!
    const [media] = yield* Effect.promise(() => client.messages(sid).media.list())
    assert.strictEqual(media!.contentType, "image/png")
    assert.isTrue(yield* Effect.promise(() => client.messages(sid).media(media!.sid).remove()))
    assert.strictEqual((yield* get(location)).status, 403)
  }))

it.live("answers at its own host names, and not at those that were closed", () =>
  Effect.gen(function*() {
    const { emulator } = yield* setUp()
    const { TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN } = emulator.env
    const status = (host: string) =>
      Effect.callback<number | undefined>((resume) => {
        request(`${emulator.url}/2010-04-01/Accounts/${TWILIO_ACCOUNT_SID}.json`, {
          headers: { host, authorization: `Basic ${btoa(`${TWILIO_ACCOUNT_SID}:${TWILIO_AUTH_TOKEN}`)}` }
        }, (response) => {
          response.resume()
          resume(Effect.succeed(response.statusCode))
        }).end()
      })
    for (const host of ["api.twilio.com", "api.dublin.ie1.twilio.com", "api.sydney.au1.twilio.com:443"]) {
      assert.strictEqual(yield* status(host), 200, host)
    }
    for (const host of ["api.ie1.twilio.com", "api.twilio.com.example.com", "example.com"]) {
      assert.strictEqual(yield* status(host), 404, host)
    }
  }))

it.live("answers in XML where the path does not end in .json", () =>
  Effect.gen(function*() {
    const { client, emulator, from } = yield* setUp()
    const { sid } = yield* Effect.promise(() => client.messages.create({ to: person, from, body: "a < b" }))
    const { TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_BASE_URL } = emulator.env
    const get = (path: string) =>
      Effect.promise(() =>
        fetch(`${TWILIO_BASE_URL}/2010-04-01/Accounts/${TWILIO_ACCOUNT_SID}/${path}`, {
          headers: { authorization: `Basic ${btoa(`${TWILIO_ACCOUNT_SID}:${TWILIO_AUTH_TOKEN}`)}` }
        }).then(async (response) => [response.status, await response.text()] as const)
      )
    const [, one] = yield* get(`Messages/${sid}`)
    assert.include(one, `<TwilioResponse><Message><AccountSid>${TWILIO_ACCOUNT_SID}</AccountSid>`)
    assert.include(one, "<Body>a &lt; b</Body>")
    const [, list] = yield* get("Messages")
    assert.match(list, /<Messages [^>]*pagesize="50"[^>]*><Message>/)
    const [status, missing] = yield* get("Messages/SMnone")
    assert.strictEqual(status, 404)
    assert.include(missing, "<RestException><Code>20404</Code>")
  }))
