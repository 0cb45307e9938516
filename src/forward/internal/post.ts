/**
 * Posts a notification to an endpoint, and reads its answer.
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Bytes from "../../internal/bytes.ts"
import { version } from "../../internal/version.ts"
import type { GuardedClient, GuardedResponse } from "../../media/GuardedClient.ts"
import type { Endpoint } from "../Endpoint.ts"
import { Answer, Notification } from "../Notification.ts"
import type { signer } from "../Signature.ts"

/** How much of an answer is read, in bytes. */
const maxAnswer = 64 * 1024

/**
 * Why an endpoint did not take a notification. The kind has nothing of the
 * answer, which may be personal.
 */
export class NotTaken extends Schema.TaggedError<NotTaken>()("NotTaken", {
  /** The status of the answer, or why there is none. */
  kind: Schema.String,
  /** How long the endpoint asked to wait. */
  retryAfter: Schema.optionalKey(Schema.Duration)
}) {
  override get message(): string {
    return `The endpoint did not take the event: ${this.kind}`
  }
}

/** The endpoint answered 410: it wants nothing more. */
export class Gone extends Schema.TaggedError<Gone>()("Gone", {}) {
  override get message(): string {
    return "The endpoint answered 410 and is paused"
  }
}

/** Reads `Retry-After`: seconds, or a date. The module of Effect for headers would load much else. */
const retryAfterOf = Effect.fnUntraced(function*(response: GuardedResponse) {
  const [value = ""] = response.header("retry-after")
  if (/^\d+$/.test(value)) return Duration.seconds(Number(value))
  const date = DateTime.make(value)
  if (Option.isNone(date)) return undefined
  return Duration.max(Duration.zero, DateTime.distance(yield* DateTime.now, date.value))
})

/** Reads the body. `undefined` for one that is larger than a reply can be. */
const bodyOf = (response: GuardedResponse): Effect.Effect<string | undefined, NotTaken> =>
  response.stream.pipe(
    Stream.runFoldEffect(
      () => ({ chunks: Array<Uint8Array>(), size: 0 }),
      (read, chunk) => {
        read.size += chunk.length
        if (read.size > maxAnswer) return Effect.fail("TooLarge" as const)
        read.chunks.push(chunk)
        return Effect.succeed(read)
      }
    ),
    Effect.map(({ chunks }) => new TextDecoder().decode(Bytes.concat(chunks))),
    Effect.catch((error) =>
      error === "TooLarge" ? Effect.succeed(undefined) : Effect.fail(new NotTaken({ kind: error._tag }))
    )
  )

const encode = Schema.encodeEffect(Schema.fromJsonString(Schema.toCodecJson(Notification)))
const decode = Schema.decodeEffect(Schema.fromJsonString(Answer))

const noReply = Effect.as(
  Effect.logWarning("The answer of an endpoint is no reply that can be read, and is ignored"),
  new Answer({})
)

/** The answer of a body. Anything but a reply in JSON means that there is none. */
const answerOf = (body: string | undefined): Effect.Effect<Answer> => {
  if (body?.trim() === "") return Effect.succeed(new Answer({}))
  return body === undefined ? noReply : Effect.catch(decode(body), () => noReply)
}

export interface Options {
  readonly endpoint: Endpoint
  readonly sign: Effect.Success<ReturnType<typeof signer>>
  readonly client: GuardedClient["Service"]
  /** How long an endpoint may take to answer. */
  readonly timeout: Duration.Duration
}

/** Posts a notification with this id. Any status but 2xx fails. */
export const post = (
  { client, endpoint, sign, timeout }: Options,
  id: string,
  notification: Notification
): Effect.Effect<Answer, NotTaken | Gone> =>
  Effect.gen(function*() {
    const body = Bytes.fromText(yield* Effect.orDie(encode(notification)))
    const seconds = Math.floor(DateTime.toEpochMillis(yield* DateTime.now) / 1000)
    const headers = {
      "content-type": "application/json",
      "user-agent": `effect-sms/${version}`,
      ...(yield* sign(id, seconds, body))
    }
    const response = yield* Effect.mapError(
      client.send({ url: endpoint.url, headers, body }),
      ({ _tag: kind }) => new NotTaken({ kind })
    )
    const { status } = response
    if (status === 410) return yield* new Gone()
    if (status < 200 || status > 299) {
      const retryAfter = yield* retryAfterOf(response)
      return yield* new NotTaken({ kind: `Status${status}`, ...(retryAfter !== undefined && { retryAfter }) })
    }
    if (status !== 200) return new Answer({})
    const about = { endpoint: endpoint.url.host, "webhook-id": id }
    return yield* Effect.annotateLogs(answerOf(yield* bodyOf(response)), about)
  }).pipe(
    Effect.scoped,
    Effect.timeoutOrElse({ duration: timeout, orElse: () => Effect.fail(new NotTaken({ kind: "Timeout" })) })
  )
