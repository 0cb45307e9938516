import { NodeHttpClient } from "@effect/platform-node"
import type * as Undici from "@effect/platform-node/Undici"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Ref } from "effect"
import { connect } from "node:net"
import { GuardedClient } from "../../../src/media/GuardedClient.ts"
import * as NodeConnector from "../../../src/media/internal/NodeConnector.ts"
import * as NodeGuardedClient from "../../../src/media/NodeGuardedClient.ts"
import { fetchAll, fetcherOf, jpeg, serve, tagOf } from "./hosts.ts"

const clientOf = (options: NodeGuardedClient.Options) =>
  Effect.map(Layer.build(NodeGuardedClient.layer(options)), Context.get(GuardedClient))

/** A resolver that gives these answers one after the other, and then the last one. */
const answers = Effect.fnUntraced(function*(...lists: ReadonlyArray<ReadonlyArray<string>>) {
  const asked = yield* Ref.make(0)
  const resolve = () => Effect.map(Ref.getAndUpdate(asked, (n) => n + 1), (n) => lists[n] ?? lists.at(-1) ?? [])
  return { asked: Ref.get(asked), resolve }
})

const host = serve((_, response) => response.end(jpeg()))

describe("the guarded client", () => {
  it.effect.each(
    [
      ["this machine", ["127.0.0.1"]],
      ["this machine over IPv6", ["::1"]],
      ["the metadata service", ["169.254.169.254"]],
      ["an IPv4-mapped address", ["::ffff:127.0.0.1"]],
      ["an address with a zone", ["fe80::1%lo"]],
      ["a public address and one that is not", ["8.8.8.8", "127.0.0.1"]],
      ["one that is not public and a public one", ["::1", "2606:4700::1111"]]
    ] as const
  )("does not connect to a name that leads to %s", ([, addresses]) =>
    Effect.gen(function*() {
      const { port, sockets } = yield* host
      const client = yield* clientOf({ resolve: () => Effect.succeed(addresses) })
      const reason = yield* Effect.flip(
        Effect.scoped(client.send({ url: new URL(`http://media.example:${port}/1`), headers: {} }))
      )
      assert.strictEqual(reason._tag, "PrivateAddress")
      assert.lengthOf(sockets, 0)
    }))

  it.effect("does not connect to an address in the URL that is not public", () =>
    Effect.gen(function*() {
      const { port, sockets } = yield* host
      const client = yield* clientOf({})
      for (const name of ["127.0.0.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "0"]) {
        for (const scheme of ["http", "https"]) {
          const url = new URL(`${scheme}://${name}:${port}/1`)
          const reason = yield* Effect.flip(Effect.scoped(client.send({ url, headers: {} })))
          assert.strictEqual(reason._tag, "PrivateAddress", url.href)
        }
      }
      assert.lengthOf(sockets, 0)
    }))

  it.effect("fails to connect to a name without an address, or that cannot be resolved", () =>
    Effect.gen(function*() {
      for (const resolve of [() => Effect.succeed([]), () => Effect.fail("no such name")]) {
        const client = yield* clientOf({ resolve })
        const reason = yield* Effect.flip(
          Effect.scoped(client.send({ url: new URL("https://media.example/1"), headers: {} }))
        )
        assert.strictEqual(reason._tag, "ConnectionFailed")
      }
    }))

  it.effect("resolves once for a connection, and goes to the address that it checked", () =>
    Effect.gen(function*() {
      const { name, port, sockets } = yield* host
      // Nobody listens at the second address.
      const { asked, resolve } = yield* answers(["127.0.0.1"], ["127.0.0.2"])
      const testHosts = [`media.example:${port}`, name]
      const client = yield* clientOf({ testHosts, resolve })
      const { status } = yield* client.send({ url: new URL(`http://media.example:${port}/1`), headers: {} })
      assert.strictEqual(status, 200)
      assert.strictEqual(yield* asked, 1)
      assert.strictEqual(sockets[0]?.localAddress, "127.0.0.1")
    }))

  it.effect("is not led elsewhere by a name that is public first and then not", () =>
    Effect.gen(function*() {
      const outside = yield* serve((_, response) => response.end("outside"))
      const inside = yield* serve((_, response) => response.end("inside"))
      const { asked, resolve } = yield* answers(["8.8.8.8"], ["127.0.0.1"])
      // The internet of this test: sockets look the name up as Node's do, and 8.8.8.8 is the host outside.
      const internet =
        (options: Undici.buildConnector.BuildOptions): Undici.buildConnector.connector => ({ hostname }, callback) => {
          if (!("lookup" in options)) return callback(new Error("The connector looks nothing up"), null)
          options.lookup?.(hostname, { all: true }, (error, found) => {
            if (error !== null) return callback(error, null)
            const [first] = typeof found === "string" ? [] : found
            const socket = connect(first?.address === "8.8.8.8" ? outside.port : inside.port, "127.0.0.1")
            socket.once("connect", () => callback(null, socket))
          })
        }
      const run = Effect.runForkWith(yield* Effect.context<never>())
      const dispatcher = yield* NodeHttpClient.makeDispatcherOptions({
        connect: NodeConnector.make({
          build: internet,
          lookup: (isAllowed) =>
            NodeConnector.lookup(resolve, isAllowed, (effect, onExit) => void run(effect).addObserver(onExit)),
          allowPrivate: false,
          testHosts: []
        })
      })
      const get = Effect.tryPromise(() =>
        dispatcher.request({ method: "GET", origin: "http://media.example", path: "/", reset: true })
          .then(({ body }) => body.text())
      )
      assert.strictEqual(yield* get, "outside")
      assert.strictEqual(yield* asked, 1)
      assert.instanceOf((yield* Effect.flip(get)).cause, NodeConnector.NotPublic)
      assert.strictEqual(yield* asked, 2)
      assert.lengthOf(inside.requests, 0)
    }))

  it.effect("keeps the allowance of a test host to its port", () =>
    Effect.gen(function*() {
      const { name } = yield* host
      const other = yield* host
      const client = yield* clientOf({ testHosts: [name] })
      const reason = yield* Effect.flip(Effect.scoped(client.send({ url: new URL(other.url), headers: {} })))
      assert.strictEqual(reason._tag, "PrivateAddress")
    }))
})

describe("the fetcher", () => {
  it.effect("refuses a listed host whose name leads to this machine", () =>
    Effect.gen(function*() {
      const fetcher = yield* fetcherOf([], {}, () => Effect.succeed(["127.0.0.1"]))
      assert.strictEqual(yield* tagOf(fetcher, "https://api.twilio.com/1"), "PrivateAddress")
    }))

  it.effect("refuses a redirect to a listed host whose name leads to this machine", () =>
    Effect.gen(function*() {
      const first = yield* serve((_, response) =>
        response.writeHead(307, { location: "https://mms.twiliocdn.com/1" }).end()
      )
      const fetcher = yield* fetcherOf([first], {}, () => Effect.succeed(["8.8.8.8", "10.0.0.1"]))
      assert.strictEqual(yield* tagOf(fetcher, first.url), "PrivateAddress")
    }))

  it.effect("uses connections again", () =>
    Effect.gen(function*() {
      const host = yield* serve((_, response) => response.end(jpeg()))
      const fetcher = yield* fetcherOf([host])
      for (let n = 0; n < 10; n++) yield* fetchAll(fetcher, `${host.url}/${n}`)
      assert.lengthOf(host.requests, 10)
      // Two, because undici rests a connection for a turn of the event loop.
      assert.isAtMost(host.sockets.length, 2)
    }))
})
