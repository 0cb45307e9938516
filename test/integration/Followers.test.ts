/** Followers of two servers on one Postgres. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { setTimeout } from "node:timers/promises"
import { secrets } from "../http/carriers.ts"
import { serve, wrapper } from "../main/splitMms.ts"
import { database, hasPostgres } from "./database.ts"

const followers = 200
const seconds = 5
const messagesPerSecond = 8

/** Follows like a browser: it knows the last id, and connects with it again, to either server. */
class Follower {
  readonly ids: Array<string> = []
  readonly refusals: Array<number> = []
  #abort = new AbortController()
  #isDone = false

  async run(bases: ReadonlyArray<string>, index: number): Promise<void> {
    for (let attempt = index; !this.#isDone; attempt++) {
      this.#abort = new AbortController()
      // A connection that is lost, or a server that is down: the other one goes on.
      await this.#connect(bases[attempt % bases.length]!).catch(() => setTimeout(20))
    }
  }

  kill(): void {
    this.#abort.abort()
  }

  end(): void {
    this.#isDone = true
    this.kill()
  }

  async #connect(base: string): Promise<void> {
    const response = await fetch(`${base}/events?after=0&kind=MessageReceived`, {
      headers: {
        authorization: `Bearer ${secrets.admin}`,
        ...(this.ids.length > 0 && { "last-event-id": this.ids.at(-1)! })
      },
      signal: this.#abort.signal
    })
    if (!response.ok) this.refusals.push(response.status)
    let text = ""
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk
      const events = text.split("\n\n")
      text = events.pop()!
      for (const event of events) {
        const [, id, name] = /^id: (\d+)\nevent: (\w+)\n/.exec(event)!
        if (name !== "heartbeat") this.ids.push(id!)
      }
    }
  }
}

describe.skipIf(!hasPostgres)("two hundred followers of two servers on one Postgres", () => {
  it.live(
    "see the same sequence, though each second one is killed and goes on elsewhere, and a server shuts down",
    () =>
      Effect.gen(function*() {
        const env = { DATABASE_URL: yield* database }
        const servers = yield* Effect.all([serve(env), serve(env)], { concurrency: "unbounded" })
        const bases = servers.map(({ base }) => base)
        const all = Array.from({ length: followers }, () => new Follower())
        const following = yield* Effect.forkChild(
          Effect.promise(() => Promise.all(all.map((follower, index) => follower.run(bases, index))))
        )
        const { attachment: _, attachment_mime_type: __, ...common } = wrapper
        const total = seconds * messagesPerSecond
        const speaking = Effect.forEach(Array.from({ length: total }, (_, index) => index), (index) =>
          Effect.andThen(
            servers[index % 2]!.post({ ...common, sms_hash: `${index}`, message: `${index}` }),
            Effect.sleep(1000 / messagesPerSecond)
          ), { discard: true })
        const killing = Effect.forEach(
          Array.from({ length: seconds }, (_, second) => second),
          (second) => Effect.andThen(Effect.sleep("1 second"), Effect.sync(() => all[second * 7]!.kill())),
          { discard: true }
        )
        yield* Effect.all([speaking, killing], { concurrency: "unbounded" })
        const received = Effect.fnUntraced(function*(count: number) {
          while (all.some(({ ids }) => ids.length < count)) yield* Effect.sleep("50 millis")
        })
        yield* received(total)
        // Its followers go to the other one at once.
        const [code] = yield* servers[0]!.end("SIGTERM")
        assert.strictEqual(code, 0)
        yield* servers[1]!.post({ ...common, sms_hash: "last", message: "last" })
        yield* received(total + 1)
        for (const follower of all) follower.end()
        yield* Fiber.join(following)
        const [{ ids }] = all as [Follower]
        assert.lengthOf(ids, total + 1)
        assert.deepStrictEqual(ids, ids.toSorted((one, other) => Number(one) - Number(other)))
        assert.strictEqual(new Set(ids).size, total + 1)
        for (const follower of all) {
          assert.deepStrictEqual(follower.ids, ids)
          assert.deepStrictEqual(follower.refusals, [])
        }
      }),
    60_000
  )
})
