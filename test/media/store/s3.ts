/**
 * An S3 server of its own for a test, with a recorder in front of it.
 */
import { NodeCrypto, NodeFileSystem, NodeHttpClient, NodePath } from "@effect/platform-node"
import { Effect, FileSystem, Layer, Redacted } from "effect"
import { createServer, type IncomingHttpHeaders, request, type Server, type ServerResponse } from "node:http"
import { createRequire } from "node:module"
import type { AddressInfo } from "node:net"
import * as NodeIncrementalHash from "../../../src/media/NodeIncrementalHash.ts"
import * as S3MediaStore from "../../../src/media/S3MediaStore.ts"

export const platform = Layer.mergeAll(
  NodeCrypto.layer,
  NodeFileSystem.layer,
  NodePath.layer,
  NodeIncrementalHash.layer,
  NodeHttpClient.layerUndici
)

export const bucket = "effect-sms-test"

interface S3rver {
  readonly run: () => Promise<AddressInfo>
  readonly close: () => Promise<void>
}

// The package has no types.
const S3rver: new(options: object) => S3rver = createRequire(import.meta.url)("s3rver")

/** What was sent. */
export interface Recorded {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Answers in the place of the server. */
export type Fault = (response: ServerResponse) => void

export const refuse = (status: number, code: string): Fault => (response) => {
  response.writeHead(status, { "content-type": "application/xml" })
  response.end(`<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>No.</Message></Error>`)
}

const listen = (server: Server) =>
  Effect.acquireRelease(
    Effect.callback<string>((resume) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        resume(Effect.succeed(typeof address === "object" ? `http://127.0.0.1:${address?.port}` : ""))
      })
    }),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )

/** A server that keeps what it is sent, and passes it on unless a fault is waiting. */
export const recorder = Effect.fnUntraced(function*(target: string) {
  const requests: Array<Recorded> = []
  const faults: Array<Fault> = []
  const url = yield* listen(createServer((incoming, response) => {
    const chunks: Array<Buffer> = []
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => {
      const { headers, method = "", url: path = "" } = incoming
      const body = Buffer.concat(chunks)
      requests.push({ method, path, headers, body })
      const fault = faults.shift()
      if (fault !== undefined) return fault(response)
      // The server knows the time of the machine only, and one key: it checks both, and no signature.
      const passed = { ...headers }
      if (headers["x-amz-date"] !== undefined) {
        passed["x-amz-date"] = new Date().toISOString().replace(/[:-]|\.\d{3}/g, "")
      }
      if (headers.authorization !== undefined) {
        passed.authorization = headers.authorization.replace(/Credential=[^/]+/, "Credential=S3RVER")
      }
      request(`${target}${path}`, { method, headers: passed, agent: false }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(response)
      }).on("error", () => response.destroy()).end(body)
    })
  }))
  return { url, requests, faults }
})

export const credentials = {
  accessKeyId: Redacted.make("S3RVER"),
  secretAccessKey: Redacted.make("S3RVER")
}

/** A server with one empty bucket, and stores on it. */
export const place = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped()
  const temporaryDirectory = yield* fs.makeTempDirectoryScoped()
  const server = new S3rver({
    port: 0,
    address: "127.0.0.1",
    silent: true,
    vhostBuckets: false,
    directory,
    configureBuckets: [{ name: bucket }]
  })
  const { port } = yield* Effect.acquireRelease(
    Effect.promise(() => server.run()),
    () => Effect.promise(() => server.close())
  )
  const { faults, requests, url } = yield* recorder(`http://127.0.0.1:${port}`)
  const options = {
    bucket,
    region: "us-east-1",
    endpoint: url,
    credentials,
    secret: Redacted.make("what ids are made with"),
    prefix: "media/",
    temporaryDirectory
  }
  return {
    url,
    faults,
    requests,
    options,
    temporaryDirectory,
    layer: (more?: Partial<S3MediaStore.Options>) =>
      S3MediaStore.layer({ ...options, ...more }).pipe(Layer.provide(platform)),
    /** The objects in the bucket, and what is left of uploads. */
    files: Effect.gen(function*() {
      // The server removes folders that are empty, also while they are listed.
      const objects = yield* Effect.orElseSucceed(
        fs.readDirectory(`${directory}/${bucket}`, { recursive: true }),
        (): ReadonlyArray<string> => []
      )
      const left = yield* fs.readDirectory(temporaryDirectory, { recursive: true })
      return [
        ...objects.filter((name) => name.endsWith("._S3rver_object")),
        ...left.filter((name) => name.endsWith(".part"))
      ]
    }).pipe(Effect.orDie)
  }
}).pipe(Effect.provide(platform))
