/** A deduplicator that tells who ran an effect from who got what is remembered of it. */
import { Effect } from "effect"
import * as Deduplicator from "../../src/internal/deduplicator.ts"

export type Outcome<A, S> =
  | { readonly _tag: "First"; readonly value: A }
  | { readonly _tag: "Repeated"; readonly summary: S }

export const make = <S>(options: Deduplicator.Options) =>
  Effect.map(Deduplicator.make<S>(options), ({ begin, run }) => {
    const first = <A>(value: A) => ({ _tag: "First", value }) as const
    const memory = <A>(summarize: (value: A) => S) => ({
      summarize: ({ value }: { readonly value: A }) => summarize(value),
      repeated: (summary: S) => ({ _tag: "Repeated", summary }) as const
    })
    return {
      run: <A, E, R>(
        key: string,
        effect: Effect.Effect<A, E, R>,
        summarize: (value: A) => S
      ): Effect.Effect<Outcome<A, S>, E, R> => run({ key }, () => Effect.map(effect, first), memory(summarize)),
      begin: <A, E, R>(
        key: string,
        now: number,
        build: () => Effect.Effect<A, E, R>,
        summarize: (value: A) => S
      ): Effect.Effect<Outcome<A, S>, E, R> =>
        begin({ key }, now, () => Effect.mapEager(build(), first), memory(summarize))
    }
  })
