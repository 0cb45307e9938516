/**
 * Decides which faults happen to an exchange.
 */
import type { Kind } from "../../provider/Emulation.ts"
import { appliesTo, type Effect, type Fault } from "../Fault.ts"
import * as MagicNumber from "../MagicNumber.ts"
import * as Random from "./random.ts"

/** A rule, with its own generator: what one rule selects does not depend on the others. */
interface Rule {
  readonly id: string
  readonly fault: Fault
  readonly random: Random.Seeded
  seen: number
  happened: number
}

export interface Subject {
  readonly carrier: string
  readonly kind: Kind
  readonly numbers: ReadonlyArray<string>
}

/** What is kept of a rule in a snapshot. */
export interface Saved extends Pick<Rule, "id" | "fault" | "seen" | "happened"> {
  readonly random: Random.State
}

const selects = ({ carrier, effect, kind, number }: Fault, subject: Subject): boolean =>
  (carrier === undefined || carrier === subject.carrier) &&
  (kind === undefined || kind === subject.kind) &&
  (number === undefined || subject.numbers.includes(number)) &&
  appliesTo(effect, subject.kind)

const happens = (rule: Rule): boolean => {
  const { nth, probability, times } = rule.fault
  rule.seen++
  if (times !== undefined && rule.happened >= times) return false
  if (nth !== undefined && rule.seen !== nth) return false
  return probability === undefined || rule.random.next() < probability
}

export class Faults {
  readonly #seed: string
  readonly #rules = new Map<string, Rule>()
  #count = 0

  constructor(seed: string) {
    this.#seed = seed
  }

  add(fault: Fault): string {
    const id = String(++this.#count)
    this.#rules.set(id, { id, fault, random: Random.make(this.#seed, `fault ${id}`), seen: 0, happened: 0 })
    return id
  }

  remove(id: string): boolean {
    return this.#rules.delete(id)
  }

  list(): ReadonlyArray<Pick<Rule, "id" | "fault" | "seen" | "happened">> {
    return [...this.#rules.values()]
  }

  clear(): void {
    this.#rules.clear()
  }

  /** Returns what happens to an exchange: the effects of magic numbers, then those of the rules. */
  ofExchange(subject: Subject): ReadonlyArray<Effect> {
    return this.#effects(subject, false)
  }

  /** Returns what becomes of a message that is accepted, one at a time of those in a request. */
  ofMessage(carrier: string, number: string): Effect & { readonly type: "fail" } | undefined {
    const [first] = this.#effects({ carrier, kind: "send", numbers: [number] }, true)
    return first?.type === "fail" ? first : undefined
  }

  #effects(subject: Subject, isFate: boolean): ReadonlyArray<Effect> {
    if (this.#rules.size === 0 && !subject.numbers.some(MagicNumber.isMagic)) return none
    const effects: Array<Effect> = []
    for (const number of subject.numbers) {
      const magic = MagicNumber.find(number)
      if (magic?.kind !== subject.kind || magic.effect === undefined) continue
      if ((magic.effect.type === "fail") === isFate) effects.push(magic.effect)
    }
    for (const rule of this.#rules.values()) {
      if ((rule.fault.effect.type === "fail") !== isFate) continue
      if (!selects(rule.fault, subject) || !happens(rule)) continue
      rule.happened++
      effects.push(rule.fault.effect)
    }
    return effects
  }

  save(): ReadonlyArray<Saved> {
    return [...this.#rules.values()].map(({ random, ...rule }) => ({ ...rule, random: random.state() }))
  }

  restore(saved: ReadonlyArray<Saved>): void {
    this.#rules.clear()
    for (const { random: state, ...rule } of saved) {
      const random = Random.make(this.#seed, `fault ${rule.id}`)
      random.restore(state)
      this.#rules.set(rule.id, { ...rule, random })
      this.#count = Math.max(this.#count, Number(rule.id))
    }
  }
}

const none: ReadonlyArray<Effect> = []
