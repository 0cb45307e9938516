import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as fc from "fast-check"
import * as Content from "../../src/Content.ts"
import * as MmsWindow from "../../src/mms/internal/window.ts"
import type { MessagePart } from "../../src/WebhookEvent.ts"
import { media, said, wrapper } from "./parts.ts"

const settings: MmsWindow.Settings = { timeout: 5000, quietTime: 0, reorderWindow: 0, rememberFor: 600_000 }

const arrived = (part: MessagePart) => new MmsWindow.Arrived({ part })

/** Takes the inputs one after the other, a millisecond apart. */
const run = (
  inputs: ReadonlyArray<MmsWindow.Input>,
  { from = MmsWindow.empty, ...changed }: Partial<MmsWindow.Settings> & { readonly from?: MmsWindow.State } = {}
) => {
  const outputs: Array<MmsWindow.Output> = []
  let state = from
  inputs.forEach((input, now) => {
    const [put, next] = MmsWindow.step(state, input, now, { ...settings, ...changed })
    outputs.push(...put)
    state = next
  })
  return { outputs, state }
}

const short = (output: MmsWindow.Output): string =>
  output._tag === "Due" ? `${output.cause} ${said(output.message)}` : output._tag

describe("a step", () => {
  it("keeps what came out until it was handled", () => {
    const { outputs, state } = run([arrived(wrapper("w")), arrived(media("m"))])
    assert.deepStrictEqual(outputs.map(short), ["Buffered", "complete w + m"])
    assert.deepStrictEqual(state.due.map(short), ["complete w + m"])
    assert.isFalse(state.isIdle)
    const [due] = state.due
    const handled = new MmsWindow.Handled({ due: due!.id })
    const after = run([handled, handled], { from: state })
    assert.deepStrictEqual(after.outputs, [])
    assert.isTrue(after.state.isIdle)
    // What was is still known.
    assert.deepStrictEqual(run([arrived(media("m"))], { from: after.state }).outputs, [{ _tag: "Repeated" }])
  })

  it("closes a window by its own timer alone", () => {
    const { state } = run([arrived(wrapper("w")), arrived(wrapper("x"))])
    const [first, second] = state.open
    assert(first !== undefined && second !== undefined)
    const elapsed = (window: number, closesAt: number) =>
      run([new MmsWindow.Elapsed({ window, closesAt })], { from: state })
    assert.deepStrictEqual(elapsed(first.id, first.closesAt).outputs.map(short), ["elapsed w"])
    assert.deepStrictEqual(elapsed(second.id, second.closesAt).outputs.map(short), ["elapsed x"])
    for (
      const [id, closesAt] of [[first.id, first.closesAt - 1], [first.id, second.closesAt], [
        99,
        first.closesAt
      ]] as const
    ) {
      assert.deepStrictEqual(elapsed(id, closesAt), { outputs: [], state })
    }
  })

  it("does not know the timer of a window that waits for more files since", () => {
    const opened = run([arrived(wrapper("w"))], { quietTime: 1000 }).state
    const waiting = run([arrived(media("m"))], { from: opened, quietTime: 1000 }).state
    const elapsed = (of: MmsWindow.State) =>
      run([new MmsWindow.Elapsed({ window: of.open[0]!.id, closesAt: of.open[0]!.closesAt })], { from: waiting })
    assert.deepStrictEqual(elapsed(opened).outputs, [])
    assert.deepStrictEqual(elapsed(waiting).outputs.map(short), ["elapsed w + m"])
  })

  it("closes a window before its time when it is told to", () => {
    const { state } = run([arrived(wrapper("w")), arrived(wrapper("empty", { text: "" }))])
    const closed = (window: number) => run([new MmsWindow.Closed({ window, cause: "flushed" })], { from: state })
    assert.deepStrictEqual(state.open.map(({ id }) => closed(id).outputs.map(short)), [["flushed w"], []])
    assert.lengthOf(closed(state.open[1]!.id).state.open, 1)
    assert.deepStrictEqual(closed(99), { outputs: [], state })
  })

  it("does not let one key grow, and loses nothing of it", () => {
    const names = Array.from({ length: 300 }, (_, index) => String(index))
    const wrappers = run(names.map((name) => arrived(wrapper(name))))
    assert.strictEqual(wrappers.state.open.length, 16)
    assert.isBelow(wrappers.state.seen.length, 200)
    const out = wrappers.outputs.filter((output) => output._tag === "Due")
    assert.deepStrictEqual(
      [...out.map(({ message }) => said(message)), ...wrappers.state.open.map(({ parts }) => said(parts[0].message))],
      names
    )
    assert.isTrue(out.every((due) => due.cause === "evicted" && !MmsWindow.answersPart(due)))

    const files = run([arrived(wrapper("w")), ...names.map((name) => arrived(media(name)))], { quietTime: 4000 })
    const due = files.outputs.filter((output) => output._tag === "Due")
    assert.deepStrictEqual(due.flatMap(({ message }) => Content.media(message.content)).length, 300)
    assert.isBelow(Math.max(...due.map(({ parts }) => parts)), 40)
    assert.isBelow(files.state.sent.length, 40)
  })

  const parts = ["w", "x", "y"].map((name) => wrapper(name)).concat(
    ["1", "2", "3"].map((name) => media(name)),
    [wrapper("empty", { text: "" }), media("4", { text: "caption" })]
  )

  it("goes on after any crash from what was stored, as if there had been none", () => {
    const stored = Schema.fromJsonString(Schema.toCodecJson(MmsWindow.State))
    const inputs = Schema.fromJsonString(Schema.toCodecJson(MmsWindow.Input))
    const restore = <A>(schema: Schema.Codec<A, string>, value: A) =>
      Effect.runSync(Effect.flatMap(Schema.encodeEffect(schema)(value), Schema.decodeEffect(schema)))
    const action = fc.oneof(
      fc.constantFrom(...parts).map((part) => ({ _tag: "Arrived" as const, part })),
      fc.record({ _tag: fc.constantFrom("Elapsed" as const, "Flushed" as const, "Handled" as const), nth: fc.nat(3) })
    )
    fc.assert(
      fc.property(
        fc.array(action, { maxLength: 20 }),
        fc.record({ quietTime: fc.constantFrom(0, 3), reorderWindow: fc.constantFrom(0, 3) }),
        (actions, changed) => {
          let state = MmsWindow.empty
          let copy = MmsWindow.empty
          actions.forEach((action, now) => {
            const window = action._tag === "Arrived" ? undefined : state.open[action.nth]
            const due = action._tag === "Arrived" ? undefined : state.due[action.nth]
            const input = action._tag === "Arrived"
              ? arrived(action.part)
              : action._tag === "Handled"
              ? due && new MmsWindow.Handled({ due: due.id })
              : window && (action._tag === "Elapsed"
                ? new MmsWindow.Elapsed({ window: window.id, closesAt: window.closesAt })
                : new MmsWindow.Closed({ window: window.id, cause: "flushed" }))
            if (input === undefined) return
            const [outputs, next] = MmsWindow.step(state, input, now, { ...settings, ...changed })
            const [again, restored] = MmsWindow.step(restore(stored, copy), restore(inputs, input), now, {
              ...settings,
              ...changed
            })
            assert.deepStrictEqual(again, outputs)
            assert.deepStrictEqual(restored, next)
            state = next
            copy = restored
          })
        }
      ),
      { numRuns: 300 }
    )
  })
})
