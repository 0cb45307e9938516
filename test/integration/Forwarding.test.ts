/** Real servers forward to a real process that fails in every way, is killed and comes back. */
import { NodeCrypto, NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, Redacted } from "effect"
import { existsSync, readFileSync } from "node:fs"
import { createServer } from "node:net"
import type { AddressInfo } from "node:net"
import * as Twilio from "../../src/twilio/index.ts"
import { makeCarrier } from "../crash/load.ts"
import { launch } from "../main/process.ts"
import { database, hasPostgres } from "./database.ts"
import type { Handled } from "./receiver.ts"

const secret = `whsec_${Buffer.alloc(24, 5).toString("base64")}`

const people = ["+15145550141", "+15145550142", "+15145550143"]
const perRoom = 4

/** They take about ten seconds each, and longer on a machine that is busy. */
const limit = 90_000

const program = (name: string, env: Record<string, string>) =>
  launch(process.execPath, ["--conditions=effect-sms/source", `${import.meta.dirname}/${name}.ts`], {
    FORWARD_SECRET: secret,
    ...env
  })

const freePort = Effect.promise(() =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
)

const until = (holds: () => boolean) =>
  Effect.repeat(Effect.delay(Effect.sync(holds), "20 millis"), { until: (is) => is })

/** A receiver on a port of its own, a carrier, and servers on this database that forward to the one and send with the other. */
const makeWorld = Effect.fnUntraced(function*(databaseUrl: string) {
  const fs = yield* FileSystem.FileSystem
  const carrier = yield* Effect.acquireRelease(
    Effect.promise(makeCarrier),
    ({ close }) => Effect.promise(close)
  )
  const PORT = String(yield* freePort)
  const LOG = `${yield* fs.makeTempDirectoryScoped()}/handled`
  const startReceiver = Effect.tap(program("receiver", { PORT, LOG }), ({ until }) => until(/listens/))
  const startServer = Effect.gen(function*() {
    const run = yield* program("forwardingServer", {
      DATABASE_URL: databaseUrl,
      ...carrier.env,
      FORWARD_URL: `http://127.0.0.1:${PORT}/sms`
    })
    const [base] = /http:\/\/127\.0\.0\.1:\d+/.exec(yield* run.until(/Listening on .*\n/))!
    yield* run.until(/Forwarding to/)
    const post = Effect.fnUntraced(function*(sender: string, said: string) {
      const url = `${base}/webhooks/sms/twilio/inbound`
      const form = {
        MessageSid: `SM${said.replace("-", "")}`,
        AccountSid: carrier.env["TWILIO_ACCOUNT_SID"]!,
        From: sender,
        To: carrier.env["TWILIO_FROM"]!,
        Body: said
      }
      const signature = yield* Twilio.sign({ authToken: Redacted.make(carrier.env["TWILIO_AUTH_TOKEN"]!), url, form })
      const { status } = yield* Effect.promise(() =>
        fetch(url, { method: "POST", headers: { "x-twilio-signature": signature }, body: new URLSearchParams(form) })
      )
      assert.strictEqual(status, 200)
    })
    const get = (path: string) =>
      Effect.promise(async () => {
        const response = await fetch(`${base}${path}`, { headers: { authorization: "Bearer admin" } })
        return await response.json() as {
          readonly items: ReadonlyArray<{ readonly content: { readonly text: string } }>
        }
      })
    return { ...run, post, get }
  })
  const handled = (): ReadonlyArray<Handled> =>
    existsSync(LOG) ? readFileSync(LOG, "utf8").split("\n").slice(0, -1).map((line) => JSON.parse(line) as Handled) : []
  return { carrier, handled, startReceiver, startServer }
})

const textsOf = (room: number) => Array.from({ length: perRoom }, (_, index) => `${room}-${index}`)

const all = people.flatMap((_, room) => textsOf(room))

const hasAll = (handled: ReadonlyArray<Handled>) =>
  new Set(handled.flatMap(({ text }) => text ?? [])).size === all.length

/** Everything arrived, signed, under one id, and in the order of its room. A repetition comes before the next event. */
const check = (handled: ReadonlyArray<Handled>) => {
  assert.deepStrictEqual(handled.filter(({ refused }) => refused !== undefined), [])
  for (const [room, person] of people.entries()) {
    const texts = handled.flatMap(({ sender, text }) => sender === person ? text! : [])
    assert.deepStrictEqual(texts.filter((text, index) => text !== texts[index - 1]), textsOf(room))
  }
  const ids = new Set(handled.flatMap(({ id, text }) => text === undefined ? [] : `${id} ${text}`))
  assert.strictEqual(ids.size, all.length)
}

const layers = Layer.merge(NodeServices.layer, NodeCrypto.layer)

describe("an application that fails in every way", () => {
  it.live(
    "gets every event in the order of its room, though it is killed again and again",
    () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const world = yield* makeWorld(`${yield* fs.makeTempDirectoryScoped()}/sms.db`)
        const server = yield* world.startServer
        // The application is not there yet.
        for (let index = 0; index < perRoom; index++) {
          for (const [room, person] of people.entries()) yield* server.post(person, `${room}-${index}`)
        }
        for (let kills = 1; kills <= 3; kills++) {
          const receiver = yield* world.startReceiver
          yield* until(() => world.handled().length >= kills * 3)
          yield* receiver.end("SIGKILL")
        }
        yield* world.startReceiver
        const { taken } = world.carrier
        yield* until(() => hasAll(world.handled()) && taken().size === all.length)
        // Nothing more comes: what is to be forwarded is done.
        yield* Effect.repeat(server.get("/forwarding/events"), { until: ({ items }) => items.length === 0 })
        check(world.handled())
        assert.deepStrictEqual([...taken()].toSorted(), all.map((text) => [`re: ${text}`, 1]).toSorted())
        assert.deepStrictEqual((yield* server.get("/dead-letters")).items, [])
      }).pipe(Effect.scoped, Effect.provide(layers)),
    limit
  )

  it.live.skipIf(!hasPostgres)(
    "gets every event in the order of its room, though a server of two is killed",
    () =>
      Effect.gen(function*() {
        const world = yield* makeWorld(yield* database)
        yield* world.startReceiver
        const [one, other] = yield* Effect.all([world.startServer, world.startServer], { concurrency: "unbounded" })
        for (let index = 0; index < perRoom; index++) {
          const server = index % 2 === 0 ? one : other
          for (const [room, person] of people.entries()) yield* server.post(person, `${room}-${index}`)
        }
        yield* until(() => world.handled().length >= 5)
        yield* one.end("SIGKILL")
        yield* until(() => hasAll(world.handled()))
        yield* Effect.repeat(other.get("/forwarding/events"), { until: ({ items }) => items.length === 0 })
        check(world.handled())
        // A send that was with the carrier at the kill may not have gone out, and is never repeated by itself.
        const { items } = yield* other.get("/messages?state=unknown")
        const unknown = new Set(items.map(({ content }) => content.text))
        const taken = world.carrier.taken()
        assert.deepStrictEqual([...taken].filter(([, times]) => times !== 1), [])
        assert.deepStrictEqual(all.filter((text) => !taken.has(`re: ${text}`) && !unknown.has(`re: ${text}`)), [])
      }).pipe(Effect.scoped, Effect.provide(layers))
  )
})
