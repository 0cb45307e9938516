/** A carrier's host and a store, both played by the test. */
import { DateTime, Effect, Layer, Schedule, Stream } from "effect"
import * as Content from "../../../src/Content.ts"
import * as MediaError from "../../../src/media/MediaError.ts"
import { type FetchedMedia, MediaFetcher } from "../../../src/media/MediaFetcher.ts"
import { MediaStore } from "../../../src/media/MediaStore.ts"
import type { StoredMedia } from "../../../src/media/StoredMedia.ts"

export const carrierUrl = (name: string) => `https://media.carrier.example/secret-path/${name}?token=secret-token`

export const file = (name: string, fields: { readonly caption?: string; readonly mimeType?: string } = {}) =>
  new Content.MediaContent({ url: carrierUrl(name), ...fields })

export const elsewhere = (name: string) =>
  new Content.MediaContent({ url: `https://elsewhere.example/${name}`, mimeType: "image/gif" })

export const text = (words: string) => new Content.TextContent({ text: words })

export const storedUrl = (name: string) => `https://sms.example.com/media/${name}`

export const failure = (reason: MediaError.MediaErrorReason) => Effect.fail(new MediaError.MediaError({ reason }))

export const gone = failure(new MediaError.UnexpectedStatus({ status: 410 }))
export const notYet = failure(new MediaError.UnexpectedStatus({ status: 404 }))

/** What the host answers to the nth attempt, from 1, at a file of this name. */
export type Answer = (name: string, attempt: number) => Effect.Effect<void, MediaError.MediaError>

const nameOf = (url: string) => URL.parse(url)!.pathname.split("/").at(-1)!

/**
 * A fetcher whose files hold their own names, and are PNG files whatever was
 * declared; and a store whose URLs end in what the file holds.
 */
export const services = (answer: Answer = () => Effect.void, keep: Answer = () => Effect.void) => {
  const attempts = new Map<string, number>()
  const puts = new Map<string, number>()
  const declared = new Map<string, string | undefined>()
  const state = { open: 0, mostOpen: 0, closed: 0 }
  const next = (counts: Map<string, number>, name: string) => {
    const attempt = (counts.get(name) ?? 0) + 1
    counts.set(name, attempt)
    return attempt
  }
  const connection = Effect.acquireRelease(
    Effect.sync(() => {
      state.open++
      state.mostOpen = Math.max(state.open, state.mostOpen)
    }),
    () =>
      Effect.sync(() => {
        state.open--
        state.closed++
      })
  )
  const fetcher = MediaFetcher.of({
    handles: (url) => URL.parse(url)?.hostname === "media.carrier.example",
    fetch: Effect.fnUntraced(function*(url, options) {
      const name = nameOf(url)
      declared.set(name, options?.mimeType)
      yield* connection
      yield* answer(name, next(attempts, name))
      const stream = Stream.succeed(new TextEncoder().encode(name))
      return { contentType: "image/png", size: undefined, stream } satisfies FetchedMedia
    })
  })
  const store = MediaStore.of({
    put: Effect.fnUntraced(function*({ contentType, stream }) {
      const name = yield* Stream.mkString(Stream.decodeText(stream))
      yield* keep(name, next(puts, name))
      const media: StoredMedia = {
        id: name,
        url: storedUrl(name),
        contentType,
        size: name.length,
        storedAt: DateTime.makeUnsafe(0)
      }
      return media
    }),
    get: () => failure(new MediaError.NotStored()),
    delete: () => Effect.succeed(false),
    cleanUp: Effect.succeed(0)
  })
  return {
    attempts,
    declared,
    state,
    layer: Layer.mergeAll(Layer.succeed(MediaFetcher, fetcher), Layer.succeed(MediaStore, store))
  }
}

/** Lets every fiber go on that can. */
export const settle = Effect.repeat(Effect.yieldNow, Schedule.recurs(50))
