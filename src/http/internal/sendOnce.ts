/**
 * Sends a message for a caller of the API: through the hooks and the router, at
 * most once per key.
 */
import * as Effect from "effect/Effect"
import type { SendSettings } from "../../provider/Sending.ts"
import type { SendBlocked } from "../../rooms/Hook.ts"
import type { Service as Kit } from "../../rooms/RoomKit.ts"
import type * as Outbox from "../../sending/Outbox.ts"
import type { SmsRouter, SmsRouterError } from "../../sending/SmsRouter.ts"
import type { SmsError } from "../../SmsError.ts"
import * as MessageProblems from "../MessageProblems.ts"

export const make = (
  { kit, outbox, router }: {
    readonly kit: Kit
    readonly outbox: Outbox.Service
    readonly router: SmsRouter["Service"]
  }
) =>
(
  { message, priority, provider, ...request }: Omit<Outbox.Request<never>, "send"> & Pick<SendSettings, "priority">
) =>
  outbox.send({
    ...request,
    message,
    provider,
    send: (intentId) =>
      kit.guardSend(message, { provider }, (message) => router.send(message, { provider, intentId, priority }))
  })

/** The answers to a message that was not sent, for `Effect.catchTags`. */
export const problems = {
  SmsError: (error: SmsError) => Effect.fail(MessageProblems.fromSmsError(error)),
  SmsRouterError: (error: SmsRouterError) => Effect.fail(MessageProblems.fromSmsRouterError(error)),
  SendBlocked: (error: SendBlocked) => Effect.fail(MessageProblems.fromSendBlocked(error)),
  KeyReused: () => Effect.fail(MessageProblems.keyReused)
}
