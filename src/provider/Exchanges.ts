/**
 * The latest HTTP exchanges with carriers: webhooks that were received or
 * refused, and requests that messages were sent with.
 *
 * They are for the operator who looks for what went wrong. They contain what
 * people wrote, so they are kept in the memory of the process alone, a bounded
 * number for a bounded time, and only where {@link Exchanges} is provided.
 *
 * **Example** (Looking at the latest refusal)
 *
 * ```ts
 * import { Exchanges } from "effect-sms"
 * import { Effect } from "effect"
 *
 * export const latestRefusal = Effect.gen(function*() {
 *   const exchanges = yield* Exchanges.Exchanges
 *   const all = exchanges === undefined ? [] : yield* exchanges.all
 *   return all.find(({ refusal }) => refusal !== undefined)?.refusal?.message
 * })
 * ```
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as CryptoError from "effect/crypto/CryptoError"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import { InsertionOrderedMap } from "../internal/insertionOrderedMap.ts"

/**
 * An exchange, as it was: what is shown of it is masked.
 *
 * @category models
 * @since 0.1.0
 */
export interface Exchange {
  readonly id: string
  /** When it ended, in milliseconds since the epoch. */
  readonly time: number
  /** `inbound` for a webhook, `outbound` for a request to the carrier. */
  readonly direction: "inbound" | "outbound"
  readonly provider: string
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | string
  /** The secrets that must not be shown. */
  readonly secrets: ReadonlyArray<Redacted.Redacted<string>>
  /** The send that the request was made for. */
  readonly intentId?: string | undefined
  /** The HTTP status of the answer. Absent when there was none. */
  readonly status?: number | undefined
  /** The body of the carrier's answer. */
  readonly answer?: string | undefined
  /** How long it took, in milliseconds. */
  readonly took?: number | undefined
  /** Why a webhook was refused, or why a request was not accepted. */
  readonly refusal?: { readonly reason: string; readonly message: string } | undefined
  /** The carrier's ids of the messages that it is about. */
  readonly messageIds: ReadonlyArray<string>
}

/**
 * The members of {@link Exchanges}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Recorder {
  /** Keeps an exchange that is over. */
  readonly record: (exchange: Omit<Exchange, "id" | "time">) => Effect.Effect<void>
  /** Returns the exchanges that are kept, the latest first. */
  readonly all: Effect.Effect<ReadonlyArray<Exchange>>
  /** Forgets all. */
  readonly clear: Effect.Effect<void>
}

/**
 * Where exchanges are recorded. Nowhere by default.
 *
 * @category services
 * @since 0.1.0
 */
export const Exchanges: Context.Reference<Recorder | undefined> = Context.Reference("effect-sms/provider/Exchanges", {
  defaultValue: (): Recorder | undefined => undefined
})

/**
 * The send that the current fiber makes a request for.
 *
 * @category services
 * @since 0.1.0
 */
export const CurrentSend: Context.Reference<
  { readonly provider: string; readonly intentId: string | undefined } | undefined
> = Context.Reference("effect-sms/provider/CurrentSend", {
  defaultValue: (): { readonly provider: string; readonly intentId: string | undefined } | undefined => undefined
})

/**
 * Options of the recorder.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /**
   * The maximum number of exchanges that went well, and of those that did not;
   * the oldest is removed first. 250 by default.
   */
  readonly capacity?: number | undefined
  /** The maximum bytes of either, with the same effect. 4 MiB by default. */
  readonly maxBytes?: number | undefined
  /** How long an exchange is kept, in milliseconds. One hour by default. */
  readonly maxAge?: number | undefined
}

/** What an exchange takes without its bodies. */
const perExchange = 2048

/** More of a body than anyone reads. */
const maxBody = 64 * 1024

const cut = <A extends Uint8Array | string>(body: A): A => body.length > maxBody ? body.slice(0, maxBody) as A : body

/**
 * Makes a recorder.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  { capacity = 250, maxAge = 60 * 60 * 1000, maxBytes = 4 * 1024 * 1024 }: Options = {}
): Effect.fn.Return<Recorder, CryptoError.CryptoError, SecureRandom.SecureRandom> {
  // Another process counts from the same number, and an id must not lead to its exchange.
  const prefix = (yield* (yield* SecureRandom.SecureRandom).ulid).slice(-8)
  const bounds = { maxEntries: capacity, maxBytes }
  // Apart, so that what goes well does not push out what an operator looks for.
  const rings = {
    well: new InsertionOrderedMap<Exchange>(bounds),
    badly: new InsertionOrderedMap<Exchange>(bounds)
  }
  let count = 0
  const dropOld = (now: number) => {
    for (const kept of Object.values(rings)) {
      for (
        let oldest = kept.oldest();
        oldest !== undefined && oldest.value.time <= now - maxAge;
        oldest = kept.oldest()
      ) {
        kept.delete(oldest.key)
      }
    }
  }
  return {
    record: (exchange) =>
      Effect.map(Clock.currentTimeMillis, (time) => {
        dropOld(time)
        const kept = exchange.refusal === undefined ? rings.well : rings.badly
        const id = `${prefix}-${++count}`
        const [body, answer] = [cut(exchange.body), cut(exchange.answer ?? "")]
        kept.put(id, { ...exchange, id, time, body, answer }, perExchange + 2 * (body.length + answer.length))
        kept.trim()
      }),
    all: Effect.map(Clock.currentTimeMillis, (now) => {
      dropOld(now)
      const place = ({ id }: Exchange) => Number(id.split("-")[1])
      return Object.values(rings).flatMap((kept) => Array.from(kept.values()))
        .sort((one, other) => place(other) - place(one))
    }),
    clear: Effect.sync(() => {
      for (const kept of Object.values(rings)) for (const { id } of Array.from(kept.values())) kept.delete(id)
    })
  }
})

/**
 * Provides a recorder to the providers and to the server.
 *
 * **Example** (Keeping the latest exchanges)
 *
 * ```ts
 * import { NodeCrypto } from "@effect/platform-node"
 * import { Layer } from "effect"
 * import { Exchanges } from "effect-sms"
 *
 * export const Kept = Exchanges.layer().pipe(Layer.provide(NodeCrypto.layer))
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<never, CryptoError.CryptoError, SecureRandom.SecureRandom> =>
  Layer.effect(Exchanges, make(options))
