/**
 * The command `effect-sms send` with a database: sends one message through the
 * outbox, the consent of people, quiet hours, the rate limits and the circuits that the
 * servers on the database share.
 */
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as DeliveryTracker from "../delivery/DeliveryTracker.ts"
import * as ConsentConfig from "../http/ConsentConfig.ts"
import { requestText } from "../http/internal/requestText.ts"
import * as SendOnce from "../http/internal/sendOnce.ts"
import type { SendRequest } from "../http/MessagesApi.ts"
import * as QuietHoursConfig from "../http/QuietHoursConfig.ts"
import * as SendLimitsConfig from "../http/SendLimitsConfig.ts"
import * as SendPolicyConfig from "../http/SendPolicyConfig.ts"
import * as SendWarningsConfig from "../http/SendWarningsConfig.ts"
import * as StorageConfig from "../http/StorageConfig.ts"
import type { OutboundMessage } from "../Message.ts"
import * as NodeCrypto from "../NodeCrypto.ts"
import type { InvalidVariable } from "../provider/Environment.ts"
import type { SmsProvider } from "../provider/SmsProvider.ts"
import * as SmsProviders from "../provider/SmsProviders.ts"
import { RoomKit } from "../rooms/RoomKit.ts"
import * as RoomKits from "../rooms/RoomKit.ts"
import * as Outbox from "../sending/Outbox.ts"
import * as SmsRouter from "../sending/SmsRouter.ts"

export interface Request {
  /** The layer of the carrier. */
  readonly carrier: Layer.Layer<SmsProvider, InvalidVariable, HttpClient.HttpClient>
  readonly message: OutboundMessage
  /** The request as a caller of the API would write it: its key means the same send. */
  readonly written: SendRequest & { readonly provider: string }
  readonly key: string | undefined
}

/** Builds what sends, in front of a carrier. */
const makeSender = Effect.fnUntraced(function*(carrier: Request["carrier"]) {
  const { sends } = yield* StorageConfig.load(true)
  if (sends === undefined) return undefined
  const [consent, policy] = [yield* ConsentConfig.load, yield* SendPolicyConfig.load]
  const [quietHours, limits] = [yield* QuietHoursConfig.load, yield* SendLimitsConfig.load]
  const { warn } = yield* SendWarningsConfig.load
  const layer = SmsRouter.layer().pipe(
    Layer.provideMerge([Outbox.layer(), RoomKits.layer()]),
    // The guards are checked last, as by the server.
    Layer.provide(SmsProviders.layer(policy(consent.enforce(quietHours.enforce(limits.enforce(warn(carrier))))))),
    Layer.provide([DeliveryTracker.layer(), consent.layer]),
    Layer.provide(sends),
    Layer.provide(NodeCrypto.layer)
  )
  const context = yield* Layer.build(layer)
  return SendOnce.make({
    kit: Context.get(context, RoomKit),
    outbox: Context.get(context, Outbox.Outbox),
    router: Context.get(context, SmsRouter.SmsRouter)
  })
})

/** Sends the message. Returns `undefined` without a database that other processes have. */
export const sendStored = Effect.fnUntraced(
  function*({ carrier, key, message, written }: Request) {
    const sendOnce = yield* makeSender(carrier)
    return sendOnce === undefined
      ? undefined
      : yield* sendOnce({ key, message, provider: written.provider, what: requestText(written) })
  },
  // The result says why a message was not sent.
  (sending) =>
    Effect.flatMap(Effect.serviceOption(GlobalFlag.LogLevel), (level) =>
      Option.isSome(Option.flatten(level))
        ? sending
        : Effect.provideService(sending, References.MinimumLogLevel, "Error"))
)
