/** The chat bot of the examples, as a process of its own. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Webhook } from "standardwebhooks"
import { launch } from "../main/process.ts"

const secret = `whsec_${Buffer.alloc(24, 3).toString("base64")}`
const other = `whsec_${Buffer.alloc(24, 4).toString("base64")}`
const port = "47613"

describe("the chat bot of the examples", () => {
  it.live("answers a message that is signed, and no other", () =>
    Effect.gen(function*() {
      const bot = yield* launch(process.execPath, ["examples/chat-bot.mjs"], {
        PORT: port,
        FORWARD_SECRET: `${other}, ${secret}`
      })
      yield* bot.until(/listens/)
      const post = (body: unknown, signed: unknown = body) =>
        Effect.promise(async () => {
          const now = new Date()
          const headers = {
            "webhook-id": "1",
            "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
            "webhook-signature": `v1,AAAA ${new Webhook(secret).sign("1", now, JSON.stringify(signed))}`
          }
          const response = await fetch(`http://127.0.0.1:${port}/`, {
            method: "POST",
            headers,
            body: JSON.stringify(body)
          })
          return [response.status, await response.text()]
        })
      const message = { type: "message.received", data: { text: "hi", media: [] } }
      assert.deepStrictEqual(yield* post(message), [200, "{\"reply\":{\"text\":\"You said: hi\"}}"])
      const picture = { ...message, data: { text: "", media: [{ url: "https://example.com/a.png" }] } }
      assert.deepStrictEqual(yield* post(picture), [200, "{\"reply\":{\"text\":\"You sent a file\"}}"])
      assert.deepStrictEqual(yield* post({ type: "delivery.changed", data: {} }), [200, "{}"])
      assert.deepStrictEqual(yield* post(message, { ...message, type: "other" }), [401, ""])
    }), 30_000)
})
