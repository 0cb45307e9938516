import { NodeCrypto, NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, type Scope, Stream } from "effect"
import * as Content from "../../src/Content.ts"
import { Inbox } from "../../src/inbox/Inbox.ts"
import * as FileMediaStore from "../../src/media/FileMediaStore.ts"
import { MediaStore } from "../../src/media/MediaStore.ts"
import * as NodeIncrementalHash from "../../src/media/NodeIncrementalHash.ts"
import { EventSource, RoomEvent } from "../../src/RoomEvent.ts"
import { RoomStore } from "../../src/rooms/RoomStore.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import { message } from "../suites/InboxSuite.ts"
import { ann, attachment, event, first, room } from "../suites/RoomStoreSuite.ts"
import { limit, run } from "./process.ts"

/** Runs `forget` to its end. Nothing that it prints names the person, but for the example in an error. */
const forget = Effect.fnUntraced(function*(args: ReadonlyArray<string>, env: Record<string, string>) {
  const child = yield* run(["forget", ...args], env)
  const code = yield* child.ended
  const [output, errors] = [child.output(), child.errors()]
  const told = output + errors.replaceAll(/as (?:whatsapp:)?\+15145550142/g, "")
  assert.notInclude(told, "0142")
  return { code, output, errors }
})

/** A database with a webhook, a room and a file of a person, used by this process meanwhile. */
const withDatabase = <A, E>(
  body: (env: Record<string, string>) => Effect.Effect<A, E, RoomStore | FileSystem.FileSystem | Scope.Scope>
) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const directory = yield* fs.makeTempDirectoryScoped()
    const env = {
      DATABASE_URL: `sqlite:${directory}/sms.db`,
      MEDIA_DIR: `${directory}/media`,
      MEDIA_URL: "https://sms.example.com/media"
    }
    const storage = SqlStorage.layer().pipe(
      Layer.provide(NodeSqliteClient.layer({ filename: `${directory}/sms.db`, busyTimeout: "20 millis" }))
    )
    const media = FileMediaStore.layer({ directory: env.MEDIA_DIR, baseUrl: env.MEDIA_URL }).pipe(
      Layer.provide(NodeIncrementalHash.layer)
    )
    return yield* Effect.gen(function*() {
      const [inbox, rooms, store] = [yield* Inbox, yield* RoomStore, yield* MediaStore]
      yield* inbox.accept([message("1", ann)])
      yield* rooms.create(room("a", attachment("sms", first, ann)))
      const bytes = new TextEncoder().encode("a picture")
      const { url } = yield* store.put({ contentType: "image/png", stream: Stream.succeed(bytes) })
      const { content: _, source, ...fields } = event("1", "a")
      yield* rooms.append(
        new RoomEvent({
          ...fields,
          source: new EventSource({ ...source, participant: ann }),
          content: new Content.MediaContent({ url })
        })
      )
      return yield* body(env)
    }).pipe(Effect.provide(Layer.provideMerge(Layer.merge(storage, media), NodeCrypto.layer)))
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))

const none = {
  webhooks: 0,
  rooms: 0,
  sharedRooms: 0,
  events: 0,
  sends: 0,
  statuses: 0,
  deliveries: 0,
  messageParts: 0,
  logEntries: 0,
  masked: 0,
  consents: 0,
  files: 0
}

describe("effect-sms forget", () => {
  it.live(
    "deletes rows and files of a person while a server runs, says how many, and may be repeated",
    () =>
      withDatabase((env) =>
        Effect.gen(function*() {
          const [fs, rooms] = [yield* FileSystem.FileSystem, yield* RoomStore]
          const files = Effect.map(
            fs.readDirectory(env["MEDIA_DIR"]!),
            (names) => names.filter((name) => /^[0-9a-f]{64}$/.test(name)).length
          )
          assert.strictEqual(yield* files, 1)
          const { code, errors, output } = yield* forget(["(+1) 514 555-0142"], env)
          assert.deepStrictEqual([code, errors], [0, ""])
          assert.match(output, /^webhooks, with dead letters +1\nrooms +1\n/)
          assert.match(output, /^files +1$/m)
          assert.deepStrictEqual([yield* files, yield* rooms.rooms()], [0, []])
          const again = yield* forget(["--json", ann], env)
          assert.deepStrictEqual([again.code, again.errors, JSON.parse(again.output)], [0, "", none])
        })
      ),
    limit
  )

  it.live("refuses a number without its country code, and says which form it expects", () =>
    Effect.gen(function*() {
      const { code, errors, output } = yield* forget(["514-555-0177"], { DATABASE_URL: "sqlite:none.db" })
      assert.deepStrictEqual([code, output], [2, ""])
      assert.notInclude(errors, "0177")
      assert.match(errors, /Expected a phone number with its country code, as \+15145550\d{3}/)
    }).pipe(Effect.scoped), limit)

  it.live(
    "does not make a database, and names one that cannot be used without its secrets",
    () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const directory = yield* fs.makeTempDirectoryScoped()
        const urls = {
          "memory:": /^DATABASE_URL must name the database of the server/,
          [`sqlite:${directory}/none.db`]: /there is no file .*none\.db\n$/,
          "postgres://user:secret-of-mine@127.0.0.1:1/sms":
            /^DATABASE_URL cannot be used: the Postgres server does not answer/
        }
        for (const [DATABASE_URL, expected] of Object.entries(urls)) {
          const { code, errors, output } = yield* forget([ann], { DATABASE_URL })
          assert.deepStrictEqual([code, output], [1, ""])
          assert.match(errors, expected)
          assert.notInclude(errors, "secret-of-mine")
        }
        assert.deepStrictEqual(yield* fs.readDirectory(directory), [])
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
    limit
  )
})
