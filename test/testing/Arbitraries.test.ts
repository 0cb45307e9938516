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
  { name: "phoneNumber", schema: PhoneNumber, arbitrary: Arbitraries.phoneNumber },
  { name: "address", schema: Address, arbitrary: Arbitraries.address },
  { name: "content", schema: Content, arbitrary: Arbitraries.content },
  { name: "inboundMessage", schema: InboundMessage, arbitrary: Arbitraries.inboundMessage },
  { name: "deliveryStatus", schema: DeliveryStatus, arbitrary: Arbitraries.deliveryStatus }
] as const

it.effect.each(cases)("$name generates values of its schema", ({ arbitrary, schema }) =>
  Effect.sync(() => {
    const is = Schema.is<unknown>(schema)
    fc.assert(fc.property<[unknown]>(arbitrary, (value) => is(value)), { numRuns: 200 })
  }))

it("text is sometimes empty and sometimes not", () => {
  const lengths = fc.sample(Arbitraries.text, { numRuns: 100, seed: 1 }).map((text) => text.length)
  assert.isTrue(lengths.some((length) => length === 0) && lengths.some((length) => length > 0))
})
