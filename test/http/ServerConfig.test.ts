import { NodeCrypto } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { IpNetwork } from "effect/net"
import { inspect } from "node:util"
import { InvalidVariable } from "../../src/provider/Environment.ts"
import { WebhookError } from "../../src/WebhookError.ts"
import * as WebhookRequest from "../../src/WebhookRequest.ts"
import * as keys from "../telnyx/keys.ts"
import { type Carrier, carriers, secrets } from "./carriers.ts"
import { all, load, start } from "./config.ts"

const messageOf = (env: Record<string, string>) => Effect.map(Effect.flip(start(env)), ({ message }) => message)

const [, sinch, telnyx, voicemeup] = carriers as [Carrier, Carrier, Carrier, Carrier]

/** Whether a webhook signed with the secrets of the tests is taken. */
const takes = Effect.fnUntraced(function*(env: Record<string, string>, carrier: Carrier) {
  const provider = (yield* start(env)).get(carrier.name)!
  const base = "https://sms.example.com"
  const { body, headers, method, target } = yield* carrier.sign({ base, path: "/", body: carrier.sms("SM1") })
  return yield* provider.verify(WebhookRequest.make({ method, url: base + target, headers, body })).pipe(
    Effect.as(true),
    Effect.catchTag(
      "WebhookError",
      (error) => Effect.as(Effect.sync(() => assert.instanceOf(error, WebhookError)), false)
    )
  )
}, Effect.provide(NodeCrypto.layer))

describe("an empty environment", () => {
  it.effect("configures no carrier and serves this machine only", () =>
    Effect.gen(function*() {
      for (
        const env of [{}, {
          TWILIO_AUTH_TOKEN: "",
          PORT: " ",
          PUBLIC_URL: "",
          HOST: "",
          TRUSTED_PROXIES: " ",
          ADMIN_TOKEN: "",
          MEDIA_DIR: "",
          MEDIA_URL: " ",
          MEDIA_S3_BUCKET: "",
          MEDIA_MAX_AGE_DAYS: "",
          DATABASE_URL: "",
          MMS_TIMEOUT_SECONDS: " "
        }]
      ) {
        const config = yield* load(env)
        assert.strictEqual(config.providers.size, 0)
        assert.deepStrictEqual([config.host, config.port], ["127.0.0.1", 3000])
        const none = { publicUrl: undefined, adminToken: undefined }
        assert.deepStrictEqual(config.server, { ...none, trustedProxies: [], tokens: [] })
        assert.isUndefined(config.media)
      }
    }))
})

describe("a carrier", () => {
  it.effect("is on when its variable is set, and the server then listens on all interfaces", () =>
    Effect.gen(function*() {
      for (const [name, value] of Object.entries(all)) {
        const config = yield* load({ [name]: value })
        assert.deepStrictEqual([...config.providers.keys()], [name.split("_")[0]!.toLowerCase()])
        assert.strictEqual(config.host, "0.0.0.0")
      }
      assert.deepStrictEqual([...(yield* start(all)).keys()], ["twilio", "sinch", "telnyx", "voicemeup"])
      for (const carrier of carriers) assert.isTrue(yield* takes(all, carrier), carrier.name)
    }))

  it.effect("takes several secrets with commas between them while one is replaced", () =>
    Effect.gen(function*() {
      const env = {
        TWILIO_AUTH_TOKEN: `old, ${secrets.twilio}`,
        SINCH_WEBHOOK_SECRET: `${secrets.sinch},old,`,
        TELNYX_PUBLIC_KEY: `${keys.otherPublicKey} , ${keys.publicKey}`,
        VOICEMEUP_WEBHOOK_TOKEN: `,old,,${secrets.voicemeup} `
      }
      for (const carrier of carriers) assert.isTrue(yield* takes(env, carrier), carrier.name)
      for (const carrier of carriers) {
        const others = {
          ...all,
          [Object.keys(all)[carriers.indexOf(carrier)]!]: carrier === telnyx ? keys.otherPublicKey : "old,older"
        }
        assert.isFalse(yield* takes(others, carrier), carrier.name)
      }
    }))

  it.effect("that is half set stops the start and names the variable that is missing", () =>
    Effect.gen(function*() {
      const value = "a-value-that-nobody-may-see"
      const halves: ReadonlyArray<readonly [set: string, missing: string]> = [
        ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"],
        ["TWILIO_API_KEY", "TWILIO_AUTH_TOKEN"],
        ["TWILIO_API_SECRET", "TWILIO_AUTH_TOKEN"],
        ["TELNYX_API_KEY", "TELNYX_PUBLIC_KEY"],
        ["SINCH_SERVICE_PLAN_ID", "SINCH_WEBHOOK_SECRET"],
        ["SINCH_API_TOKEN", "SINCH_WEBHOOK_SECRET"],
        ["VOICEMEUP_USERNAME", "VOICEMEUP_WEBHOOK_TOKEN"],
        ["VOICEMEUP_AUTH_TOKEN", "VOICEMEUP_WEBHOOK_TOKEN"],
        ["VOICEMEUP_TIME_ZONE", "VOICEMEUP_WEBHOOK_TOKEN"]
      ]
      for (const [set, missing] of halves) {
        for (const env of [{ [set]: value }, { [set]: value, [missing]: " " }]) {
          const text = yield* messageOf(env)
          assert.isTrue(text.startsWith(`${missing} is missing: ${set} is set`), text)
          assert.notInclude(text, value)
        }
        // The other carriers do not make up for it.
        const { [missing as keyof typeof all]: _, ...others } = all
        assert.include(yield* messageOf({ ...others, [set]: value }), `${missing} is missing`)
      }
    }))

  it.effect("whose variable holds no secret but commas stops the start", () =>
    Effect.gen(function*() {
      for (const name of Object.keys(all)) {
        assert.strictEqual(
          yield* messageOf({ [name]: " , ," }),
          `${name} must be a secret, or several with commas between them`
        )
      }
    }))
})

describe("SINCH_VERIFICATION", () => {
  it.effect("chooses the scheme, in any case of letters", () =>
    Effect.gen(function*() {
      for (const scheme of ["hmac-sha256", "HMAC-SHA256", " hmac-sha256 ", ""]) {
        assert.isTrue(yield* takes({ ...all, SINCH_VERIFICATION: scheme }, sinch), scheme)
      }
      assert.isFalse(yield* takes({ ...all, SINCH_VERIFICATION: "hmac-sha1" }, sinch))
      assert.strictEqual(
        (yield* start({ SINCH_VERIFICATION: "none" })).get("sinch")!.capabilities.receive?.verification.scheme,
        "none"
      )
    }))

  it.effect("stops the start when it is no scheme, lacks a secret, or leaves one unused", () =>
    Effect.gen(function*() {
      assert.strictEqual(
        yield* messageOf({ ...all, SINCH_VERIFICATION: "sha256" }),
        "SINCH_VERIFICATION must be one of hmac-sha256, hmac-sha1, none"
      )
      assert.include(yield* messageOf({ SINCH_VERIFICATION: "hmac-sha1" }), "SINCH_WEBHOOK_SECRET is missing")
      assert.strictEqual(
        yield* messageOf({ ...all, SINCH_VERIFICATION: "none" }),
        "SINCH_WEBHOOK_SECRET is set, but SINCH_VERIFICATION=none verifies nothing: unset one of the two"
      )
    }))
})

describe("the guards of Sinch's callback URL", () => {
  const verificationOf = (env: Record<string, string>) =>
    Effect.map(start(env), (providers) => providers.get("sinch")!.capabilities.receive?.verification)
  const ask = Effect.fnUntraced(function*(env: Record<string, string>, query: string, authorization?: string) {
    const provider = (yield* start(env)).get("sinch")!
    const headers = { "content-type": "application/json", ...(authorization !== undefined && { authorization }) }
    const error = yield* Effect.flip(
      Effect.andThen(
        provider.verify(WebhookRequest.make({ url: `https://sms.example.com/${query}`, headers, body: "{}" })),
        Effect.fail("taken" as const)
      )
    )
    return typeof error === "string" ? error : error.reason._tag
  }, Effect.provide(NodeCrypto.layer))

  it.effect("are enough by themselves, and are needed beside a signature", () =>
    Effect.gen(function*() {
      const token = { SINCH_WEBHOOK_TOKEN: "new,old" }
      for (const env of [token, { ...token, SINCH_VERIFICATION: "none" }]) {
        assert.deepStrictEqual(yield* verificationOf(env), { scheme: "token", covers: [] })
        assert.strictEqual(yield* ask(env, "?token=new"), "taken")
        assert.strictEqual(yield* ask(env, "?token=old"), "taken")
        assert.strictEqual(yield* ask(env, "?token=x"), "InvalidSignature")
        assert.strictEqual(yield* ask(env, ""), "MissingSignature")
      }
      const signed = { ...token, SINCH_WEBHOOK_SECRET: secrets.sinch }
      assert.deepStrictEqual(yield* verificationOf(signed), { scheme: "signature", covers: ["body", "time"] })
      assert.strictEqual(yield* ask(signed, "?token=new"), "MissingSignature")
      assert.isFalse(yield* takes(signed, sinch))
    }))

  it.effect("are Basic authentication too", () =>
    Effect.gen(function*() {
      const env = { SINCH_WEBHOOK_USERNAME: "sinch", SINCH_WEBHOOK_PASSWORD: "new, old" }
      assert.strictEqual(yield* ask(env, "", `Basic ${btoa("sinch:new")}`), "taken")
      assert.strictEqual(yield* ask(env, "", `Basic ${btoa("sinch:old")}`), "taken")
      assert.strictEqual(yield* ask(env, "", `Basic ${btoa("sinch:x")}`), "InvalidSignature")
      assert.strictEqual(yield* ask(env, ""), "MissingSignature")
      const both = { ...env, SINCH_WEBHOOK_TOKEN: "abc" }
      assert.strictEqual(yield* ask(both, "?token=abc", `Basic ${btoa("sinch:new")}`), "taken")
      assert.strictEqual(yield* ask(both, "?token=abc"), "MissingSignature")
    }))

  it.effect("stop the start when they are half set or empty, or stand for a secret that was asked for", () =>
    Effect.gen(function*() {
      assert.match(yield* messageOf({ SINCH_WEBHOOK_USERNAME: "u" }), /^SINCH_WEBHOOK_PASSWORD is missing/)
      assert.match(yield* messageOf({ SINCH_WEBHOOK_PASSWORD: "p" }), /^SINCH_WEBHOOK_USERNAME is missing/)
      assert.match(yield* messageOf({ SINCH_WEBHOOK_TOKEN: " , " }), /^SINCH_WEBHOOK_TOKEN must be a secret/)
      assert.match(
        yield* messageOf({ SINCH_WEBHOOK_TOKEN: "abc", SINCH_VERIFICATION: "hmac-sha256" }),
        /^SINCH_WEBHOOK_SECRET is missing/
      )
    }))
})

describe("VOICEMEUP_VERIFICATION", () => {
  it.effect("chooses between the token and nothing", () =>
    Effect.gen(function*() {
      assert.isTrue(yield* takes({ ...all, VOICEMEUP_VERIFICATION: "Token" }, voicemeup))
      const { capabilities } = (yield* start({ VOICEMEUP_VERIFICATION: "none" })).get("voicemeup")!
      assert.deepStrictEqual(capabilities.receive?.verification, { scheme: "none", covers: [] })
    }))

  it.effect("stops the start when it is neither, lacks a token, or leaves one unused", () =>
    Effect.gen(function*() {
      assert.strictEqual(
        yield* messageOf({ VOICEMEUP_VERIFICATION: "off" }),
        "VOICEMEUP_VERIFICATION must be one of token, none"
      )
      assert.include(yield* messageOf({ VOICEMEUP_VERIFICATION: "token" }), "VOICEMEUP_WEBHOOK_TOKEN is missing")
      assert.strictEqual(
        yield* messageOf({ ...all, VOICEMEUP_VERIFICATION: "none" }),
        "VOICEMEUP_WEBHOOK_TOKEN is set, but VOICEMEUP_VERIFICATION=none verifies nothing: unset one of the two"
      )
    }))
})

describe("a value that cannot be used", () => {
  const cases: ReadonlyArray<readonly [name: string, values: ReadonlyArray<string>, problem: RegExp]> = [
    ["PORT", ["-1", "65536", "99999999", "3000x", "0x10", "3.5", "http"], /^PORT must be a port number, 0 to 65535$/],
    [
      "PUBLIC_URL",
      ["sms.example.com", "ftp://a", "//a", "/a", "https://", "javascript:0"],
      /^PUBLIC_URL must be a URL that/
    ],
    ["PUBLIC_URL", ["https://a.example/?x", "https://a.example/#x"], /^PUBLIC_URL must end before the query/],
    [
      "TRUSTED_PROXIES",
      ["proxy", "10.0.0.0/33", "10.0.0.0/8;::1", "*", "10.0.0.0/8 10.1.0.0/8"],
      /^TRUSTED_PROXIES must be a/
    ],
    ["ALLOWED_HOSTS", ["https://a.example", "a.example/x", "a b", "a@b", "[::1"], /^ALLOWED_HOSTS must be a comma-sep/],
    ["DRAIN_SECONDS", ["-1", "1.5", "301", "5s"], /^DRAIN_SECONDS must be a whole number of seconds/],
    ["MAX_CONNECTIONS", ["0", "-1", "1e3", "1000000", "many"], /^MAX_CONNECTIONS must be a whole number/],
    [
      "VOICEMEUP_TIME_ZONE",
      ["Montreal", "America/Quebec City", "+25:00"],
      /^VOICEMEUP_TIME_ZONE must be the name of a time/
    ],
    [
      "TELNYX_PUBLIC_KEY",
      ["not-base64!", "c2hvcnQ=", "a".repeat(64), `${keys.publicKey},c2hvcnQ=`],
      /^TELNYX_PUBLIC_KEY cannot be used\. Expected the public key of the portal/
    ]
  ]
  for (const [name, values, problem] of cases) {
    it.effect(`of ${name} stops the start with a line that does not repeat it (${values[0]})`, () =>
      Effect.gen(function*() {
        for (const value of values) {
          const error = yield* Effect.flip(start({ ...all, [name]: value }))
          assert.instanceOf(error, InvalidVariable)
          assert.match(error.message, problem)
          if (value.length > 8) assert.notInclude(inspect(error, { depth: 9 }), value)
        }
      }))
  }
})

describe("the other variables", () => {
  it.effect("are read as they are", () =>
    Effect.gen(function*() {
      const { drainSeconds, host, maxConnections, port, server } = yield* load({
        HOST: " ::1 ",
        PORT: "0",
        MAX_CONNECTIONS: "50",
        DRAIN_SECONDS: "5",
        ALLOWED_HOSTS: "sms.example.com, [::1]:3000,",
        PUBLIC_URL: "https://sms.example.com/api/",
        TRUSTED_PROXIES: "10.0.0.0/8, 127.0.0.1, ::1,fd00::/8",
        ADMIN_TOKEN: ` ${secrets.admin} `
      })
      assert.deepStrictEqual([host, port, maxConnections, drainSeconds], ["::1", 0, 50, 5])
      assert.strictEqual((yield* load({})).maxConnections, 1000)
      assert.strictEqual((yield* load({})).drainSeconds, 0)
      assert.deepStrictEqual(server.allowedHosts, ["sms.example.com", "[::1]:3000"])
      assert.strictEqual(server.publicUrl, "https://sms.example.com/api/")
      const PUBLIC_URL = "https://new.example.com , https://old.example.com/api,"
      assert.deepStrictEqual((yield* load({ PUBLIC_URL })).server.publicUrl, [
        "https://new.example.com",
        "https://old.example.com/api"
      ])
      assert.deepStrictEqual(server.trustedProxies?.map(IpNetwork.format), [
        "10.0.0.0/8",
        "127.0.0.1/32",
        "::1/128",
        "fd00::/8"
      ])
      assert.strictEqual(Redacted.value(server.adminToken!), secrets.admin)
    }))

  it.effect("are kept from logs", () =>
    Effect.gen(function*() {
      const config = yield* load({ ...all, ADMIN_TOKEN: secrets.admin })
      const shown = inspect(config, { depth: 12 }) + JSON.stringify(config)
      for (const secret of [secrets.admin, secrets.twilio, secrets.sinch, secrets.voicemeup]) {
        assert.notInclude(shown, secret)
      }
    }))
})
