/**
 * Samples in the OpenAPI document. The documentation page fills requests in with
 * them; without one, it sends empty strings.
 */
import * as Context from "effect/Context"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Carriers from "../../Carriers.ts"

/** Samples of one endpoint. */
export interface Samples {
  /** Values of parameters, by name. A parameter without one is not sent by the page. */
  readonly parameters?: Readonly<Record<string, string>> | undefined
  /** Request bodies, by content type. */
  readonly bodies?: Readonly<Record<string, unknown>> | undefined
  /** The JSON of the response to a request that succeeds. */
  readonly response?: unknown
}

type Json = Readonly<Record<string, unknown>>

const isRecord = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)

const mapRecord = (record: unknown, f: (value: Json, key: string) => Json): Json =>
  Object.fromEntries(
    Object.entries(isRecord(record) ? record : {}).map(([key, value]) => [key, isRecord(value) ? f(value, key) : value])
  )

// The page takes named examples. It ignores `example`.
const withExample = (value: Json, sample: unknown): Json =>
  sample === undefined ? value : { ...value, examples: { sample: { value: sample } } }

/** Annotations of an endpoint that has these samples. */
export const annotations = ({ bodies = {}, parameters = {}, response }: Samples): Context.Context<OpenApi.Transform> =>
  Context.make(OpenApi.Transform, (operation) => ({
    ...operation,
    parameters: (operation["parameters"] as ReadonlyArray<Json>).map((parameter) =>
      withExample(parameter, parameters[String(parameter["name"])])
    ),
    ...(isRecord(operation["requestBody"]) && {
      requestBody: {
        ...operation["requestBody"],
        content: mapRecord(operation["requestBody"]["content"], (media, type) => withExample(media, bodies[type]))
      }
    }),
    responses: mapRecord(
      operation["responses"],
      (answer, status) =>
        status.startsWith("2") && isRecord(answer["content"])
          ? {
            ...answer,
            content: mapRecord(
              answer["content"],
              (media, type) => type === "application/json" ? withExample(media, response) : media
            )
          }
          : answer
    )
  }))

const provider = Carriers.all[0]!.name
const customer = "+15145550142"
const ours = "+15145550100"
const roomId = "01M8GX5913TFQ1XYQ8KBRNGFM8"
const messageId = "SM0123456789abcdef0123456789abcdef"
const cursor = "eyJ0aW1lIjoxNzY5NjA1MjAwMDAwfQ"
const time = "2026-01-28T13:00:00.000Z"

const receipt = {
  provider,
  messageIds: [messageId],
  recipient: customer,
  sender: ours,
  status: "queued",
  carrierStatus: "queued",
  segments: 1
}

const report = {
  _tag: "DeliveryStatus",
  provider,
  messageId,
  status: "delivered",
  carrierStatus: "delivered",
  recipient: customer,
  sender: ours,
  timestamp: time,
  idempotencyKey: `${messageId}:delivered`
}

const intent = {
  id: "01M8GX82A4YD8XQEGHCPQAABXH",
  state: "unknown",
  to: customer,
  provider,
  idempotencyKey: "order-17",
  priority: "transactional",
  failures: 0,
  createdAt: time,
  updatedAt: time,
  times: { sending: time, unknown: time },
  reason: "OutcomeUnknown"
}

const stopped = {
  id: "01M8GX82MJ1738F87MQYDSKBP3",
  action: "stop",
  source: "keyword",
  sender: ours,
  provider,
  words: "STOP",
  saidAt: time,
  recordedAt: time
}

const { idempotencyKey: _, reason: __, ...queued } = intent

const cancelled = { ...queued, state: "cancelled", times: { queued: time, cancelled: time } }

const delivery = {
  provider,
  messageId,
  recipient: customer,
  status: "delivered",
  since: time,
  terminal: true,
  contradictions: [],
  history: [{ status: "delivered", carrierStatus: "delivered", at: time, effect: "changed" }],
  dropped: 0
}

/** Webhooks in both formats. They have no signature, so the server refuses them. */
const webhook = (form: Json, payload: Json) => ({
  parameters: { provider },
  bodies: { "application/x-www-form-urlencoded": form, "application/json": { data: payload } },
  response: {}
})

const room = {
  id: roomId,
  createdAt: time,
  attachments: [{ channelId: `sms-${provider}`, participant: customer, recipient: ours }]
}

const said = {
  _tag: "RoomEvent",
  id: "01M8GX59HYENQFH5XGQK7JGFJR",
  roomId,
  source: {
    channelId: `sms-${provider}`,
    channelType: "sms",
    direction: "inbound",
    participant: customer,
    recipient: ours,
    externalId: messageId,
    metadata: {}
  },
  content: { _tag: "TextContent", text: "Is my order on its way?" },
  createdAt: time
}

const conversation = { room, unread: 1, provider, last: { event: said, sends: [] } }

const exchange = {
  id: "Z8B1CD4E-12",
  time,
  direction: "inbound",
  provider,
  method: "POST",
  status: 403,
  refusal: {
    reason: "InvalidSignature",
    message: "The signature does not match the request; it matches the URL with https"
  },
  messageIds: []
}

/** The samples of each endpoint, by its name. */
export const samples = {
  inbound: webhook(
    { MessageSid: messageId, SmsStatus: "received", From: customer, To: ours, Body: "Is my order on its way?" },
    {
      event_type: "message.received",
      occurred_at: time,
      payload: {
        id: "7a8f2b1e-4c3d-4e5f-8a6b-9c0d1e2f3a4b",
        direction: "inbound",
        from: { phone_number: customer },
        to: [{ phone_number: ours }],
        text: "Is my order on its way?"
      }
    }
  ),
  status: webhook(
    { MessageSid: messageId, MessageStatus: "delivered", From: ours, To: customer },
    {
      event_type: "message.finalized",
      occurred_at: time,
      payload: {
        id: "7a8f2b1e-4c3d-4e5f-8a6b-9c0d1e2f3a4b",
        direction: "outbound",
        from: { phone_number: ours },
        to: [{ phone_number: customer, status: "delivered" }]
      }
    }
  ),
  webhookByGet: { parameters: { provider }, response: {} },
  rooms: {
    response: {
      items: [room],
      next: cursor
    }
  },
  roomEvents: {
    parameters: { id: roomId },
    response: {
      items: [said]
    }
  },
  conversations: { response: { items: [conversation], next: cursor } },
  conversation: { parameters: { id: roomId }, response: conversation },
  thread: { parameters: { id: roomId }, response: { items: [conversation.last] } },
  read: { parameters: { id: roomId }, bodies: { "application/json": { upTo: "01M8GX59HYENQFH5XGQK7JGFJR" } } },
  exchanges: { response: { items: [exchange] } },
  exchange: {
    parameters: { id: exchange.id },
    response: {
      ...exchange,
      url: `http://sms.example.com/webhooks/sms/${provider}/inbound`,
      headers: { "content-type": "application/x-www-form-urlencoded", "user-agent": "carrier/1.0" },
      body: "From=%2B15145550142&Body=Hello"
    }
  },
  stats: {
    parameters: { span: "hour" },
    response: {
      since: "2026-01-28T12:01:00.000Z",
      until: time,
      step: 60,
      spans: [{ at: "2026-01-28T12:01:00.000Z", received: 4, sent: 3, failed: 1, latency: 2.5 }],
      latency: { count: 2, median: 2.5, p95: 4.1 },
      providers: [{
        name: provider,
        receives: true,
        sends: true,
        circuit: "Closed",
        received: 4,
        accepted: 2,
        refused: 1,
        refusedByServer: 0,
        unknown: 0,
        statuses: [{ status: "delivered", count: 2 }],
        latency: { count: 2, median: 2.5, p95: 4.1 }
      }],
      backlog: { queued: 1, sending: 0, unknown: 0, waiting: 0.2, inbox: 0, inboxWaiting: 0, deadLetters: 0 }
    }
  },
  upload: {
    response: { url: `https://sms.example.com/media/${"0".repeat(64)}.png`, mimeType: "image/png" }
  },
  follow: { parameters: { after: "0" } },
  statuses: { response: [report] },
  send: {
    parameters: { "idempotency-key": "order-17" },
    bodies: { "application/json": { to: customer, text: "Your parcel is on its way." } },
    response: receipt
  },
  message: { parameters: { id: messageId }, response: delivery },
  deliveries: { response: { items: [delivery], next: cursor } },
  messages: {
    response: {
      items: [{
        id: "01M8GX59HYENQFH5XGQK7JGFJR",
        direction: "inbound",
        time,
        state: "received",
        roomId,
        from: customer,
        to: ours,
        content: { _tag: "TextContent", text: "Is my order on its way?" },
        provider,
        messageIds: [messageId]
      }],
      next: cursor
    }
  },
  answer: {
    parameters: { id: roomId, "idempotency-key": "answer-17" },
    bodies: { "application/json": { text: "It is. It arrives tomorrow." } },
    response: {
      roomId,
      eventId: "01M8GX5FY3S6V7R0T2W4Z8B1CD",
      outcomes: [{ channelId: `sms-${provider}`, outcome: "delivered" }],
      sends: [{ to: customer, state: "accepted", provider, messageIds: [messageId] }]
    }
  },
  deadLetters: {
    response: {
      items: [{
        id: "01M8GX82MJ1738F87MQYDSKBP3",
        kind: "inbox",
        event: "InboundMessage",
        provider,
        acceptedAt: time,
        failures: 8,
        lastError: "TypeError"
      }]
    }
  },
  replay: { parameters: { id: "01M8GX82MJ1738F87MQYDSKBP3" }, response: { id: "01M8GX82MJ1738F87MQYDSKBP3" } },
  intents: { response: [intent] },
  intent: { parameters: { id: intent.id }, response: intent },
  cancel: { parameters: { id: intent.id }, response: cancelled },
  forwardingEndpoints: { response: [{ endpoint: "https://app.example.com/sms", failingSince: time }] },
  forwardingResume: {
    bodies: { "application/json": { endpoint: "https://app.example.com/sms" } },
    response: { replayed: 2 }
  },
  forwards: {
    response: {
      items: [{
        id: "01M8GX82MJ1738F87MQYDSKBP3",
        endpoint: "https://app.example.com/sms",
        eventId: "01M8GX5FY3S6V7R0T2W4Z8B1CD",
        event: "MessageReceived",
        state: "pending",
        queuedAt: time,
        failures: 3,
        lastError: "Status500"
      }],
      next: cursor
    }
  },
  replayForwards: {
    bodies: { "application/json": { since: "2026-01-28T00:00:00.000Z", until: time } },
    response: { replayed: 12 }
  },
  resend: { parameters: { id: intent.id }, response: receipt },
  giveUp: { parameters: { id: intent.id }, response: { ...intent, resolvedBy: "operator: given up" } },
  replied: { parameters: { address: customer }, response: { counted: true } },
  consent: { parameters: { address: customer }, response: { state: "optedOut", optOut: stopped, entries: [stopped] } },
  setConsent: {
    parameters: { address: customer },
    bodies: { "application/json": { action: "stop", words: "by telephone" } },
    response: { state: "optedOut", optOut: stopped, entries: [stopped] }
  },
  exportConsents: {},
  importConsents: {
    bodies: { "text/csv": `person,action,saidAt\n${customer},stop,${time}\n` },
    response: { imported: 1, known: 0 }
  },
  forget: {
    parameters: { address: customer },
    response: {
      webhooks: 3,
      rooms: 1,
      sharedRooms: 0,
      events: 4,
      sends: 2,
      statuses: 2,
      deliveries: 2,
      messageParts: 0,
      masked: 1,
      files: 1,
      consents: 1
    }
  }
} satisfies Readonly<Record<string, Samples>>
