import { BinaryContent, TextContent } from "../Content.ts"
import { unchecked } from "./unchecked.ts"
import { fieldsOf, type UserData } from "./userData.ts"

/** Decodes the content of a message from its segments: text if possible, otherwise bytes. */
export const contentOf = (parts: readonly [UserData, ...ReadonlyArray<UserData>]): TextContent | BinaryContent => {
  const fields = fieldsOf(parts)
  return fields._tag === "TextContent" ? unchecked(TextContent, fields) : unchecked(BinaryContent, fields)
}
