/**
 * Plays the carriers on this machine: their APIs, their webhooks and the phones
 * of people, on one port.
 *
 * Each carrier has a path: `/name/…` is its API, as the official client of the
 * carrier uses it, and `/media/name/…` has its files. `/_emulator/…` is the API
 * that controls the emulator. Everything happens by Effect's `Clock`, so a test
 * steps through it with `TestClock`.
 *
 * Needs Node and `@effect/platform-node`.
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Emulator } from "effect-sms/emulator"
 *
 * export const received = Effect.gen(function*() {
 *   const emulator = yield* Emulator.Emulator
 *   // A server with the variables of `emulator.env` gets this as a webhook.
 *   yield* emulator.text({ from: "+15145550142", text: "Is my order on its way?" })
 *   yield* emulator.quiet()
 *   return yield* emulator.received("+15145550142")
 * }).pipe(Effect.provide(Emulator.layer({ appUrl: "http://127.0.0.1:3000", seed: "a test" })))
 * ```
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import * as Carriers from "../Carriers.ts"
import type { Lazy } from "../provider/Carrier.ts"
import * as Edge from "./internal/edge.ts"
import { Exchanges } from "./internal/exchanges.ts"
import { nodeCrypto } from "./internal/nodeCrypto.ts"
import * as Phone from "./internal/phone.ts"
import * as SeededRandom from "./internal/random.ts"
import * as Runner from "./internal/runner.ts"
import { ListenError, type Options, type Service, Unknown } from "./internal/service.ts"
import { Simulation } from "./internal/simulation.ts"
import * as Snapshot from "./internal/snapshot.ts"

export { ListenError, type Options, type Service, type Text, Unknown } from "./internal/service.ts"

/**
 * The service of a running emulator.
 *
 * @category services
 * @since 0.1.0
 */
export class Emulator extends Context.Service<Emulator, Service>()("effect-sms/emulator/Emulator") {}

type Listener = (request: IncomingMessage, response: ServerResponse) => void

/** The numbers of the application at a carrier, which are reserved for fiction. */
const numbersOf = (index: number): ReadonlyArray<string> => [`+1514555010${index}`, `+1514555011${index}`]

const listen = (
  port: number,
  handle: Listener
): Effect.Effect<AddressInfo, ListenError, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<{ readonly address: AddressInfo; readonly close: Effect.Effect<void> }, ListenError>((resume) => {
        // An import of a module of Node reads all of its exports, and those of this one load WebSocket and fetch.
        const { createServer } = process.getBuiltinModule("node:http")
        const server = createServer({ keepAliveTimeout: 60_000 }, handle)
        server.on("clientError", (_, socket) => socket.destroy())
        server.on("error", (error: NodeJS.ErrnoException) =>
          resume(Effect.fail(new ListenError({ port, code: error.code ?? "unknown" }))))
        server.listen(port, "127.0.0.1", () => {
          const close = Effect.callback<void>((resume) => {
            server.close(() =>
              resume(Effect.void)
            )
            server.closeAllConnections()
          })
          resume(Effect.succeed({ address: server.address() as AddressInfo, close }))
        })
      }),
      ({ close }) => close
    ),
    ({ address }) => address
  )

const loadEmulations = Effect.fnUntraced(function*(carriers: ReadonlyArray<Lazy>) {
  const emulations = yield* Effect.forEach(
    carriers,
    ({ emulation, load }) => emulation ?? Effect.flatMap(load, ({ emulation = Effect.undefined }) => emulation),
    { concurrency: "unbounded" }
  )
  return carriers.flatMap(({ name, title }, index) => {
    const emulation = emulations[index]
    return emulation === undefined ? [] : [{ name, title, emulation, numbers: numbersOf(index) }]
  })
})

const loadPoster = (connections: number) =>
  Effect.acquireRelease(
    Effect.map(Effect.promise(() => import("./internal/poster.ts")), (poster) => poster.make(connections)),
    (poster) => Effect.sync(() => poster.close())
  )

/** The control API is loaded after the port is open, because its modules take longer than all others. */
const loadControl = Effect.gen(function*() {
  const waiting: Array<Parameters<Listener>> = []
  let handler: Listener | undefined
  const handle: Listener = (request, response) => {
    if (handler === undefined) waiting.push([request, response])
    else handler(request, response)
  }
  const serve = (emulator: Service) =>
    Effect.forkScoped(Effect.gen(function*() {
      const { listener } = yield* Effect.promise(() => import("./internal/control.ts"))
      handler = yield* listener(emulator)
      for (const exchange of waiting) handler(...exchange)
    }))
  return { handle, serve }
})

/** A server that listens on this machine needs the port of its URL. */
const appEnv = (appUrl: string): Readonly<Record<string, string>> => {
  const { hostname, port } = new URL(appUrl)
  const isLocal = hostname === "127.0.0.1" || hostname === "localhost" || hostname === "[::1]"
  return { PUBLIC_URL: appUrl, ...(isLocal && port !== "" && { PORT: port }) }
}

/**
 * Starts an emulator, which ends with the scope.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  options: Options = {}
): Effect.fn.Return<Service, ListenError, Scope.Scope> {
  const { appUrl: givenUrl = "http://127.0.0.1:3000", maxConnections = 128, pace = 1 } = options
  const appUrl = givenUrl.replace(/\/+$/, "")
  const seed = options.seed ?? String(yield* Random.nextInt)
  const clock = yield* Clock.Clock
  const context = yield* Effect.context<never>()
  const scope = yield* Effect.scope
  const emulations = yield* loadEmulations(options.carriers ?? Carriers.all)
  const simulation = new Simulation({
    seed,
    clock: () => clock.currentTimeMillisUnsafe(),
    maxMessages: options.maxMessages ?? 20_000,
    maxPeople: options.maxPeople ?? 10_000,
    pace
  })
  const exchanges = new Exchanges(options.maxExchanges ?? 1000)
  for (const { name, numbers } of emulations) simulation.open(name, numbers)
  const answer = Edge.listener({
    simulation,
    exchanges,
    hosts: emulations.flatMap(({ emulation: { isHost }, name }) =>
      isHost === undefined ? [] : [{ carrier: name, isHost }]
    ),
    run: (effect) => Effect.runForkWith(context)(Effect.forkIn(effect, scope))
  })
  const control = yield* loadControl
  const { port } = yield* listen(
    options.port ?? 0,
    (request, response) =>
      (/^\/_emulator(?:[/?]|$)/.test(request.url ?? "") ? control.handle : answer)(request, response)
  )
  const url = `http://127.0.0.1:${port}`
  const [env, extras]: [Record<string, string>, Record<string, string>] = [{}, {}]
  for (const { emulation, name } of emulations) {
    const account = simulation.accounts.get(name)!
    account.dialect = emulation.make({
      network: simulation.networkOf(account),
      random: SeededRandom.make(seed, name),
      crypto: nodeCrypto,
      baseUrl: `${url}/${name}`,
      // Another origin, so that credentials for the API are not sent there.
      mediaUrl: `http://localhost:${port}/${Edge.mediaPath}/${name}`,
      inboundUrl: `${appUrl}/webhooks/sms/${name}/inbound`,
      statusUrl: `${appUrl}/webhooks/sms/${name}/status`
    })
    Object.assign(env, account.dialect.env)
    Object.assign(extras, account.dialect.extras)
  }
  Object.assign(env, appEnv(appUrl), {
    EMULATOR_URL: url,
    MEDIA_TEST_HOSTS: `127.0.0.1:${port},localhost:${port}`
  })
  const runner = yield* Runner.make({ simulation, exchanges, maxConnections, poster: loadPoster(maxConnections) })

  const find = (id: string) =>
    Effect.suspend(() => {
      for (const { messages } of simulation.accounts.values()) {
        const message = messages.find(id)
        if (message !== undefined) return Effect.succeed(message)
      }
      return Effect.fail(new Unknown({ what: "message" }))
    })

  /** Tells those who watch of a change that no message makes. */
  const changed = Effect.sync(() => simulation.onEarlier())

  const emulator: Service = {
    url,
    env,
    extras,
    carriers: emulations.map(({ emulation: { magicNumbers = [] }, name, numbers, title }) => ({
      name,
      title,
      numbers,
      magicNumbers
    })),
    text: ({ carrier, files, from, text = "", to }) =>
      Effect.suspend(() => {
        const number = to ?? simulation.accounts.get(carrier ?? emulations[0]?.name ?? "")?.numbers[0]
        const message = number === undefined
          ? undefined
          : simulation.text({ from, to: number, text, files, carrier })
        return message === undefined ? Effect.fail(new Unknown({ what: "number" })) : Effect.succeed(message)
      }),
    received: (number) => Effect.sync(() => [...simulation.people.inbox(number)]),
    phone: (number) => Effect.sync(() => Phone.read(simulation, number)),
    follow: (number) => Phone.follow(simulation, runner.watch, number),
    file: (id) =>
      Effect.suspend(() => {
        const file = simulation.files.get(id)
        return file === undefined ? Effect.fail(new Unknown({ what: "file" })) : Effect.succeed(file)
      }),
    messages: (carrier) =>
      Effect.sync(() =>
        [...simulation.accounts.values()]
          .filter(({ name }) => carrier === undefined || carrier === name)
          .flatMap(({ messages }) => [...messages.newestFirst()])
          .sort((a, b) => b.createdAt - a.createdAt)
      ),
    message: find,
    setState: (id, { code, reason, state }) =>
      Effect.tap(find(id), ({ carrier }) => Effect.sync(() => simulation.change(carrier, id, state, reason, code))),
    addFault: (fault) => Effect.tap(Effect.sync(() => simulation.faults.add(fault)), changed),
    removeFault: (id) =>
      Effect.suspend(() => simulation.faults.remove(id) ? changed : Effect.fail(new Unknown({ what: "fault" }))),
    faults: Effect.sync(() => simulation.faults.list()),
    exchanges: Effect.sync(() => [...exchanges.oldestFirst()]),
    quiet: ({ within = "1 minute" } = {}) => {
      const millis = Duration.toMillis(Duration.fromInputUnsafe(within))
      return Effect.callback<void>((resume) => {
        const check = () => {
          if (!simulation.isQuiet(simulation.now + millis)) return
          stop()
          resume(Effect.void)
        }
        const stop = runner.watch(check)
        check()
        return Effect.sync(stop)
      })
    },
    snapshot: Effect.sync(() => Snapshot.save(simulation)),
    restore: (snapshot) => Effect.sync(() => Snapshot.restore(simulation, snapshot)),
    reset: Effect.sync(() => {
      simulation.reset()
      exchanges.clear()
    }).pipe(Effect.andThen(changed))
  }
  yield* control.serve(emulator)
  return emulator
})

/**
 * Provides an emulator, which runs for the lifetime of the layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<Emulator, ListenError> => Layer.effect(Emulator, make(options))
