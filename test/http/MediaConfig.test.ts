import { NodeCrypto, NodeHttpClient, NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, FileSystem, Layer, Redacted, Stream } from "effect"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import * as MediaFetcher from "../../src/media/MediaFetcher.ts"
import { MediaStore } from "../../src/media/MediaStore.ts"
import * as NodeIncrementalHash from "../../src/media/NodeIncrementalHash.ts"
import { all, load } from "./config.ts"

const accountSid = `AC${"0".repeat(32)}`
const keySid = `SK${"0".repeat(32)}`

/** Builds the store that is configured, and puts a file in. */
const putIn = Effect.fnUntraced(
  function*(env: Record<string, string>) {
    const { media } = yield* load(env)
    const services = Layer.mergeAll(
      NodeCrypto.layer,
      NodeServices.layer,
      NodeHttpClient.layerUndici,
      NodeIncrementalHash.layer
    )
    return yield* Effect.flatMap(
      MediaStore,
      (store) => store.put({ contentType: "image/png", stream: Stream.succeed(new Uint8Array([1, 2, 3])) })
    ).pipe(Effect.provide(Layer.provide(media!.store, services)))
  }
)

const mediaMessage = (env: Record<string, string>) => Effect.map(Effect.flip(putIn(env)), ({ message }) => message)

const bucket = {
  MEDIA_S3_BUCKET: "media",
  MEDIA_S3_REGION: "auto",
  MEDIA_SECRET: "a-secret-for-names",
  AWS_ACCESS_KEY_ID: "an-access-key-id",
  AWS_SECRET_ACCESS_KEY: "a-secret-access-key"
}

describe("a media store", () => {
  it.effect("is a directory when MEDIA_DIR is set, below the public URL or another", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = `${yield* fs.makeTempDirectoryScoped()}/media`
      const cases = [
        [{ PUBLIC_URL: "https://sms.example.com/api/" }, "https://sms.example.com/api/media/"],
        [{ MEDIA_URL: "https://files.example.com/m" }, "https://files.example.com/m/"],
        [
          { PUBLIC_URL: "https://sms.example.com", MEDIA_URL: "https://files.example.com/" },
          "https://files.example.com/"
        ]
      ] as const
      for (const [urls, base] of cases) {
        const env = { MEDIA_DIR: ` ${directory} `, ...urls }
        const { url } = yield* putIn(env)
        assert.match(url, new RegExp(`^${base}[0-9a-f]{64}\\.png$`))
        const { media } = yield* load(env)
        assert.isTrue(media!.isServed)
        assert.strictEqual(`${media!.filesUrl.replace(/\/$/, "")}/`, base)
      }
      assert.isAbove((yield* fs.readDirectory(directory)).length, 0)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("is a bucket when MEDIA_S3_BUCKET is set, which serves the files itself", () =>
    Effect.gen(function*() {
      const { media } = yield* load({ ...bucket, MEDIA_S3_ENDPOINT: "https://s3.example.com" })
      assert.isFalse(media!.isServed)
      assert.strictEqual(media!.filesUrl, "https://s3.example.com/media")
      const urls = [{ MEDIA_S3_REGION: "eu-west-1" }, { MEDIA_URL: "https://cdn.example.com/m" }]
      const filesUrls = yield* Effect.forEach(urls, (env) => load({ ...bucket, ...env }))
      assert.deepStrictEqual(filesUrls.map(({ media }) => media!.filesUrl), [
        "https://media.s3.eu-west-1.amazonaws.com",
        "https://cdn.example.com/m"
      ])
      for (const missing of Object.keys(bucket).filter((name) => name !== "MEDIA_S3_BUCKET")) {
        assert.strictEqual(
          yield* mediaMessage({ ...bucket, [missing]: " " }),
          `${missing} is missing: MEDIA_S3_BUCKET is set, but needs it`
        )
      }
    }))

  it.effect("that is half set, or set twice, stops the start", () =>
    Effect.gen(function*() {
      assert.include(yield* mediaMessage({ MEDIA_DIR: "media" }), "MEDIA_URL is missing: MEDIA_DIR is set")
      assert.strictEqual(
        yield* mediaMessage({ ...bucket, MEDIA_DIR: "media", PUBLIC_URL: "https://sms.example.com" }),
        "MEDIA_S3_BUCKET is set, and so is MEDIA_DIR: unset one of the two"
      )
      for (
        const [name, value] of [["MEDIA_S3_ENDPOINT", "https://s3.example.com"], ["MEDIA_S3_REGION", "auto"], [
          "MEDIA_SECRET",
          "a"
        ]] as const
      ) {
        assert.include(yield* mediaMessage({ [name]: value }), `MEDIA_S3_BUCKET is missing: ${name} is set`)
      }
      for (
        const [name, value] of [["MEDIA_URL", "https://a.example"], ["MEDIA_HOSTS", "a.example"], [
          "MEDIA_MAX_AGE_DAYS",
          "3"
        ]] as const
      ) {
        assert.include(yield* mediaMessage({ [name]: value }), `MEDIA_DIR is missing: ${name} is set`)
      }
      // Other programs have these for their own reasons.
      const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = bucket
      assert.isUndefined((yield* load({ AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY })).media)
    }))

  it.effect("on a file system that never answers stops the start, after a time", () =>
    Effect.gen(function*() {
      // As a call of the system, it cannot be interrupted.
      const hangs = Effect.uninterruptible(Effect.never)
      const { media } = yield* load({ MEDIA_DIR: "media", PUBLIC_URL: "https://sms.example.com" })
      const services = Layer.mergeAll(
        NodeCrypto.layer,
        NodeServices.layer,
        FileSystem.layerNoop({ makeDirectory: () => hangs }),
        NodeHttpClient.layerUndici,
        NodeIncrementalHash.layer
      )
      const starting = yield* Effect.forkChild(Effect.flip(Layer.build(Layer.provide(media!.store, services))))
      yield* TestClock.adjust("19 seconds")
      assert.isUndefined(starting.pollUnsafe())
      yield* TestClock.adjust("1 second")
      const { message } = yield* Fiber.join(starting)
      assert.strictEqual(message, "MEDIA_DIR is on a file system that has not answered for 20s")
    }))

  it.effect("that cannot be used stops the start and names the variable, not the value", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = yield* fs.makeTempFileScoped()
      const PUBLIC_URL = "https://sms.example.com"
      const directory = yield* mediaMessage({ PUBLIC_URL, MEDIA_DIR: `${file}/media` })
      assert.match(directory, /^MEDIA_DIR must be a directory that the server can write to/)
      assert.notInclude(directory, file)
      for (const days of ["0", "-1", "1.5", "a week", "999999"]) {
        assert.include(
          yield* mediaMessage({ PUBLIC_URL, MEDIA_DIR: "media", MEDIA_MAX_AGE_DAYS: days }),
          "MEDIA_MAX_AGE_DAYS must be a number of days"
        )
      }
      for (const MEDIA_URL of ["files.example.com", "ftp://a", "https://a.example/?x"]) {
        assert.match(yield* mediaMessage({ MEDIA_DIR: "media", MEDIA_URL }), /^MEDIA_URL must/)
      }
      for (
        const MEDIA_HOSTS of [
          "https://a.example",
          "a.example/x",
          "*",
          "localhost",
          "a.example b.example",
          "a@b.example"
        ]
      ) {
        assert.match(yield* mediaMessage({ PUBLIC_URL, MEDIA_DIR: "media", MEDIA_HOSTS }), /^MEDIA_HOSTS must be a/)
      }
      for (const MEDIA_TEST_HOSTS of ["localhost", "http://localhost:1", "localhost:1/x", "a b:1"]) {
        assert.match(yield* mediaMessage({ ...bucket, MEDIA_TEST_HOSTS }), /^MEDIA_TEST_HOSTS must be a/)
      }
      assert.match(yield* mediaMessage({ ...bucket, MEDIA_S3_BUCKET: "No Bucket!" }), /^MEDIA_S3_BUCKET and the other/)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("fetches from the hosts of the configured carriers, and from those that are added", () =>
    Effect.gen(function*() {
      const hosts = Effect.fnUntraced(function*(env: Record<string, string>) {
        const { carriers, hosts } = (yield* load({ ...bucket, ...env })).media!.fetcher
        return [carriers?.flatMap(({ media }) => media.hosts), hosts]
      })
      assert.deepStrictEqual(yield* hosts({}), [[], []])
      assert.deepStrictEqual(yield* hosts({ ...all, MEDIA_HOSTS: "a.example, *.b.example," }), [
        ["api.twilio.com", "media.telnyx.com", "clients.voicemeup.com", "dev-clients.voicemeup.com"],
        ["a.example", "*.b.example"]
      ])
    }))

  it.effect("fetches from the hosts of an emulator, which may be set without a store", () =>
    Effect.gen(function*() {
      const MEDIA_TEST_HOSTS = "127.0.0.1:4010, localhost:4010"
      assert.deepStrictEqual((yield* load({ ...bucket, MEDIA_TEST_HOSTS })).media!.fetcher.testHosts, [
        "127.0.0.1:4010",
        "localhost:4010"
      ])
      assert.isUndefined((yield* load({ MEDIA_TEST_HOSTS })).media)
      const account = {
        TWILIO_ACCOUNT_SID: accountSid,
        TWILIO_AUTH_TOKEN: "twilio-token",
        TWILIO_BASE_URL: "http://127.0.0.1:4010/twilio"
      }
      const { credentials } = (yield* load({ ...bucket, ...account })).media!.fetcher
      assert.deepStrictEqual(Object.keys(credentials!), ["127.0.0.1:4010"])
    }))

  it.effect("is filled with the credentials of Twilio where they are there, the API key first", () =>
    Effect.gen(function*() {
      const credentials = Effect.fnUntraced(function*(env: Record<string, string>) {
        const config = yield* load({ ...bucket, ...env })
        const shown = inspect(config, { depth: 12 }) + JSON.stringify(config)
        for (const secret of ["twilio-token", "api-secret", ...Object.values(bucket).slice(2)]) {
          assert.notInclude(shown, secret)
        }
        return config.media!.fetcher.credentials
      })
      const expected = (username: string, password: string) => ({
        "api.twilio.com": MediaFetcher.basic(username, Redacted.make(password))
      })
      const revealed = (found: MediaFetcher.Options["credentials"]) =>
        Object.values(found ?? {}).map((one) =>
          one.scheme === "Basic" ? [one.username, Redacted.value(one.password)] : []
        )
      assert.deepStrictEqual(yield* credentials({}), {})
      assert.deepStrictEqual(yield* credentials({ TWILIO_AUTH_TOKEN: "twilio-token" }), {})
      const account = { TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: "twilio-token, older" }
      const found = yield* credentials(account)
      assert.deepStrictEqual(Object.keys(found!), Object.keys(expected(accountSid, "twilio-token")))
      assert.deepStrictEqual(revealed(found), [[accountSid, "twilio-token"]])
      assert.deepStrictEqual(
        revealed(yield* credentials({ ...account, TWILIO_API_KEY: keySid, TWILIO_API_SECRET: "api-secret" })),
        [[keySid, "api-secret"]]
      )
    }))
})
