/**
 * The handlers of the consent API.
 */
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Result from "effect/Result"
import type { Address } from "../../Address.ts"
import { Consent } from "../../consent/Consent.ts"
import * as ConsentCsv from "../../consent/ConsentCsv.ts"
import { compact } from "../../internal/record.ts"
import { consentEntryOf, ConsentView } from "../ConsentApi.ts"
import { GatewayApi } from "../MessagesApi.ts"
import * as Problems from "../Problems.ts"
import { storageFailed } from "./storageFailed.ts"

/** How many entries of a person are returned. */
const maxEntries = 100

/** How many invalid lines are named. */
const maxInvalid = 10

export const layer = HttpApiBuilder.group(
  GatewayApi,
  "consents",
  Effect.fnUntraced(function*(handlers) {
    const { ledger, optOut } = yield* Consent

    const view = Effect.fnUntraced(function*(
      address: Address,
      about: { readonly sender?: Address; readonly provider?: string }
    ) {
      const stop = yield* optOut(address, about)
      const entries = yield* ledger.of(address, { limit: maxEntries })
      return new ConsentView({
        state: stop !== undefined
          ? "optedOut"
          : entries.some(({ action }) => action === "start")
          ? "optedIn"
          : "unknown",
        entries: entries.map(consentEntryOf),
        ...compact({ optOut: stop && consentEntryOf(stop) })
      })
    })

    return handlers.handleAll({
      consent: ({ params: { address }, query }) => Effect.catch(view(address, query), storageFailed),
      setConsent: Effect.fnUntraced(
        function*({ params: { address }, payload }) {
          yield* ledger.append([{ ...payload, person: address, source: "api" }])
          return yield* view(address, payload)
        },
        Effect.catchTag("StorageError", storageFailed)
      ),
      exportConsents: ({ query: { after = 0, limit = 10_000 } }) =>
        Effect.catch(Effect.map(ledger.list({ after, limit }), ConsentCsv.format), storageFailed),
      importConsents: Effect.fnUntraced(
        function*({ payload }) {
          const entries = ConsentCsv.parse(payload)
          if (Result.isFailure(entries)) {
            const lines = entries.failure.slice(0, maxInvalid).map(({ message }) => message)
            return yield* new Problems.BadRequest({ detail: lines.join("; ") })
          }
          const appended = yield* ledger.append(entries.success)
          const imported = appended.filter(({ isNew }) => isNew).length
          return { imported, known: appended.length - imported }
        },
        Effect.catchTag("StorageError", storageFailed)
      )
    })
  })
)
