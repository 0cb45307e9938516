import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Layer, Result, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { Address } from "../../src/Address.ts"
import * as Consent from "../../src/consent/Consent.ts"
import { ConsentLedger, type NewEntry } from "../../src/consent/ConsentLedger.ts"
import { OutboundMessage } from "../../src/Message.ts"
import { SmsProviders } from "../../src/provider/SmsProviders.ts"
import { OptedOut, RateLimited } from "../../src/SmsError.ts"
import { StorageError } from "../../src/StorageError.ts"
import { customer, ours, textContent } from "../rooms/kit.ts"
import { type Options, outbound, run, send, sent, type Services } from "./process.ts"

const other = Address.make("+15145550101")

const append = (fields: Partial<NewEntry> & Pick<NewEntry, "action">) =>
  ConsentLedger.use((ledger) =>
    ledger.append([{ person: customer, source: "keyword", sender: ours, provider: "mock", ...fields }])
  )

const reasonOf = (message: OutboundMessage, intentId?: string) =>
  Effect.map(Effect.result(send(message, intentId)), (result) => {
    if (Result.isSuccess(result)) return "sent"
    return result.failure._tag === "SmsError" ? result.failure.reason._tag : result.failure._tag
  })

const it_ = (title: string, options: Options, body: Effect.Effect<void, unknown, Services | Scope.Scope>) =>
  it.effect(title, () => run(options, body))

describe("a person who has opted out", () => {
  it_(
    "gets nothing before any request, and the error has the entry and no number",
    {},
    Effect.gen(function*() {
      yield* TestClock.setTime(5000)
      assert.strictEqual(yield* reasonOf(outbound("before")), "sent")
      const [appended] = yield* append({ action: "stop" })
      const error = yield* Effect.flip(send(outbound("after")))
      assert.isTrue(error._tag === "SmsError" && error.reason._tag === "OptedOut")
      if (error._tag !== "SmsError" || error.reason._tag !== "OptedOut") return
      assert.deepStrictEqual(error.reason.entry, {
        id: appended!.entry.id,
        source: "keyword",
        saidAt: DateTime.makeUnsafe(5000)
      })
      assert.include(error.message, appended!.entry.id)
      assert.notInclude(error.message, customer.slice(2))
      assert.deepStrictEqual([error.isRetryable, error.canFailOver], [false, false])
      assert.deepStrictEqual(yield* sent, ["before"])
    })
  )

  it_(
    "is known by any form of the number, and in a group",
    {},
    Effect.gen(function*() {
      yield* append({ action: "stop", person: Address.make("whatsapp:+5215512345678") })
      assert.strictEqual(yield* reasonOf(outbound("a", { to: Address.make("+525512345678") })), "OptedOut")
      const group = new OutboundMessage({
        to: other,
        participants: [Address.make("+5215512345678")],
        content: textContent("hi"),
        purpose: "confirmation"
      })
      assert.strictEqual(yield* reasonOf(group), "OptedOut")
      assert.strictEqual(yield* reasonOf(outbound("b")), "sent")
    })
  )

  it_(
    "may be texted again after a later START, and not after an earlier one",
    {},
    Effect.gen(function*() {
      yield* TestClock.setTime(10_000)
      yield* append({ action: "stop", saidAt: DateTime.makeUnsafe(5000) })
      yield* append({ action: "start", saidAt: DateTime.makeUnsafe(4000) })
      assert.strictEqual(yield* reasonOf(outbound("a")), "OptedOut")
      yield* append({ action: "start" })
      assert.strictEqual(yield* reasonOf(outbound("b")), "sent")
    })
  )

  it_(
    "gets the messages of an exempt purpose alone",
    { consent: { exempt: ["oneTimeCode"] } },
    Effect.gen(function*() {
      yield* append({ action: "stop" })
      assert.strictEqual(yield* reasonOf(outbound("code", { purpose: "oneTimeCode" })), "sent")
      for (const purpose of ["transactional", "marketing", "conversational", undefined] as const) {
        assert.strictEqual(yield* reasonOf(outbound("a", purpose === undefined ? {} : { purpose })), "OptedOut")
      }
    })
  )

  it_(
    "gets no exempt message by default",
    {},
    Effect.gen(function*() {
      yield* append({ action: "stop" })
      for (const purpose of ["transactional", "oneTimeCode"] as const) {
        assert.strictEqual(yield* reasonOf(outbound("a", { purpose })), "OptedOut")
      }
    })
  )

  it_(
    "gets no message that the carrier would keep until later",
    {},
    Effect.gen(function*() {
      const providers = yield* SmsProviders
      assert.notInclude(providers.all[0]!.capabilities.send!.options, "sendAt")
      const sendAt = DateTime.add(yield* DateTime.now, { hours: 1 })
      const later = new OutboundMessage({ to: customer, content: textContent("later"), sendAt })
      assert.strictEqual(yield* reasonOf(later), "NotSupported")
    })
  )

  it_(
    "gets nothing while the ledger fails",
    {
      ledger: Layer.succeed(
        ConsentLedger,
        ConsentLedger.of({
          append: () => Effect.fail(new StorageError({ store: "consents", cause: "away" })),
          lastWords: () => Effect.fail(new StorageError({ store: "consents", cause: "away" })),
          of: () => Effect.succeed([]),
          list: () => Effect.succeed([])
        })
      )
    },
    Effect.gen(function*() {
      const error = yield* Effect.flip(send(outbound("a")))
      assert.isTrue(error._tag === "SmsError" && error.reason._tag === "ProviderUnavailable" && error.isRetryable)
      assert.deepStrictEqual(yield* sent, [])
    })
  )
})

describe("the confirmation of an opt-out", () => {
  const confirmation = outbound("You are out", { purpose: "confirmation" })

  it_(
    "goes out once, until the person opts in again",
    {},
    Effect.gen(function*() {
      yield* append({ action: "stop" })
      assert.strictEqual(yield* reasonOf(confirmation, "1"), "sent")
      assert.strictEqual(yield* reasonOf(confirmation, "2"), "OptedOut")
      assert.strictEqual(yield* reasonOf(confirmation), "OptedOut")
      yield* append({ action: "stop" })
      assert.strictEqual(yield* reasonOf(confirmation, "3"), "OptedOut")
      yield* TestClock.adjust("1 minute")
      yield* append({ action: "start" })
      yield* TestClock.adjust("1 minute")
      yield* append({ action: "stop" })
      assert.strictEqual(yield* reasonOf(confirmation, "4"), "sent")
      assert.strictEqual(yield* reasonOf(confirmation, "5"), "OptedOut")
    })
  )

  it.effect("is the same one when the send is repeated because the carrier refused it", () => {
    let refusals = 1
    return run(
      { mock: { respond: () => refusals-- > 0 ? Effect.fail(new RateLimited({})) : Effect.void } },
      Effect.gen(function*() {
        yield* append({ action: "stop" })
        assert.strictEqual(yield* reasonOf(confirmation, "1"), "RateLimited")
        assert.strictEqual(yield* reasonOf(confirmation, "2"), "OptedOut")
        assert.strictEqual(yield* reasonOf(confirmation, "1"), "sent")
      })
    )
  })

  it_(
    "goes out once, however many ask at a time",
    {},
    Effect.gen(function*() {
      yield* append({ action: "stop" })
      const reasons = yield* Effect.forEach(
        Array.from({ length: 10 }, (_, index) => String(index)),
        (id) => reasonOf(confirmation, id),
        { concurrency: "unbounded" }
      )
      assert.lengthOf(reasons.filter((reason) => reason === "sent"), 1)
    })
  )

  it_(
    "goes out within five minutes, and only after what the person said",
    {},
    Effect.gen(function*() {
      yield* append({ action: "stop" })
      yield* TestClock.adjust("5 minutes")
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* reasonOf(confirmation), "OptedOut")
      for (const source of ["import", "api", "carrier refusal"] as const) {
        yield* append({ action: "stop", source })
        assert.strictEqual(yield* reasonOf(confirmation), "OptedOut")
      }
      yield* append({ action: "stop", source: "carrier flag" })
      assert.strictEqual(yield* reasonOf(confirmation), "sent")
    })
  )
})

describe("an answer to HELP", () => {
  const help = outbound("Call us", { purpose: "help" })

  it_(
    "goes to a person who has opted out, once for each HELP",
    {},
    Effect.gen(function*() {
      yield* append({ action: "stop" })
      assert.strictEqual(yield* reasonOf(help), "OptedOut")
      yield* append({ action: "help" })
      assert.strictEqual(yield* reasonOf(help, "1"), "sent")
      assert.strictEqual(yield* reasonOf(help, "2"), "OptedOut")
      yield* append({ action: "help" })
      assert.strictEqual(yield* reasonOf(help, "3"), "sent")
      yield* append({ action: "help" })
      yield* TestClock.adjust("6 minutes")
      assert.strictEqual(yield* reasonOf(help, "4"), "OptedOut")
    })
  )
})

describe("a refusal by the carrier", () => {
  it.effect("opts the person out, so that the carrier is not asked again", () => {
    let asked = 0
    const respond = () => Effect.suspend(() => Effect.fail(new OptedOut({ code: `2161${asked++}` })))
    return run(
      { mock: { respond } },
      Effect.gen(function*() {
        assert.strictEqual(yield* reasonOf(outbound("a")), "OptedOut")
        const [entry] = yield* ConsentLedger.use((ledger) => ledger.of(customer, { limit: 9 }))
        assert.deepInclude({ ...entry }, {
          action: "stop",
          source: "carrier refusal",
          words: "21610",
          sender: ours,
          provider: "mock"
        })
        assert.strictEqual(yield* reasonOf(outbound("b")), "OptedOut")
        assert.strictEqual(asked, 1)
        assert.lengthOf(yield* ConsentLedger.use((ledger) => ledger.of(customer, { limit: 9 })), 1)
        yield* TestClock.adjust("1 second")
        yield* append({ action: "start" })
        assert.strictEqual(yield* reasonOf(outbound("c")), "OptedOut")
        assert.strictEqual(asked, 2)
      })
    )
  })

  it.effect("of a group names nobody", () =>
    run(
      { mock: { respond: () => Effect.fail(new OptedOut({})) } },
      Effect.gen(function*() {
        const group = new OutboundMessage({ to: other, participants: [customer], content: textContent("hi") })
        assert.strictEqual(yield* reasonOf(group), "OptedOut")
        assert.deepStrictEqual(yield* ConsentLedger.use((ledger) => ledger.list({ after: 0, limit: 9 })), [])
      })
    ))
})

describe("the scope of an opt-out", () => {
  const from = (sender: Address | undefined) =>
    new OutboundMessage({ to: customer, content: textContent("a"), ...(sender !== undefined && { from: sender }) })

  const optedOut = (sender: Address | undefined, provider = "mock") =>
    Effect.map(
      Consent.Consent.use((consent) => consent.optOut(customer, { sender, provider })),
      (entry) => entry !== undefined
    )

  it_(
    "is all of our numbers by default",
    {},
    Effect.gen(function*() {
      yield* append({ action: "stop", sender: other, provider: "elsewhere" })
      assert.strictEqual(yield* reasonOf(from(undefined)), "OptedOut")
      yield* TestClock.adjust("1 second")
      yield* append({ action: "start" })
      assert.isFalse(yield* optedOut(other, "elsewhere"))
    })
  )

  it_(
    "may be the provider",
    { consent: { scope: "provider" } },
    Effect.gen(function*() {
      yield* append({ action: "stop", sender: other, provider: "elsewhere" })
      assert.strictEqual(yield* reasonOf(from(ours)), "sent")
      assert.isTrue(yield* optedOut(ours, "elsewhere"))
      yield* append({ action: "stop", provider: undefined })
      assert.strictEqual(yield* reasonOf(from(ours)), "OptedOut")
    })
  )

  it_(
    "may be the number, and where that is not known it is any of them",
    { consent: { scope: "number" } },
    Effect.gen(function*() {
      yield* append({ action: "stop" })
      yield* TestClock.adjust("1 second")
      yield* append({ action: "start", sender: other })
      assert.strictEqual(yield* reasonOf(from(other)), "sent")
      assert.isTrue(yield* optedOut(Address.make("15145550100")))
      assert.isTrue(yield* optedOut(undefined))
      assert.isTrue(yield* optedOut(Address.make("MG0123")))
      yield* TestClock.adjust("1 second")
      yield* append({ action: "start" })
      assert.isFalse(yield* optedOut(undefined))
      yield* TestClock.adjust("1 second")
      // Of no number: it concerns all.
      yield* append({ action: "stop", source: "api", sender: undefined })
      for (const sender of [ours, other, undefined]) assert.isTrue(yield* optedOut(sender))
      yield* TestClock.adjust("1 second")
      yield* append({ action: "start", sender: other })
      assert.deepStrictEqual([yield* optedOut(other), yield* optedOut(ours)], [false, true])
    })
  )
})
