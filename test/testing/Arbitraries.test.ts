import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as fc from "fast-check"
import { Address } from "../../src/Address.ts"
import { Content } from "../../src/Content.ts"
import { DeliveryStatus } from "../../src/DeliveryStatus.ts"
import { InboundMessage } from "../../src/Message.ts"
import { PhoneNumber } from "../../src/PhoneNumber.ts"
import * as Arbitraries from "../../src/testing/Arbitraries.ts"

const cases = [
  { name: "phoneNumber", is: Schema.is(PhoneNumber), arbitrary: Arbitraries.phoneNumber },
  { name: "address", is: Schema.is(Address), arbitrary: Arbitraries.address },
  { name: "content", is: Schema.is(Content), arbitrary: Arbitraries.content },
  { name: "inboundMessage", is: Schema.is(InboundMessage), arbitrary: Arbitraries.inboundMessage },
  { name: "deliveryStatus", is: Schema.is(DeliveryStatus), arbitrary: Arbitraries.deliveryStatus }
] as const

it.effect.each(cases)("$name generates values of its schema", ({ arbitrary, is }) =>
  Effect.sync(() => {
    fc.assert(fc.property<[unknown]>(arbitrary, (value) => is(value)), { numRuns: 200 })
  }))

it("text is sometimes empty and sometimes not", () => {
  const lengths = fc.sample(Arbitraries.text, { numRuns: 100, seed: 1 }).map((text) => text.length)
  assert.isTrue(lengths.some((length) => length === 0) && lengths.some((length) => length > 0))
})
