/**
 * Plays a recording against a server: signs its webhooks anew, and sends them
 * in the recorded order, in another one, or several times.
 *
 * **Example** (The order in which a recording is played)
 *
 * ```ts run
 * import { Effect } from "effect"
 * import { Player, Recording } from "effect-sms/recording"
 *
 * const line = { offset: 0, provider: "mock", route: "inbound", method: "POST", format: "json", payload: { id: "1" } }
 * const plan = Recording.fromText(JSON.stringify(line)).pipe(
 *   Effect.flatMap((recording) => Player.plan(recording, { seed: 1 }))
 * )
 *
 * Effect.runSync(plan).map(({ isRepeat, webhook }) => [webhook.provider, isRepeat]) // => [["mock", false]]
 * ```
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import type * as CryptoError from "effect/crypto/CryptoError"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Random from "effect/Random"
import { type Services, type Sign, withQuery } from "../provider/Recording.ts"
import type { RecordedWebhook } from "./Recording.ts"

/**
 * How the webhooks of a recording are varied.
 *
 * @category models
 * @since 0.1.0
 */
export interface Variation {
  /** Two plans with the same seed are equal. */
  readonly seed: number
  /** How often a webhook is sent again, at most. 0 by default. */
  readonly repeats?: number | undefined
  /** By how many places a webhook may come late. 0, the recorded order, by default. */
  readonly shuffle?: number | undefined
}

/**
 * A webhook to send.
 *
 * @category models
 * @since 0.1.0
 */
export interface Delivery {
  readonly webhook: RecordedWebhook
  /** The time since the first delivery, in recorded milliseconds. */
  readonly offset: number
  readonly isRepeat: boolean
}

/** How many places later a webhook is sent again, at most, if the order is not varied more than that. */
const repeatWithin = 10

/**
 * Plans the deliveries of a recording. A webhook is never sent before its
 * recorded time, and a repeat comes after the first delivery.
 *
 * @category constructors
 * @since 0.1.0
 */
export const plan = (
  recording: ReadonlyArray<RecordedWebhook>,
  { repeats = 0, seed, shuffle = 0 }: Variation
): Effect.Effect<ReadonlyArray<Delivery>> =>
  Effect.gen(function*() {
    const placed: Array<{ readonly webhook: RecordedWebhook; readonly place: number; readonly isRepeat: boolean }> = []
    for (const [index, webhook] of recording.entries()) {
      const place = index + (yield* Random.next) * shuffle
      placed.push({ webhook, place, isRepeat: false })
      const again = yield* Random.nextIntBetween(0, repeats)
      for (let count = 0; count < again; count++) {
        const distance = (yield* Random.next) * Math.max(shuffle, repeatWithin)
        placed.push({ webhook, place: place + distance, isRepeat: true })
      }
    }
    let offset = 0
    return placed.sort((a, b) => a.place - b.place).map(({ isRepeat, place, webhook }) => {
      // What comes at another place comes at the time of that place.
      const at = recording[Math.min(Math.floor(place), recording.length - 1)]!.offset
      offset = Math.max(offset, at)
      return { webhook, offset, isRepeat }
    })
  }).pipe(Random.withSeed(seed))

/**
 * What came of a replay.
 *
 * @category models
 * @since 0.1.0
 */
export interface Outcome {
  readonly sent: number
  readonly repeats: number
  /** Deliveries that the server did not answer with a success. */
  readonly refused: number
  /** The number of deliveries by the status of their answer. `none` means that no answer came. */
  readonly answers: Readonly<Record<string, number>>
}

/**
 * A webhook's provider is none whose webhooks can be signed here.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnknownSigner extends Data.TaggedError("UnknownSigner")<{ readonly provider: string }> {
  override get message(): string {
    return `The recording has webhooks of ${JSON.stringify(this.provider)}, which no variable configures`
  }
}

/**
 * Options of {@link play}.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /** The address of the server. */
  readonly to: string
  /** The public URL of the server, which carriers that sign a URL sign. `to` by default. */
  readonly publicUrl?: string | undefined
  /** How many times as fast as recorded. As fast as the server answers by default. */
  readonly speed?: number | undefined
  /** Signs the webhooks of a provider. */
  readonly signOf: (provider: string) => Sign | undefined
}

const base = (url: string): string => url.replace(/\/+$/, "")

/** How long the server may take to answer. */
const timeout = "30 seconds"

/**
 * Sends deliveries one after the other. Fails when the first of them does not
 * reach the server; a later one that gets no answer is counted.
 *
 * **Example** (Playing against a server on this machine)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Player, type Recording } from "effect-sms/recording"
 *
 * declare const signOf: Player.Options["signOf"]
 *
 * export const replay = Effect.fnUntraced(function*(recording: ReadonlyArray<Recording.RecordedWebhook>) {
 *   const deliveries = yield* Player.plan(recording, { seed: 1 })
 *   return yield* Player.play(deliveries, {
 *     to: "http://127.0.0.1:3000",
 *     publicUrl: "https://sms.example.com",
 *     signOf
 *   })
 * })
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const play = Effect.fnUntraced(function*(
  deliveries: ReadonlyArray<Delivery>,
  { publicUrl, signOf, speed, to }: Options
): Effect.fn.Return<
  Outcome,
  UnknownSigner | CryptoError.CryptoError | HttpClientError.HttpClientError,
  HttpClient.HttpClient | Services
> {
  for (const { webhook: { provider } } of deliveries) {
    if (signOf(provider) === undefined) return yield* new UnknownSigner({ provider })
  }
  const begun = yield* Clock.currentTimeMillis
  const answers: Record<string, number> = {}
  let refused = 0
  for (const [index, { offset, webhook }] of deliveries.entries()) {
    if (speed !== undefined) {
      const wait = begun + offset / speed - (yield* Clock.currentTimeMillis)
      if (wait > 0) yield* Effect.sleep(wait)
    }
    const { format, method, payload, provider, query = "", route } = webhook
    const path = `/webhooks/sms/${provider}/${route}`
    // It was found above.
    const sign = signOf(provider)!
    const url = withQuery(`${base(publicUrl ?? to)}${path}`, query)
    const signed = yield* sign({ method, format, payload, url })
    const target = `${base(to)}${path}${signed.url.slice(base(publicUrl ?? to).length + path.length)}`
    const request = HttpClientRequest.make(signed.method === "GET" ? "GET" : "POST")(target, {
      headers: signed.headers
    })
    const { "content-type": contentType } = signed.headers
    const sending = HttpClient.execute(
      signed.method === "GET" ? request : HttpClientRequest.bodyUint8Array(request, signed.body, contentType)
    ).pipe(
      // Its connection is free for the next one when the body has been read.
      Effect.tap(({ arrayBuffer }) => arrayBuffer),
      Effect.timeoutOption(timeout)
    )
    const answer = yield* Effect.result(sending)
    if (answer._tag === "Failure" && index === 0) return yield* answer.failure
    const status = answer._tag === "Success" && answer.success._tag === "Some" ? answer.success.value.status : undefined
    const name = status === undefined ? "none" : String(status)
    answers[name] = (answers[name] ?? 0) + 1
    if (status === undefined || status < 200 || status > 299) refused++
  }
  const repeats = deliveries.filter(({ isRepeat }) => isRepeat).length
  return { sent: deliveries.length, repeats, refused, answers }
})
