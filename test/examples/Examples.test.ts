/**
 * Runs each program in `examples` as a user would. It has to end by itself,
 * without an error, and to print what its last comment says.
 */
import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { readdirSync, readFileSync } from "node:fs"

const directory = `${import.meta.dirname}/../../examples`

const examples = readdirSync(directory).filter((file) => file.endsWith(".ts"))

layer(NodeServices.layer)("examples", (it) => {
  it("are numbered programs", () => {
    assert.isAbove(examples.length, 0)
    assert.deepStrictEqual(examples.filter((file) => !/^\d\d[-_]\w[\w-]*\.ts$/.test(file)), [])
  })

  it.effect.each(examples)("%s runs to its end", (file) =>
    Effect.gen(function*() {
      const args = ["--conditions=effect-sms/source", file]
      const child = yield* ChildProcess.make(process.execPath, args, { cwd: directory, stdin: "ignore" })
      const output = yield* Stream.mkString(Stream.decodeText(child.all))
      assert.strictEqual(yield* child.exitCode, 0, output)
      const [, promised] = /\/\* Prints:\n(.+\n)\*\/\n$/s.exec(readFileSync(`${directory}/${file}`, "utf8")) ?? []
      assert.strictEqual(output, promised)
    }), 30_000)
})
