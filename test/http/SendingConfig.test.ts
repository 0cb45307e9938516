import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { readFileSync } from "node:fs"
import { Address } from "../../src/Address.ts"
import { CompositeContent, MediaContent, TextContent } from "../../src/Content.ts"
import { OutboundMessage } from "../../src/Message.ts"
import * as keys from "../telnyx/keys.ts"
import { secrets } from "./carriers.ts"
import { start } from "./config.ts"
import { accepted, type Asked, makeTwilio } from "./twilio.ts"

const sids = { account: `AC${"0".repeat(32)}`, key: `SK${"0".repeat(32)}`, service: `MG${"0".repeat(32)}` }

const messageOf = (env: Record<string, string>) => Effect.map(Effect.flip(start(env)), ({ message }) => message)

describe("sending with Twilio", () => {
  const account = { TWILIO_AUTH_TOKEN: secrets.twilio, TWILIO_ACCOUNT_SID: sids.account }
  const message = new OutboundMessage({
    to: Address.make("+15145550142"),
    content: new TextContent({ text: "Hello" })
  })

  it.effect("is on with the account, and off without it", () =>
    Effect.gen(function*() {
      const sending = (env: Record<string, string>) => Effect.map(start(env), (providers) => providers.get("twilio")!)
      assert.isUndefined((yield* sending({ TWILIO_AUTH_TOKEN: "x" })).capabilities.send)
      // A key alone opens the files of messages.
      const key = { TWILIO_API_KEY: sids.key, TWILIO_API_SECRET: "y" }
      assert.isUndefined((yield* sending({ TWILIO_AUTH_TOKEN: "x", ...key })).capabilities.send)
      assert.isFalse((yield* sending(account)).capabilities.send!.choosesSender)
      const whole = yield* sending({
        ...account,
        TWILIO_MESSAGING_SERVICE_SID: sids.service,
        TWILIO_FROM: " +15145550100 "
      })
      assert.isTrue(whole.capabilities.send!.choosesSender)
      assert.strictEqual(whole.from, "+15145550100")
    }))

  it.live("asks the account at the base URL, and reports to the public URL", () =>
    Effect.gen(function*() {
      const twilio = yield* makeTwilio({ status: 201, body: accepted })
      const env = {
        ...account,
        TWILIO_AUTH_TOKEN: `${secrets.twilio}, older`,
        TWILIO_FROM: "+15145550100",
        TWILIO_BASE_URL: twilio.baseUrl,
        // The first one is for callbacks.
        PUBLIC_URL: "https://sms.example.com/api/, https://old.example.com"
      }
      for (const key of [{}, { TWILIO_API_KEY: sids.key, TWILIO_API_SECRET: "key-secret" }]) {
        const provider = (yield* start({ ...env, ...key })).get("twilio")!
        yield* provider.send(message)
      }
      const [{ form, request }, keyed] = twilio.asked as [Asked, Asked]
      assert.strictEqual(request.url, `/2010-04-01/Accounts/${sids.account}/Messages.json`)
      assert.deepStrictEqual(form, {
        To: "+15145550142",
        StatusCallback: "https://sms.example.com/api/webhooks/sms/twilio/status",
        From: "+15145550100",
        Body: "Hello"
      })
      const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`
      assert.strictEqual(request.headers.authorization, basic(`${sids.account}:${secrets.twilio}`))
      assert.strictEqual(keyed.request.headers.authorization, basic(`${sids.key}:key-secret`))
    }))

  it.effect("that is half set stops the start and names the variable that is missing", () =>
    Effect.gen(function*() {
      const halves: ReadonlyArray<readonly [env: Record<string, string>, line: string]> = [
        [{ TWILIO_FROM: "x" }, "TWILIO_ACCOUNT_SID is missing: TWILIO_FROM is set"],
        [{ TWILIO_MESSAGING_SERVICE_SID: "x" }, "TWILIO_ACCOUNT_SID is missing: TWILIO_MESSAGING_SERVICE_SID is set"],
        [{ TWILIO_BASE_URL: "https://a.example" }, "TWILIO_ACCOUNT_SID is missing: TWILIO_BASE_URL is set"],
        [{ TWILIO_REGION: "ie1" }, "TWILIO_ACCOUNT_SID is missing: TWILIO_REGION is set"],
        [{ TWILIO_ACCOUNT_SID: sids.account, TWILIO_REGION: "ie1" }, "TWILIO_EDGE is missing: TWILIO_REGION is set"],
        [{ TWILIO_ACCOUNT_SID: sids.account, TWILIO_EDGE: "dublin" }, "TWILIO_REGION is missing: TWILIO_EDGE is set"],
        [
          { TWILIO_ACCOUNT_SID: sids.account, TWILIO_API_KEY: sids.key },
          "TWILIO_API_SECRET is missing: TWILIO_API_KEY is set"
        ],
        [{ TWILIO_API_SECRET: "x" }, "TWILIO_API_KEY is missing: TWILIO_API_SECRET is set"],
        [{ TWILIO_ACCOUNT_SID: sids.account, TWILIO_BASE_URL: "api.example" }, "TWILIO_BASE_URL must be a URL that"]
      ]
      for (const [env, line] of halves) {
        assert.isTrue((yield* messageOf({ TWILIO_AUTH_TOKEN: secrets.twilio, ...env })).startsWith(line), line)
      }
    }))
})

const readMessage = Schema.decodeUnknownEffect(OutboundMessage)

/** A message, what is written to the carrier for it, and how the carrier accepts it. */
const fixture = (carrier: string) =>
  JSON.parse(readFileSync(new URL(`../fixtures/send/${carrier}/text.json`, import.meta.url), "utf8"))

const carriers = [
  {
    name: "telnyx",
    webhooks: { TELNYX_PUBLIC_KEY: keys.publicKey },
    needed: { TELNYX_API_KEY: "KEY0123456789_t0psecret" },
    others: { TELNYX_FROM: "+15145550100", TELNYX_MESSAGING_PROFILE_ID: "16fd2706-8baf-433b-82eb-8c7fada847da" },
    written: (body: string) => {
      const { messaging_profile_id, webhook_url, ...rest } = JSON.parse(body)
      assert.strictEqual(messaging_profile_id, "16fd2706-8baf-433b-82eb-8c7fada847da")
      assert.strictEqual(webhook_url, "https://sms.example.com/webhooks/sms/telnyx/status")
      return rest
    }
  },
  {
    name: "sinch",
    webhooks: { SINCH_VERIFICATION: "none" },
    needed: { SINCH_SERVICE_PLAN_ID: "0123456789abcdef", SINCH_API_TOKEN: "t0psecret-token", SINCH_REGION: "eu" },
    others: { SINCH_FROM: "15145550100", SINCH_DELIVERY_REPORT: "per_recipient" },
    written: (body: string) => {
      const { callback_url, ...rest } = JSON.parse(body)
      assert.strictEqual(callback_url, "https://sms.example.com/webhooks/sms/sinch/status")
      return rest
    }
  },
  {
    name: "voicemeup",
    webhooks: { VOICEMEUP_VERIFICATION: "none" },
    needed: { VOICEMEUP_USERNAME: "api@example.com", VOICEMEUP_AUTH_TOKEN: "t0psecret+token" },
    others: { VOICEMEUP_FROM: "+15145550100", VOICEMEUP_ENVIRONMENT: "sandbox" },
    written: (body: string) => Object.fromEntries(new URLSearchParams(body))
  }
] as const

for (const { name, needed, others, webhooks, written } of carriers) {
  describe(`sending with ${name}`, () => {
    const prefix = name.toUpperCase()

    it.live("writes with the account of the environment, to the base URL", () =>
      Effect.gen(function*() {
        const { answer, message, request } = fixture(name)
        const carrier = yield* makeTwilio({ status: answer.status, body: JSON.stringify(answer.body) })
        const { from: _, ...withoutSender } = yield* readMessage(message)
        const provider = (yield* start({
          ...webhooks,
          ...needed,
          ...others,
          [`${prefix}_BASE_URL`]: carrier.baseUrl,
          PUBLIC_URL: "https://sms.example.com"
        })).get(name)!
        yield* provider.send(new OutboundMessage(withoutSender))
        const [asked] = carrier.asked as [Asked]
        assert.strictEqual(asked.request.url, request.path)
        for (const [header, value] of Object.entries(request.headers)) {
          assert.strictEqual(asked.request.headers[header], value)
        }
        assert.deepStrictEqual(
          written(asked.body),
          name === "voicemeup" ? Object.fromEntries(new URLSearchParams(request.body)) : JSON.parse(request.body)
        )
      }))

    it.effect("is off without a variable of it, and needs all that it cannot do without", () =>
      Effect.gen(function*() {
        const capabilities = (env: Record<string, string>) =>
          Effect.map(start({ ...webhooks, ...env }), (providers) => providers.get(name)!.capabilities)
        assert.isUndefined((yield* capabilities({})).send)
        assert.isDefined((yield* capabilities(needed)).send)
        for (const missing of Object.keys(needed)) {
          for (const [other, value] of Object.entries({ ...needed, ...others })) {
            if (other === missing) continue
            const line = yield* messageOf({ ...webhooks, ...needed, [other]: value, [missing]: " " })
            assert.isTrue(line.startsWith(`${missing} is missing: ${prefix}_`), line)
            for (const secret of ["t0psecret", "0123456789"]) assert.notInclude(line, secret)
          }
        }
      }))
  })
}

describe("delivery reports of Sinch without PUBLIC_URL", () => {
  it.live("are asked for where a message says where they go, and nowhere else", () =>
    Effect.gen(function*() {
      const { answer } = fixture("sinch")
      const sinch = yield* makeTwilio({ status: answer.status, body: JSON.stringify(answer.body) })
      const [, { needed, webhooks }] = carriers
      const env = { ...webhooks, ...needed, SINCH_FROM: "+15145550100", SINCH_BASE_URL: sinch.baseUrl }
      const provider = (yield* start(env)).get("sinch")!
      const message = { to: Address.make("+15145550142"), content: new TextContent({ text: "Hello" }) }
      const statusCallback = "https://sms.example.com/reports"
      yield* provider.send(new OutboundMessage(message))
      yield* provider.send(new OutboundMessage({ ...message, statusCallback }))
      const asked = sinch.asked.map(({ body }) => JSON.parse(body))
      assert.deepStrictEqual(
        asked.map(({ callback_url, delivery_report }) => [delivery_report, callback_url]),
        [["none", undefined], ["per_recipient", statusCallback]]
      )
    }))
})

describe("more than a carrier takes at once", () => {
  const account = { TWILIO_AUTH_TOKEN: secrets.twilio, TWILIO_ACCOUNT_SID: sids.account, TWILIO_FROM: "+15145550100" }
  const to = Address.make("+15145550142")
  const text = new OutboundMessage({ to, content: new TextContent({ text: "a".repeat(1601) }) })
  const file = new MediaContent({ url: "https://example.com/a.jpg" })
  const files = new OutboundMessage({
    to,
    content: new CompositeContent({ parts: [file, ...Array.from({ length: 10 }, () => file)] })
  })

  it.live("is refused, or goes out as several messages where a variable says so", () =>
    Effect.gen(function*() {
      const twilio = yield* makeTwilio({ status: 201, body: accepted })
      const send = Effect.fnUntraced(function*(message: OutboundMessage, env: Record<string, string> = {}) {
        const provider = (yield* start({ ...account, TWILIO_BASE_URL: twilio.baseUrl, ...env })).get("twilio")!
        return yield* Effect.match(provider.send(message), {
          onSuccess: ({ messageIds }) => messageIds.length,
          onFailure: ({ reason }) => reason._tag
        })
      })
      assert.strictEqual(yield* send(text), "NotSupported")
      assert.strictEqual(yield* send(text, { SEND_LONG_TEXT: "split" }), 2)
      assert.strictEqual(yield* send(files, { SEND_LONG_TEXT: "split" }), "NotSupported")
      assert.strictEqual(yield* send(files, { SEND_SEVERAL_MEDIA: "split" }), 2)
      assert.lengthOf(twilio.asked, 4)
    }))

  it.effect("is a choice for every carrier, and another word stops the start", () =>
    Effect.gen(function*() {
      for (const env of [account, ...carriers.map(({ needed, webhooks }) => ({ ...webhooks, ...needed }))]) {
        for (const name of ["SEND_LONG_TEXT", "SEND_SEVERAL_MEDIA"]) {
          yield* start({ ...env, [name]: "refuse" })
          assert.strictEqual(yield* messageOf({ ...env, [name]: "yes" }), `${name} must be one of refuse, split`)
        }
      }
    }))
})

describe("a choice of sending", () => {
  it.effect("that is none stops the start", () =>
    Effect.gen(function*() {
      const [, sinch, voicemeup] = carriers
      assert.strictEqual(
        yield* messageOf({ ...sinch.webhooks, ...sinch.needed, SINCH_REGION: "asia" }),
        "SINCH_REGION must be one of us, eu, au, br, ca"
      )
      assert.match(
        yield* messageOf({ ...sinch.webhooks, ...sinch.needed, SINCH_DELIVERY_REPORT: "some" }),
        /^SINCH_DELIVERY_REPORT must be one of none, /
      )
      assert.strictEqual(
        yield* messageOf({ ...voicemeup.webhooks, ...voicemeup.needed, VOICEMEUP_ENVIRONMENT: "test" }),
        "VOICEMEUP_ENVIRONMENT must be one of production, sandbox"
      )
    }))
})
