/**
 * Sends of a person who is forgotten while a caller may still repeat them, or a
 * process still makes them.
 *
 * The reservation of a key stays, so that the message does not go out again. It
 * has nothing of the person: the number is nines, the text is gone, and what the
 * process that is sending writes afterwards is masked, too. The clean-up deletes
 * it like every other send.
 */
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import type { Fragment } from "effect/sql/Statement"
import { Address, fromCarrierDigits } from "../../Address.ts"
import { TextContent } from "../../Content.ts"
import { messageKeyOf } from "../../internal/deliveryKeys.ts"
import { OutboundMessage, type SendReceipt } from "../../Message.ts"
import type { Outcome } from "../../sending/IntentStore.ts"
import { json } from "./json.ts"
import * as Person from "./person.ts"

/** The column `person` of the messages of such sends. */
export const nobody = "forgotten"

/** The source that resolves such a send when its outcome is unknown. */
export const resolvedBy = "forgotten"

/**
 * Whether the recipient of a send is forgotten, `whole`, or another member of a
 * group to which it was being sent, `partly`.
 */
export type Forgotten = "whole" | "partly" | null

const messages = json("sms_intents", OutboundMessage)

/** Masks an address in JSON text: the digits of a number become nines. */
export const maskText = (address: string, text: string): string =>
  // Carriers write numbers without their plus, too.
  Person.make([Address.make(address), fromCarrierDigits(address)]).mask(text)

/** Masks an address. */
export const masked = (address: string): Address =>
  Address.make(JSON.parse(maskText(address, JSON.stringify(address))) as string)

interface Row {
  readonly id: string
  readonly key: string | null
  readonly state: string
  readonly address: string
  readonly outcome: string | null
  readonly found: string | null
}

/** Returns whether a send must be known when it is asked for again. */
const isReserved = ({ key, state }: Row): boolean =>
  state === "sending" || (key !== null && (state === "accepted" || state === "unknown"))

/** Deletes the sends of a person, or masks those that are reserved. Returns how many there were. */
export const remove = Effect.fnUntraced(function*(
  sql: SqlClient.SqlClient,
  person: Person.Person,
  isOwn: Fragment,
  lock: Fragment
) {
  const maskOrNull = (text: string | null) => text === null ? null : person.mask(text)
  const rows = yield* sql<Row>`SELECT id, key, state, address, outcome, found FROM sms_intents
    WHERE forgotten IS NULL AND ${isOwn} ${lock}`.withoutTransform
  for (const row of rows) {
    if (!isReserved(row)) {
      yield* sql`DELETE FROM sms_intents WHERE id = ${row.id}`
      continue
    }
    const to = masked(row.address)
    const message = yield* messages.encode(new OutboundMessage({ to, content: new TextContent({ text: "forgotten" }) }))
    const resolved = row.state === "unknown" ? sql`COALESCE(resolved_by, ${resolvedBy})` : sql`resolved_by`
    yield* sql`UPDATE sms_intents SET forgotten = 'whole', address = ${to}, person = NULL, words = NULL, message = ${message},
      key = ${row.key !== null && person.mask(row.key) === row.key ? row.key : null}, outcome = ${
      maskOrNull(row.outcome)
    }, found = ${maskOrNull(row.found)}, ask_at = NULL, resolved_by = ${resolved} WHERE id = ${row.id}`
  }
  return rows.length
})

type Receipts = Pick<Outcome, "receipt" | "error">

const receiptsOf = ({ error, receipt }: Receipts): ReadonlyArray<SendReceipt> =>
  [receipt, error?.accepted].filter((one) => one !== undefined)

/** Returns the recipients of an outcome whom the send does not have any more. */
const strangersTo = ({ recipients }: OutboundMessage, told: Receipts): ReadonlyArray<Address> =>
  receiptsOf(told)
    .flatMap(({ recipient, recipients = [] }) => [recipient, ...recipients.map((one) => one.recipient)])
    .filter((address) => !recipients.includes(address))

/** What carriers say of a refusal, in JSON text. */
const details = /"detail":"(?:[^"\\]|\\.)*"/g

/** Masks the encoded outcome of a send with somebody who is forgotten. */
export const maskOutcome = (message: OutboundMessage, told: Receipts) => (text: string): string =>
  Person.make(strangersTo(message, told)).mask(text).replaceAll(details, (detail) => detail.replaceAll(/\d/g, "9"))

/** Deletes what was written about the messages of an outcome while the send was made. */
export const removeDeliveries = Effect.fnUntraced(function*(
  sql: SqlClient.SqlClient,
  message: OutboundMessage,
  told: Receipts
) {
  const strangers = strangersTo(message, told)
  if (strangers.length === 0) return
  const isTheirs = sql.in("address", strangers)
  for (const { messageIds, provider } of receiptsOf(told)) {
    for (const messageId of messageIds) {
      yield* sql`DELETE FROM sms_deliveries WHERE message_key = ${
        messageKeyOf({ provider, messageId })
      } AND ${isTheirs}`
      const pattern = `%${Person.escaped(`"messageId":${JSON.stringify(messageId)}`)}%`
      yield* sql`DELETE FROM sms_events WHERE kind = 'DeliveryChanged' AND ${isTheirs}
        AND event LIKE ${pattern} ESCAPE '\\'`
    }
  }
})
