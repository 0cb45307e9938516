/**
 * The phone of a person, as the emulator streams it, and what the person does.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Atom from "effect/reactivity/Atom"
import * as Stream from "effect/Stream"
import type { Info, PhoneView } from "../../emulator/EmulatorApi.ts"
import * as EmulatorClient from "../../emulator/EmulatorClient.ts"
import { baseUrl, run } from "./api.ts"
import { get, set, update } from "./store.ts"

export interface Phone {
  readonly number: string
  /** Absent until the emulator has answered. */
  readonly view: PhoneView | undefined
  readonly isLost: boolean
}

/** The number of the person who writes first: one that the demonstration uses. */
export const firstNumber = "+15145550142"

export const phone = Atom.keepAlive(Atom.make<Phone>({ number: firstNumber, view: undefined, isLost: false }))

/** What the emulator plays. */
export const emulator = Atom.keepAlive(Atom.make<Info | undefined>(undefined))

/** The server passes the paths of the control API on. */
export const client = Effect.runSync(Effect.cached(EmulatorClient.make({ baseUrl: `${baseUrl}/console` })))

const change = (number: string, f: (phone: Phone) => Phone): void =>
  update(phone, (phone) => phone.number === number ? f(phone) : phone)

const loadInfo = Effect.gen(function*() {
  if (get(emulator) === undefined) set(emulator, yield* (yield* client).info())
})

/** A stream without anything for so long is lost: the emulator repeats what the phone shows. */
const silence = "40 seconds"

const connect = (number: string) =>
  Effect.gen(function*() {
    yield* loadInfo
    const views = yield* (yield* client).follow({ params: { number } })
    yield* views.pipe(
      Stream.timeout(silence),
      Stream.runForEach((view) => Effect.sync(() => change(number, (phone) => ({ ...phone, view, isLost: false }))))
    )
  })

/** Follows the phone of a person until the function that it returns is called. */
export const followPhone = (number: string): () => void => {
  if (get(phone).number !== number) set(phone, { number, view: undefined, isLost: false })
  const fiber = run(
    connect(number).pipe(
      Effect.ignore,
      Effect.andThen(Effect.sync(() => change(number, (phone) => ({ ...phone, isLost: true })))),
      Effect.andThen(Effect.sleep("1 second")),
      Effect.forever
    )
  )
  return () => void run(Fiber.interrupt(fiber))
}

/** A number that nobody has: those from 0100 to 0199 are reserved for fiction. */
export const newNumber = (): string => {
  const now = Effect.runSync(Clock.currentTimeMillis)
  return `+1514555${String(120 + (now % 80)).padStart(4, "0")}`
}
