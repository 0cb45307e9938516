/**
 * The command `effect-sms send --queue`: stores one message in the database of
 * the server, which sends it.
 */
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { requestText } from "../http/internal/requestText.ts"
import type { SendRequest } from "../http/MessagesApi.ts"
import { IntentView, intentViewOf } from "../http/OperationsApi.ts"
import * as StorageConfig from "../http/StorageConfig.ts"
import type { OutboundMessage } from "../Message.ts"
import * as NodeCrypto from "../NodeCrypto.ts"
import { invalid } from "../provider/Environment.ts"
import type { Priority } from "../sending/IntentStore.ts"
import * as Outbox from "../sending/Outbox.ts"
import { exitCodes, fail } from "./Failed.ts"

const encode = Schema.encodeEffect(Schema.fromJsonString(Schema.toCodecJson(IntentView)))

/** Builds the outbox on the database that `DATABASE_URL` names. */
const makeOutbox = Effect.gen(function*() {
  const { sends } = yield* StorageConfig.load(true)
  if (sends === undefined) {
    return yield* invalid("DATABASE_URL", "must name the database of the server: memory ends with this command")
  }
  const outbox = Outbox.layer().pipe(Layer.provide(sends), Layer.provide(NodeCrypto.layer))
  return Context.get(yield* Layer.build(outbox), Outbox.Outbox)
})

/** Stores the message, and prints the id of its intent. */
export const enqueue = Effect.fnUntraced(
  function*(request: {
    readonly message: OutboundMessage
    readonly provider: string | undefined
    readonly priority: Priority | undefined
    readonly sendAt: DateTime.Utc | undefined
    readonly key: string | undefined
    /** The request as a caller of the API would write it: its key means the same message. */
    readonly written: SendRequest
    readonly json: boolean
  }) {
    const { json, written, ...message } = request
    const outbox = yield* makeOutbox
    const { intent } = yield* outbox.enqueue({ ...message, what: requestText(written) })
    yield* Console.log(json ? yield* Effect.orDie(encode(intentViewOf(intent))) : `Queued ${intent.id}`)
  },
  Effect.catchTag(["InvalidVariable", "ConfigError"], ({ message }) => fail(message)),
  Effect.catchTag("StorageError", ({ message }) => fail(`${message}. The message was not queued`)),
  Effect.catchTag("KeyReused", ({ message }) => fail(`--key: ${message}`, exitCodes.refused))
)
