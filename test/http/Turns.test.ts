/** In which order requests are handled and answered that are read in one turn of the event loop. */
import { assert, describe, it } from "@effect/vitest"
import * as Turns from "../../src/http/internal/turns.ts"

const setUp = () => {
  const log: Array<string> = []
  const ends: Array<() => void> = []
  let now = 0
  const turns = Turns.make((flush) => ends.push(flush), () => now)
  const handle = (name: string, millis = 0) =>
    turns.handle(() => {
      log.push(`handle ${name}`)
      now += millis
      turns.write(() => log.push(`write ${name}`))
    })
  return { log, ends, turns, handle }
}

describe("Turns", () => {
  it("handles all of a turn at its end, and writes behind the last", () => {
    const { ends, handle, log } = setUp()
    handle("a")
    handle("b")
    assert.deepStrictEqual(log, [])
    assert.strictEqual(ends.length, 1)
    ends[0]!()
    assert.deepStrictEqual(log, ["handle a", "handle b", "write a", "write b"])
  })

  it("asks for the end of each turn that has requests", () => {
    const { ends, handle, log } = setUp()
    handle("a")
    ends[0]!()
    handle("b")
    ends[1]!()
    assert.deepStrictEqual(log, ["handle a", "write a", "handle b", "write b"])
    assert.strictEqual(ends.length, 2)
  })

  it("writes at once what is answered later", () => {
    const { log, turns } = setUp()
    turns.write(() => log.push("write"))
    assert.deepStrictEqual(log, ["write"])
  })

  it("lets no more than 32 wait for each other", () => {
    const { ends, handle, log } = setUp()
    const writes = () => log.filter((line) => line.startsWith("write"))
    for (let n = 1; n < 32; n++) handle(String(n))
    assert.deepStrictEqual(log, [])
    handle("32")
    assert.strictEqual(writes().length, 32)
    handle("33")
    assert.strictEqual(writes().length, 32)
    for (const end of ends) end()
    assert.strictEqual(writes().length, 33)
    assert.strictEqual(log.length, 2 * 33)
  })

  it("answers what was handled when one takes long, and goes on with the others", () => {
    const { ends, handle, log } = setUp()
    handle("a")
    handle("b", 50)
    handle("c", 1)
    handle("d", 1)
    ends[0]!()
    assert.deepStrictEqual(log, [
      "handle a",
      "handle b",
      "write a",
      "write b",
      "handle c",
      "handle d",
      "write c",
      "write d"
    ])
  })

  it("handles what waits when it is told to, and once", () => {
    const { ends, handle, log, turns } = setUp()
    handle("a")
    turns.flush()
    assert.deepStrictEqual(log, ["handle a", "write a"])
    ends[0]!()
    assert.strictEqual(log.length, 2)
  })
})
