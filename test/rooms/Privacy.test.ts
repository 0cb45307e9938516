import { assert, it } from "@effect/vitest"
import { Effect, Layer, Logger, Metric, References, Tracer } from "effect"
import { MediaContent } from "../../src/Content.ts"
import * as Hook from "../../src/rooms/Hook.ts"
import { Unrecognized } from "../../src/WebhookEvent.ts"
import { customer, history, makeKit, message, ours, recording, said, settle, status, textContent } from "./kit.ts"

const secretText = "my password is swordfish"
const secrets = [secretText, "swordfish", customer, ours, customer.slice(1), ours.slice(1)]

const assertClean = (where: string, text: string) => {
  for (const secret of secrets) assert.notInclude(text, secret, where)
}

it.effect("texts and phone numbers are in no log, span, metric label or error of the kit", () =>
  Effect.gen(function*() {
    const logs: Array<string> = []
    const spans: Array<Tracer.NativeSpan> = []
    const layerLogs = Logger.layer([Logger.map(Logger.formatJson, (line) => void logs.push(line))])
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })

    yield* Effect.gen(function*() {
      const kit = yield* makeKit()
      yield* kit.registerChannel(recording("web").channel)
      yield* kit.registerChannel({ ...recording("broken").channel, deliver: () => Effect.fail("down") })
      yield* kit.hook(Hook.beforeBroadcast({
        name: "change",
        run: (event) => Effect.succeed(Hook.modify(event.withContent(textContent(`${secretText}!`))))
      }))
      yield* kit.hook(Hook.beforeBroadcast({
        name: "block",
        channelTypes: ["mms"],
        run: () => Effect.succeed(Hook.block(`not allowed: ${secretText}`))
      }))
      yield* kit.hook(Hook.beforeBroadcast({
        name: "ill-typed",
        channelIds: ["web"],
        // The content that is refused here holds the text.
        run: (event) =>
          Effect.succeed(
            { _tag: "Modify", value: { ...event, content: { _tag: "TextContent", body: secretText } } } as never
          )
      }))
      yield* kit.hook(Hook.afterBroadcast({ name: "after", run: () => Effect.die(new Error("bug")) }))
      yield* kit.onDeliveryStatus(() => Effect.fail("broken"))
      const received = message(secretText, { idempotencyKey: "SM1" })
      const unrecognized = new Unrecognized({ provider: "telnyx", eventType: "new", raw: { text: secretText } })
      yield* kit.processEvents([received, received, status("SM2"), status("SM2"), unrecognized])
      yield* kit.processInbound(
        message("", { content: new MediaContent({ url: "https://example.com/1", caption: secretText }) })
      )
      const [room] = yield* kit.rooms
      yield* kit.post(room!.id, said(secretText))
      yield* settle
      assert.lengthOf(yield* history(kit), 3)
    }).pipe(
      Effect.scoped,
      Effect.provide(Layer.merge(layerLogs, Layer.succeed(References.MinimumLogLevel, "All"))),
      Effect.withTracer(tracer)
    )

    const failures = logs.join("\n")
    for (const expected of ["Hook", "Channel", "handler", "blocked", "not recognized"]) {
      assert.include(failures, expected)
    }
    assertClean("logs", failures)

    const names = new Set(spans.map(({ name }) => name))
    for (const name of ["processInbound", "processDeliveryStatus", "post", "hook", "deliver"]) {
      assert.isTrue(names.has(`RoomKit.${name}`), name)
    }
    for (const { attributes, events, links, name, status } of spans) {
      const failure = status._tag === "Ended" && status.exit._tag === "Failure" ? String(status.exit.cause) : ""
      assertClean(
        name,
        JSON.stringify(
          [name, [...attributes], events, links.length, failure],
          (_, value) => typeof value === "bigint" ? String(value) : value
        )
      )
    }

    const metrics = (yield* Metric.snapshot).filter(({ id }) => id.startsWith("sms_"))
    assert.sameMembers(
      metrics.filter(({ id }) => id === "sms_room_events_total").map(({ attributes }) => JSON.stringify(attributes)),
      ["{\"outcome\":\"broadcast\"}", "{\"outcome\":\"blocked\"}"]
    )
    assertClean(
      "metrics",
      JSON.stringify(metrics.map(({ attributes, description, id }) => [id, description, attributes]))
    )
  }))
