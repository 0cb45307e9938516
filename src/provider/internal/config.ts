/**
 * Options from configuration.
 *
 * `effect/Config` brings the file system and streams of Effect along, twenty
 * modules that take a seventh of the time of importing a carrier. Who
 * configures a carrier in code does not need them, so they are loaded when they
 * are asked for.
 */
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"

export const unwrap = <A>(options: Config.Wrap<A>): Effect.Effect<A, Config.ConfigError> =>
  Effect.flatMap(Effect.promise(() => import("effect/Config")), (Config) => Config.unwrap(options))
