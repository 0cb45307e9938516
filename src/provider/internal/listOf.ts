import { lookup } from "../../internal/record.ts"
import { isPayload } from "../../Payload.ts"

/** Returns a list in a response, or `undefined` when there is none. */
export const listOf = (body: unknown, key: string): ReadonlyArray<unknown> | undefined => {
  const list = isPayload(body) ? lookup(body, key) : undefined
  return Array.isArray(list) ? list : undefined
}
