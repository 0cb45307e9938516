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
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import * as Carriers from "../Carriers.ts"
import type { Lazy } from "../provider/Carrier.ts"
import type * as Emulation from "../provider/Emulation.ts"
import type { Fault } from "./Fault.ts"
import * as Edge from "./internal/edge.ts"
import { type Exchange, Exchanges } from "./internal/exchanges.ts"
import { nodeCrypto } from "./internal/nodeCrypto.ts"
import type { Received } from "./internal/people.ts"
import * as SeededRandom from "./internal/random.ts"
import * as Runner from "./internal/runner.ts"
import { Simulation } from "./internal/simulation.ts"

/**
 * Options of the emulator.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /** The port, on the loopback interface only. Any free one by default. */
  readonly port?: number | undefined
  /** The carriers to play. Those of this package by default; one without an emulation is left out. */
  readonly carriers?: ReadonlyArray<Lazy> | undefined
  /** The public URL of the application, which receives the webhooks. `http://127.0.0.1:3000` by default. */
  readonly appUrl?: string | undefined
  /** What the generated credentials and ids, and the faults with a probability, derive from. Random by default. */
  readonly seed?: string | undefined
  /** Scales the time that messages take. 1 by default, which is about half a second. 0 is at once. */
  readonly pace?: number | undefined
  /** How many messages of each carrier are kept. 50,000 by default. */
  readonly maxMessages?: number | undefined
  /** How many exchanges the log keeps. 1000 by default. */
  readonly maxExchanges?: number | undefined
  /** How many webhooks are posted at a time. 64 by default. */
  readonly maxConnections?: number | undefined
}

/**
 * The port cannot be listened on.
 *
 * @category errors
 * @since 0.1.0
 */
export class ListenError extends Schema.TaggedError<ListenError>()("ListenError", {
  port: Schema.Int,
  code: Schema.String
}) {
  override get message(): string {
    return this.code === "EADDRINUSE"
      ? `Port ${this.port} is in use`
      : `Cannot listen on port ${this.port}: ${this.code}`
  }
}

/**
 * The emulator has no such number, message or rule.
 *
 * @category errors
 * @since 0.1.0
 */
export class Unknown extends Schema.TaggedError<Unknown>()("Unknown", {
  what: Schema.Literals(["number", "message", "fault"])
}) {
  override get message(): string {
    return `The emulator has no such ${this.what}`
  }
}

/**
 * A message that a person writes.
 *
 * @category models
 * @since 0.1.0
 */
export interface Text {
  /** The number of the person. */
  readonly from: string
  /** A number of the application. That of the carrier by default. */
  readonly to?: string | undefined
  /** The name of the carrier. The one that has the number by default. */
  readonly carrier?: string | undefined
  readonly text?: string | undefined
  readonly files?: ReadonlyArray<Pick<Emulation.File, "type" | "bytes">> | undefined
}

/**
 * The emulator.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /** The base URL, such as `http://127.0.0.1:4010`. */
  readonly url: string
  /** The environment variables of a server that uses the emulated carriers. */
  readonly env: Readonly<Record<string, string>>
  /** The carriers, with the numbers that the application has at each. */
  readonly carriers: ReadonlyArray<{
    readonly name: string
    readonly title: string
    readonly numbers: ReadonlyArray<string>
    readonly magicNumbers: NonNullable<Emulation.Emulation["magicNumbers"]>
  }>
  /** Writes to the application as a person. */
  readonly text: (text: Text) => Effect.Effect<Emulation.Message, Unknown>
  /** Returns what a person received, oldest first. */
  readonly received: (number: string) => Effect.Effect<ReadonlyArray<Received>>
  /** Returns the messages of a carrier, or of all, newest first. */
  readonly messages: (carrier?: string) => Effect.Effect<ReadonlyArray<Emulation.Message>>
  /** Finds a message by the carrier's id. */
  readonly message: (id: string) => Effect.Effect<Emulation.Message, Unknown>
  /** Sets the state of a message, which the carrier then reports. */
  readonly setState: (id: string, options: {
    readonly state: Emulation.State
    readonly reason?: Emulation.Reason | undefined
    readonly code?: string | undefined
  }) => Effect.Effect<Emulation.Message, Unknown>
  /** Adds a rule of faults, and returns its id. */
  readonly addFault: (fault: Fault) => Effect.Effect<string>
  readonly removeFault: (id: string) => Effect.Effect<void, Unknown>
  readonly faults: Effect.Effect<
    ReadonlyArray<
      { readonly id: string; readonly fault: Fault; readonly seen: number; readonly happened: number }
    >
  >
  /** Returns the log of exchanges, oldest first. */
  readonly exchanges: Effect.Effect<ReadonlyArray<Exchange>>
  /**
   * Waits until no webhook is on its way and nothing is due within a time, a
   * minute by default. What is scheduled for later does not count.
   */
  readonly quiet: (options?: { readonly within?: Duration.Input | undefined }) => Effect.Effect<void>
  /** Forgets all messages, people, rules and exchanges. The credentials stay. */
  readonly reset: Effect.Effect<void>
}

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
  const loaded = yield* Effect.forEach(carriers, ({ load }) => load, { concurrency: "unbounded" })
  const emulations = yield* Effect.forEach(loaded, ({ emulation = Effect.undefined }) => emulation, {
    concurrency: "unbounded"
  })
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
  const { appUrl: givenUrl = "http://127.0.0.1:3000", maxConnections = 64, pace = 1 } = options
  const appUrl = givenUrl.replace(/\/+$/, "")
  const seed = options.seed ?? String(yield* Random.nextInt)
  const clock = yield* Clock.Clock
  const context = yield* Effect.context<never>()
  const scope = yield* Effect.scope
  const emulations = yield* loadEmulations(options.carriers ?? Carriers.all)
  const simulation = new Simulation({
    seed,
    clock: () => clock.currentTimeMillisUnsafe(),
    maxMessages: options.maxMessages ?? 50_000,
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
  const { port } = yield* listen(options.port ?? 0, answer)
  const url = `http://127.0.0.1:${port}`
  const env: Record<string, string> = {}
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
  }
  Object.assign(env, appEnv(appUrl))
  const runner = yield* Runner.make({ simulation, exchanges, maxConnections, poster: loadPoster(maxConnections) })

  const find = (id: string) =>
    Effect.suspend(() => {
      for (const { messages } of simulation.accounts.values()) {
        const message = messages.find(id)
        if (message !== undefined) return Effect.succeed(message)
      }
      return Effect.fail(new Unknown({ what: "message" }))
    })

  return {
    url,
    env,
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
    addFault: (fault) => Effect.sync(() => simulation.faults.add(fault)),
    removeFault: (id) =>
      Effect.suspend(() => simulation.faults.remove(id) ? Effect.void : Effect.fail(new Unknown({ what: "fault" }))),
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
    reset: Effect.sync(() => {
      simulation.reset()
      exchanges.clear()
    })
  }
})

/**
 * Provides an emulator, which runs for the lifetime of the layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<Emulator, ListenError> => Layer.effect(Emulator, make(options))
