/**
 * Records verified webhooks, one after the other, and counts what it does not
 * record.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Semaphore from "effect/Semaphore"
import type { Masking } from "../provider/Recording.ts"
import type { VerifiedWebhook } from "../WebhookRequest.ts"
import { epoch } from "./internal/times.ts"
import * as Pseudonymizer from "./Pseudonymizer.ts"
import * as Recording from "./Recording.ts"

/**
 * How many webhooks were recorded, and how many were not.
 *
 * @category models
 * @since 0.1.0
 */
export interface Counts {
  readonly recorded: number
  /** Webhooks that are not authentic. */
  readonly refused: number
  /** Authentic webhooks that could not be recorded: an unknown format, or a failure of the file. */
  readonly failed: number
}

/**
 * A recorder of one recording.
 *
 * @category models
 * @since 0.1.0
 */
export interface Recorder {
  /** Records a webhook. A failure is logged and counted, because the webhook must reach the server anyway. */
  readonly record: (webhook: VerifiedWebhook, route: "inbound" | "status") => Effect.Effect<void>
  /** Counts a webhook that is not authentic. */
  readonly refuse: Effect.Effect<void>
  readonly counts: Effect.Effect<Counts>
}

/**
 * Makes a recorder. `write` appends a line to the recording.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*<E>(options: {
  /** What is replaced in the webhooks of a provider. */
  readonly maskingOf: (provider: string) => Masking
  readonly write: (line: string) => Effect.Effect<void, E>
}): Effect.fn.Return<Recorder> {
  const counts = yield* Ref.make<Counts>({ recorded: 0, refused: 0, failed: 0 })
  const count = (outcome: keyof Counts) =>
    Ref.update(counts, (counts) => ({ ...counts, [outcome]: counts[outcome] + 1 }))
  const semaphore = yield* Semaphore.make(1)
  const state = yield* Ref.make<
    { readonly begun: number; readonly pseudonymizer: Pseudonymizer.Pseudonymizer } | undefined
  >(undefined)

  /** The recording begins with its first webhook. */
  const begin = Effect.fnUntraced(function*(now: number) {
    const known = yield* Ref.get(state)
    if (known !== undefined) return known
    const shiftSeconds = Math.floor(epoch / 1000) - Math.floor(now / 1000)
    const begun = { begun: now, pseudonymizer: yield* Pseudonymizer.make({ shiftSeconds }) }
    yield* Ref.set(state, begun)
    return begun
  })

  const record = Effect.fnUntraced(function*({ provider, request }: VerifiedWebhook, route: "inbound" | "status") {
    const now = yield* Clock.currentTimeMillis
    const { begun, pseudonymizer } = yield* begin(now)
    // The clock may be set back.
    const offset = Math.max(0, now - begun)
    const masking = options.maskingOf(provider)
    const webhook = yield* Recording.fromRequest(request, { offset, provider, route, masking, pseudonymizer })
    // Two people would be one in the rest of the recording.
    if (pseudonymizer.isExhausted()) {
      return yield* Effect.fail("The recording has more numbers than there are for fiction")
    }
    yield* options.write(`${yield* Recording.toLine(webhook)}\n`)
  })

  const logFailure = (provider: string) => (error: unknown) =>
    Effect.annotateLogs(
      Effect.logError(
        `Webhook not recorded: ${
          typeof error === "string" ? error : error instanceof Error ? error.message : "unexpected failure"
        }`
      ),
      { provider }
    )

  return {
    record: (webhook, route) =>
      record(webhook, route).pipe(
        semaphore.withPermits(1),
        Effect.andThen(count("recorded")),
        Effect.catch((error) => Effect.andThen(logFailure(webhook.provider)(error), count("failed"))),
        Effect.catchDefect((defect) => Effect.andThen(logFailure(webhook.provider)(defect), count("failed")))
      ),
    refuse: count("refused"),
    counts: Ref.get(counts)
  }
})
