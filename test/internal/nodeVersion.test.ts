import { assert, describe, it } from "@effect/vitest"
import manifest from "../../package.json" with { type: "json" }
import { isOlder, needed, refusal } from "../../src/internal/nodeVersion.ts"

describe("the version of Node", () => {
  it("is that of package.json", () => assert.strictEqual(manifest.engines.node, `>=${needed}`))

  it("is compared by its numbers", () => {
    const older = ["9.0.0", "20.20.2", "22.2.0", "22.18.9"]
    assert.deepStrictEqual(
      [...older, "22.19.0", "22.20.1", "24.0.0", "100.1.0"].filter((v) => isOlder(v, needed)),
      older
    )
  })

  it("stops the commands that need a newer one", () => {
    assert.strictEqual(refusal("20.20.2", ["serve"]), "effect-sms needs Node 22.19 or newer, and this is 20.20.2")
    for (const args of [["init", "my-app"], ["--version"], ["--help"], []]) {
      assert.isUndefined(refusal("20.20.2", args))
    }
    assert.isUndefined(refusal("22.19.0", ["serve"]))
  })
})
