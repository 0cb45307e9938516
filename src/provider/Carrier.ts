/**
 * A carrier as one value: everything there is to say about one carrier's API.
 *
 * A carrier's folder calls {@link define} once. From that derive the providers
 * and their layers, what the environment turns on, the server's routes, the
 * command line, the media hosts, the demonstration and the test suites. A
 * carrier outside this package works the same way.
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import type * as CryptoError from "effect/crypto/CryptoError"
import type * as Digest from "effect/crypto/Digest"
import type * as Mac from "effect/crypto/Mac"
import type * as SecureRandom from "effect/crypto/SecureRandom"
import type * as Signature from "effect/crypto/Signature"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type { Address } from "../Address.ts"
import type { InboundMessage } from "../Message.ts"
import type { InvalidPayload, WebhookError } from "../WebhookError.ts"
import type { WebhookEvent } from "../WebhookEvent.ts"
import * as WebhookMeta from "../WebhookMeta.ts"
import type { WebhookRequest } from "../WebhookRequest.ts"
import type { InvalidVariable, Read, Variable } from "./Environment.ts"
import { unwrap } from "./internal/config.ts"
import type { CarrierSending, Sending, SendOptions } from "./Sending.ts"
import * as SmsProvider from "./SmsProvider.ts"

/**
 * What a carrier may need to verify webhooks with.
 *
 * @category models
 * @since 0.1.0
 */
export type Services = Mac.Mac | Digest.Digest | Signature.Signature

/**
 * What opens a media host.
 *
 * @category models
 * @since 0.1.0
 */
export type MediaCredentials =
  | { readonly scheme: "Basic"; readonly username: string; readonly password: Redacted.Redacted<string> }
  | { readonly scheme: "Bearer"; readonly token: Redacted.Redacted<string> }

/**
 * Where the files of a carrier's messages are.
 *
 * @category models
 * @since 0.1.0
 */
export interface Media {
  /** The hosts that the carrier names in its webhooks. */
  readonly hosts: ReadonlyArray<string>
  /** The hosts that those redirect to. */
  readonly redirectHosts?: ReadonlyArray<string> | undefined
}

/**
 * What the environment says about a carrier.
 *
 * @category models
 * @since 0.1.0
 */
export interface Environment {
  /** Every variable that the carrier reads. */
  readonly variables: ReadonlyArray<Variable>
  /** The provider that the environment asks for. `undefined` when none of the variables is set. */
  readonly provider: Read<Layer.Layer<SmsProvider.SmsProvider, InvalidVariable, Services | HttpClient.HttpClient>>
  /** As {@link Environment.provider}, for sending only: it reads nothing that webhooks are verified with. */
  readonly sender: Read<Layer.Layer<SmsProvider.SmsProvider, InvalidVariable, HttpClient.HttpClient>>
  /** The credentials of the media hosts that need some, by host. */
  readonly mediaCredentials: Read<Readonly<Record<string, MediaCredentials>>>
  /** The warning for an operator who has set none of them. */
  readonly mediaCredentialsHint: string | undefined
}

/**
 * A webhook as the carrier sends it, for demonstrations and tests.
 *
 * @category models
 * @since 0.1.0
 */
export interface SampleWebhook {
  /** A word or two: `SMS`, `MMS`, `delivery report`, `forged`. */
  readonly kind: string
  /** The carrier's id of the message that it is about. */
  readonly messageId: string
  readonly request: WebhookRequest
}

/**
 * A carrier's side of a conversation, with credentials that were made up.
 *
 * @category models
 * @since 0.1.0
 */
export interface Samples<Webhook> {
  /** Options of a provider that receives what these samples are signed for. */
  readonly options: Webhook
  /** Signs a payload: a JSON object, or the fields of a form. */
  readonly sign: (options: {
    readonly url: string
    readonly payload: Readonly<Record<string, unknown>>
  }) => Effect.Effect<WebhookRequest, CryptoError.CryptoError, Services | SecureRandom.SecureRandom>
  /** One webhook of each kind, and one that was changed after it was signed. */
  readonly webhooks: (options: {
    /** The URL that this provider's webhooks go to. */
    readonly inboundUrl: string
    readonly statusUrl: string
    readonly customer: Address
    readonly ours: Address
  }) => Effect.Effect<
    ReadonlyArray<SampleWebhook>,
    CryptoError.CryptoError,
    Services | SecureRandom.SecureRandom
  >
  /** A webhook that a person can post by hand, where nothing has to be signed. */
  readonly manual?:
    | ((options: {
      readonly inboundUrl: string
      readonly customer: Address
      readonly ours: Address
      readonly text: string
    }) => Effect.Effect<WebhookRequest, CryptoError.CryptoError>)
    | undefined
}

/**
 * A carrier, whatever its options: what the server, the command line and the
 * demonstration work on.
 *
 * @category models
 * @since 0.1.0
 */
export interface Any {
  /** The name of the provider, of its routes, and with `_` of its variables: lower case letters and digits. */
  readonly name: string
  /** As the carrier writes itself. */
  readonly title: string
  /** Loads what the environment says about it. */
  readonly environment: Effect.Effect<Environment>
  readonly media: Media
  /** Reads a payload: a JSON object, or a form as a record. */
  readonly extractMeta: WebhookMeta.Extract
  /** Makes up credentials, and a provider that receives what is signed with them. */
  readonly samples: Effect.Effect<
    Omit<Samples<unknown>, "options"> & { readonly provider: SmsProvider.Service },
    CryptoError.CryptoError,
    Services | SecureRandom.SecureRandom
  >
}

/**
 * A carrier, with the constructors of its providers.
 *
 * @category models
 * @since 0.1.0
 */
export interface Carrier<Webhook, Sender, E, R, Needs = R> extends Any {
  /** Makes a provider that receives and sends. Fails when an option cannot be used. */
  readonly make: (
    options: Webhook & Sender
  ) => Effect.Effect<SmsProvider.Service, E, R | HttpClient.HttpClient>
  /** Makes a provider that only receives. It needs no HTTP client. */
  readonly makeWebhook: (options: Webhook) => Effect.Effect<SmsProvider.Service, E, R>
  /** Makes a provider that only sends. It needs nothing that webhooks are verified with. */
  readonly makeSender: (options: Sender) => Effect.Effect<SmsProvider.Service, E, HttpClient.HttpClient>
  /** Provides {@link SmsProvider.SmsProvider}, receiving and sending. */
  readonly layer: (
    options: Webhook & Sender
  ) => Layer.Layer<SmsProvider.SmsProvider, E, Needs | HttpClient.HttpClient>
  /** As {@link Carrier.layer}, from configuration. */
  readonly layerConfig: (
    options: Config.Wrap<Webhook & Sender>
  ) => Layer.Layer<SmsProvider.SmsProvider, Config.ConfigError | E, Needs | HttpClient.HttpClient>
  /** As {@link Carrier.layer}, on the verifier that the application provides. */
  readonly layerNoDeps: (
    options: Webhook & Sender
  ) => Layer.Layer<SmsProvider.SmsProvider, E, R | HttpClient.HttpClient>
  /** Provides {@link SmsProvider.SmsProvider}, receiving only. */
  readonly layerWebhook: (options: Webhook) => Layer.Layer<SmsProvider.SmsProvider, E, Needs>
  /** As {@link Carrier.layerWebhook}, from configuration. */
  readonly layerWebhookConfig: (
    options: Config.Wrap<Webhook>
  ) => Layer.Layer<SmsProvider.SmsProvider, Config.ConfigError | E, Needs>
  /** As {@link Carrier.layerWebhook}, on the verifier that the application provides. */
  readonly layerWebhookNoDeps: (options: Webhook) => Layer.Layer<SmsProvider.SmsProvider, E, R>
  /** Provides {@link SmsProvider.SmsProvider}, sending only. */
  readonly layerSender: (options: Sender) => Layer.Layer<SmsProvider.SmsProvider, E, HttpClient.HttpClient>
  /** As {@link Carrier.layerSender}, from configuration. */
  readonly layerSenderConfig: (
    options: Config.Wrap<Sender>
  ) => Layer.Layer<SmsProvider.SmsProvider, Config.ConfigError | E, HttpClient.HttpClient>
  /** Reads the message of a payload, for a channel. `None` when it brings none. */
  readonly parseWebhook: (
    payload: Readonly<Record<string, unknown>>,
    channelId: string
  ) => Effect.Effect<Option.Option<InboundMessage>, WebhookError>
}

/**
 * What {@link define} needs.
 *
 * @category models
 * @since 0.1.0
 */
export interface Definition<Webhook, Sender, E, R> {
  readonly name: string
  readonly title: string
  /** How webhooks are verified and read. */
  readonly receive: (options: Webhook) => Effect.Effect<SmsProvider.Receiver, E, R>
  /** How a payload is read by {@link Any.extractMeta}, where the receiver's options are not known. */
  readonly decodePayload: (
    provider: string,
    payload: Readonly<Record<string, unknown>>
  ) => Effect.Effect<ReadonlyArray<WebhookEvent>, InvalidPayload>
  /** Loads how messages are sent. A program that only receives does not load it, nor the HTTP client. */
  readonly send: () => Promise<{ readonly make: (options: Sender) => Effect.Effect<CarrierSending, E> }>
  /** Loads how the options are read from the environment. Programs that give options in code do not load it. */
  readonly environment: () => Promise<{ readonly environment: EnvironmentDefinition<Webhook, Sender, E> }>
  readonly media?: Media | undefined
  /** Loads the carrier's side, for demonstrations and tests. */
  readonly samples: () => Promise<{
    readonly samples: Effect.Effect<Samples<Webhook>, CryptoError.CryptoError, Services | SecureRandom.SecureRandom>
  }>
}

/**
 * How a carrier's options are read from the environment.
 *
 * @category models
 * @since 0.1.0
 */
export interface EnvironmentDefinition<Webhook, Sender, E> {
  readonly variables: ReadonlyArray<Variable>
  readonly webhook: Read<Webhook>
  readonly sender: Read<Sender>
  /** Names the variable that an option which cannot be used came from. */
  readonly blame: (error: E) => InvalidVariable
  readonly mediaCredentials?: Environment["mediaCredentials"] | undefined
  readonly mediaCredentialsHint?: string | undefined
}

interface Named {
  readonly name?: string | undefined
}

/** With the HTTP client, which is loaded with what sends. */
const loadPipeline = () => import("./internal/client.ts")

/**
 * Defines a carrier whose verification needs a service of its own, which
 * `dependencies` provides unless the application does.
 *
 * @category constructors
 * @since 0.1.0
 */
export const defineWith = <Webhook extends Named, Sender extends Named & SendOptions, E, R, Needs extends Services>(
  definition: Definition<Webhook, Sender, E, R>,
  dependencies: Layer.Layer<R, never, Needs>
): Carrier<Webhook, Sender, E, R, Needs> => {
  const { name, title } = definition

  const receiver = ({ name: other = name, ...options }: Webhook & Named, sending?: Sending) =>
    Effect.map(
      definition.receive({ ...options, name: other } as Webhook & Named),
      (receiver) => SmsProvider.make({ name: other, receiver, sending })
    )

  const sending = Effect.fnUntraced(function*(options: Sender) {
    const [{ make }, pipeline] = yield* Effect.promise(() => Promise.all([definition.send(), loadPipeline()]))
    return yield* pipeline.sending(yield* make(options), options)
  })

  const make = (options: Webhook & Sender) => Effect.flatMap(sending(options), (sending) => receiver(options, sending))
  const makeWebhook = (options: Webhook) => receiver(options)
  const makeSender = (options: Sender) =>
    Effect.map(sending(options), (sending) => SmsProvider.make({ name: options.name ?? name, sending }))

  const layerOf = <E, R>(provider: Effect.Effect<SmsProvider.Service, E, R>) =>
    Layer.effect(SmsProvider.SmsProvider, provider)
  const layerNoDeps = (options: Webhook & Sender) => layerOf(make(options))
  const layerWebhookNoDeps = (options: Webhook) => layerOf(makeWebhook(options))
  const layer = (options: Webhook & Sender) => Layer.provide(layerNoDeps(options), dependencies)
  const layerWebhook = (options: Webhook) => Layer.provide(layerWebhookNoDeps(options), dependencies)
  const layerSender = (options: Sender) => layerOf(makeSender(options))

  const environment = ({
    blame,
    mediaCredentials = Effect.undefined,
    mediaCredentialsHint,
    sender,
    variables,
    webhook
  }: EnvironmentDefinition<Webhook, Sender, E>): Environment => {
    const blamed = <R>(
      layer: Layer.Layer<SmsProvider.SmsProvider, E, R>
    ): Layer.Layer<SmsProvider.SmsProvider, InvalidVariable, R> =>
      Layer.catch(layer, (error: E) => Layer.unwrap(Effect.fail(blame(error))))
    return {
      variables,
      mediaCredentials,
      mediaCredentialsHint,
      provider: Effect.gen(function*() {
        const receiving = yield* webhook
        if (receiving === undefined) return undefined
        const sending = yield* sender
        return sending === undefined ? blamed(layerWebhook(receiving)) : blamed(layer({ ...sending, ...receiving }))
      }),
      sender: Effect.map(sender, (sending) => sending === undefined ? undefined : blamed(layerSender(sending)))
    }
  }

  const extractMeta = WebhookMeta.extractor(name, (payload) => definition.decodePayload(name, payload))

  return {
    name,
    title,
    environment: Effect.map(Effect.promise(definition.environment), (loaded) => environment(loaded.environment)),
    media: definition.media ?? { hosts: [] },
    extractMeta,
    parseWebhook: WebhookMeta.parser(extractMeta),
    samples: Effect.gen(function*() {
      const { options, ...samples } = yield* (yield* Effect.promise(definition.samples)).samples
      // Made-up credentials can be used.
      const provider = yield* Effect.orDie(Effect.provide(makeWebhook(options), dependencies))
      return { ...samples, provider }
    }),
    make,
    makeWebhook,
    makeSender,
    layer,
    layerNoDeps,
    layerConfig: (options) =>
      Layer.provide(layerOf(Effect.flatMap(unwrap<Webhook & Sender>(options), make)), dependencies),
    layerWebhook,
    layerWebhookNoDeps,
    layerWebhookConfig: (options) =>
      Layer.provide(layerOf(Effect.flatMap(unwrap<Webhook>(options), makeWebhook)), dependencies),
    layerSender,
    layerSenderConfig: (options) => layerOf(Effect.flatMap(unwrap<Sender>(options), makeSender))
  }
}

/**
 * Defines a carrier.
 *
 * @category constructors
 * @since 0.1.0
 */
export const define = <Webhook extends Named, Sender extends Named & SendOptions, E, R extends Services>(
  definition: Definition<Webhook, Sender, E, R>
): Carrier<Webhook, Sender, E, R> => defineWith(definition, Layer.effectContext(Effect.context<R>()))

/**
 * A carrier that is loaded when the environment has one of its variables, or
 * when it is asked for by name.
 *
 * @category models
 * @since 0.1.0
 */
export interface Lazy {
  readonly name: string
  readonly title: string
  readonly load: Effect.Effect<Any>
}

/**
 * Describes a carrier that is loaded when it is needed.
 *
 * @category constructors
 * @since 0.1.0
 */
export const lazy = (
  name: string,
  title: string,
  load: () => Promise<{ readonly carrier: Any }>
): Lazy => ({ name, title, load: Effect.map(Effect.promise(load), ({ carrier }) => carrier) })

/**
 * Describes a carrier that is loaded already.
 *
 * @category constructors
 * @since 0.1.0
 */
export const loaded = (carrier: Any): Lazy => ({
  name: carrier.name,
  title: carrier.title,
  load: Effect.succeed(carrier)
})
