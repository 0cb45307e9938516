/** A server that is killed while it re-hosts files: another one does it again, and no file is left over. */
import { NodeCrypto, NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, FileSystem, Layer, Scope, Stream } from "effect"
import * as Content from "../../../src/Content.ts"
import { InboxProcessor } from "../../../src/inbox/Inbox.ts"
import * as FileMediaStore from "../../../src/media/FileMediaStore.ts"
import { type FetchedMedia, MediaFetcher } from "../../../src/media/MediaFetcher.ts"
import * as MediaRehosting from "../../../src/media/MediaRehosting.ts"
import { MediaStore } from "../../../src/media/MediaStore.ts"
import * as NodeIncrementalHash from "../../../src/media/NodeIncrementalHash.ts"
import * as RoomInbox from "../../../src/rooms/RoomInbox.ts"
import * as RoomKit from "../../../src/rooms/RoomKit.ts"
import * as NodeSqliteClient from "../../../src/sql/NodeSqliteClient.ts"
import * as SqlStorage from "../../../src/sql/SqlStorage.ts"
import { message, recording } from "../../rooms/kit.ts"
import { file, text } from "./services.ts"

const content = new Content.CompositeContent({ parts: [text("Look"), file("a"), file("b")] })

interface Options {
  readonly directory: string
  /** The file that never comes, and what happens when it does not. */
  readonly hangsAt?: string
  readonly onHang?: Effect.Effect<unknown>
}

/** A server as it is with a database: the parts that take no part here are left out. */
const layerServer = ({ directory, hangsAt, onHang = Effect.void }: Options, texts: Array<string>) => {
  const fetcher = MediaFetcher.of({
    handles: (url) => url.includes("carrier.example"),
    fetch: (url) =>
      Effect.sync((): FetchedMedia => {
        const begun = Stream.succeed(new TextEncoder().encode(`${url} begins`))
        const rest = hangsAt !== undefined && url.includes(`/${hangsAt}?`)
          ? Stream.concat(Stream.fromEffectDrain(onHang), Stream.never)
          : Stream.succeed(new TextEncoder().encode(" and ends"))
        return { contentType: "image/png", size: undefined, stream: Stream.concat(begun, rest) }
      })
  })
  const store = FileMediaStore.layer({ directory: `${directory}/media`, baseUrl: "https://sms.example.com/media" })
  const channel = RoomKit.layerChannel({
    ...recording("web").channel,
    deliver: ({ content }) => Effect.sync(() => void texts.push(Content.text(content)))
  })
  return RoomInbox.layer({ pollInterval: "20 millis", shutdownTimeout: "10 millis" }).pipe(
    Layer.provideMerge(Layer.merge(channel, MediaRehosting.layer({ concurrency: 1 }))),
    Layer.provideMerge(RoomKit.layer({ shutdownTimeout: "10 millis" })),
    Layer.provideMerge(SqlStorage.layer()),
    Layer.provide(NodeSqliteClient.layer({ filename: `${directory}/sms.db`, busyTimeout: "20 millis" })),
    Layer.provideMerge(Layer.merge(store, Layer.succeed(MediaFetcher, fetcher))),
    Layer.provide([NodeCrypto.layer, NodeIncrementalHash.layer, NodeServices.layer])
  )
}

const test = (title: string, hangsAt: string, end: (scope: Scope.Closeable) => Effect.Effect<unknown>) =>
  it.live(title, () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      const texts: Array<string> = []
      const hung = yield* Deferred.make<void>()
      const scope = yield* Scope.make()
      const onHang = Deferred.succeed(hung, undefined)
      const first = yield* Layer.buildWithScope(layerServer({ directory, hangsAt, onHang }, texts), scope)
      const mms = message("", { content, idempotencyKey: "1" })
      yield* Effect.provideContext(InboxProcessor.use(({ accept }) => accept([mms])), first)
      yield* Deferred.await(hung)
      yield* end(scope)

      yield* Effect.gen(function*() {
        const kit = yield* RoomKit.RoomKit
        const history = Effect.gen(function*() {
          const [room] = yield* kit.rooms
          return room === undefined ? [] : yield* kit.events(room.id)
        })
        const [event] = yield* Effect.repeat(history, { until: ({ length }) => length > 0 })
        yield* Effect.repeat(Effect.sync(() => texts.length), { until: (length) => length > 0 })
        const store = yield* MediaStore
        const ids = Content.media(event!.content).map(({ url }) => url.split("/").at(-1)!.slice(0, 64))
        assert.lengthOf(ids, 2)
        for (const id of ids) assert.strictEqual((yield* store.get(id)).media.contentType, "image/png")
        const names = yield* fs.readDirectory(`${directory}/media`)
        assert.sameMembers(names.filter((name) => /^[0-9a-f]{64}$/.test(name)), ids)
        assert.deepStrictEqual(texts, ["Look"])
      }).pipe(Effect.provide(layerServer({ directory }, texts)))
      yield* Scope.close(scope, Exit.void)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)), 30_000)

describe("files that are being re-hosted", () => {
  // Nothing is closed: to the next one, it is a process with its own process id that is gone.
  test("are re-hosted by the next server when theirs is killed in the first", "a", () => Effect.void)
  test("are re-hosted by the next server when theirs is killed after one of them", "b", () => Effect.void)
  test("are left to the next server when theirs ends", "b", (scope) => Scope.close(scope, Exit.void))
})
