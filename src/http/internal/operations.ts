/**
 * The handlers of the operations API. A server without a database has no inbox
 * and no personal data to delete, so its lists are empty.
 */
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Option from "effect/Option"
import { Inbox, InboxProcessor } from "../../inbox/Inbox.ts"
import { MediaStore } from "../../media/MediaStore.ts"
import { RoomKit } from "../../rooms/RoomKit.ts"
import * as Outbox from "../../sending/Outbox.ts"
import { SmsRouter } from "../../sending/SmsRouter.ts"
import { People } from "../../sql/People.ts"
import * as MessageProblems from "../MessageProblems.ts"
import { GatewayApi } from "../MessagesApi.ts"
import { deadLetterOf, intentViewOf } from "../OperationsApi.ts"
import * as Problems from "../Problems.ts"
import * as SendOnce from "./sendOnce.ts"
import { storageFailed } from "./storageFailed.ts"

const unknown = (what: string) => new Problems.NotFound({ detail: `Unknown ${what}` })

const defaultLimit = 100

export const layer = HttpApiBuilder.group(
  GatewayApi,
  "operations",
  Effect.fnUntraced(function*(handlers) {
    const inbox = Option.getOrUndefined(yield* Effect.serviceOption(Inbox))
    const processor = Option.getOrUndefined(yield* Effect.serviceOption(InboxProcessor))
    const outbox = yield* Outbox.Outbox
    const { intents } = outbox
    const people = Option.getOrUndefined(yield* Effect.serviceOption(People))
    const media = Option.getOrUndefined(yield* Effect.serviceOption(MediaStore))
    const router = yield* SmsRouter
    const kit = yield* RoomKit

    /** Returns an intent with an unknown outcome that is not resolved yet. */
    const undecided = Effect.fnUntraced(function*(id: string) {
      const intent = yield* intents.get(id)
      return intent?.state === "unknown" ? intent : yield* unknown("send of unknown outcome")
    })

    const resend = Effect.fnUntraced(
      function*(id: string) {
        const { message, provider } = yield* undecided(id)
        const sendOnce = SendOnce.make({ kit, outbox, router })
        const { result } = yield* sendOnce({ key: `resend of ${id}`, message, provider, what: id })
        const receipt = yield* Effect.fromResult(result)
        yield* intents.settle(id, { state: "unknown", receipt, resolvedBy: "operator: resent" })
        return receipt
      },
      Effect.catchTags({
        ...SendOnce.problems,
        StorageError: () => Effect.fail(MessageProblems.storageUnavailable)
      })
    )

    return handlers.handleAll({
      deadLetters: ({ query: { before, limit = defaultLimit } }) =>
        inbox === undefined
          ? Effect.succeed([])
          : inbox.list({ state: "dead", limit, before }).pipe(
            Effect.map((entries) => entries.map(deadLetterOf)),
            Effect.catch(storageFailed)
          ),
      replay: Effect.fnUntraced(function*({ params: { id } }) {
        const isKnown = inbox !== undefined && (yield* Effect.catch(inbox.replay(id), storageFailed))
        if (!isKnown) return yield* unknown("entry")
        if (processor !== undefined) yield* processor.wake
        return { id }
      }),
      intents: ({ query: { limit = defaultLimit, state } }) =>
        intents.list({ state, limit }).pipe(
          Effect.map((all) => all.map(intentViewOf)),
          Effect.catch(storageFailed)
        ),
      intent: Effect.fnUntraced(function*({ params: { id } }) {
        const intent = yield* Effect.catch(intents.get(id), storageFailed)
        return intent === undefined ? yield* unknown("send") : intentViewOf(intent)
      }),
      cancel: Effect.fnUntraced(function*({ params: { id } }) {
        const intent = yield* Effect.catch(intents.cancel(id), storageFailed)
        if (intent === undefined) return yield* unknown("send")
        if (intent.state === "cancelled") return intentViewOf(intent)
        return yield* new Problems.Conflict({ detail: `The message is not queued: it is ${intent.state}` })
      }),
      resend: ({ params: { id } }) => resend(id),
      giveUp: ({ params: { id } }) =>
        Effect.gen(function*() {
          const intent = yield* undecided(id)
          yield* intents.settle(id, { state: "unknown", error: intent.error, resolvedBy: "operator: given up" })
          return intentViewOf((yield* intents.get(id)) ?? intent)
        }).pipe(Effect.catchTag("StorageError", storageFailed)),
      forget: Effect.fnUntraced(function*({ params: { address } }) {
        if (people === undefined) return yield* new Problems.NotFound({ detail: "The server has no database" })
        return { ...yield* Effect.catch(people.forget(address, { media }), storageFailed) }
      })
    })
  })
)
