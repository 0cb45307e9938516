/** The console of a server in this process, and browsers that use it. */
import { NodeCrypto, NodeHttpServer, NodeServices } from "@effect/platform-node"
import { Effect, Layer, Redacted, type Scope } from "effect"
import { HttpServer } from "effect/http"
import type { Browser, Page } from "playwright-core"
import { Address } from "../../src/Address.ts"
import * as Content from "../../src/Content.ts"
import * as DeliveryTracker from "../../src/delivery/DeliveryTracker.ts"
import { DeliveryStatus, type Status } from "../../src/DeliveryStatus.ts"
import * as ConsoleServer from "../../src/http/ConsoleServer.ts"
import * as ConsoleSessions from "../../src/http/ConsoleSessions.ts"
import { MessagesServer, WebhookServer } from "../../src/http/index.ts"
import * as StorageConfig from "../../src/http/StorageConfig.ts"
import { InboundMessage } from "../../src/Message.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as RoomKit from "../../src/rooms/RoomKit.ts"
import * as SmsChannel from "../../src/rooms/SmsChannel.ts"
import * as Outbox from "../../src/sending/Outbox.ts"
import * as SmsRouter from "../../src/sending/SmsRouter.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import { launch } from "./browser.ts"

export const limit = 120_000
export const token = "token-of-the-operator"
export const ours = Address.make("+15145550100")

/** A name that is not this machine, as far as the browser can tell. */
export const host = "sms.example.com"

/** A server with a carrier that accepts what `respond` lets pass. */
export const layer = (respond?: MockSmsProvider.Options["respond"]) => {
  const options = { adminToken: Redacted.make(token) }
  const sessions = ConsoleSessions.layer(options)
  return WebhookServer.serveRoutes(
    Layer.merge(
      Layer.provide(MessagesServer.layer(options), sessions),
      Layer.provide(ConsoleServer.layer(), [sessions, NodeServices.layer])
    ),
    { disableLogger: true, disableListenLog: true }
  ).pipe(
    Layer.provide(SmsChannel.layerProviders),
    Layer.provideMerge(RoomKit.layer()),
    Layer.provideMerge(SmsRouter.layer()),
    Layer.provideMerge(Outbox.layer()),
    Layer.provideMerge(SmsProviders.layer(MockSmsProvider.layer({ respond, from: ours }))),
    Layer.provideMerge(DeliveryTracker.layer()),
    Layer.provideMerge(StorageConfig.layerStoresMemory),
    Layer.provideMerge(NodeCrypto.layer),
    Layer.provideMerge(NodeHttpServer.layerTest)
  )
}

const port = Effect.map(HttpServer.HttpServer, ({ address }) => "port" in address ? address.port : 0)

export const base = Effect.map(port, (port) => `http://${host}:${port}`)

let messages = 0

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
      provider: "mock",
      channelId: "sms-mock",
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
  error: Pick<DeliveryStatus, "errorCode" | "errorMessage"> = {}
) {
  const kit = yield* RoomKit.RoomKit
  yield* kit.processDeliveryStatus(
    new DeliveryStatus({
      provider: "mock",
      messageId,
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

const watch = (page: Page): Window => {
  const [failures, requested]: [Array<string>, Array<string>] = [[], []]
  page.on("request", (request) => requested.push(request.url()))
  page.on("pageerror", (error) => failures.push(error.message))
  page.on("console", (message) => {
    if (message.type() === "error" || /content security policy/i.test(message.text())) failures.push(message.text())
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
