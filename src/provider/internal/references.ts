import { SendReference } from "../../SendReference.ts"
import type { Part } from "../Sending.ts"

/** Adds the references that travel with the parts. */
export const referenced = (
  parts: readonly [Part, ...Array<Part>],
  intentId: string | undefined
): readonly [Part, ...Array<Part>] => {
  if (intentId === undefined) return parts
  const withReference = (part: Part, index: number): Part => ({
    ...part,
    intent: new SendReference({ intentId, part: index + 1, of: parts.length })
  })
  const [first, ...rest] = parts
  return [withReference(first, 0), ...rest.map((part, index) => withReference(part, index + 1))]
}
