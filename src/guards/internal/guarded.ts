/**
 * Wraps a provider with a check before each send.
 *
 * The provider no longer schedules messages: what is true now need not be true
 * when one is due.
 */
import * as Effect from "effect/Effect"
import type { OutboundMessage } from "../../Message.ts"
import { count as countSend } from "../../provider/internal/send.ts"
import type { SendSettings } from "../../provider/Sending.ts"
import { type Service as Provider, SmsProvider } from "../../provider/SmsProvider.ts"
import { NotSupported, SmsError, type SmsErrorReason } from "../../SmsError.ts"

/** Runs when a message that passed was not accepted. */
export type OnError = (error: SmsError) => Effect.Effect<void>

/** Makes the provider refuse what the check refuses, before any request. */
export const guarded = (
  provider: Provider,
  check: (message: OutboundMessage, settings: SendSettings) => Effect.Effect<OnError | void, SmsErrorReason>
): Provider => {
  const { capabilities, name, sendRest } = provider
  const { send } = capabilities
  if (send === undefined) return provider

  const refuse = (reason: SmsErrorReason) =>
    Effect.andThen(countSend(name, reason._tag), Effect.fail(new SmsError({ provider: name, reason })))

  const admitted = <A>(message: OutboundMessage, settings: SendSettings = {}, send: Effect.Effect<A, SmsError>) =>
    message.sendAt === undefined
      ? Effect.flatMap(
        Effect.catch(check(message, settings), refuse),
        (onError) => onError === undefined ? send : Effect.tapError(send, onError)
      )
      : refuse(new NotSupported({ field: "sendAt", expected: "no time: queue the message until then" }))

  return SmsProvider.of({
    ...provider,
    capabilities: {
      ...capabilities,
      send: { ...send, options: send.options.filter((option) => option !== "sendAt") }
    },
    send: (message, settings) => admitted(message, settings, provider.send(message, settings)),
    ...(sendRest !== undefined && {
      sendRest: (message, from, settings) => admitted(message, settings, sendRest(message, from, settings))
    })
  })
}
