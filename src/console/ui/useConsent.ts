/**
 * Whether a person may be texted, as it changes.
 */
import * as Effect from "effect/Effect"
import { useEffect } from "preact/hooks"
import type { Address } from "../../Address.ts"
import type { ConsentView } from "../../http/ConsentApi.ts"
import { Api } from "../state/api.ts"
import { onEvent } from "../state/live.ts"
import { type Read, useRead } from "./useRead.ts"

const read = (address: Address | undefined) =>
  address === undefined
    ? Effect.undefined
    : Effect.flatMap(Api, (api) => api.consents.consent({ params: { address }, query: {} }))

/** Reads the consent of a person. Of nobody, it is absent. */
export const useConsent = (address: Address | undefined): Read<ConsentView | undefined> => {
  const consent = useRead(`consent ${address ?? ""}`, read(address))
  const { refresh } = consent
  useEffect(() =>
    onEvent(({ event }) => {
      if (event._tag === "ConsentChanged" && event.person === address) refresh()
    }), [address])
  return consent
}
