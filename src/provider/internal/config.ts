/**
 * Resolves options from `Config`.
 *
 * `effect/Config` imports Effect's file system and streams, twenty modules that
 * account for a seventh of a carrier's import time. An application that
 * configures a carrier in code does not need them, so they are loaded on
 * demand.
 */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"

export const unwrap = <A>(options: Config.Wrap<A>): Effect.Effect<A, Config.ConfigError> =>
  Effect.flatMap(Effect.promise(() => import("effect/Config")), (Config) => Config.unwrap(options))
