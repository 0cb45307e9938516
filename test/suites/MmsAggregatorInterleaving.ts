/**
 * Whatever comes in whatever order, and whoever fails: every text and every
 * file is delivered, once, not before it is due and not never. A test gives the
 * layer of an aggregator where nothing is pending.
 */
import { assert, it } from "@effect/vitest"
import { type Duration, Effect, Exit, type Layer, Logger, Schedule } from "effect"
import { TestClock } from "effect/testing"
import * as fc from "fast-check"
import * as Content from "../../src/Content.ts"
import type { InboundMessage } from "../../src/Message.ts"
import { MmsAggregator, type Options, type Service } from "../../src/mms/MmsAggregator.ts"
import type { MessagePart } from "../../src/WebhookEvent.ts"
import { media, urlOf, wrapper } from "../mms/parts.ts"

export interface Subject {
  readonly name: string
  readonly layer: (options: Options) => Layer.Layer<MmsAggregator, unknown>
  /** Lets time pass, and everything happen that is due by then. */
  readonly advance: (duration: Duration.Input) => Effect.Effect<void>
  readonly runs: number
}

interface PartSpec {
  readonly role: "wrapper" | "media"
  readonly key: string
  readonly text: boolean
}

type Action =
  /** Parts that come at the same time. */
  | { readonly _tag: "Offer"; readonly parts: ReadonlyArray<number> }
  | { readonly _tag: "Wait"; readonly millis: number }
  /** From now on so many handlings fail. */
  | { readonly _tag: "Fail"; readonly times: number }

const specs = fc.array(
  fc.record({
    role: fc.constantFrom("wrapper" as const, "media" as const),
    key: fc.constantFrom("1", "2"),
    text: fc.boolean()
  }),
  { minLength: 1, maxLength: 10 }
)

const actions = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        _tag: fc.constant("Offer" as const),
        parts: fc.array(fc.nat(9), { minLength: 1, maxLength: 3 })
      })
    },
    {
      weight: 3,
      arbitrary: fc.record({ _tag: fc.constant("Wait" as const), millis: fc.integer({ min: 1, max: 7000 }) })
    },
    { weight: 1, arbitrary: fc.record({ _tag: fc.constant("Fail" as const), times: fc.integer({ min: 1, max: 3 }) }) }
  ),
  { maxLength: 25 }
)

const settings = fc.record({
  quietTime: fc.constantFrom(0, 1000),
  reorderWindow: fc.constantFrom(0, 2000)
})

const partOf = ({ key, role, text }: PartSpec, index: number): MessagePart =>
  role === "wrapper"
    ? wrapper(`w${index}`, { key, text: text ? `text-w${index}` : "" })
    : media(`m${index}`, { key, text: text ? `text-m${index}` : "" })

/** Everything that a message says: its texts, one a line, and its files. */
const sayings = ({ content }: InboundMessage): ReadonlyArray<string> => [
  ...Content.text(content).split("\n").filter((line) => line !== ""),
  ...Content.media(content).map(({ url }) => url)
]

const expectedOf = (spec: PartSpec, index: number): ReadonlyArray<string> => [
  ...(spec.text ? [spec.role === "wrapper" ? `text-w${index}` : `text-m${index}`] : []),
  ...(spec.role === "media" ? [urlOf(`m${index}`)] : [])
]

const timeout = 5000

const play = Effect.fnUntraced(function*(
  aggregator: Service,
  parts: ReadonlyArray<PartSpec>,
  steps: ReadonlyArray<Action>,
  advance: Subject["advance"]
) {
  const delivered: Array<string> = []
  const came = new Set<number>()
  let failing = 0

  const handle = (message: InboundMessage) =>
    Effect.suspend((): Effect.Effect<void, string> => {
      if (failing > 0) {
        failing--
        return Effect.fail("The handler is down")
      }
      delivered.push(...sayings(message))
      return Effect.void
    })
  yield* aggregator.onDue(handle)

  // Some of the parts are never named by a step: they come at the end.
  const remaining = parts.map((_, index) => index)
  const all: ReadonlyArray<Action> = [...steps, { _tag: "Offer", parts: remaining }]
  for (const step of all) {
    switch (step._tag) {
      case "Fail":
        failing += step.times
        break
      case "Wait":
        yield* advance(step.millis)
        break
      case "Offer": {
        const indices = step.parts.map((index) => index % parts.length)
        for (const index of indices) came.add(index)
        yield* Effect.forEach(
          indices,
          (index) => Effect.exit(aggregator.process(partOf(parts[index]!, index), handle)),
          { concurrency: "unbounded" }
        )
      }
    }
    const doubled = delivered.filter((saying, index) => delivered.indexOf(saying) !== index)
    assert.deepStrictEqual(doubled, [], "delivered twice")
    for (const saying of delivered) {
      const index = Number(/[wm](\d+)/.exec(saying.split("/").at(-1)!)![1])
      assert.isTrue(came.has(index), "delivered before it came")
    }
  }
  return delivered
})

export const suite = ({ advance, layer, name, runs }: Subject): void => {
  it.effect(`${name}: every text and every file is delivered once, in any interleaving`, () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(specs, actions, settings, (parts, steps, options) =>
          Effect.runPromise(
            Effect.gen(function*() {
              const aggregator = yield* MmsAggregator
              const delivered = yield* play(aggregator, parts, steps, advance)
              // All windows, and the repetitions of what failed.
              yield* advance(timeout)
              yield* advance("10 minutes")
              assert.sameMembers(delivered, parts.flatMap(expectedOf), "delivered in the end")
            }).pipe(
              Effect.provide(layer({ timeout, retry: Schedule.spaced("1 second"), ...options })),
              Effect.scoped,
              Effect.provide([TestClock.layer(), Logger.layer([])])
            )
          )),
        { numRuns: runs }
      )
    ))

  it.effect(`${name}: a wrapper whose file does not come is due when its time is over, and not before`, () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: timeout - 1 }), fc.integer({ min: 1, max: 3 }), (wait, copies) =>
          Effect.runPromise(
            Effect.gen(function*() {
              const aggregator = yield* MmsAggregator
              const delivered: Array<string> = []
              yield* aggregator.onDue((message) =>
                Effect.sync(() =>
                  void delivered.push(...sayings(message))
                )
              )
              const offer = Effect.exit(aggregator.offer(wrapper("w0", { text: "text-w0" })))
              assert.isTrue(Exit.isSuccess(yield* offer))
              for (let copy = 1; copy < copies; copy++) yield* offer
              yield* advance(wait)
              assert.deepStrictEqual(delivered, [])
              yield* advance(timeout - wait)
              assert.deepStrictEqual(delivered, ["text-w0"])
            }).pipe(
              Effect.provide(layer({ timeout })),
              Effect.scoped,
              Effect.provide([TestClock.layer(), Logger.layer([])])
            )
          )),
        { numRuns: Math.ceil(runs / 4) }
      )
    ))
}
