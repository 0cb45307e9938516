/** Variables that look like ours and are none, and empty ones, are named in a warning. */
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect } from "effect"
import { readFileSync } from "node:fs"
import * as Carriers from "../../src/Carriers.ts"
import { ServerConfig } from "../../src/http/index.ts"
import { distance, likeliest } from "../../src/http/internal/variableNames.ts"
import * as TelemetryConfig from "../../src/http/TelemetryConfig.ts"
import { loaded } from "../../src/provider/Carrier.ts"
import { carrier as acme } from "../fifth-carrier/Carrier.ts"

type Env = Record<string, string>

const provide = (env: Env) => Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))

const warnings = (env: Env) => ServerConfig.warnings([...Carriers.all, loaded(acme)]).pipe(provide(env))

const carrierNames = Effect.map(
  Effect.forEach(Carriers.all, ({ load }) => Effect.flatMap(load, ({ environment }) => environment)),
  (environments) => environments.flatMap(({ variables }) => variables.map(({ name }) => name))
)

/** What a shell, a container and other programs set. */
const others: Env = {
  HOME: "/root",
  HOSTNAME: "8f3a",
  PATH: "/bin",
  PWD: "/",
  SHELL: "/bin/sh",
  SHLVL: "1",
  USER: "node",
  LANG: "C",
  TERM: "xterm",
  _: "/bin/env",
  NODE_VERSION: "24.1.0",
  NODE_ENV: "production",
  npm_config_user_agent: "npm",
  KUBERNETES_PORT_443_TCP_PORT: "443",
  KUBERNETES_SERVICE_HOST: "10.0.0.1",
  AWS_REGION: "eu-west-1",
  AWS_PROFILE: "default",
  AWS_SESSION_TOKEN: "",
  PGHOST: "db",
  POSTGRES_URL: "postgres://db",
  BASE_URL: "/",
  MEDIA_ROOT: "/media",
  FROM: "me",
  TZ: "UTC",
  HTTPS_PROXY: "http://proxy",
  OTEL_EXPORTER_OTLP_ENDPOINT: "http://otel",
  A_99999999999: "1"
}

describe("a variable that looks like one of ours", () => {
  it.effect("is named with the one that was probably meant", () =>
    Effect.gen(function*() {
      const meant: Env = {
        TWILLIO_AUTH_TOKEN: "TWILIO_AUTH_TOKEN",
        TWILO_AUTH_TOKEN: "TWILIO_AUTH_TOKEN",
        twilio_auth_token: "TWILIO_AUTH_TOKEN",
        TWILIO_AUTHTOKEN: "TWILIO_AUTH_TOKEN",
        "TWILIO-AUTH-TOKEN": "TWILIO_AUTH_TOKEN",
        TWILIO_AUTH_TOKENS: "TWILIO_AUTH_TOKEN",
        TWILIO_TOKEN: "TWILIO_AUTH_TOKEN",
        TWILIO_ACCOUT_SID: "TWILIO_ACCOUNT_SID",
        TWILIO_SID_ACCOUNT: "TWILIO_ACCOUNT_SID",
        TWILIO_PHONE_NUMBER: "TWILIO_FROM",
        TWILIO_FROM_NUMBER: "TWILIO_FROM",
        TWILIO_MESSAGE_SERVICE_SID: "TWILIO_MESSAGING_SERVICE_SID",
        TWILIO_API_KEY_SECRET: "TWILIO_API_SECRET",
        SINCH_WEBHOK_SECRET: "SINCH_WEBHOOK_SECRET",
        SINCH_SERVICEPLAN_ID: "SINCH_SERVICE_PLAN_ID",
        SINHC_REGION: "SINCH_REGION",
        TELNYX_PUBKIC_KEY: "TELNYX_PUBLIC_KEY",
        TELYNX_API_KEY: "TELNYX_API_KEY",
        VOICE_ME_UP_USERNAME: "VOICEMEUP_USERNAME",
        VOICEMEUP_WEBHOOKTOKEN: "VOICEMEUP_WEBHOOK_TOKEN",
        ACME_API_KEYS: "ACME_API_KEY",
        PUBLIC_ULR: "PUBLIC_URL",
        PUBLIC_URI: "PUBLIC_URL",
        PUBLIC_BASE_URL: "PUBLIC_URL",
        TRUSTED_PROXY: "TRUSTED_PROXIES",
        ADMIN_TOCKEN: "ADMIN_TOKEN",
        MEDIA_DIRECTORY: "MEDIA_DIR",
        MEDIA_BUCKET: "MEDIA_S3_BUCKET",
        MEDIA_MAX_AGE: "MEDIA_MAX_AGE_DAYS",
        DATABSE_URL: "DATABASE_URL",
        MMS_TIMEOUT: "MMS_TIMEOUT_SECONDS",
        SEND_LONG_TEXTS: "SEND_LONG_TEXT",
        PROT: "PORT"
      }
      for (const [name, other] of Object.entries(meant)) {
        const line = `${name} is not read: did you mean ${other}?`
        for (const value of ["s3cret-value", ""]) {
          assert.deepStrictEqual(yield* warnings({ ...others, [name]: value }), [line], name)
        }
      }
    }))

  it.effect("is named where the right one is set too, if it has the name of a carrier", () =>
    Effect.gen(function*() {
      const TWILIO_AUTH_TOKEN = "token"
      assert.deepStrictEqual(yield* warnings({ TWILIO_AUTH_TOKEN, TWILIO_ACOUNT_SID: "AC" }), [
        "TWILIO_ACOUNT_SID is not read: did you mean TWILIO_ACCOUNT_SID?"
      ])
      assert.deepStrictEqual(yield* warnings({ TWILIO_AUTH_TOKEN, TWILIO_AUTH_TOKEN_2: "a", TWILIO_COLOUR: "red" }), [
        "TWILIO_AUTH_TOKEN_2 is not read: did you mean TWILIO_AUTH_TOKEN?",
        "TWILIO_COLOUR is not read: Twilio has no variable of this name"
      ])
      // Of another program, which has several.
      const DATABASE_URL = "postgres://db"
      assert.deepStrictEqual(yield* warnings({ DATABASE_URL, DATABASE_URL_UNPOOLED: DATABASE_URL }), [])
    }))

  it.effect("is none of other programs, and none of ours", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* warnings(others), [])
      const names = [...ServerConfig.variables, ...(yield* carrierNames)]
      assert.deepStrictEqual(yield* warnings(Object.fromEntries(names.map((name) => [name, "x"]))), [])
    }))
})

describe("a variable of ours that is empty", () => {
  it.effect("is named, and counts as not set", () =>
    Effect.gen(function*() {
      for (const value of ["", " ", "\t"]) {
        assert.deepStrictEqual(yield* warnings({ TWILIO_AUTH_TOKEN: value, PUBLIC_URL: value, SINCH_FROM: "1" }), [
          "PUBLIC_URL is set, but empty: it counts as not set",
          "TWILIO_AUTH_TOKEN is set, but empty: it counts as not set"
        ])
      }
    }))
})

describe("a URL that carriers call", () => {
  it.effect("is named where its host is not on the public internet", () =>
    Effect.gen(function*() {
      const line = (name: string) => `${name} names a host that carriers cannot reach: it is not on the public internet`
      for (
        const host of [
          "localhost",
          "LOCALHOST.:3000",
          "sms.localhost",
          "127.0.0.1",
          "0x7f.1",
          "0.0.0.0:3000",
          "10.0.0.5",
          "192.168.1.10:8443",
          "169.254.1.1",
          "100.64.0.1",
          "[::1]:3000",
          "[fd00::1]",
          "user:password@localhost",
          "gateway",
          "nas.local",
          "host.docker.internal",
          "sms.test"
        ]
      ) {
        for (const name of ["PUBLIC_URL", "MEDIA_URL"]) {
          assert.deepStrictEqual(yield* warnings({ [name]: `https://${host}/api` }), [line(name)], host)
        }
        assert.deepStrictEqual(
          yield* warnings({ PUBLIC_URL: `https://sms.example.com, http://${host}` }),
          [line("PUBLIC_URL")]
        )
      }
      for (
        const host of ["sms.example.com", "xn--mnchen-3ya.de:8443", "8.8.8.8", "[2606:4700::1]", "local.example.com"]
      ) {
        assert.deepStrictEqual(yield* warnings({ PUBLIC_URL: `https://${host}`, MEDIA_URL: `http://${host}/m` }), [])
      }
      // What is no URL stops the start.
      assert.deepStrictEqual(yield* warnings({ PUBLIC_URL: "'localhost'", MEDIA_URL: "localhost:3000" }), [])
    }))
})

describe("the likeliest name", () => {
  it("has the fewest mistakes", () => {
    assert.strictEqual(likeliest("SINCH_FORM", ["SINCH_REGION", "SINCH_FROM"]), "SINCH_FROM")
    assert.isUndefined(likeliest("SINCH_COLOUR", ["SINCH_REGION", "SINCH_FROM"]))
  })

  it("counts what is inserted, deleted, replaced and swapped", () => {
    const cases = [["", "", 0], ["a", "", 1], ["ab", "ba", 1], ["abc", "axc", 1], ["kitten", "sitting", 3]] as const
    for (const [a, b, expected] of cases) {
      assert.strictEqual(distance(a, b), expected)
      assert.strictEqual(distance(b, a), expected)
    }
  })
})

describe("the variables of the server", () => {
  it.effect("are those that it reads, whatever turns them on", () =>
    Effect.gen(function*() {
      const asked = new Set<string>()
      const read = (env: Env) => {
        const source = ConfigProvider.fromEnv({ env })
        const recording = ConfigProvider.make((path) => {
          asked.add(path.join("_"))
          return source.load(path)
        })
        return Effect.provideService(
          Effect.andThen(TelemetryConfig.load(false), ServerConfig.load()),
          ConfigProvider.ConfigProvider,
          recording
        )
      }
      const bucket = {
        MEDIA_S3_BUCKET: "media",
        MEDIA_S3_REGION: "auto",
        MEDIA_SECRET: "names",
        AWS_ACCESS_KEY_ID: "id",
        AWS_SECRET_ACCESS_KEY: "key"
      }
      const twilio = { TWILIO_AUTH_TOKEN: "token", TWILIO_ACCOUNT_SID: `AC${"0".repeat(32)}` }
      yield* read({ ...bucket, ...twilio })
      yield* read({ MEDIA_DIR: "media", PUBLIC_URL: "https://sms.example.com" })
      const own = [...asked].filter((name) => name !== "" && !name.startsWith("TWILIO"))
      // The walk over all names asks for their first words too.
      const words = new Set(
        ServerConfig.variables.flatMap((name) => name.split("_").map((_, i, all) => all.slice(0, i).join("_")))
      )
      assert.sameMembers(own.filter((name) => !words.has(name) || ServerConfig.variables.includes(name)), [
        ...ServerConfig.variables
      ])
    }))

  it("are those of the documentation", () => {
    const page = readFileSync(new URL("../../docs/server.md", import.meta.url), "utf8")
    const tables = page.split("## Environment variables")[1]!.split("\n## ")[0]!.replace(
      /<!-- carrier variables -->[^]*<!-- .carrier variables -->/,
      ""
    )
    const rows = tables.split("\n").filter((line) => line.startsWith("| `"))
    const documented = rows.flatMap((row) =>
      Array.from(row.matchAll(/`([A-Z][A-Z\d]*(?:_[A-Z\d]+)*)`/g), ([, name]) => name!)
    )
    assert.sameMembers([...new Set(documented)], [...ServerConfig.variables])
  })
})
