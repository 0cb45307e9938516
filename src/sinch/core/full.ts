/** How the core decodes the content of webhooks. */
import { parseJson } from "../../provider/core/body.ts"
import { plainly, type Reading } from "../../provider/core/receive.ts"
import { decode as decodePayload } from "./decode.ts"
import type { Options } from "./dialect.ts"

const decode = /* @__PURE__ */ plainly(decodePayload)

export const reading = ({ name = "sinch" }: Pick<Options, "name">): Reading => ({
  parse: ({ body }) => parseJson(body),
  decode: (payload) => decode(name, payload),
  // Its signature covers the body.
  isUrlSigned: false
})
