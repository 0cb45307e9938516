/**
 * What the library does: a message with all the files, re-hosted from the
 * guarded fetcher into a store in a directory.
 */
// By module, as a server imports them: the whole of a package takes memory that is not measured for the others.
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { CompositeContent, type Content, MediaContent } from "effect-sms/Content"
import { FileMediaStore, MediaFetcher, MediaRehosting } from "effect-sms/media"
import * as NodeGuardedClient from "effect-sms/media/NodeGuardedClient"
import * as NodeIncrementalHash from "effect-sms/media/NodeIncrementalHash"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { measure } from "./measure.ts"

const baseUrl = "https://media.example/media"

const urlsOf = (content: Content): ReadonlyArray<string> =>
  content._tag === "CompositeContent"
    ? content.parts.flatMap((part) => part._tag === "MediaContent" ? [part.url] : [])
    : []

await measure((origin, urlOf) => {
  const testHosts = [new URL(origin).host]
  const runtime = ManagedRuntime.make(
    MediaFetcher.layer({ testHosts }).pipe(Layer.provide(NodeGuardedClient.layer({ testHosts })))
  )

  return async (numbers, directory) => {
    const [first, ...others] = numbers.map((number) => new MediaContent({ url: urlOf(number), mimeType: "image/jpeg" }))
    if (first === undefined) return
    const store = FileMediaStore.layer({ directory, baseUrl }).pipe(
      Layer.provide([NodeFileSystem.layer, NodePath.layer, NodeCrypto.layer, NodeIncrementalHash.layer])
    )
    const content = await runtime.runPromise(
      MediaRehosting.rehost(new CompositeContent({ parts: [first, ...others] }), {
        concurrency: numbers.length,
        onFailure: "block",
        // A failure is to be seen, and not to be made up for.
        retries: 0,
        timeout: "2 minutes"
      }).pipe(Effect.provide(store))
    )
    if (!urlsOf(content).every((url) => url.startsWith(baseUrl))) throw new Error("A file was not re-hosted")
  }
})
