import { NodeCrypto } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Ref } from "effect"
import { WebhookServer } from "../../src/http/index.ts"
import { InboxProcessor } from "../../src/inbox/Inbox.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import { StorageError } from "../../src/StorageError.ts"
import type { WebhookEvent } from "../../src/WebhookEvent.ts"
import { type Carrier, carriers, layerProviders } from "./carriers.ts"
import { layerNode, publicUrl, quiet, request } from "./server.ts"

const [twilio] = carriers as [Carrier]

it.effect("a webhook with a key of its own goes to the inbox once, and again only if that failed", () =>
  Effect.gen(function*() {
    const accepted = yield* Ref.make<ReadonlyArray<WebhookEvent["_tag"]>>([])
    const broken = yield* Ref.make(true)
    const processor = InboxProcessor.of({
      accept: (events) =>
        Effect.gen(function*() {
          if (yield* Ref.get(broken)) return yield* new StorageError({ store: "inbox", cause: "broken" })
          yield* Ref.update(accepted, (tags) => [...tags, ...events.map(({ _tag }) => _tag)])
          return []
        }),
      wake: Effect.void
    })
    const layer = WebhookServer.serve({ publicUrl }, quiet).pipe(
      Layer.provide(Layer.succeed(InboxProcessor, processor)),
      Layer.provide([RoomKit.layer(), layerProviders]),
      Layer.provideMerge(NodeCrypto.layer),
      Layer.provideMerge(layerNode)
    )
    yield* Effect.gen(function*() {
      // Without an id, so that nothing but the signature tells a repetition.
      const path = "/webhooks/sms/twilio/status"
      const wire = yield* twilio.sign({ base: publicUrl, path, body: "EventType=somethingNew" })
      assert.strictEqual((yield* request(wire)).status, 503)
      yield* Ref.set(broken, false)
      const answers = yield* Effect.all(Array.from({ length: 5 }, () => request(wire)), { concurrency: "unbounded" })
      for (const { status } of answers) assert.strictEqual(status, 200)
      assert.deepStrictEqual(yield* Ref.get(accepted), ["Unrecognized"])
    }).pipe(Effect.provide(layer))
  }))
