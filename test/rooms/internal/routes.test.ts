import { assert, it } from "@effect/vitest"
import * as fc from "fast-check"
import { canonicalKey } from "../../../src/rooms/internal/routes.ts"

const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom(..."\"\\/\n\u0000\u001f\u007f\u2028 aé😀\ud800\udc00") })
)

it("the key of a route is as JSON writes it, as databases have it", () => {
  const address = fc.option(fc.constantFrom("+15145550142", "12345", "whatsapp:+15145550142", "A \"B\" \\ C"))
  fc.assert(
    fc.property(
      text,
      address,
      fc.oneof(address, fc.constant(["+15145550142", "+15145550143"])),
      (channel, to, from) => {
        const key = JSON.stringify([channel, to, from])
        assert.strictEqual(canonicalKey(key), key)
      }
    )
  )
})
