/**
 * The definition of a carrier: one value that describes everything the library
 * knows about one carrier's API.
 *
 * Each carrier's folder calls {@link define} once. The providers and their
 * layers, the environment variables, the server's routes, the command line, the
 * media hosts, the demonstration and the test suites all derive from that
 * definition. A carrier outside this package works the same way.
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
import type { Emulation } from "./Emulation.ts"
import type { InvalidVariable, Read, Variable } from "./Environment.ts"
import { unwrap } from "./internal/config.ts"
import * as Loading from "./internal/lazy.ts"
import type { ReceiveOptions, Receiver } from "./Receiving.ts"
import type { Masking, Sign } from "./Recording.ts"
import type { CarrierSending, Sending, SendOptions } from "./Sending.ts"
import * as SmsProvider from "./SmsProvider.ts"
import * as WebhookGuard from "./WebhookGuard.ts"

/**
 * The services that a carrier may need to verify webhooks.
 *
 * @category models
 * @since 0.1.0
 */
export type Services = Mac.Mac | Digest.Digest | Signature.Signature

/**
 * The credentials for a media host.
 *
 * @category models
 * @since 0.1.0
 */
export type MediaCredentials =
  | { readonly scheme: "Basic"; readonly username: string; readonly password: Redacted.Redacted<string> }
  | { readonly scheme: "Bearer"; readonly token: Redacted.Redacted<string> }

/**
 * The hosts that serve a carrier's media files.
 *
 * @category models
 * @since 0.1.0
 */
export interface Media {
  /** The hosts of the media URLs in the carrier's webhooks. */
  readonly hosts: ReadonlyArray<string>
  /** The hosts that these URLs redirect to. */
  readonly redirectHosts?: ReadonlyArray<string> | undefined
}

/**
 * A carrier's configuration, read from environment variables.
 *
 * @category models
 * @since 0.1.0
 */
export interface Environment {
  /** Every variable that the carrier reads. */
  readonly variables: ReadonlyArray<Variable>
  /** The provider that the variables configure. `undefined` when none of them is set. */
  readonly provider: Read<Layer.Layer<SmsProvider.SmsProvider, InvalidVariable, Services | HttpClient.HttpClient>>
  /** Like {@link Environment.provider}, for sending only: it does not read the webhook secrets. */
  readonly sender: Read<Layer.Layer<SmsProvider.SmsProvider, InvalidVariable, HttpClient.HttpClient>>
  /** The credentials of the media hosts that require them, by host. */
  readonly mediaCredentials: Read<Readonly<Record<string, MediaCredentials>>>
  /** The warning to log when no media credentials are set. */
  readonly mediaCredentialsHint: string | undefined
  /** Signs webhooks as the carrier does, for a server that has these variables. */
  readonly sign: Read<Sign>
  /**
   * Generates values of the variables that sign and verify webhooks, by name.
   * Absent when the carrier signs with the secret that verifies.
   */
  readonly generateKeys: EnvironmentDefinition<never, never, never>["generateKeys"]
}

/**
 * A sample webhook in the carrier's format, for tests.
 *
 * @category models
 * @since 0.1.0
 */
export interface SampleWebhook {
  /** A short label: `SMS`, `MMS`, `delivery report`, `forged`. */
  readonly kind: string
  /** The carrier's id of the message that the webhook concerns. */
  readonly messageId: string
  readonly request: WebhookRequest
}

/**
 * Sample webhooks of a carrier, signed with generated credentials.
 *
 * @category models
 * @since 0.1.0
 */
export interface Samples<Webhook> {
  /** The options of a provider that accepts these samples. */
  readonly options: Webhook
  /** Signs a payload: a JSON object, or the fields of a form. */
  readonly sign: (options: {
    readonly url: string
    readonly payload: Readonly<Record<string, unknown>>
  }) => Effect.Effect<WebhookRequest, CryptoError.CryptoError, Services | SecureRandom.SecureRandom>
  /** Builds one webhook of each kind, and one that was modified after signing. */
  readonly webhooks: (options: {
    /** The URL that receives this provider's webhooks. */
    readonly inboundUrl: string
    readonly statusUrl: string
    readonly customer: Address
    readonly ours: Address
  }) => Effect.Effect<
    ReadonlyArray<SampleWebhook>,
    CryptoError.CryptoError,
    Services | SecureRandom.SecureRandom
  >
}

/**
 * A carrier with any type of options. The server, the command line and the
 * demonstration work with this type.
 *
 * @category models
 * @since 0.1.0
 */
export interface Any {
  /**
   * The provider's name, in lower-case letters and digits. It is also used in
   * its routes and, in upper case, as the prefix of its variables.
   */
  readonly name: string
  /** The carrier's name in its own spelling, for display. */
  readonly title: string
  /** Loads the environment variables of the carrier. */
  readonly environment: Effect.Effect<Environment>
  readonly media: Media
  /** Extracts the metadata of a payload: a JSON object, or a form as a record. */
  readonly extractMeta: WebhookMeta.Extract
  /** Generates credentials, and a provider that accepts webhooks signed with them. */
  readonly samples: Effect.Effect<
    Omit<Samples<unknown>, "options"> & { readonly provider: SmsProvider.Service },
    CryptoError.CryptoError,
    Services | SecureRandom.SecureRandom
  >
  /** Loads what is replaced in a recording of the carrier's webhooks. */
  readonly masking: Effect.Effect<Masking>
  /** Loads what the emulator plays the carrier with, if the carrier has that. */
  readonly emulation: Effect.Effect<Emulation> | undefined
}

/**
 * A carrier, with the constructors of its providers.
 *
 * @category models
 * @since 0.1.0
 */
export interface Carrier<Webhook, Sender, E, R, Needs = R> extends Any {
  /** Makes a provider that receives and sends. Fails when an option is invalid. */
  readonly make: (
    options: Webhook & Sender
  ) => Effect.Effect<SmsProvider.Service, E | CryptoError.CryptoError, R | HttpClient.HttpClient>
  /** Makes a provider that only receives. It needs no HTTP client. */
  readonly makeWebhook: (
    options: Webhook
  ) => Effect.Effect<SmsProvider.Service, E | CryptoError.CryptoError, R>
  /** Makes a provider that only sends. It needs no webhook secret. */
  readonly makeSender: (options: Sender) => Effect.Effect<SmsProvider.Service, E, HttpClient.HttpClient>
  /** Provides an {@link SmsProvider.SmsProvider} that receives and sends. */
  readonly layer: (
    options: Webhook & Sender
  ) => Layer.Layer<
    SmsProvider.SmsProvider,
    E | CryptoError.CryptoError,
    Needs | HttpClient.HttpClient
  >
  /** Like {@link Carrier.layer}, with options from `Config`. */
  readonly layerConfig: (
    options: Config.Wrap<Webhook & Sender>
  ) => Layer.Layer<
    SmsProvider.SmsProvider,
    Config.ConfigError | CryptoError.CryptoError | E,
    Needs | HttpClient.HttpClient
  >
  /** Like {@link Carrier.layer}, with a verifier that the application provides. */
  readonly layerNoDeps: (
    options: Webhook & Sender
  ) => Layer.Layer<
    SmsProvider.SmsProvider,
    E | CryptoError.CryptoError,
    R | HttpClient.HttpClient
  >
  /** Provides an {@link SmsProvider.SmsProvider} that only receives. */
  readonly layerWebhook: (
    options: Webhook
  ) => Layer.Layer<SmsProvider.SmsProvider, E | CryptoError.CryptoError, Needs>
  /** Like {@link Carrier.layerWebhook}, with options from `Config`. */
  readonly layerWebhookConfig: (
    options: Config.Wrap<Webhook>
  ) => Layer.Layer<
    SmsProvider.SmsProvider,
    Config.ConfigError | CryptoError.CryptoError | E,
    Needs
  >
  /** Like {@link Carrier.layerWebhook}, with a verifier that the application provides. */
  readonly layerWebhookNoDeps: (
    options: Webhook
  ) => Layer.Layer<SmsProvider.SmsProvider, E | CryptoError.CryptoError, R>
  /** Provides an {@link SmsProvider.SmsProvider} that only sends. */
  readonly layerSender: (options: Sender) => Layer.Layer<SmsProvider.SmsProvider, E, HttpClient.HttpClient>
  /** Like {@link Carrier.layerSender}, with options from `Config`. */
  readonly layerSenderConfig: (
    options: Config.Wrap<Sender>
  ) => Layer.Layer<SmsProvider.SmsProvider, Config.ConfigError | E, HttpClient.HttpClient>
  /** Reads the inbound message of a payload, for a channel. Returns `None` when the payload has none. */
  readonly parseWebhook: (
    payload: Readonly<Record<string, unknown>>,
    channelId: string
  ) => Effect.Effect<Option.Option<InboundMessage>, WebhookError>
}

/**
 * The parts of a carrier that {@link define} combines.
 *
 * @category models
 * @since 0.1.0
 */
export interface Definition<Webhook, Sender, E, R> {
  readonly name: string
  readonly title: string
  /** Makes the receiver, which verifies and decodes webhooks. */
  readonly receive: (options: Webhook) => Effect.Effect<Receiver, E, R>
  /** Decodes a payload for {@link Any.extractMeta}, without the receiver's options. */
  readonly decodePayload: (
    provider: string,
    payload: Readonly<Record<string, unknown>>
  ) => Effect.Effect<ReadonlyArray<WebhookEvent>, InvalidPayload>
  /** Loads the module that sends. A program that only receives loads neither this module nor the HTTP client. */
  readonly send: () => Promise<{ readonly make: (options: Sender) => Effect.Effect<CarrierSending, E> }>
  /**
   * Loads the module that reads options from the environment. A program that
   * passes options in code does not load it.
   */
  readonly environment: () => Promise<{ readonly environment: EnvironmentDefinition<Webhook, Sender, E> }>
  readonly media?: Media | undefined
  /** Loads the sample webhooks, for tests. */
  readonly samples: () => Promise<{
    readonly samples: Effect.Effect<Samples<Webhook>, CryptoError.CryptoError, Services | SecureRandom.SecureRandom>
  }>
  /**
   * Loads what is replaced in a recording of the carrier's webhooks. Without it,
   * every field is replaced by what its value looks like.
   */
  readonly masking?: (() => Promise<{ readonly masking: Masking }>) | undefined
  /** Loads what the emulator plays the carrier with. */
  readonly emulation?: (() => Promise<{ readonly emulation: Emulation }>) | undefined
}

/**
 * Reads a carrier's options from the environment.
 *
 * @category models
 * @since 0.1.0
 */
export interface EnvironmentDefinition<Webhook, Sender, E> {
  readonly variables: ReadonlyArray<Variable>
  readonly webhook: Read<Webhook>
  readonly sender: Read<Sender>
  /** Converts the error of an invalid option into one that names its variable. */
  readonly blame: (error: E | CryptoError.CryptoError) => InvalidVariable
  readonly mediaCredentials?: Environment["mediaCredentials"] | undefined
  readonly mediaCredentialsHint?: string | undefined
  readonly sign?: Environment["sign"] | undefined
  readonly generateKeys?:
    | Effect.Effect<Readonly<Record<string, Redacted.Redacted<string>>>, CryptoError.CryptoError, Services>
    | undefined
}

interface Named {
  readonly name?: string | undefined
}

/** Adds guards to those of the carrier. Where nothing else is proved, they are the verification. */
const guarded = Effect.fnUntraced(function*(
  title: string,
  { capabilities, guard }: Receiver,
  guards: ReadonlyArray<WebhookGuard.WebhookGuard>
) {
  const added = WebhookGuard.all(guards)
  const { verification } = capabilities
  return {
    guard: yield* (guard === undefined ? added : WebhookGuard.all([() => Effect.succeed(guard), added]))(title),
    capabilities: {
      ...capabilities,
      verification: verification.scheme === "none" ? { scheme: "token" as const, covers: [] } : verification
    }
  }
})

/** Loads the pipeline on demand, because it brings in the HTTP client. */
const loadPipeline = () => import("./internal/client.ts")

/**
 * Defines a carrier whose verification needs an additional service.
 * `dependencies` provides it unless the application does.
 *
 * @category constructors
 * @since 0.1.0
 */
export const defineWith = <
  Webhook extends Named & ReceiveOptions,
  Sender extends Named & SendOptions,
  E,
  R,
  Needs extends Services
>(
  definition: Definition<Webhook, Sender, E, R>,
  dependencies: Layer.Layer<R, never, Needs>
): Carrier<Webhook, Sender, E, R, Needs> => {
  const { name, title } = definition

  const receiver = Effect.fnUntraced(function*(
    { guards = [], limits, name: other = name, ...options }: Webhook & Named & ReceiveOptions,
    sending?: Sending
  ) {
    const receiver = yield* definition.receive({ ...options, name: other } as Webhook & Named)
    return SmsProvider.make({
      name: other,
      receiver: {
        ...receiver,
        limits: { ...receiver.limits, ...limits },
        ...(guards.length > 0 && (yield* guarded(title, receiver, guards)))
      },
      sending
    })
  })

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
    generateKeys,
    mediaCredentials = Effect.undefined,
    mediaCredentialsHint,
    sender,
    sign = Effect.undefined,
    variables,
    webhook
  }: EnvironmentDefinition<Webhook, Sender, E>): Environment => {
    const blamed = <R>(
      layer: Layer.Layer<SmsProvider.SmsProvider, E | CryptoError.CryptoError, R>
    ): Layer.Layer<SmsProvider.SmsProvider, InvalidVariable, R> =>
      Layer.catch(layer, (error: E | CryptoError.CryptoError) => Layer.unwrap(Effect.fail(blame(error))))
    return {
      variables,
      mediaCredentials,
      mediaCredentialsHint,
      sign,
      generateKeys,
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
  const { masking = () => Promise.resolve({ masking: { kindsOf: () => ({}) } }) } = definition
  const loadEmulation = definition.emulation

  return {
    name,
    title,
    environment: Effect.map(Effect.promise(definition.environment), (loaded) => environment(loaded.environment)),
    media: definition.media ?? { hosts: [] },
    extractMeta,
    parseWebhook: WebhookMeta.parser(extractMeta),
    samples: Effect.gen(function*() {
      const { options, ...samples } = yield* (yield* Effect.promise(definition.samples)).samples
      // Generated credentials are always valid.
      const provider = yield* Effect.orDie(Effect.provide(makeWebhook(options), dependencies))
      return { ...samples, provider }
    }),
    masking: Effect.map(Effect.promise(masking), ({ masking }) => masking),
    emulation: loadEmulation && Effect.map(Effect.promise(loadEmulation), ({ emulation }) => emulation),
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
export const define = <
  Webhook extends Named & ReceiveOptions,
  Sender extends Named & SendOptions,
  E,
  R extends Services
>(
  definition: Definition<Webhook, Sender, E, R>
): Carrier<Webhook, Sender, E, R> => defineWith(definition, Layer.effectContext(Effect.context<R>()))

/**
 * A carrier whose module is loaded on demand: when one of its environment
 * variables is set, or when it is requested by name.
 *
 * @category models
 * @since 0.1.0
 */
export interface Lazy extends Loading.Lazy<Any> {}

/**
 * Describes a carrier whose module is loaded on demand.
 *
 * @category constructors
 * @since 0.1.0
 */
export const lazy: (
  name: string,
  title: string,
  load: () => Promise<{ readonly carrier: Any }>,
  emulation?: () => Promise<{ readonly emulation: Emulation }>
) => Lazy = Loading.lazy

/**
 * Describes a carrier whose module is already loaded.
 *
 * @category constructors
 * @since 0.1.0
 */
export const loaded = (carrier: Any): Lazy => ({
  name: carrier.name,
  title: carrier.title,
  load: Effect.succeed(carrier)
})
