/**
 * Spans of the library's own work, where somebody traces. With the tracer that
 * is there by default nobody could see them, and a span takes longer than much
 * of what it is around. Around code of the application there is always one,
 * because that code can ask for it.
 */
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"

/** The effect in a span, if there is a tracer other than the default one. */
export const withSpan =
  (name: string, attributes: Readonly<Record<string, unknown>> = {}) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.flatMap(Effect.tracer, (tracer) =>
      tracer === Tracer.nativeTracer
        ? effect
        : Effect.withSpan(effect, name, { attributes, captureStackTrace: false }) as Effect.Effect<A, E, R>)
