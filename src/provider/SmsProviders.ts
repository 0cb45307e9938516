/**
 * The providers of an application, by name.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type Service as Provider, SmsProvider } from "./SmsProvider.ts"

/**
 * The registry of providers.
 *
 * @category services
 * @since 0.1.0
 */
export class SmsProviders extends Context.Service<SmsProviders, {
  /** The providers, in the order of registration. */
  readonly all: ReadonlyArray<Provider>
  /** Finds a provider by name, in any case of letters. */
  readonly find: (name: string) => Option.Option<Provider>
}>()("effect-sms/SmsProviders") {}

/**
 * Two providers have the same name. Rename one of them with its `name` option.
 *
 * @category errors
 * @since 0.1.0
 */
export class DuplicateProvider extends Schema.TaggedError<DuplicateProvider>()("DuplicateProvider", {
  name: Schema.String
}) {
  override get message(): string {
    return `Two providers are named ${JSON.stringify(this.name)}`
  }
}

/**
 * Makes a registry of the given providers.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  providers: ReadonlyArray<Provider>
): Effect.fn.Return<SmsProviders["Service"], DuplicateProvider> {
  const byName = new Map<string, Provider>()
  for (const provider of providers) {
    if (byName.has(provider.name)) return yield* new DuplicateProvider({ name: provider.name })
    byName.set(provider.name, provider)
  }
  const all = [...byName.values()]
  const isNamed = (name: string) => (provider: Provider) => provider.name.toLowerCase() === name.toLowerCase()
  return SmsProviders.of({
    all,
    find: (name) => Option.fromUndefinedOr(byName.get(name) ?? all.find(isNamed(name)))
  })
})

/**
 * Registers the provider of each layer.
 *
 * **Example** (Two carriers side by side)
 *
 * ```ts
 * import { SmsProviders, Telnyx, Twilio } from "effect-sms"
 * import { Config } from "effect"
 *
 * export const Carriers = SmsProviders.layer(
 *   Twilio.layerWebhookConfig({ authToken: Config.Redacted("TWILIO_AUTH_TOKEN") }),
 *   Telnyx.layerWebhookConfig({ publicKey: Config.String("TELNYX_PUBLIC_KEY") })
 * )
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = <Layers extends ReadonlyArray<Layer.Layer<SmsProvider, unknown, unknown>>>(
  ...layers: Layers
): Layer.Layer<SmsProviders, Layer.Error<Layers[number]> | DuplicateProvider, Layer.Services<Layers[number]>> =>
  Layer.effect(
    SmsProviders,
    Effect.flatMap(
      Effect.forEach(layers, (layer) => Effect.map(Layer.build(layer), Context.get(SmsProvider))),
      make
    )
  ) as Layer.Layer<SmsProviders, Layer.Error<Layers[number]> | DuplicateProvider, Layer.Services<Layers[number]>>
