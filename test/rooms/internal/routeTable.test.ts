import { assert, it } from "@effect/vitest"
import * as fc from "fast-check"
import { Address } from "../../../src/Address.ts"
import type { Route } from "../../../src/rooms/internal/routes.ts"
import { textOf } from "../../../src/rooms/internal/routes.ts"
import { RouteTable } from "../../../src/rooms/internal/routeTable.ts"

const address = fc.constantFrom("a", "b", "[\"a\",\"b\"]", "null").map((text) => Address.make(text))
const none = fc.constant(undefined)
const route: fc.Arbitrary<Route> = fc.record({
  channelId: fc.constantFrom("a", "b", "[\"a\"]"),
  recipient: fc.oneof(none, address),
  party: fc.oneof(none, address, fc.tuple(address, address))
})

it("a table of routes has what a map by their texts has", () => {
  const step = fc.record({ what: fc.constantFrom("set", "set", "delete"), route })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.array(route), (steps, others) => {
      const table = new RouteTable<number>()
      const model = new Map<string, number>()
      for (const [index, { route, what }] of steps.entries()) {
        if (what === "set") {
          table.set(route, index)
          model.set(textOf(route), index)
        } else {
          table.delete(route)
          model.delete(textOf(route))
        }
        for (const each of [route, ...others]) assert.strictEqual(table.get(each), model.get(textOf(each)))
      }
    }),
    { numRuns: 500 }
  )
})
