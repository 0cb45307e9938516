/** The server as `npm start` starts it, with a directory for media. */
import { NodeCrypto, NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, Stream } from "effect"
import { ChildProcess } from "effect/process"
import * as FileMediaStore from "../../src/media/FileMediaStore.ts"
import { MediaStore } from "../../src/media/MediaStore.ts"
import * as NodeIncrementalHash from "../../src/media/NodeIncrementalHash.ts"
import { searchPath } from "../main/process.ts"
import { secrets } from "./carriers.ts"

const root = `${import.meta.dirname}/../..`

/** Starts it with these variables, and gives what it prints. It is ended with the scope. */
const start = Effect.fnUntraced(function*(env: Record<string, string>) {
  const child = yield* ChildProcess.make("npm", ["start", "--silent"], {
    cwd: root,
    env: {
      ...searchPath,
      DATABASE_URL: "memory:",
      LOG_FORMAT: "pretty",
      HOST: "127.0.0.1",
      PORT: "0",
      VOICEMEUP_WEBHOOK_TOKEN: secrets.voicemeup,
      ...env
    },
    extendEnv: false,
    stdin: "ignore"
  })
  return { lines: Stream.splitLines(Stream.decodeText(child.all)), exitCode: child.exitCode }
})

/** Puts a file into the directory, as a server before did. */
const put = (directory: string, bytes: Uint8Array) =>
  Effect.flatMap(
    MediaStore,
    (store) => store.put({ contentType: "image/png", stream: Stream.succeed(bytes) })
  ).pipe(
    Effect.provide(
      FileMediaStore.layer({ directory, baseUrl: "http://127.0.0.1/media" }).pipe(
        Layer.provide([NodeServices.layer, NodeCrypto.layer, NodeIncrementalHash.layer])
      )
    )
  )

describe("the server of the environment", () => {
  it.live("serves the files of MEDIA_DIR, those from before it was started too", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = `${yield* fs.makeTempDirectoryScoped()}/media`
      const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => index % 251)
      const { id } = yield* put(directory, bytes)
      const { lines } = yield* start({ MEDIA_DIR: directory, PUBLIC_URL: "https://sms.example.com" })
      const listening = yield* Stream.runHead(Stream.filter(lines, (line) => line.includes("Listening on ")))
      const base = /http:\/\/\S+/.exec(listening._tag === "Some" ? listening.value : "")?.[0]
      const get = (path: string, headers: Record<string, string> = {}) =>
        Effect.promise(async () => {
          const response = await fetch(`${base}${path}`, { headers })
          return [response.status, new Uint8Array(await response.arrayBuffer())] as const
        })
      assert.deepStrictEqual(yield* get(`/media/${id}.png`), [200, bytes])
      assert.deepStrictEqual(yield* get(`/media/${id}`, { range: "bytes=-10" }), [206, bytes.slice(-10)])
      assert.strictEqual((yield* get("/media/.secret"))[0], 404)
      assert.strictEqual((yield* get("/health/live"))[0], 200)
    }).pipe(Effect.provide(NodeServices.layer)), 30_000)

  it.live("does not start with a MEDIA_DIR that it cannot use", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = yield* fs.makeTempFileScoped()
      const { exitCode, lines } = yield* start({ MEDIA_DIR: `${file}/media`, PUBLIC_URL: "https://sms.example.com" })
      const printed = yield* Stream.runCollect(lines)
      assert.strictEqual(yield* exitCode, 1)
      assert.match(printed.at(-1)!, /^MEDIA_DIR must be a directory that the server can write to/)
      assert.notInclude(printed.join(), file)
    }).pipe(Effect.provide(NodeServices.layer)), 30_000)
})
