/**
 * Queues a message for a caller of the API.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { OutboundMessage } from "../../Message.ts"
import { checkContent } from "../../provider/internal/sendPlan.ts"
import type { Service as Provider } from "../../provider/SmsProvider.ts"
import type { SmsProviders } from "../../provider/SmsProviders.ts"
import type * as Outbox from "../../sending/Outbox.ts"
import { NotRegistered, SmsRouterError } from "../../sending/SmsRouter.ts"
import { SmsError } from "../../SmsError.ts"
import { setHeaders } from "./headers.ts"

export interface Request {
  readonly key: string | undefined
  readonly message: OutboundMessage
  readonly provider: string | undefined
  readonly priority: Outbox.Queued["priority"]
  readonly what: string
}

const schedules = ({ capabilities }: Provider): boolean => capabilities.send?.options.includes("sendAt") === true

export const make = ({ outbox, providers }: {
  readonly outbox: Outbox.Service
  readonly providers: SmsProviders["Service"]
}) => {
  const sending = providers.all.filter(({ capabilities }) => capabilities.send !== undefined)

  /**
   * Returns whether the message has to be queued: it is sent later and no carrier
   * that may get it can schedule it, or a guard may hold it. This depends on the
   * request alone and not on the time, so that a repeated request is the same.
   */
  const isQueued = (message: OutboundMessage, provider: string | undefined): boolean => {
    const possible = sending.filter(({ name }) => (provider ?? name) === name)
    return (message.sendAt !== undefined && !possible.some(schedules)) ||
      possible.some(({ isHeld }) => isHeld?.(message) === true)
  }

  /** Refuses what no attempt could send. */
  const check = Effect.fnUntraced(function*(message: OutboundMessage, provider: string | undefined) {
    if (provider !== undefined && Option.isNone(providers.find(provider))) {
      const reason = new NotRegistered({ sending: sending.map(({ name }) => name) })
      return yield* new SmsRouterError({ reason })
    }
    const problem = checkContent(message)
    if (problem !== undefined && Result.isFailure(problem)) {
      return yield* new SmsError({ provider: provider ?? "unknown", reason: problem.failure })
    }
  })

  const enqueue = Effect.fnUntraced(function*({ message, ...request }: Request) {
    yield* check(message, request.provider)
    const { sendAt, ...fields } = message
    const { intent, replayed } = yield* outbox.enqueue({ ...request, message: new OutboundMessage(fields), sendAt })
    yield* setHeaders({ location: `/intents/${intent.id}`, ...(replayed && { "idempotency-replayed": "true" }) })
    return intent
  })

  return { isQueued, enqueue }
}
