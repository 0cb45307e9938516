import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { MessagePage } from "twilio/lib/rest/api/v2010/account/message.js"
import type { MediaListInstanceOptions } from "twilio/lib/rest/api/v2010/account/message/media.js"
import * as Emulator from "../../src/emulator/Emulator.ts"
import * as CarrierServer from "../../src/testing/CarrierServer.ts"
import { sdk } from "./twilio.ts"

const person = "+15145550142"
const day = 86_400_000

const setUp = Effect.gen(function*() {
  const appUrl = yield* CarrierServer.closedUrl
  const emulator = yield* Emulator.make({ appUrl, seed: "lists", pace: 0 })
  const client = sdk(emulator)
  const from = emulator.env["TWILIO_FROM"]!
  const create = (options: { readonly body: string; readonly mediaUrl?: Array<string> }) =>
    Effect.promise(() => client.messages.create({ to: person, from, ...options }))
  return { client, create, emulator, from }
})

describe("Twilio's SDK", () => {
  it.live("sees every message once while it deletes what it has seen, and while others come", () =>
    Effect.gen(function*() {
      const { client, create, emulator } = yield* setUp
      const sids: Array<string> = []
      for (let index = 0; index < 7; index++) sids.unshift((yield* create({ body: String(index) })).sid)
      yield* emulator.quiet()
      const seen: Array<string> = []
      let page: Pick<MessagePage, "instances" | "nextPage"> = yield* Effect.promise(() =>
        client.messages.page({ pageSize: 2 })
      )
      for (;;) {
        for (const { sid } of page.instances) {
          seen.push(sid)
          yield* Effect.promise(() => client.messages(sid).remove())
        }
        yield* create({ body: "Another" })
        const next = page.nextPage()
        if (next === undefined) break
        page = yield* Effect.promise(() => next)
      }
      assert.deepStrictEqual(seen, sids)
      assert.lengthOf(yield* Effect.promise(() => client.messages.list()), 4)
    }))

  it.live("goes forth and back through pages", () =>
    Effect.gen(function*() {
      const { client, create, emulator } = yield* setUp
      for (let index = 0; index < 5; index++) yield* create({ body: String(index) })
      yield* emulator.quiet()
      const bodies = (page: { readonly instances: ReadonlyArray<{ readonly body: string }> }) =>
        page.instances.map(({ body }) => body)
      const first = yield* Effect.promise(() => client.messages.page({ pageSize: 2 }))
      const second = yield* Effect.promise(() => first.nextPage()!)
      const third = yield* Effect.promise(() => client.messages.getPage(second.nextPageUrl!))
      assert.deepStrictEqual([first, second, third].map(bodies), [["4", "3"], ["2", "1"], ["0"]])
      assert.isUndefined(third.nextPage())
      assert.deepStrictEqual(bodies(yield* Effect.promise(() => third.previousPage()!)), ["2", "1"])
    }))

  it.live("lists what was sent on a day, and between two times", () =>
    Effect.gen(function*() {
      const { client, create, emulator } = yield* setUp
      yield* create({ body: "Hello" })
      yield* emulator.quiet()
      const list = (options: Parameters<typeof client.messages.list>[0]) =>
        Effect.promise(() => client.messages.list(options).then(({ length }) => length))
      const [message] = yield* Effect.promise(() => client.messages.list())
      const sent = message!.dateSent.getTime()
      const midnight = sent - sent % day
      assert.strictEqual(yield* list({ dateSent: new Date(midnight) }), 1)
      assert.strictEqual(yield* list({ dateSent: new Date(midnight + day) }), 0)
      assert.strictEqual(yield* list({ dateSent: new Date(midnight - day) }), 0)
      assert.strictEqual(
        yield* list({ dateSentAfter: new Date(sent - 60_000), dateSentBefore: new Date(sent + 60_000) }),
        1
      )
      assert.strictEqual(
        yield* list({ dateSentAfter: new Date(sent - 120_000), dateSentBefore: new Date(sent - 60_000) }),
        0
      )
    }))

  it.live("lists the files of a message in pages and by date, and deletes one", () =>
    Effect.gen(function*() {
      const { client, create, emulator } = yield* setUp
      const mediaUrl = ["https://example.com/a.png", "https://example.com/b.png", "https://example.com/c.png"]
      const { dateCreated, sid } = yield* create({ body: "Look", mediaUrl })
      yield* emulator.quiet()
      const list = (options: MediaListInstanceOptions = {}) =>
        Effect.promise(() => client.messages(sid).media.list(options).then((media) => media.map(({ sid }) => sid)))
      const media = yield* list()
      assert.lengthOf(new Set(media), 3)
      assert.deepStrictEqual(yield* list({ pageSize: 1 }), media)
      const created = dateCreated.getTime()
      assert.deepStrictEqual(yield* list({ dateCreatedAfter: new Date(created - day) }), media)
      assert.deepStrictEqual(yield* list({ dateCreatedBefore: new Date(created - day) }), [])
      assert.isTrue(yield* Effect.promise(() => client.messages(sid).media(media[1]!).remove()))
      assert.deepStrictEqual(yield* list(), [media[0], media[2]])
      const gone = yield* Effect.flip(
        Effect.tryPromise({
          try: () => client.messages(sid).media(media[1]!).fetch(),
          catch: (error) => error as { readonly code: number; readonly status: number }
        })
      )
      assert.deepStrictEqual([gone.status, gone.code], [404, 20404])
    }))
})
