import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { Address } from "../../src/Address.ts"
import { TextContent } from "../../src/Content.ts"
import { OutboundMessage } from "../../src/Message.ts"
import { SmsProvider } from "../../src/provider/SmsProvider.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"
import * as ProviderSuite from "../../src/testing/ProviderSuite.ts"
import * as WebhookRequest from "../../src/WebhookRequest.ts"
import { webhookFixtures } from "../fixtures.ts"

const to = Address.make("+15145550142")
const message = (text: string) => new OutboundMessage({ to, content: new TextContent({ text }) })

it.effect("records what it sends, and forgets it when told", () =>
  Effect.gen(function*() {
    const mock = yield* MockSmsProvider.MockSmsProvider
    const first = yield* mock.send(message("a"))
    const second = yield* mock.send(message("b"))
    assert.deepStrictEqual([first.messageIds, second.messageIds], [["mock-1"], ["mock-2"]])
    assert.deepStrictEqual(yield* mock.sent, [message("a"), message("b")])
    yield* mock.clear
    assert.deepStrictEqual(yield* mock.sent, [])
  }).pipe(Effect.provide(MockSmsProvider.layer())))

it.effect("is the SmsProvider too", () =>
  Effect.gen(function*() {
    assert.strictEqual((yield* SmsProvider).name, "other")
  }).pipe(Effect.provide(MockSmsProvider.layer({ name: "other" }))))

ProviderSuite.suite({
  name: "mock",
  fixtures: webhookFixtures("mock"),
  layer: MockSmsProvider.layer(),
  sign: ({ body, contentType, method, url }) =>
    Effect.succeed(WebhookRequest.make({ method, url, headers: { "content-type": contentType }, body })),
  covers: { body: false, url: false, headers: [] }
})
