/**
 * The HTTP API that controls the emulator. Contains only definitions, so that a
 * client can import them without the emulator.
 *
 * @since 0.1.0
 */
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { Status, Terminal } from "../DeliveryStatus.ts"
import * as Problems from "../http/Problems.ts"
import { version } from "../internal/version.ts"
import { Fault } from "./Fault.ts"

/**
 * What the emulator plays, and how a server uses it.
 *
 * @category models
 * @since 0.1.0
 */
export class Info extends Schema.Class<Info>("effect-sms/emulator/Info")({
  url: Schema.String,
  env: Schema.Record(Schema.String, Schema.String).annotate({
    description: "The environment variables of a server that uses the emulated carriers"
  }),
  extras: Schema.Record(Schema.String, Schema.String).annotate({ description: "More variables that may be set" }),
  carriers: Schema.Array(Schema.Struct({
    name: Schema.String,
    title: Schema.String,
    numbers: Schema.Array(Schema.String).annotate({ description: "The numbers of the application" }),
    magicNumbers: Schema.Array(Schema.Struct({ number: Schema.String, effect: Schema.String })).annotate({
      description: "The test numbers of the carrier itself"
    })
  })),
  magicNumbers: Schema.Array(Schema.Struct({ number: Schema.String, description: Schema.String })).annotate({
    description: "The test numbers of the emulator, at every carrier"
  })
}) {}

/**
 * A message on the network.
 *
 * @category models
 * @since 0.1.0
 */
export class MessageView extends Schema.Class<MessageView>("effect-sms/emulator/Message")({
  id: Schema.String.annotate({ description: "The carrier's id" }),
  carrier: Schema.String,
  direction: Schema.Literals(["inbound", "outbound"]),
  from: Schema.String,
  to: Schema.String,
  text: Schema.String,
  media: Schema.Array(Schema.String).annotate({ description: "The URLs of an outbound message's files" }),
  segments: Schema.Int,
  state: Schema.Literals([...Status.literals, "received"]),
  reason: Schema.optionalKey(Schema.String),
  code: Schema.optionalKey(Schema.String.annotate({ description: "The carrier's error code" })),
  group: Schema.optionalKey(Schema.String),
  createdAt: Schema.DateTimeUtcFromString,
  updatedAt: Schema.DateTimeUtcFromString
}) {}

/**
 * A message on a person's phone.
 *
 * @category models
 * @since 0.1.0
 */
export class ReceivedView extends Schema.Class<ReceivedView>("effect-sms/emulator/Received")({
  carrier: Schema.String,
  id: Schema.optionalKey(
    Schema.String.annotate({ description: "Absent where the carrier itself wrote, as to confirm a STOP" })
  ),
  from: Schema.String,
  text: Schema.String,
  media: Schema.Array(Schema.String),
  at: Schema.DateTimeUtcFromString
}) {}

/**
 * An API request or a webhook, with what was answered. Credentials are left out.
 *
 * @category models
 * @since 0.1.0
 */
export class ExchangeView extends Schema.Class<ExchangeView>("effect-sms/emulator/Exchange")({
  id: Schema.Int,
  at: Schema.DateTimeUtcFromString,
  carrier: Schema.String,
  direction: Schema.Literals(["request", "webhook"]),
  operation: Schema.String,
  method: Schema.String,
  url: Schema.String,
  requestHeaders: Schema.Record(Schema.String, Schema.String),
  requestBody: Schema.String,
  status: Schema.optionalKey(Schema.Int.annotate({ description: "Absent where there was no response" })),
  responseHeaders: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  responseBody: Schema.optionalKey(Schema.String),
  problem: Schema.optionalKey(Schema.String.annotate({ description: "Why a webhook got no response" })),
  attempt: Schema.optionalKey(Schema.Int.annotate({ description: "The number of the attempt to post a webhook" })),
  faults: Schema.Array(Schema.String),
  warnings: Schema.Array(Schema.String).annotate({
    description: "What the carrier would have taken without a word, such as a field that it ignores"
  })
}) {}

/**
 * A rule of faults, with how often it was asked and how often it happened.
 *
 * @category models
 * @since 0.1.0
 */
export class FaultView extends Schema.Class<FaultView>("effect-sms/emulator/Fault")({
  id: Schema.String,
  fault: Fault,
  seen: Schema.Int,
  happened: Schema.Int
}) {}

/**
 * A message as the phone of a person shows it.
 *
 * @category models
 * @since 0.1.0
 */
export class PhoneMessage extends Schema.Class<PhoneMessage>("effect-sms/emulator/PhoneMessage")({
  id: Schema.optionalKey(Schema.String.annotate({ description: "The carrier's id, as in `Received`" })),
  carrier: Schema.String,
  direction: Schema.Literals(["written", "received"]),
  number: Schema.String.annotate({ description: "The number of the application" }),
  text: Schema.String,
  files: Schema.Array(Schema.Struct({
    url: Schema.String.annotate({ description: "Where it is. One that the person sent is at the emulator" }),
    type: Schema.optionalKey(Schema.String.annotate({ description: "The MIME type, of one that the person sent" }))
  })),
  at: Schema.DateTimeUtcFromString
}) {}

/**
 * The phone of a person, and the rules of faults.
 *
 * @category models
 * @since 0.1.0
 */
export class PhoneView extends Schema.Class<PhoneView>("effect-sms/emulator/Phone")({
  messages: Schema.Array(PhoneMessage).annotate({ description: "The latest messages, oldest first" }),
  faults: Schema.Array(FaultView)
}) {}

/**
 * A message that a person writes.
 *
 * @category schemas
 * @since 0.1.0
 */
export const TextRequest = Schema.Struct({
  to: Schema.optionalKey(
    Schema.String.annotate({ description: "A number of the application. The first of the carrier by default" })
  ),
  carrier: Schema.optionalKey(
    Schema.String.annotate({ description: "The name of the carrier. The one that has the number by default" })
  ),
  text: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(10_000))),
  media: Schema.optionalKey(
    Schema.Array(Schema.Struct({
      type: Schema.optionalKey(Schema.String.annotate({ description: "The MIME type. image/png by default" })),
      base64: Schema.optionalKey(
        Schema.String.check(Schema.isMaxLength(8_000_000)).annotate({ description: "A small picture by default" })
      )
    })).check(Schema.isMaxLength(10))
  )
})

/**
 * Schema of a snapshot.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Snapshot = Schema.Struct({
  version: Schema.Literal(1),
  random: Schema.Tuple([Schema.Int, Schema.Int, Schema.Int, Schema.Int]),
  carriers: Schema.Array(Schema.Json),
  people: Schema.Json,
  files: Schema.Array(Schema.Json),
  steps: Schema.Array(Schema.Json),
  posts: Schema.Array(Schema.Json),
  faults: Schema.Array(Schema.Json)
})

const number = Schema.String.annotate({ description: "The number of the person, as in +15145550142" })

const IntFromString = Schema.FiniteFromString.check(Schema.isInt())

const limit = Schema.optionalKey(
  IntFromString.check(Schema.isBetween({ minimum: 1, maximum: 10_000 })).annotate({
    description: "At most so many. 100 by default"
  })
)

const seconds = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 86_400 }))

/**
 * The endpoints that control the emulator.
 *
 * @category groups
 * @since 0.1.0
 */
export class Control extends HttpApiGroup.make("emulator")
  .add(
    HttpApiEndpoint.get("info", "/", { success: Info })
      .annotate(OpenApi.Summary, "Get the variables, the numbers and the test numbers"),
    HttpApiEndpoint.post("text", "/people/:number/messages", {
      params: { number },
      payload: TextRequest,
      success: MessageView.pipe(HttpApiSchema.status(201)),
      error: [Problems.BadRequest, Problems.NotFound]
    }).annotate(OpenApi.Summary, "Write to the application as a person"),
    HttpApiEndpoint.get("received", "/people/:number/messages", {
      params: { number },
      success: Schema.Array(ReceivedView)
    }).annotate(OpenApi.Summary, "List what a person received"),
    HttpApiEndpoint.get("follow", "/people/:number/phone", {
      params: { number },
      success: HttpApiSchema.StreamSse({ data: PhoneView })
    })
      .annotate(OpenApi.Summary, "Follow the phone of a person")
      .annotate(
        OpenApi.Description,
        `Streams what the phone shows, whole, as server-sent events: at once, after each change, and every 15 seconds.`
      ),
    HttpApiEndpoint.get("file", "/files/:id", {
      params: { id: Schema.String },
      success: HttpApiSchema.StreamUint8Array(),
      error: [Problems.NotFound]
    }).annotate(OpenApi.Summary, "Read a file that a person sent"),
    HttpApiEndpoint.get("messages", "/messages", {
      query: { carrier: Schema.optionalKey(Schema.String), limit },
      success: Schema.Array(MessageView)
    }).annotate(OpenApi.Summary, "List the messages, newest first"),
    HttpApiEndpoint.get("message", "/messages/:id", {
      params: { id: Schema.String },
      success: MessageView,
      error: [Problems.NotFound]
    }).annotate(OpenApi.Summary, "Get a message"),
    HttpApiEndpoint.put("setState", "/messages/:id/state", {
      params: { id: Schema.String },
      payload: Schema.Struct({
        state: Schema.Literals(["queued", "sending", "sent", ...Terminal.literals]),
        reason: Schema.optionalKey(
          Schema.Literals([
            "ContentRejected",
            "Expired",
            "InvalidRecipient",
            "OptedOut",
            "UnregisteredSender",
            "Unknown",
            "Unreachable"
          ])
        ),
        code: Schema.optionalKey(
          Schema.String.annotate({ description: "The carrier's code. That of the reason by default" })
        )
      }),
      success: MessageView,
      error: [Problems.NotFound]
    })
      .annotate(OpenApi.Summary, "Set the state of a message")
      .annotate(OpenApi.Description, "The carrier reports it. What the message had ahead of it no longer happens."),
    HttpApiEndpoint.get("faults", "/faults", { success: Schema.Array(FaultView) })
      .annotate(OpenApi.Summary, "List the rules of faults"),
    HttpApiEndpoint.post("addFault", "/faults", {
      payload: Fault,
      success: Schema.Struct({ id: Schema.String }).pipe(HttpApiSchema.status(201))
    }).annotate(OpenApi.Summary, "Add a rule of faults"),
    HttpApiEndpoint.delete("removeFault", "/faults/:id", {
      params: { id: Schema.String },
      success: HttpApiSchema.NoContent,
      error: [Problems.NotFound]
    }).annotate(OpenApi.Summary, "Remove a rule of faults"),
    HttpApiEndpoint.get("exchanges", "/exchanges", {
      query: {
        carrier: Schema.optionalKey(Schema.String),
        direction: Schema.optionalKey(Schema.Literals(["request", "webhook"])),
        after: Schema.optionalKey(IntFromString.annotate({ description: "Only those after this id" })),
        limit
      },
      success: Schema.Array(ExchangeView)
    }).annotate(OpenApi.Summary, "List the latest requests and webhooks, oldest first"),
    HttpApiEndpoint.post("quiet", "/quiet", {
      payload: Schema.Struct({
        within: Schema.optionalKey(
          seconds.annotate({ description: "Nothing must be due within so many seconds. 60 by default" })
        ),
        timeout: Schema.optionalKey(seconds.annotate({ description: "Waits at most so many seconds. 30 by default" }))
      }),
      success: Schema.Struct({ quiet: Schema.Boolean })
    }).annotate(OpenApi.Summary, "Wait until nothing is on its way"),
    HttpApiEndpoint.get("snapshot", "/snapshot", { success: Snapshot })
      .annotate(OpenApi.Summary, "Get everything on the network"),
    HttpApiEndpoint.put("restore", "/snapshot", {
      payload: Snapshot,
      success: HttpApiSchema.NoContent
    }).annotate(OpenApi.Summary, "Put the network back to a snapshot"),
    HttpApiEndpoint.post("reset", "/reset", { success: HttpApiSchema.NoContent })
      .annotate(OpenApi.Summary, "Forget everything but the credentials")
  )
  .prefix("/_emulator")
  .annotateEndpoints(HttpApi.PayloadParseOptions, { onExcessProperty: "error", errors: "all" })
  .annotate(OpenApi.Description, "Controls the emulator.")
{}

/**
 * The API of the emulator.
 *
 * @category api
 * @since 0.1.0
 */
export class EmulatorApi extends HttpApi.make("effect-sms-emulator")
  .add(Control)
  .annotate(OpenApi.Title, "effect-sms emulator")
  .annotate(OpenApi.Version, version)
{}
