/**
 * Lets Node's parser skip the rest of a body.
 */
import type { Socket } from "node:net"

/** The parts of Node's parser that are used here. Node has no API for them, so they are checked. */
interface Parser {
  readonly constructor: { readonly kOnBody?: unknown }
  [slot: number]: unknown
}

const isParser = (value: unknown): value is Parser => typeof value === "object" && value !== null

/**
 * Parses what comes on the connection without a call for each piece of a body,
 * until the connection closes. Node parses all that it has received, up to 64
 * KiB, and calls JavaScript for each of its chunks, however small: that took
 * twelve milliseconds, and neither a pause nor the end of the connection stops
 * it.
 */
export const skipBody = (socket: Socket): void => {
  const parser = "parser" in socket ? socket.parser : undefined
  if (!isParser(parser)) return
  const slot = parser.constructor.kOnBody
  if (typeof slot !== "number" || typeof parser[slot] !== "function") return
  const onBody = parser[slot]
  parser[slot] = undefined
  // Parsers are used again for other connections.
  socket.once("close", () => {
    parser[slot] = onBody
  })
}
