/** How the core decodes the content of webhooks. */
import { parseBody } from "../../provider/core/body.ts"
import { plainly, type Reading } from "../../provider/core/receive.ts"
import { unknown, zoneOf } from "../../provider/core/time.ts"
import { decode as decodePayload } from "./decode.ts"
import type { Options } from "./dialect.ts"

export const reading = ({ name = "voicemeup", timeZone }: Pick<Options, "name" | "timeZone">): Reading => {
  const zone = timeZone === undefined ? unknown : zoneOf(timeZone)
  const decodeIn = plainly((build, provider, payload) => decodePayload(build, provider, zone, payload))
  return { parse: parseBody, decode: (payload) => decodeIn(name, payload), isUrlSigned: false }
}
