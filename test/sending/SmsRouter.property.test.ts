import { assert, it } from "@effect/vitest"
import { Effect, References, Result } from "effect"
import * as fc from "fast-check"
import { Address } from "../../src/Address.ts"
import { TextContent } from "../../src/Content.ts"
import { OutboundMessage } from "../../src/Message.ts"
import * as SmsError from "../../src/SmsError.ts"
import { type Answer, makeMocks, route } from "./routing.ts"

const message = new OutboundMessage({
  to: Address.make("+15145550142"),
  from: Address.make("+15145550100"),
  content: new TextContent({ text: "hi" })
})

// Written down apart from `canFailOver`, so that a change there is seen here.
const curable: ReadonlyArray<SmsError.SmsErrorReason> = [
  new SmsError.NotSupported({ field: "content.media", expected: "no files" }),
  new SmsError.InvalidSender({ status: 400 }),
  new SmsError.UnregisteredSender({ status: 400 }),
  new SmsError.Unreachable({ status: 400 }),
  new SmsError.Authentication({ status: 401 }),
  new SmsError.AccountSuspended({ status: 402 }),
  new SmsError.NotEnabled({ status: 400 }),
  new SmsError.RateLimited({ status: 429 }),
  new SmsError.ProviderUnavailable({})
]
const final: ReadonlyArray<SmsError.SmsErrorReason> = [
  new SmsError.InvalidMessage({ status: 400 }),
  new SmsError.InvalidRecipient({ status: 400 }),
  new SmsError.OptedOut({ status: 400 }),
  new SmsError.GuardRefused({ guard: "quietHours", rule: "the hours of US" }),
  new SmsError.ContentRejected({ status: 400 }),
  new SmsError.DuplicateMessage({ status: 400 }),
  new SmsError.UnexpectedResponse({ status: 400 }),
  new SmsError.OutcomeUnknown({ because: "Timeout" }),
  new SmsError.OutcomeUnknown({ because: "ServerError", status: 503 })
]

const names = ["a", "b", "c", "d", "e"]

const answers = fc.tuple(
  ...names.map(() =>
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom<Answer>(...curable) },
      { weight: 1, arbitrary: fc.constantFrom<Answer>(...final) },
      { weight: 1, arbitrary: fc.constant<Answer>("accepts") }
    )
  )
)

// Any names, some of them twice or more.
const order = fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 8 })

const isCurable = (answer: Answer | undefined): boolean => curable.some((reason) => reason === answer)

it("knows every reason", () => {
  const tags = new Set([...curable, ...final].map(({ _tag }) => _tag))
  assert.strictEqual(tags.size, SmsError.SmsErrorReason.members.length)
})

const check = (table: ReadonlyArray<Answer>, order: ReadonlyArray<string>, byMessage: boolean) =>
  Effect.gen(function*() {
    const { asked, mocks } = yield* makeMocks(Object.fromEntries(names.map((name, index) => [name, table[index]!])))
    const answerOf = (name: string) => table[names.indexOf(name)]
    const router = yield* route(mocks, { order: byMessage ? () => order : order })
    const result = yield* Effect.result(router.send(message))

    // In order, each once, up to the first one whose answer is not to be cured by another, and no further.
    const unique = [...new Set(order)]
    const end = unique.findIndex((name) => !isCurable(answerOf(name)))
    assert.deepStrictEqual(asked, end === -1 ? unique : unique.slice(0, end + 1))

    const sent = yield* Effect.forEach(
      mocks,
      ({ name, sent }) => Effect.map(sent, (messages) => messages.map(() => name))
    )
    const last = asked.at(-1)!
    if (answerOf(last) === "accepts") {
      assert.deepStrictEqual(sent.flat(), [last])
      assert.isTrue(Result.isSuccess(result) && result.success.provider === last)
      return
    }
    assert.deepStrictEqual(sent.flat(), [])
    const error = Result.isFailure(result) ? result.failure : undefined
    assert.instanceOf(error, SmsError.SmsError)
    const { earlier = [], provider, reason } = error as SmsError.SmsError
    assert.deepStrictEqual(
      [...earlier, { provider, reason }],
      asked.map((name) => ({ provider: name, reason: answerOf(name) as SmsError.SmsErrorReason }))
    )
  })

it.effect("asks in order, at most once each, and stops exactly where another carrier could not help", () =>
  Effect.promise(() =>
    fc.assert(
      fc.asyncProperty(answers, order, fc.boolean(), (table, order, byMessage) =>
        Effect.runPromise(Effect.provideService(check(table, order, byMessage), References.MinimumLogLevel, "None"))),
      { numRuns: 500 }
    )
  ))
