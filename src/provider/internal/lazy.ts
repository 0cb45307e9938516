/**
 * Modules of carriers that are loaded on demand. The list of carriers must not
 * load what a carrier is defined with.
 */
import * as Effect from "effect/Effect"
import type { Emulation } from "../Emulation.ts"

/** A carrier whose module is loaded on demand. */
export interface Lazy<Any> {
  readonly name: string
  readonly title: string
  readonly load: Effect.Effect<Any>
  /** Loads what the emulator plays the carrier with, without the carrier. By default that of the loaded carrier. */
  readonly emulation?: Effect.Effect<Emulation> | undefined
}

export const lazy = <Any>(
  name: string,
  title: string,
  load: () => Promise<{ readonly carrier: Any }>,
  emulation?: () => Promise<{ readonly emulation: Emulation }>
): Lazy<Any> => ({
  name,
  title,
  load: Effect.map(Effect.promise(load), ({ carrier }) => carrier),
  emulation: emulation && Effect.map(Effect.promise(emulation), ({ emulation }) => emulation)
})
