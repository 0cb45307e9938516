/**
 * The command `effect-sms send`: sends one message through one carrier.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Argument from "effect/cli/Argument"
import * as CliError from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import { Address } from "../Address.ts"
import * as Content from "../Content.ts"
import * as MessageProblems from "../http/MessageProblems.ts"
import type { SendRequest } from "../http/MessagesApi.ts"
import { prefixOf, warnings } from "../http/ServerConfig.ts"
import { compact } from "../internal/record.ts"
import { Recipient, Sender } from "../internal/writtenAddress.ts"
import { ZonedTime } from "../internal/zonedTime.ts"
import { OutboundMessage, SendReceipt } from "../Message.ts"
import type { Lazy } from "../provider/Carrier.ts"
import { invalid, type InvalidVariable, text } from "../provider/Environment.ts"
import { checkContent } from "../provider/internal/sendPlan.ts"
import { SmsProvider } from "../provider/SmsProvider.ts"
import { Priority } from "../sending/IntentStore.ts"
import type { SmsError, SmsErrorReason } from "../SmsError.ts"
import { anyCase } from "./choice.ts"
import { CodeOfInterruption, exitCodes, fail } from "./Failed.ts"

/** Normalizes an address. The error does not contain the number, because standard error often ends up in a log. */
const cleaned = (flag: string, schema: typeof Recipient) => (address: Address) =>
  Effect.mapError(
    Schema.decodeEffect(schema)(address),
    ({ message }) => new CliError.ValidationError({ message: `Invalid value for flag --${flag}. ${message}` })
  )

const flags = (carriers: ReadonlyArray<Lazy>) => ({
  provider: anyCase("provider", carriers.map(({ name }) => name)).pipe(
    Flag.withDescription("The carrier to send with. Optional with --queue: the server then chooses"),
    Flag.optional
  ),
  to: Flag.String("to").pipe(
    Flag.withSchema(Address),
    Flag.mapEffect(cleaned("to", Recipient)),
    Flag.withMetavar("address"),
    Flag.withDescription("The recipient: a number with its country code, as +15145550142")
  ),
  from: Flag.String("from").pipe(
    Flag.withSchema(Address),
    Flag.mapEffect(cleaned("from", Sender)),
    Flag.withMetavar("address"),
    Flag.withDescription("The sender, instead of the one from the environment"),
    Flag.optional
  ),
  media: Flag.String("media").pipe(
    Flag.withMetavar("url"),
    Flag.withDescription("The URL of a file. Repeat the flag for several files"),
    Flag.between(0, 100)
  ),
  queue: Flag.Boolean("queue").pipe(
    Flag.withDescription("Store the message in the database of DATABASE_URL, from which the server sends it"),
    Flag.withDefault(false)
  ),
  at: Flag.String("at").pipe(
    Flag.withSchema(ZonedTime),
    Flag.withMetavar("time"),
    Flag.withDescription("With --queue: when to send it, as 2026-01-28T13:00:00Z"),
    Flag.optional
  ),
  key: Flag.String("key").pipe(
    Flag.withSchema(Schema.NonEmptyString),
    Flag.withMetavar("key"),
    Flag.withDescription("With DATABASE_URL: the idempotency key. A message is sent once for its key"),
    Flag.optional
  ),
  priority: Flag.Literals("priority", Priority.literals).pipe(
    Flag.withDescription("With --queue: bulk messages are sent after transactional ones, the default"),
    Flag.optional
  ),
  json: Flag.Boolean("json").pipe(
    Flag.withDescription("Print the receipt, the queued message or the error as JSON"),
    Flag.withDefault(false)
  ),
  text: Argument.String("text").pipe(
    Argument.withDescription("The text. Optional with media"),
    Argument.withDefault("")
  )
})

/** Makes the carrier's layer from the environment, for sending only: it needs no webhook secret. */
const carrierOf = Effect.fnUntraced(function*(carriers: ReadonlyArray<Lazy>, name: string) {
  const { load } = carriers.find((carrier) => carrier.name === name)!
  const { sender, variables } = yield* Effect.flatMap(load, ({ environment }) => environment)
  const layer = yield* sender
  if (layer !== undefined) return layer
  const needed = variables.find(({ group, required }) => group === "sending" && required)
  return yield* needed === undefined
    ? fail(`${name} cannot be configured to send`)
    : invalid(needed.name, "is missing: it is required for sending")
})

const encodeReceipt = Schema.encodeEffect(Schema.fromJsonString(Schema.toCodecJson(SendReceipt)))

const encodeProblem = Schema.encodeEffect(Schema.fromJsonString(Schema.toCodecJson(MessageProblems.MessageProblem)))

const advice = (reason: SmsErrorReason, provider: string): string => {
  const prefix = prefixOf({ name: provider })
  switch (reason._tag) {
    case "InvalidRecipient":
      return "Check --to"
    case "InvalidSender":
    case "UnregisteredSender":
      return `Check --from, or ${prefix}FROM`
    case "Authentication":
    case "AccountSuspended":
    case "NotEnabled":
      return `Check the account in the variables ${prefix}…`
    case "RateLimited":
    case "ProviderUnavailable":
      return reason.retryAfter === undefined
        ? "Try again later"
        : `Try again in ${Math.ceil(Duration.toSeconds(reason.retryAfter))} seconds`
    case "OutcomeUnknown":
      return "Look for the message in the carrier's log"
    case "OptedOut":
      return "The recipient has to opt in again"
    case "GuardRefused":
      return reason.retryAfter === undefined
        ? "Check the variables of the guard"
        : "Send it with --queue, and the server sends it when it may"
    default:
      return "Change the message"
  }
}

const codeOf = ({ accepted, reason }: SmsError): number => {
  if (reason._tag === "OutcomeUnknown") return exitCodes.unknown
  return accepted === undefined ? exitCodes.refused : exitCodes.inPart
}

const explain = (json: boolean, intentId?: string) =>
  Effect.fnUntraced(function*(error: SmsError) {
    const problem = MessageProblems.fromSmsError(error)
    if (json) yield* Console.log(yield* Effect.orDie(encodeProblem(problem)))
    const where = intentId === undefined ? "" : `. It is the send ${intentId} of effect-sms intents`
    return yield* fail(
      `${error.provider}: ${problem.detail}. ${advice(error.reason, error.provider)}${where}`,
      codeOf(error)
    )
  })

type Carrier = Layer.Layer<SmsProvider, InvalidVariable, HttpClient.HttpClient>

type Input = Command.Command.Config.Infer<ReturnType<typeof flags>>

const misused = (line: string) => fail(`${line}. See effect-sms send --help`, exitCodes.usage)

const messageOf = ({ from, media, text, to }: Input) =>
  new OutboundMessage({
    to,
    content: Content.fromParts(text, media.map((url) => new Content.MediaContent({ url }))),
    ...compact({ from: Option.getOrUndefined(from) })
  })

/** Returns the request as a caller of the API would write it. */
const requestOf = ({ at, from, media, priority, provider, queue, text, to }: Input): SendRequest => ({
  to,
  ...compact({
    from: Option.getOrUndefined(from),
    text: text === "" ? undefined : text,
    media: media.length === 0 ? undefined : media.map((url) => ({ url })),
    provider: Option.getOrUndefined(provider),
    queue: queue || undefined,
    sendAt: Option.getOrUndefined(at),
    priority: Option.getOrUndefined(priority)
  })
})

const enqueue = Effect.fnUntraced(function*(input: Input) {
  const message = messageOf(input)
  if (checkContent(message) !== undefined) return yield* misused("A message needs a text, or files by their URL")
  // Loaded on demand: sending without a database needs none of it.
  const { enqueue } = yield* Effect.promise(() => import("./Queue.ts"))
  yield* enqueue({
    message,
    written: requestOf(input),
    json: input.json,
    key: Option.getOrUndefined(input.key),
    provider: Option.getOrUndefined(input.provider),
    priority: Option.getOrUndefined(input.priority),
    sendAt: Option.getOrUndefined(input.at)
  })
})

/** Sends the message without a database. */
const sendDirectly = Effect.fnUntraced(function*(carrier: Carrier, { json, key, ...input }: Input) {
  if (Option.isSome(key)) return yield* misused("--key needs DATABASE_URL, where keys are stored")
  const { send } = Context.get(yield* Layer.build(carrier), SmsProvider)
  return yield* Effect.catch(send(messageOf({ json, key, ...input })), explain(json))
})

/** Sends the message through the database that the servers have. Returns `undefined` when none is configured. */
const sendStored = Effect.fnUntraced(
  function*(carrier: Carrier, input: Input & { readonly provider: Option.Some<string> }) {
    if ((yield* text("DATABASE_URL")) === undefined) return undefined
    const { sendStored } = yield* Effect.promise(() => import("./storedSend.ts"))
    const answer = yield* sendStored({
      carrier,
      message: messageOf(input),
      written: { ...requestOf(input), provider: input.provider.value },
      key: Option.getOrUndefined(input.key)
    }).pipe(Effect.catchTags({
      SmsError: explain(input.json),
      SmsRouterError: ({ message }) => fail(message),
      SendBlocked: ({ message }) => fail(message, exitCodes.refused),
      KeyReused: ({ message }) => fail(`--key: ${message}`, exitCodes.refused),
      StorageError: ({ message }) => fail(`${message}. The message was not sent`)
    }))
    if (answer === undefined) return undefined
    return yield* Effect.catch(Effect.fromResult(answer.result), explain(input.json, answer.intentId))
  }
)

const send = Effect.fnUntraced(function*(carriers: ReadonlyArray<Lazy>, input: Input) {
  const { at, json, priority, provider, queue } = input
  if (queue) return yield* enqueue(input)
  if (Option.isNone(provider)) return yield* misused("Missing required flag: --provider")
  if (Option.isSome(at) || Option.isSome(priority)) return yield* misused("--at and --priority need --queue")
  const receipt = yield* carrierOf(carriers, provider.value).pipe(
    // A variable that is missing may be there under a mistyped name.
    Effect.tapError(() => Effect.flatMap(warnings(carriers), Effect.forEach((line) => Effect.logWarning(line)))),
    Effect.tap(Effect.flatMap(CodeOfInterruption, Ref.set<number>(exitCodes.unknown))),
    Effect.flatMap((carrier) =>
      Effect.flatMap(
        sendStored(carrier, { ...input, provider }),
        (receipt) => receipt === undefined ? sendDirectly(carrier, input) : Effect.succeed(receipt)
      )
    ),
    Effect.catchTag(
      ["InvalidVariable", "ConfigError", "InvalidRateLimit", "DuplicateProvider"],
      ({ message }) => fail(message)
    ),
    Effect.onInterrupt(() =>
      Console.error("Interrupted: the message may have been sent. Look for it in the carrier's log")
    )
  )
  if (json) return yield* Effect.flatMap(Effect.orDie(encodeReceipt(receipt)), Console.log)
  for (const { detail, source } of receipt.warnings ?? []) {
    yield* Console.error(`Warning: ${detail}${source === undefined ? "" : ` (${source})`}`)
  }
  yield* Console.log(`${provider.value} accepted ${receipt.messageIds.join(", ")}: ${receipt.status}`)
})

/** Builds the command for these carriers. */
export const command = (carriers: ReadonlyArray<Lazy>) =>
  Command.make("send", flags(carriers), (input) =>
    Effect.scoped(send(carriers, input)).pipe(
      Effect.provide(NodeHttpClient.layerUndici),
      // Standard output contains only the result.
      Effect.provideService(Logger.LogToStderr, true)
    )).pipe(
      Command.withDescription(
        `Sends one message through one carrier. The credentials come from the environment:
\`effect-sms serve --help\` lists the variables. With DATABASE_URL, the send is one like those of the server: once for its
--key, within SEND_RATE_LIMIT and SEND_CIRCUIT_FAILURES, to nobody who has opted out, and in the list of effect-sms intents. Without it, nothing is
stored. With --queue, stores the message for the server to send, and needs only DATABASE_URL.

Exit codes: 0 when the carrier accepted the message or it was queued, 1 when the command could not start, 2 for an invalid command line,
3 when the message was refused, 4 when the message may have been sent, and 5 when only a part of it was sent.`
      ),
      Command.withShortDescription("Sends one message through one carrier"),
      Command.withExamples([
        {
          command: `effect-sms send --provider ${carriers[0]!.name} --to +15145550142 "Your parcel is here"`,
          description: "Send a text"
        },
        {
          command: `effect-sms send --provider ${
            carriers[0]!.name
          } --to +15145550142 --media https://example.com/a.png --json`,
          description: "Send a file, and print the receipt as JSON"
        },
        {
          command: `effect-sms send --queue --priority bulk --to +15145550142 "Our summer sale begins today"`,
          description: "Queue a text, which the server sends after more urgent ones"
        }
      ])
    )
