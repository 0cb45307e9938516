import { assert, describe, it } from "@effect/vitest"
import { DateTime } from "effect"
import { Address } from "../../src/Address.ts"
import * as Line from "../../src/cli/Line.ts"
import { ansi, plain } from "../../src/cli/paint.ts"
import * as Content from "../../src/Content.ts"
import {
  aboutOf,
  AlarmRaised,
  ConsentChanged,
  DeliveryChanged,
  type Event,
  MessagePosted,
  MessageReceived,
  SendSettled
} from "../../src/events/Event.ts"
import { Entry } from "../../src/events/EventLog.ts"
import { OutboundMessage } from "../../src/Message.ts"
import { InvalidRecipient, SmsError } from "../../src/SmsError.ts"
import { customer, message } from "../rooms/kit.ts"
import { event } from "../suites/RoomStoreSuite.ts"

const entry = (event: Event) =>
  new Entry({ position: 1, id: "1", time: DateTime.makeUnsafe(0), kind: event._tag, ...aboutOf(event), event })

const received = (text: string, blocked?: MessageReceived["blocked"]) => {
  const { raw: _, ...fields } = message(text)
  return new MessageReceived({ roomId: "a", eventId: "1", message: fields, ...(blocked !== undefined && { blocked }) })
}

const sent = new OutboundMessage({
  to: customer,
  content: new Content.MediaContent({ url: "https://example.com/a.png", caption: "look" })
})

const lineOf = (event: Event, paint = plain) => Line.format(entry(event), paint).replace(/^\S+ /, "")

describe("a line of tail", () => {
  it("tells of each kind of event", () => {
    assert.strictEqual(lineOf(received("Is it on its way?")), "+15145550142 → Is it on its way? (twilio)")
    assert.strictEqual(lineOf(received("a".repeat(60_000))), `+15145550142 → ${"a".repeat(320)}… (twilio)`)
    const blocked = { hook: "consent", reason: "opted out" }
    assert.strictEqual(lineOf(received("x", blocked)), "+15145550142 → x (twilio) blocked by consent")
    assert.strictEqual(lineOf(new MessagePosted({ roomId: "a", message: event("1", "a") })), "sms: hello")
    const settled = { intentId: "1", message: sent, provider: "twilio" }
    const content = "→ +15145550142 look <https://example.com/a.png>"
    assert.strictEqual(lineOf(new SendSettled({ ...settled, state: "accepted" })), `${content} (accepted by twilio)`)
    const error = new SmsError({ provider: "twilio", reason: new InvalidRecipient({}) })
    assert.strictEqual(
      lineOf(new SendSettled({ ...settled, state: "refused", error })),
      `${content} (refused, InvalidRecipient)`
    )
    const change = { provider: "twilio", messageId: "SM1", previous: "sent", since: DateTime.makeUnsafe(0) } as const
    assert.strictEqual(
      lineOf(new DeliveryChanged({ ...change, recipient: customer, status: "undelivered", errorCode: "30003" })),
      "→ +15145550142 undelivered at twilio, 30003"
    )
    assert.strictEqual(lineOf(new DeliveryChanged({ ...change, status: "delivered" })), "→ SM1 delivered at twilio")
    const consent = { entryId: "1", person: customer, provider: "twilio", saidAt: DateTime.makeUnsafe(0) }
    assert.strictEqual(
      lineOf(new ConsentChanged({ ...consent, action: "stop", source: "keyword", words: "Stop!" })),
      "+15145550142 → opted out, keyword, twilio: Stop!"
    )
    assert.strictEqual(
      lineOf(new ConsentChanged({ ...consent, action: "start", source: "api" })),
      "+15145550142 → opted in, api, twilio"
    )
    const alarm = { guard: "budget", level: "near", rule: "a limit", until: DateTime.makeUnsafe(0) } as const
    assert.strictEqual(lineOf(new AlarmRaised(alarm)), "budget near: a limit")
    assert.strictEqual(
      lineOf(new AlarmRaised({ ...alarm, guard: "velocity", level: "reached", country: "EE", prefix: "3725345" })),
      "velocity reached for +3725345: a limit"
    )
  })

  it("is one line, and no command for the terminal, whatever a stranger writes", () => {
    const line = lineOf(received("one\r\ntwo\u001b[2J\u0007\u009b31m\u202Eevil\u0000"))
    assert.strictEqual(line, "+15145550142 → one two\ufffd[2J\ufffd\ufffd31m\ufffdevil\ufffd (twilio)")
    const { raw: _, ...fields } = message("x", { sender: "\u001b]0;title\u0007" })
    const odd = new MessageReceived({ roomId: "a", eventId: "1", message: fields })
    assert.notInclude(lineOf(odd), "\u001b")
  })

  it("has colors only when it is painted", () => {
    // oxlint-disable-next-line no-control-regex
    const escapes = /\u001b\[\d+m/g
    assert.notMatch(lineOf(received("x")), escapes)
    const painted = Line.format(entry(received("x")), ansi)
    assert.match(painted, escapes)
    assert.strictEqual(painted.replaceAll(escapes, ""), Line.format(entry(received("x")), plain))
  })

  it("has all of the entry as JSON", () => {
    const json = Line.toJson(entry(received("two\nlines")))
    assert.notInclude(json, "\n")
    assert.deepInclude(JSON.parse(json), {
      position: 1,
      kind: "MessageReceived",
      address: Address.make("+15145550142")
    })
  })
})
