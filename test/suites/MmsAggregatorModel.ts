/**
 * Any sequence of parts, repetitions, failures and clock steps, against what
 * must hold for every aggregator of split messages: every text and every file
 * is delivered once, nothing before it is due, and nothing is pending for ever.
 */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Exit, Fiber, Layer, Schedule, Scope } from "effect"
import * as fc from "fast-check"
import * as Content from "../../src/Content.ts"
import type { InboundMessage } from "../../src/Message.ts"
import { MmsAggregator, type Service } from "../../src/mms/MmsAggregator.ts"
import type { MessagePart } from "../../src/WebhookEvent.ts"
import { media, said, wrapper } from "../mms/parts.ts"
import type { Subject } from "./MmsAggregatorSuite.ts"

const timeout = 5000
const retryAfter = 1000

/** In milliseconds. */
interface Waits {
  readonly quietTime: number
  readonly reorderWindow: number
}

interface Known {
  readonly name: string
  /** Of whose parts it may be merged with. */
  readonly group: string
  readonly part: MessagePart
  readonly at: number
  waits: boolean
  /** Let out before its time. */
  forced: boolean
  /** It came while something waited for it. */
  awaited: boolean
  out: Attempt | undefined
  delivered: number
}

interface Attempt {
  readonly message: InboundMessage
  readonly at: number
  ended: "no" | "failed" | "handled"
}

const namesOf = ({ raw }: InboundMessage): ReadonlyArray<string> =>
  (Array.isArray(raw["parts"]) ? raw["parts"] : [raw]).map(({ name }) => String(name))

const isEmpty = ({ part }: Known) => Content.isEmpty(part.message.content)

type Ending = "offered" | "handled" | "fails" | "dies" | "is interrupted"
type Handler = "works" | "fails" | "dies" | "is slow"

/** All that came and all that came out, and what must hold for it. */
class Model {
  readonly parts = new Map<string, Known>()
  readonly attempts: Array<Attempt> = []
  /** Those whose beginning was checked. */
  checked = 0
  handler: Handler = "works"
  /** The messages that came out after a message that belongs to them. */
  readonly owners = new Set<string>()

  readonly waits: Waits

  constructor(waits: Waits) {
    this.waits = waits
  }

  /** Those of the group that were buffered and are not out. A wrapper without text is never seen to come out. */
  pending(group: string, now: number): ReadonlyArray<Known> {
    return [...this.parts.values()].filter((known) =>
      known.group === group && known.waits && known.out === undefined
      && !(isEmpty(known) && (known.forced || known.at + timeout <= now))
    )
  }

  came(part: MessagePart, name: string, group: string, now: number, alone: boolean): Known {
    const pending = this.pending(group, now)
    const roles = new Set(pending.map(({ part }) => part.role))
    const known: Known = {
      name,
      group,
      part,
      at: now,
      waits: false,
      forced: false,
      awaited: alone && (part.role === "media" ? pending.length > 0 : roles.has("media") && !roles.has("wrapper")),
      out: undefined,
      delivered: 0
    }
    this.parts.set(name, known)
    return known
  }

  begin(message: InboundMessage, at: number): Attempt {
    const attempt: Attempt = { message, at, ended: "no" }
    this.attempts.push(attempt)
    return attempt
  }

  check(now: number) {
    for (const attempt of this.attempts.slice(this.checked)) this.checkAttempt(attempt)
    this.checked = this.attempts.length
    const longest = Math.max(timeout, this.waits.reorderWindow)
    for (const known of this.parts.values()) {
      if (known.out !== undefined || isEmpty(known)) continue
      assert.isAbove(known.at + longest, now, `${known.name} is pending for too long`)
    }
  }

  private checkAttempt(attempt: Attempt) {
    const { message } = attempt
    const names = namesOf(message)
    const parts = names.map((name) => this.parts.get(name)!)
    const [first] = parts
    const before = first!.out
    if (before !== undefined) {
      assert.deepStrictEqual(message, before.message, "what is tried again is the same message")
      for (const { message, ended } of this.attempts.slice(0, this.attempts.indexOf(attempt))) {
        if (namesOf(message).includes(first!.name)) assert.strictEqual(ended, "failed", `${names} came out twice`)
      }
      return
    }
    for (const known of parts) {
      assert.isUndefined(known.out, `${known.name} came out in two messages`)
      assert.strictEqual(known.group, first!.group, "parts of different messages are merged")
    }
    this.checkContent(message, parts)
    this.checkTime(attempt, parts)
    for (const known of parts) known.out = attempt
  }

  private checkContent(message: InboundMessage, parts: ReadonlyArray<Known>) {
    const wrappers = parts.filter(({ part }) => part.role === "wrapper")
    assert.isAtMost(wrappers.length, 1)
    assert.isFalse(Content.isEmpty(message.content))
    const contents = parts.map(({ part }) => part.message.content)
    const texts = contents.map(Content.text).filter((text) => text !== "")
    const files = contents.flatMap(Content.media).map(({ url }) => url)
    assert.strictEqual(Content.text(message.content), texts.join("\n"))
    assert.deepStrictEqual(Content.media(message.content).map(({ url }) => url), files)
    assert.strictEqual(message.idempotencyKey, (wrappers[0] ?? parts[0]!).name)
    for (const known of parts) {
      if (known.awaited) assert.isAbove(parts.length, 1, `${known.name} came out alone, and something waited for it`)
    }
  }

  private checkTime({ at, message }: Attempt, parts: ReadonlyArray<Known>) {
    const first = parts[0]!
    const owner = message.metadata["mmsPartOf"]
    if (owner !== undefined) {
      const owners = this.attempts.slice(0, this.attempts.findIndex((attempt) => attempt.message === message))
      const known = owners.find(({ message }) => message.externalId === owner)
      // When its handling was interrupted, it comes out again later.
      if (known === undefined) this.owners.add(owner)
      else assert.strictEqual(this.parts.get(namesOf(known.message)[0]!)!.group, first.group)
      return
    }
    if (parts.some(({ forced }) => forced)) return
    const times = parts.map(({ at }) => at)
    const opened = Math.min(...times)
    const roles = new Set(parts.map(({ part }) => part.role))
    const due = roles.size === 2
      ? Math.min(Math.max(...times) + this.waits.quietTime, opened + timeout)
      : roles.has("wrapper")
      ? opened + timeout
      : opened + this.waits.reorderWindow
    assert.isAtLeast(at, due, `${said(message)} came out before it was due`)
  }

  checkEnd() {
    for (const owner of this.owners) {
      assert.isTrue(this.attempts.some(({ message }) => message.externalId === owner), `${owner} did not come out`)
    }
    for (const { ended, message } of this.attempts) {
      assert.notStrictEqual(ended, "no", `${said(message)} is still handled`)
      if (ended === "handled") { for (const name of namesOf(message)) this.parts.get(name)!.delivered++ }
    }
    for (const known of this.parts.values()) {
      if (isEmpty(known)) assert.isAtMost(known.delivered, 1)
      else assert.strictEqual(known.delivered, 1, `${known.name} is delivered ${known.delivered} times`)
    }
  }
}

interface Real {
  readonly aggregator: Service
  readonly advance: Subject["advance"]
  readonly run: (effect: Effect.Effect<void>) => Promise<void>
}

interface Spec {
  readonly role: MessagePart["role"]
  readonly key: string
  readonly provider: string
  readonly text: boolean
  readonly ending: Ending
}

const makePart = ({ key, provider, role, text }: Spec, name: string): MessagePart =>
  (role === "wrapper" ? wrapper : media)(name, { key, provider, text: text ? `text of ${name}` : "" })

const groupOf = ({ key, provider }: Spec) => `${provider} ${key}`

/** Hands out what a part completes as the ending says. */
const process = Effect.fnUntraced(function*(model: Model, { aggregator }: Real, part: MessagePart, ending: Ending) {
  if (ending === "offered") {
    const message = yield* Effect.orDie(aggregator.offer(part))
    if (message._tag === "Some") {
      model.begin(message.value, yield* Clock.currentTimeMillis).ended = "handled"
    }
    return message._tag === "Some" ? "Due" as const : undefined
  }
  let handled = false
  const exit = yield* Effect.exit(aggregator.process(part, (message) =>
    Effect.gen(function*() {
      handled = true
      const attempt = model.begin(message, yield* Clock.currentTimeMillis)
      attempt.ended = ending === "handled" ? "handled" : "failed"
      if (ending === "fails") return yield* Effect.fail("not now")
      if (ending === "dies") return yield* Effect.die("never")
      if (ending === "is interrupted") return yield* Effect.interrupt
    })))
  assert.strictEqual(Exit.isFailure(exit), handled && ending !== "handled", "the caller knows what its function did")
  return Exit.isSuccess(exit) ? exit.value._tag : "Due" as const
})

const offer = Effect.fnUntraced(function*(model: Model, real: Real, spec: Spec, alone: boolean) {
  const name = String(model.parts.size)
  const group = groupOf(spec)
  const now = yield* Clock.currentTimeMillis
  // More windows at a time than a key may have would close the oldest.
  if (model.pending(group, now).length >= 12) return
  const known = model.came(makePart(spec, name), name, group, now, alone)
  // An offer does not say whether what says nothing waits.
  const outcome = yield* process(model, real, known.part, isEmpty(known) ? "handled" : spec.ending)
  assert.notStrictEqual(outcome, "Repeated", `${name} is new`)
  if (outcome === "Empty") assert.isTrue(isEmpty(known), `${name} says something`)
  known.waits = outcome === "Buffered" || outcome === undefined
})

const command = (
  name: string,
  run: (model: Model, real: Real) => Effect.Effect<void>
): fc.AsyncCommand<Model, Real> => ({
  check: () => true,
  run: (model, real) =>
    real.run(
      run(model, real).pipe(
        Effect.andThen(Clock.currentTimeMillis),
        Effect.map((now) => model.check(now))
      )
    ),
  toString: () => name
})

const shown = ({ ending, key, provider, role, text }: Spec) =>
  `${role} ${text ? "with" : "without"} text of ${provider} ${key}, which ${ending}`

const single = (spec: Spec) => command(shown(spec), (model, real) => offer(model, real, spec, true))

const together = (specs: ReadonlyArray<Spec>) =>
  command(
    `at once: ${specs.map(shown).join("; ")}`,
    (model, real) =>
      Effect.forEach(specs, (spec) => offer(model, real, spec, false), { concurrency: "unbounded", discard: true })
  )

const repeat = (nth: number, ending: Ending) =>
  command(`repeat ${nth}, which ${ending}`, (model, real) =>
    Effect.gen(function*() {
      const known = [...model.parts.values()][nth % Math.max(1, model.parts.size)]
      if (known === undefined) return
      const outcome = yield* process(model, real, known.part, ending)
      assert.strictEqual(outcome, ending === "offered" ? undefined : "Repeated")
    }))

const step = (millis: number) => command(`${millis} ms`, (_model, { advance }) => advance(millis))

const handler = (handler: Handler) =>
  command(`the handler ${handler}`, (model) => Effect.sync(() => void (model.handler = handler)))

/** Waits for as long as it may: a handler can fail all the time. */
const letOut = Effect.fnUntraced(function*(effect: Effect.Effect<void>, { advance }: Pick<Real, "advance">) {
  const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
  yield* advance("5 seconds")
  yield* Fiber.join(fiber)
})

const drain = command("drain", (model, real) => {
  for (const known of model.parts.values()) known.forced = true
  return letOut(real.aggregator.drain, real)
})

const waits: fc.Arbitrary<Waits> = fc.record({
  quietTime: fc.constantFrom(0, 1000),
  reorderWindow: fc.constantFrom(0, 2000)
})
const millis = fc.constantFrom(0, 1, 499, 999, 1000, 1001, 1999, 2500, 4999, 5000, 12_000)
const steps = fc.array(millis, { maxLength: 5 })
const nth = fc.nat({ max: 20 })
const spec: fc.Arbitrary<Spec> = fc.record({
  role: fc.constantFrom("wrapper", "media"),
  key: fc.constantFrom("a", "b"),
  provider: fc.constantFrom("voicemeup", "voicemeup", "voicemeup-2"),
  text: fc.boolean(),
  ending: fc.constantFrom("offered", "handled", "handled", "fails", "dies", "is interrupted")
})

const ending = fc.constantFrom<Ending>("offered", "handled", "fails")
const part = spec.map(single)

const commandsOf = (durable: boolean) =>
  fc.commands([
    part,
    part,
    part,
    fc.array(spec, { minLength: 2, maxLength: 4 }).map(together),
    fc.tuple(nth, ending).map((args) => repeat(...args)),
    millis.map(step),
    millis.map(step),
    fc.constantFrom<Handler>("works", "works", "fails", "dies", "is slow").map(handler),
    // After it a durable aggregator leaves all to the next process.
    ...(durable ? [] : [fc.constant(drain)])
  ], { maxCommands: 40, size: "max" })

/** Handles what comes out by time, as the model says. */
const handle = (model: Model) => (message: InboundMessage) =>
  Effect.gen(function*() {
    const attempt = model.begin(message, yield* Clock.currentTimeMillis)
    if (model.handler === "is slow") yield* Effect.sleep("700 millis")
    attempt.ended = model.handler === "fails" || model.handler === "dies" ? "failed" : "handled"
    if (model.handler === "fails") return yield* Effect.fail("not now")
    if (model.handler === "dies") return yield* Effect.die("never")
  })

/** Holds an aggregator to it. `runs` is how many sequences are tried for each kind of waiting. */
export const model = ({ advance, durable, layer, name }: Subject, { runs = 50, time = 60_000 } = {}) => {
  const optionsOf = (waits: Waits) => ({
    ...waits,
    timeout,
    retry: Schedule.spaced(retryAfter),
    rememberFor: "1 day"
  } as const)

  describe(`MmsAggregator (${name}), whatever comes in whatever order`, () => {
    it.effect.each([
      { quietTime: 0, reorderWindow: 0 },
      { quietTime: 1000, reorderWindow: 0 },
      { quietTime: 0, reorderWindow: 2000 },
      { quietTime: 1000, reorderWindow: 2000 }
    ])(
      "delivers all of it once and in time ($quietTime ms quiet time, $reorderWindow ms reorder window)",
      (waits) =>
        Effect.gen(function*() {
          const run = Effect.runPromiseWith(yield* Effect.context<never>())
          const property = fc.asyncProperty(commandsOf(durable), fc.boolean(), (commands, byEnd) =>
            run(Effect.gen(function*() {
              const scope = yield* Scope.make()
              const model = new Model(waits)
              yield* Effect.gen(function*() {
                const aggregator = yield* MmsAggregator
                yield* aggregator.onDue(handle(model))
                const real: Real = { aggregator, advance, run }
                yield* Effect.promise(() =>
                  fc.asyncModelRun(() => ({ model, real }), commands)
                )
                model.handler = "works"
                if (!durable && byEnd) return
                yield* advance("10 seconds")
                model.check(yield* Clock.currentTimeMillis)
              }).pipe(
                Effect.provideContext(yield* Layer.buildWithScope(layer(optionsOf(waits)), scope)),
                Scope.provide(scope)
              )
              for (const known of model.parts.values()) known.forced = true
              yield* letOut(Scope.close(scope, Exit.void), { advance })
              model.check(yield* Clock.currentTimeMillis)
              model.checkEnd()
            })))
          yield* Effect.promise(() =>
            fc.assert(property, { numRuns: runs })
          )
        }),
      time
    )

    it.effect(
      "delivers all of it once, when parts, handlers and the clock overtake each other",
      () =>
        Effect.gen(function*() {
          const run = Effect.runPromiseWith(yield* Effect.context<never>())
          const specs = fc.array(spec, { minLength: 1, maxLength: 8 })
          const property = fc.asyncProperty(
            fc.scheduler(),
            waits,
            specs,
            steps,
            async (scheduler, waits, specs, steps) => {
              const model = new Model(waits)
              let scheduled = true
              /** Goes on when it is this one's turn. */
              const turn = (name: string) =>
                Effect.suspend(() =>
                  scheduled
                    ? Effect.promise(() => scheduler.schedule(Promise.resolve(), name))
                    : Effect.void
                )
              const receive = Effect.fnUntraced(function*(aggregator: Service, spec: Spec, index: number) {
                yield* turn(`part ${index}`)
                const name = String(index)
                const known = model.came(
                  makePart(spec, name),
                  name,
                  groupOf(spec),
                  yield* Clock.currentTimeMillis,
                  false
                )
                yield* Effect.exit(aggregator.process(known.part, (message) =>
                  Effect.gen(function*() {
                    const attempt = model.begin(message, yield* Clock.currentTimeMillis)
                    yield* turn(`message of part ${index}`)
                    attempt.ended = spec.ending === "offered" || spec.ending === "handled" ? "handled" : "failed"
                    if (attempt.ended === "failed") return yield* Effect.fail("not now")
                  })))
                yield* turn(`repetition of part ${index}`)
                assert.strictEqual((yield* aggregator.process(known.part, Effect.succeed))._tag, "Repeated")
              })
              const program = Effect.gen(function*() {
                const aggregator = yield* MmsAggregator
                yield* aggregator.onDue((message) =>
                  Effect.gen(function*() {
                    const attempt = model.begin(message, yield* Clock.currentTimeMillis)
                    yield* turn("handler")
                    attempt.ended = "handled"
                  })
                )
                yield* Effect.all([
                  Effect.forEach(specs, (spec, index) => receive(aggregator, spec, index), {
                    concurrency: "unbounded"
                  }),
                  Effect.forEach(steps, (millis) => Effect.andThen(turn(`${millis} ms`), advance(millis)))
                ], { concurrency: "unbounded" })
                scheduled = false
                yield* advance("10 seconds")
                model.check(yield* Clock.currentTimeMillis)
              }).pipe(Effect.provide(layer(optionsOf(waits))), Effect.scoped)
              await scheduler.waitFor(run(program))
              model.checkEnd()
            }
          )
          yield* Effect.promise(() => fc.assert(property, { numRuns: runs }))
        }),
      time
    )
  })
}
