/**
 * Writes `docs/payload-fields.md` from the tables in the carriers' schemas.
 */
import type { Fields } from "../../src/provider/Fields.ts"
import * as Sinch from "../../src/sinch/core/fields.ts"
import * as Telnyx from "../../src/telnyx/core/fields.ts"
import * as Twilio from "../../src/twilio/core/fields.ts"
import * as VoiceMeUp from "../../src/voicemeup/core/fields.ts"

export interface Table {
  readonly carrier: string
  readonly title: string
  readonly event: "InboundMessage" | "DeliveryStatus"
  /** A sentence or two below the heading. */
  readonly note: string
  readonly fields: Fields
}

export const tables: ReadonlyArray<Table> = [
  {
    carrier: "Twilio",
    title: "messages",
    event: "InboundMessage",
    note: "`MediaUrl0`, `MediaContentType0` and so on are files and go to `content`.",
    fields: Twilio.messageFields
  },
  {
    carrier: "Twilio",
    title: "status callbacks",
    event: "DeliveryStatus",
    note: "Twilio does not send the time of a status. `intent` and `reference` are from the query of the callback URL.",
    fields: Twilio.statusFields
  },
  {
    carrier: "Sinch",
    title: "messages",
    event: "InboundMessage",
    note: "`body` is a text, Base64 in `mo_binary`, or an object with `subject`, `message` and `media` in `mo_media`.",
    fields: Sinch.messageFields
  },
  {
    carrier: "Sinch",
    title: "recipient delivery reports",
    event: "DeliveryStatus",
    note: "`code` and `status_message` are an error only if the status is one.",
    fields: Sinch.recipientReportFields
  },
  {
    carrier: "Sinch",
    title: "batch delivery reports",
    event: "DeliveryStatus",
    note: "One event per recipient, or per status if no recipients are listed.",
    fields: Sinch.batchReportFields
  },
  {
    carrier: "Telnyx",
    title: "messages",
    event: "InboundMessage",
    note: "The fields are those of `data.payload`. The rest of `data` and `meta` describe the webhook.",
    fields: Telnyx.messageFields
  },
  {
    carrier: "Telnyx",
    title: "delivery reports",
    event: "DeliveryStatus",
    note: "The fields are those of `data.payload`. One event per recipient.",
    fields: Telnyx.reportFields
  },
  {
    carrier: "VoiceMeUp",
    title: "messages",
    event: "InboundMessage",
    note: "VoiceMeUp publishes no reference; the fields are those of captured payloads. It sends no delivery reports.",
    fields: VoiceMeUp.rowFields
  }
]

const placeOf = (field: string, place: string): string => {
  if (place === "_tag") return "the kind of the event"
  const [name, ...rest] = place.split(", ")
  const path = name === "metadata" ? /^[A-Za-z_]+$/.test(field) ? `metadata.${field}` : `metadata["${field}"]` : name
  return [`\`${path}\``, ...rest].join(", ")
}

const goesTo = (field: string, places: ReadonlyArray<string>): string =>
  places.length === 0 ? "`raw` only" : places.map((place) => placeOf(field, place)).join("; ")

const rows = ({ fields }: Table): string => {
  const cells = [
    ["field", "goes to"],
    ...Object.entries(fields.places).map(([field, places]) => [`\`${field}\``, goesTo(field, places)])
  ]
  const widths = [0, 1].map((column) => Math.max(...cells.map((row) => row[column]!.length)))
  const line = (row: ReadonlyArray<string>) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`
  const [head, ...body] = cells.map(line)
  return [head, `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...body].join("\n")
}

const introduction = `# Payload fields

This page is generated from the schemas of the carriers:
\`npx vitest run --config .vitest.config.ts --project unit test/docs -u\` updates it.

For each documented field of a carrier it lists the property of the event that contains it. \`content\` is the text, a
file, a place, a reply or a contact. \`metadata\` is a record of texts under the carrier's own names, which also contains
the carrier's form of typed properties. \`raw\` is the whole payload.`

const section = (table: Table): string =>
  [`## ${table.carrier}: ${table.title}`, `\`${table.event}\`. ${table.note}`, rows(table)].join("\n\n")

export const render = (): string => `${[introduction, ...tables.map(section)].join("\n\n")}\n`
