/**
 * The server on Node that serves, where there is one, as the front of the
 * webhooks sees it: without Node's types, which users on other runtimes may not
 * have.
 */
import * as Context from "effect/Context"

/** A request of Node's. */
export interface FrontedRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  /**
   * Calls a function with the body when all of its bytes come with the headers,
   * or another one when they do not.
   */
  readonly hold: (bytes: number, onComplete: (body: Uint8Array) => void, onLate: () => void) => void
}

/** A response of Node's. */
export interface FrontedResponse {
  readonly destroyed: boolean
  readonly writableEnded: boolean
  readonly destroy: () => unknown
  /** Writes a whole answer. The headers are names and values in turn. */
  readonly answer: (status: number, headers: ReadonlyArray<string>, body: string | Uint8Array) => void
  readonly once: (event: "close", listener: () => void) => unknown
}

/** A server of Node's that a front can be set on. */
export interface Fronted {
  readonly listening: boolean
  /** Takes a request, or leaves it to the listeners. */
  front: ((request: FrontedRequest, response: FrontedResponse) => boolean) | undefined
  /** Runs a function when all that has come by now is read. */
  readonly afterReading: (run: () => void) => void
  /** Gives a request to the listeners. */
  readonly serve: (request: FrontedRequest, response: FrontedResponse) => void
}

export const NodeFronted: Context.Reference<Fronted | undefined> = Context.Reference(
  "effect-sms/http/NodeFronted",
  { defaultValue: (): Fronted | undefined => undefined }
)
