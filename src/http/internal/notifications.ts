/**
 * The section `webhooks` of the OpenAPI document: what the server posts to an
 * application.
 */
import * as JsonSchema from "effect/JsonSchema"
import * as Schema from "effect/Schema"
import * as Notification from "../../forward/Notification.ts"

type Json = Readonly<Record<string, unknown>>

const contentOf = (schema: unknown) => ({ content: { "application/json": { schema } } })

const header = (name: string, description: string) => ({
  name,
  in: "header",
  required: true,
  description,
  schema: { type: "string" }
})

const headers = [
  header("webhook-id", "The id of the event, the same each time it is posted"),
  header("webhook-timestamp", "When it was posted, in seconds since 1970"),
  header("webhook-signature", "Signatures as in Standard Webhooks, one for each secret")
]

/** Adds the section to a document. */
export const withWebhooks = (document: Json): Json => {
  const sources = [
    Notification.MessageNotification,
    Notification.DeliveryNotification,
    Notification.ConsentNotification,
    Notification.AlarmNotification,
    Notification.Answer
  ].map((schema) => Schema.toJsonSchemaDocument(schema))
  const { definitions, schemas: [message, delivery, consent, alarm, answer] } = JsonSchema.toMultiDocumentOpenApi3_1({
    dialect: "draft-2020-12",
    schemas: [sources[0]!.schema, ...sources.slice(1).map(({ schema }) => schema)],
    definitions: Object.assign({}, ...sources.map(({ definitions }) => definitions))
  })
  const components = document["components"] as Json
  const webhook = (summary: string, schema: unknown, response: Json) => ({
    post: {
      summary,
      parameters: headers,
      requestBody: { required: true, ...contentOf(schema) },
      responses: { 200: { description: "The event is taken", ...response } }
    }
  })
  return {
    ...document,
    webhooks: {
      "message.received": webhook("A person's message", message, contentOf(answer)),
      "delivery.changed": webhook("A change of a delivery's status", delivery, {}),
      "consent.changed": webhook("A person opted out or in", consent, {}),
      "alarm.raised": webhook("A limit of a guard refused messages, or is about to", alarm, {})
    },
    // The schemas of the endpoints have precedence where both have the same name.
    components: { ...components, schemas: { ...definitions, ...components["schemas"] as Json } }
  }
}
