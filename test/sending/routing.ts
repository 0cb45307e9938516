/** Mocks to route between. */
import { Effect, Layer } from "effect"
import type * as SmsProvider from "../../src/provider/SmsProvider.ts"
import * as SmsProviders from "../../src/provider/SmsProviders.ts"
import * as SmsRouter from "../../src/sending/SmsRouter.ts"
import type { SmsErrorReason } from "../../src/SmsError.ts"
import { MockSmsProvider } from "../../src/testing/index.ts"

/** Accepts, refuses with a reason, or does what the effect does. */
export type Answer = "accepts" | SmsErrorReason | Effect.Effect<void, SmsErrorReason>

/** Mocks with these names and answers, in this order, and which of them were asked. */
export const makeMocks = Effect.fnUntraced(function*(answers: Readonly<Record<string, Answer>>) {
  const asked: Array<string> = []
  const mocks = yield* Effect.forEach(Object.entries(answers), ([name, answer]) =>
    MockSmsProvider.make({
      name,
      respond: () =>
        Effect.suspend(() => {
          asked.push(name)
          if (answer === "accepts") return Effect.void
          return Effect.isEffect(answer) ? answer : Effect.fail(answer)
        })
    }))
  return { mocks, asked }
})

export const onlyReceives = (provider: SmsProvider.Service): SmsProvider.Service => ({
  ...provider,
  capabilities: { ...provider.capabilities, send: undefined }
})

/** A router between providers. */
export const route = (providers: ReadonlyArray<SmsProvider.Service>, options?: SmsRouter.Options) =>
  Effect.provide(SmsRouter.make(options), Layer.effect(SmsProviders.SmsProviders, SmsProviders.make(providers)))
