/**
 * @title Fail-over, limits and circuit breakers
 *
 * Two carriers, one of which has its troubles. A message goes on to the other
 * one when the first provably did not take it, for a reason that another
 * carrier can cure, and never otherwise. Replace the mocks by `Twilio.layer`
 * and `Telnyx.layer`, and nothing else changes.
 */
import { Console, Effect, Layer, References } from "effect"
import {
  Address,
  Content,
  DeliveryStore,
  DeliveryTracker,
  Message,
  SendPolicy,
  SmsError,
  SmsProviders,
  SmsRouter
} from "effect-sms"
import { MockSmsProvider } from "effect-sms/testing"
import { CircuitBreaker, RateLimiter } from "effect/persistence"

const paris = Address.Address.make("+33140205050")
const optedOut = Address.Address.make("+15145550199")
const montreal = Address.Address.make("+15145550142")

const Main = MockSmsProvider.layer({
  name: "main",
  from: Address.Address.make("+15145550100"),
  respond: ({ content, to }) => {
    if (to === paris) return Effect.fail(new SmsError.NotEnabled({ code: "21408", status: 400 }))
    if (to === optedOut) return Effect.fail(new SmsError.OptedOut({ code: "21610", status: 400 }))
    switch (Content.text(content)) {
      case "slow":
        return Effect.fail(new SmsError.OutcomeUnknown({ because: "Timeout" }))
      case "down":
        return Effect.fail(new SmsError.ProviderUnavailable({}))
      default:
        return Effect.void
    }
  }
}).pipe(
  // The circuit breaker last: nobody waits for a turn at a carrier that is down.
  SendPolicy.rateLimited({ limit: 10, window: "1 second", count: "segments" }),
  SendPolicy.circuitBroken
)

const Backup = MockSmsProvider.layer({ name: "backup", from: Address.Address.make("+15145550101") })

const App = SmsRouter.layer({ order: ["main", "backup"] }).pipe(
  Layer.provide(SmsProviders.layer(Main, Backup)),
  Layer.provideMerge(DeliveryTracker.layer()),
  Layer.provide(DeliveryStore.layerStoreMemory()),
  Layer.provide([
    RateLimiter.layer.pipe(Layer.provide(RateLimiter.layerStoreMemory)),
    CircuitBreaker.layer({ tripPolicy: CircuitBreaker.consecutive(2), openDuration: "30 seconds" }).pipe(
      Layer.provide(CircuitBreaker.layerStoreMemory())
    )
  ]),
  // The router logs what was asked, with the time, which differs with each run.
  Layer.provideMerge(Layer.succeed(References.MinimumLogLevel, "None"))
)

const send = Effect.fnUntraced(function*(text: string, to: Address.Address, provider?: string) {
  const router = yield* SmsRouter.SmsRouter
  const message = new Message.OutboundMessage({ to, content: new Content.TextContent({ text }) })
  const said = yield* router.send(message, { provider }).pipe(
    Effect.map(({ messageIds, provider }) => `accepted by ${provider} as ${messageIds.join(", ")}`),
    Effect.catchTag(
      "SmsError",
      ({ earlier = [], message }) =>
        Effect.succeed(
          [...earlier.map(({ provider, reason }) => `${provider}: ${reason.message}`), message].join("; then ")
        )
    ),
    Effect.catchTag("SmsRouterError", ({ message }) => Effect.succeed(message))
  )
  yield* Console.log(`${text}: ${said}`)
})

const program = Effect.gen(function*() {
  yield* send("hello", montreal)
  yield* send("bonjour", paris)
  yield* send("unwanted", optedOut)
  yield* send("slow", montreal)
  // The second failure in a row opens the circuit, and then the carrier is not asked at all.
  yield* send("down", montreal)
  yield* send("hello again", montreal)
  yield* send("by name", montreal, "main")
  yield* send("by a wrong name", montreal, "other")

  const tracker = yield* DeliveryTracker.DeliveryTracker
  const delivery = yield* tracker.get({ provider: "backup", messageId: "mock-1", recipient: paris })
  yield* Console.log(`bonjour is ${delivery?.status}`)
})

await Effect.runPromise(program.pipe(Effect.provide(App)))

/* Prints:
hello: accepted by main as mock-1
bonjour: accepted by backup as mock-1
unwanted: main: The recipient has opted out (code 21610, HTTP 400)
slow: main: The outcome is unknown and the message may have been sent: Timeout
down: accepted by backup as mock-2
hello again: accepted by backup as mock-3
by name: main: The carrier could not be reached
by a wrong name: No provider has this name; providers that can send: main, backup
bonjour is queued
*/
