/** How the core decodes the content of webhooks. */
import { plainly, type Reading } from "../../provider/core/receive.ts"
import { decode as decodePayload } from "./decode.ts"
import { type Options, parse } from "./dialect.ts"

const decode = /* @__PURE__ */ plainly(decodePayload)

export const reading = ({ name = "twilio" }: Pick<Options, "name">): Reading => ({
  parse,
  decode: (payload) => decode(name, payload),
  isUrlSigned: true
})
