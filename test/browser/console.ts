/** The console of a server in this process, and browsers that use it. */
import { NodeCrypto, NodeHttpServer, NodeServices } from "@effect/platform-node"
import { Clock, Effect, Layer, Logger, Redacted, type Scope } from "effect"
import { HttpServer } from "effect/http"
import type { Browser, Page } from "playwright-core"
import { Address } from "../../src/Address.ts"
import * as Consent from "../../src/consent/Consent.ts"
import * as ConsentIntake from "../../src/consent/ConsentIntake.ts"
import * as Content from "../../src/Content.ts"
import * as DeliveryTracker from "../../src/delivery/DeliveryTracker.ts"
import { DeliveryStatus, type Status } from "../../src/DeliveryStatus.ts"
import * as ConsoleServer from "../../src/http/ConsoleServer.ts"
import * as ConsoleSessions from "../../src/http/ConsoleSessions.ts"
import { MediaServer, MessagesServer, WebhookServer } from "../../src/http/index.ts"
import * as StorageConfig from "../../src/http/StorageConfig.ts"
import * as MediaStore from "../../src/media/MediaStore.ts"
import { InboundMessage } from "../../src/Message.ts"
import * as Exchanges from "../../src/provider/Exchanges.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as RoomInbox from "../../src/rooms/RoomInbox.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as SmsChannel from "../../src/rooms/SmsChannel.ts"
import * as Outbox from "../../src/sending/Outbox.ts"
import * as SmsRouter from "../../src/sending/SmsRouter.ts"
import * as NodeSqliteClient from "../../src/sql/NodeSqliteClient.ts"
import * as SqlStorage from "../../src/sql/SqlStorage.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import { buildConsole } from "../buildConsole.ts"
import { launch } from "./browser.ts"

export const limit = 120_000
export const token = "token-of-the-operator"
/** The mock takes the name of a carrier, whose title the page shows. */
export const provider = "twilio"
export const ours = Address.make("+15145550100")

/** A name that is not this machine, as far as the browser can tell. */
export const host = "sms.example.com"

export interface Server {
  /** Decides about each message, as a carrier does. All are accepted by default. */
  readonly respond?: MockSmsProvider.Options["respond"]
  /** Stores in a database, which has an inbox and dead letters. In memory by default. */
  readonly isStored?: boolean
  /** Where files are, besides the server itself. */
  readonly mediaUrls?: ReadonlyArray<string>
}

const layerSqlite = Layer.orDie(
  Layer.provide(SqlStorage.layer(), NodeSqliteClient.layer({ filename: ":memory:" }))
)

/** A server with one carrier, which keeps its files and its requests in memory. */
export const layer = ({ isStored = false, mediaUrls, respond }: Server = {}) => {
  buildConsole()
  const options = { adminToken: Redacted.make(token), shutdownTimeout: "1 second" } as const
  const sessions = ConsoleSessions.layer(options)
  const layerStores = isStored ? layerSqlite : StorageConfig.layerStoresMemory
  // Some of the stores are only in a database: the pages are empty without them.
  const stores = layerStores as Layer.Layer<
    Layer.Success<typeof layerSqlite>,
    never,
    Layer.Services<typeof layerSqlite>
  >
  const media = Layer.unwrap(
    Effect.map(base, (base) => Layer.orDie(MediaStore.layerMemory({ baseUrl: `${base}/media` })))
  )
  return WebhookServer.serveRoutes(
    Layer.mergeAll(
      Layer.provide(MessagesServer.layer(options), sessions),
      Layer.provide(ConsoleServer.layer({ mediaUrls }), [sessions, NodeServices.layer]),
      MediaServer.layer
    ),
    { disableLogger: true, disableListenLog: true }
  ).pipe(
    Layer.provide(media),
    Layer.provide(isStored ? RoomInbox.layer() : Layer.empty),
    Layer.provide(SmsChannel.layerProviders),
    Layer.provideMerge([RoomKit.layer(), SmsRouter.layer()]),
    Layer.provide(ConsentIntake.layer({ replies: { answer: "never" } })),
    Layer.provideMerge(Outbox.layer()),
    Layer.provideMerge(
      SmsProviders.layer(Consent.enforced(MockSmsProvider.layer({ name: provider, respond, from: ours })))
    ),
    Layer.provideMerge(Consent.layer()),
    Layer.provideMerge(DeliveryTracker.layer()),
    Layer.provideMerge(stores),
    Layer.provideMerge(Exchanges.layer()),
    Layer.provideMerge(Logger.layer([])),
    Layer.provideMerge(NodeCrypto.layer),
    Layer.provideMerge(NodeHttpServer.layerTest)
  )
}

const port = Effect.map(HttpServer.HttpServer, ({ address }) => "port" in address ? address.port : 0)

export const base = Effect.map(port, (port) => `http://${host}:${port}`)

let messages = 0

/** Runs something as if it were so many minutes ago. */
export const ago = <A, E, R>(minutes: number, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(Clock.Clock, (clock) => {
    const shift = minutes * 60_000
    return Effect.provideService(effect, Clock.Clock, {
      currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() - shift,
      currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now - shift),
      currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe() - BigInt(shift) * 1_000_000n,
      currentTimeNanos: Effect.map(clock.currentTimeNanos, (now) => now - BigInt(shift) * 1_000_000n),
      monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
      monotonicTimeNanos: clock.monotonicTimeNanos,
      sleep: (duration) => clock.sleep(duration)
    })
  })

/** A message of a person reaches the server. */
export const receive = Effect.fnUntraced(function*(
  sender: string,
  text: string,
  fields: Partial<Pick<InboundMessage, "content" | "recipient">> = {}
) {
  const kit = yield* RoomKit.RoomKit
  const id = `received-${++messages}`
  yield* kit.processInbound(
    new InboundMessage({
      provider,
      channelId: `sms-${provider}`,
      externalId: id,
      idempotencyKey: id,
      sender: Address.make(sender),
      recipient: ours,
      content: new Content.TextContent({ text }),
      metadata: {},
      raw: {},
      ...fields
    })
  )
})

/** The carrier reports what became of a message. */
export const report = Effect.fnUntraced(function*(
  messageId: string,
  status: Status,
  error: Pick<DeliveryStatus, "errorCode" | "errorMessage"> = {},
  recipient = Address.make("+15145550142")
) {
  const kit = yield* RoomKit.RoomKit
  yield* kit.processDeliveryStatus(
    new DeliveryStatus({
      provider,
      messageId,
      recipient,
      status,
      carrierStatus: status,
      idempotencyKey: `${messageId} ${status}`,
      raw: {},
      ...error
    })
  )
})

export interface Window {
  readonly page: Page
  /** Errors of scripts, and what the policy of the page blocked. */
  readonly failures: Array<string>
  /** The address of every request. */
  readonly requested: Array<string>
}

export const watch = (page: Page): Window => {
  const [failures, requested]: [Array<string>, Array<string>] = [[], []]
  page.on("request", (request) => requested.push(request.url()))
  page.on("pageerror", (error) => failures.push(error.message))
  page.on("console", (message) => {
    // That a request was refused is shown in the page.
    if (message.type() === "error" && !/the server responded with a status of/.test(message.text())) {
      failures.push(message.text())
    }
  })
  return { page, failures, requested }
}

export const start: Effect.Effect<Browser, never, Scope.Scope> = launch(host)

export interface View {
  readonly width?: number
  readonly height?: number
  readonly colorScheme?: "light" | "dark"
}

/** Opens the console in a browser without a session. */
export const open = Effect.fnUntraced(function*(
  browser: Browser,
  { colorScheme = "light", height = 900, width = 1440 }: View = {}
) {
  const context = yield* Effect.promise(() => browser.newContext({ viewport: { width, height }, colorScheme }))
  context.setDefaultTimeout(10_000)
  const opened = watch(yield* Effect.promise(() => context.newPage()))
  const url = yield* base
  yield* Effect.promise(() => opened.page.goto(`${url}/console`))
  return opened
})

/** Fills the form in. */
export const submitToken = (page: Page, secret: string) =>
  Effect.promise(async () => {
    await page.getByLabel("Token").fill(secret)
    await page.getByRole("button", { name: "Log in" }).click()
  })

/** Opens the console and logs in. */
export const enter = Effect.fnUntraced(function*(browser: Browser, view?: View) {
  const opened = yield* open(browser, view)
  yield* submitToken(opened.page, token)
  yield* Effect.promise(() => opened.page.getByText("Live", { exact: true }).waitFor({ state: "attached" }))
  return opened
})

/** Opens another tab of the same browser. */
export const anotherTab = Effect.fnUntraced(function*({ page }: Window) {
  const opened = watch(yield* Effect.promise(() => page.context().newPage()))
  yield* Effect.promise(() => opened.page.goto(page.url()))
  yield* Effect.promise(() => opened.page.getByText("Live", { exact: true }).waitFor({ state: "attached" }))
  return opened
})

/** Goes to a place of the page. */
export const go = (page: Page, hash: string) =>
  Effect.promise(() => page.evaluate(`location.hash = ${JSON.stringify(hash)}`))
