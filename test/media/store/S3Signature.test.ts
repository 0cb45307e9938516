import { Sha256 } from "@aws-crypto/sha256-js"
import { assert, describe, it } from "@effect/vitest"
import { SignatureV4 } from "@smithy/signature-v4"
import { DateTime, Duration, Effect, Redacted, Stream } from "effect"
import { HttpClient, type HttpClientRequest, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import { createHash } from "node:crypto"
import * as S3Client from "../../../src/media/internal/s3Client.ts"
import { MediaStore } from "../../../src/media/MediaStore.ts"
import { bytesOf } from "../../suites/MediaStoreSuite.ts"
import { place, type Recorded } from "./s3.ts"

// The examples of https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
// and https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html, with
// the keys that AWS made up for them.
const published = {
  bucket: "examplebucket",
  region: "us-east-1",
  endpoint: "https://s3.amazonaws.com",
  pathStyle: false,
  credentials: {
    accessKeyId: Redacted.make("AKIAIOSFODNN7EXAMPLE"),
    secretAccessKey: Redacted.make("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
  }
}

const may24 = TestClock.setTime(DateTime.makeUnsafe("2013-05-24T00:00:00Z").epochMilliseconds)

const sha256 = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex")

/** The request that the client sends. */
const sent = Effect.fnUntraced(function*(request: S3Client.S3Request) {
  const requests: Array<HttpClientRequest.HttpClientRequest> = []
  const http = HttpClient.make((request) =>
    Effect.sync(() => {
      requests.push(request)
      return HttpClientResponse.fromWeb(request, new Response(null, { status: 204 }))
    })
  )
  const client = yield* Effect.provideService(S3Client.make(published), HttpClient.HttpClient, http)
  yield* Effect.scoped(client.request(request))
  return requests[0]!
})

const authorization = (signedHeaders: string, signature: string) =>
  "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
  + `SignedHeaders=${signedHeaders}, Signature=${signature}`

const welcome = new TextEncoder().encode("Welcome to Amazon S3.")

describe("the examples that AWS publishes", () => {
  const examples: ReadonlyArray<readonly [string, S3Client.S3Request, string, string]> = [
    [
      "GET object",
      { method: "GET", key: "test.txt", headers: { range: "bytes=0-9" } },
      "host;range;x-amz-content-sha256;x-amz-date",
      "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    ],
    [
      "PUT object",
      {
        method: "PUT",
        key: "test$file.text",
        headers: { date: "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY" },
        body: { stream: Stream.succeed(welcome), size: welcome.length, sha256: sha256(welcome) }
      },
      "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
      "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
    ],
    [
      "GET bucket lifecycle",
      { method: "GET", key: "", query: { lifecycle: "" } },
      "host;x-amz-content-sha256;x-amz-date",
      "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
    ],
    [
      "GET bucket (list objects)",
      { method: "GET", query: { "max-keys": "2", prefix: "J" } },
      "host;x-amz-content-sha256;x-amz-date",
      "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
    ]
  ]

  it.effect.each(examples)(
    "%s has the published signature",
    ([, request, signedHeaders, signature]) =>
      Effect.gen(function*() {
        yield* may24
        const { headers } = yield* sent(request)
        assert.strictEqual(headers["authorization"], authorization(signedHeaders, signature))
      })
  )

  it.effect("a presigned URL has the published signature", () =>
    Effect.gen(function*() {
      yield* may24
      const http = HttpClient.make(() => Effect.die("nothing is sent"))
      const client = yield* Effect.provideService(S3Client.make(published), HttpClient.HttpClient, http)
      const url = new URL(yield* client.presign("test.txt", Duration.days(1)))
      assert.strictEqual(url.origin + url.pathname, "https://examplebucket.s3.amazonaws.com/test.txt")
      assert.deepStrictEqual(Object.fromEntries(url.searchParams), {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request",
        "X-Amz-Date": "20130524T000000Z",
        "X-Amz-Expires": "86400",
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Signature": "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
      })
    }))
})

interface Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string | undefined
  readonly region: string
}

const signerOf = ({ accessKeyId, region, secretAccessKey, sessionToken }: Keys) =>
  new SignatureV4({
    service: "s3",
    region,
    credentials: {
      accessKeyId,
      secretAccessKey,
      ...sessionToken === undefined ? {} : { sessionToken }
    },
    sha256: Sha256,
    uriEscapePath: false,
    applyChecksum: false
  })

const dateOf = (text: string | null) =>
  new Date((text ?? "").replace(/^(....)(..)(..)T(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z"))

const text = (value: string | ReadonlyArray<string> | undefined): string => String(value ?? "")

/** What another signer, given what came over the wire, would have sent as `authorization`. */
const recomputed = (keys: Keys, { headers, method, path }: Recorded) => {
  const url = new URL(path, `http://${headers.host}`)
  const signed = text(headers.authorization).match(/SignedHeaders=([^,]+)/)?.[1]?.split(";") ?? []
  return Effect.map(
    Effect.promise(() =>
      signerOf(keys).sign({
        method,
        protocol: url.protocol,
        hostname: url.hostname,
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        headers: Object.fromEntries(signed.map((name) => [name, text(headers[name])]))
      }, {
        signingDate: dateOf(text(headers["x-amz-date"])),
        // It leaves some headers out by itself.
        signableHeaders: new Set(signed)
      })
    ),
    ({ headers }) => headers["authorization"]
  )
}

/** The signature that another signer gives to a presigned URL. The request is written out as AWS describes it. */
const presigned = (keys: Keys, url: URL) => {
  const encode = (value: string) =>
    encodeURIComponent(value).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
  const query = [...url.searchParams].filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => `${encode(name)}=${encode(value)}`).sort().join("&")
  const canonical = ["GET", url.pathname, query, `host:${url.host}`, "", "host", "UNSIGNED-PAYLOAD"].join("\n")
  const date = text(url.searchParams.get("X-Amz-Date") ?? undefined)
  const scope = `${date.slice(0, 8)}/${keys.region}/s3/aws4_request`
  return Effect.promise(() =>
    signerOf(keys).sign(["AWS4-HMAC-SHA256", date, scope, sha256(canonical)].join("\n"), { signingDate: dateOf(date) })
  )
}

const word = (characters: string, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...characters), minLength: 1, maxLength })

const letters = "abcdefghijklmnopqrstuvwxyz"

const cases = fc.record({
  accessKeyId: word(letters.toUpperCase(), 20),
  secretAccessKey: fc.string({ minLength: 1, maxLength: 60 }),
  sessionToken: fc.option(word(`${letters}+/=`, 200), { nil: undefined }),
  region: fc.constantFrom("us-east-1", "ca-central-1", "auto"),
  prefix: fc.array(word(`${letters}-_9`, 8), { maxLength: 3 }).map((parts) => parts.join("/")),
  contentType: fc.constantFrom("image/jpeg", "text/plain; charset=utf-8", "audio/amr;  x=\"a  b\""),
  body: fc.uint8Array({ maxLength: 2000 }),
  seconds: fc.integer({ min: 1_000_000_000, max: 4_000_000_000 })
})

describe("what goes over the wire", () => {
  it.effect(
    "is signed as another signer would, and with the hash of the body that was sent",
    () =>
      Effect.gen(function*() {
        const { layer, requests } = yield* place
        for (const one of fc.sample(cases, { numRuns: 40, seed: 5 })) {
          requests.length = 0
          yield* TestClock.setTime(one.seconds * 1000)
          const { accessKeyId, secretAccessKey, sessionToken } = one
          const store = layer({
            maxAge: Infinity,
            cleanUpInterval: Infinity,
            prefix: one.prefix,
            region: one.region,
            credentials: {
              accessKeyId: Redacted.make(accessKeyId),
              secretAccessKey: Redacted.make(secretAccessKey),
              sessionToken: sessionToken === undefined ? undefined : Redacted.make(sessionToken)
            }
          })
          const url = yield* Effect.gen(function*() {
            const store = yield* MediaStore
            const media = { contentType: one.contentType, stream: Stream.succeed(one.body) }
            yield* store.put(media)
            const { id, url } = yield* store.put(media)
            const { stream } = yield* store.get(id, { start: 3, end: 1000 })
            assert.isTrue(Buffer.from(one.body.slice(3, 1001)).equals(yield* bytesOf(stream)))
            yield* store.cleanUp
            return new URL(url)
          }).pipe(Effect.provide(store))
          assert.isAtLeast(requests.length, 4)
          for (const request of requests) {
            assert.strictEqual(request.headers.authorization, yield* recomputed(one, request))
            assert.strictEqual(request.headers["x-amz-content-sha256"], sha256(request.body))
            assert.strictEqual(text(request.headers["x-amz-security-token"]), sessionToken ?? "")
          }
          assert.strictEqual(url.searchParams.get("X-Amz-Signature"), yield* presigned(one, url))
        }
      }),
    30_000
  )
})
