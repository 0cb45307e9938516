/**
 * The API for consent: who may be texted, what was said about it, and the whole
 * ledger as CSV.
 *
 * @since 0.1.0
 */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { Address } from "../Address.ts"
import { Action, type Entry, Source } from "../consent/ConsentLedger.ts"
import { compact } from "../internal/record.ts"
import { Person, Sender } from "../internal/writtenAddress.ts"
import { ZonedTime } from "../internal/zonedTime.ts"
import { annotations, samples } from "./internal/apiSamples.ts"
import * as Problems from "./Problems.ts"
import { ReadRequest } from "./ReadRequest.ts"
import { AdminAuthorization } from "./WebhookApi.ts"

/**
 * An entry of the consent ledger, as the API returns it.
 *
 * @category models
 * @since 0.1.0
 */
export class ConsentEntry extends Schema.Class<ConsentEntry>("effect-sms/http/ConsentEntry")({
  id: Schema.String,
  action: Action.annotate({
    description: "`stop` and `start` decide. `suggestion` is a text that may mean a stop, and decides nothing"
  }),
  source: Source,
  sender: Schema.optionalKey(Address.annotate({ description: "Our number that it concerns, or all if absent" })),
  provider: Schema.optionalKey(Schema.String),
  words: Schema.optionalKey(Schema.String.annotate({ description: "What was said" })),
  saidAt: Schema.DateTimeUtcFromString.annotate({ description: "When it was said" }),
  recordedAt: Schema.DateTimeUtcFromString
}) {}

/**
 * Whether a person may be texted.
 *
 * @category models
 * @since 0.1.0
 */
export class ConsentView extends Schema.Class<ConsentView>("effect-sms/http/Consent")({
  state: Schema.Literals(["optedOut", "optedIn", "unknown"]).annotate({
    description: "`unknown`: the ledger has nothing of the person, who may be texted as far as the ledger goes"
  }),
  optOut: Schema.optionalKey(ConsentEntry.annotate({ description: "The entry that opts the person out" })),
  entries: Schema.Array(ConsentEntry).annotate({ description: "The latest entries, the last one first" })
}) {}

/**
 * Converts an entry to its API representation.
 *
 * @category constructors
 * @since 0.1.0
 */
export const consentEntryOf = ({ provider, sender, words, ...entry }: Entry): ConsentEntry =>
  new ConsentEntry({
    id: entry.id,
    action: entry.action,
    source: entry.source,
    saidAt: entry.saidAt,
    recordedAt: entry.recordedAt,
    ...compact({ provider, sender, words })
  })

const csv = Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/csv" }))

const name = Schema.NonEmptyString.check(Schema.isMaxLength(64))

const person = { address: Person }

/**
 * The endpoints for consent.
 *
 * @category groups
 * @since 0.1.0
 */
export class Consents extends HttpApiGroup.make("consents")
  .add(
    HttpApiEndpoint.get("consent", "/people/:address/consent", {
      params: person,
      query: {
        sender: Schema.optionalKey(
          Schema.String.annotate({ description: "Our number that would text the person. Any of them by default" }).pipe(
            Schema.decodeTo(Sender)
          )
        ),
        provider: Schema.optionalKey(
          Schema.NonEmptyString.annotate({ description: "The provider that would send. Any of them by default" })
        )
      },
      success: ConsentView,
      error: Problems.ServiceUnavailable
    })
      .annotate(OpenApi.Summary, "Get the consent of a person")
      .annotateMerge(annotations(samples.consent))
      .annotate(OpenApi.Description, "Returns whether the person may be texted, and what was said about it."),
    HttpApiEndpoint.post("setConsent", "/people/:address/consent", {
      params: person,
      payload: Schema.Struct({
        action: Schema.Literals(["stop", "start"]),
        sender: Schema.optionalKey(
          Schema.String.annotate({ description: "Our number that it concerns. All of them by default" }).pipe(
            Schema.decodeTo(Sender)
          )
        ),
        provider: Schema.optionalKey(name),
        words: Schema.optionalKey(
          Schema.String.check(Schema.isMaxLength(160)).annotate({ description: "A remark, such as where it was said" })
        ),
        saidAt: Schema.optionalKey(
          Schema.String.annotate({ description: "When it was said. Now by default" }).pipe(Schema.decodeTo(ZonedTime))
        )
      }),
      success: ConsentView,
      error: Problems.ServiceUnavailable
    })
      .annotate(OpenApi.Summary, "Opt a person out or in")
      .annotateMerge(annotations(samples.setConsent))
      .annotate(
        OpenApi.Description,
        "Appends an entry, and returns what holds now. What was said later than `saidAt` still holds. A carrier that " +
          "blocks the person by itself still does so."
      ),
    HttpApiEndpoint.get("exportConsents", "/consents", {
      query: {
        after: Schema.optionalKey(
          Schema.NumberFromString.check(Schema.isInt(), Schema.isGreaterThanOrEqualTo(0)).annotate({
            description: "The `position` of the last entry that was read"
          })
        ),
        limit: Schema.optionalKey(
          Schema.NumberFromString.check(Schema.isInt(), Schema.isBetween({ minimum: 1, maximum: 10_000 })).annotate({
            description: "The maximum number of entries, 10,000 by default"
          })
        )
      },
      success: csv,
      error: Problems.ServiceUnavailable
    })
      .annotate(OpenApi.Summary, "Export the consent ledger")
      .annotateMerge(annotations(samples.exportConsents))
      .annotate(
        OpenApi.Description,
        "Returns entries as CSV, the oldest first. Without a line after the first, there are no more. A person who was " +
          "forgotten has no number."
      ),
    HttpApiEndpoint.post("importConsents", "/consents", {
      payload: csv,
      success: Schema.Struct({
        imported: Schema.Int,
        known: Schema.Int.annotate({ description: "Entries that an earlier import had" })
      }),
      error: Problems.ServiceUnavailable
    })
      .annotate(OpenApi.Summary, "Import into the consent ledger")
      .annotateMerge(annotations(samples.importConsents))
      .annotate(
        OpenApi.Description,
        `Appends the entries of a CSV text, all or none. The columns \`person\` and \`action\` (\`stop\` or \`start\`) are
required, \`saidAt\`, \`sender\`, \`provider\` and \`words\` optional. Without \`saidAt\`, a \`stop\` counts as said now, and a
\`start\` as said before everything else, so that a list of old consents takes no opt-out back.`
      )
  )
  .middleware(ReadRequest)
  .middleware(AdminAuthorization)
  .annotate(OpenApi.Description, "Consent: who may be texted. Disabled unless the server has an admin token.")
{}
