/**
 * Checks that carriers post received messages to this server.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Examination } from "../../http/internal/examination.ts"
import type { Any } from "../../provider/Carrier.ts"
import type { Callback } from "../../provider/Query.ts"
import { SmsProvider } from "../../provider/SmsProvider.ts"
import { isAffected } from "./configuration.ts"
import * as Finding from "./Finding.ts"

const timeout = "15 seconds"

const pathOf = ({ name }: Any): string => `/webhooks/sms/${name}/inbound`

/** Returns the URL without a query and credentials, which may be secrets. */
const plainUrl = (url: URL): string => `${url.origin}${url.pathname}`

/** Compares a URL with those that lead to this server. Of another URL, only the host is named: the rest may be secret. */
const compare = (check: string, of: string, actual: string, expected: ReadonlyArray<string>): Finding.Finding => {
  const [first] = expected
  const url = URL.parse(actual)
  const advice = `Set it to ${first}`
  if (url === null) return Finding.failure(check, `The callback URL of ${of} is no URL`, advice)
  if (expected.some((one) => plainUrl(new URL(one)) === plainUrl(url))) {
    return Finding.ok(check, `The callback URL of ${of} is that of this server`)
  }
  const isOurs = expected.some((one) => new URL(one).origin === url.origin)
  return Finding.failure(
    check,
    isOurs
      ? `The callback URL of ${of} has another path than that of this server`
      : `The callback URL of ${of} is on ${url.origin}, which PUBLIC_URL does not name`,
    advice
  )
}

const judge = (carrier: Any, callback: Callback, publicUrls: ReadonlyArray<string>): Finding.Finding => {
  const check = carrier.title
  const { of } = callback
  if ("unknown" in callback) {
    return Finding.warning(check, `The callback URL of ${of} is not known: ${callback.unknown}`)
  }
  const path = pathOf(carrier)
  const expected = publicUrls.map((base) => `${base.replace(/\/+$/, "")}${path}`)
  if (callback.url === undefined) {
    return Finding.failure(
      check,
      `The callback URL of ${of} is not set`,
      `Set it to ${expected[0] ?? `https://…${path}`}`
    )
  }
  return expected.length === 0
    ? Finding.skipped(check, `The callback URL of ${of} cannot be compared`, "Set PUBLIC_URL")
    : compare(check, of, callback.url, expected)
}

/** Asks a carrier for its callback URLs, and compares them. */
const callbacksOf = Effect.fnUntraced(
  function*(examination: Examination, carrier: Any, publicUrls: ReadonlyArray<string>) {
    const check = carrier.title
    if (isAffected(examination, carrier)) return []
    const { sender } = yield* carrier.environment
    const layer = yield* sender
    if (layer === undefined) {
      return [Finding.skipped(check, "Its callback URL cannot be asked without the variables for sending")]
    }
    const { fetchCallbacks } = Context.get(yield* Layer.build(layer), SmsProvider)
    if (fetchCallbacks === undefined) {
      const url = `${publicUrls[0]?.replace(/\/+$/, "") ?? "https://…"}${pathOf(carrier)}`
      return [
        Finding.skipped(check, "Its callback URL cannot be asked: its API does not tell it", `It has to be ${url}`)
      ]
    }
    const callbacks = yield* Effect.timeout(fetchCallbacks, timeout)
    return callbacks.map((callback) => judge(carrier, callback, publicUrls))
  },
  Effect.scoped
)

/** Checks the callback URLs of every carrier. */
export const callbacks = Effect.fnUntraced(function*(examination: Examination) {
  const { publicUrl = [] } = examination.config?.server ?? {}
  const urls = typeof publicUrl === "string" ? [publicUrl] : publicUrl
  const findings = yield* Effect.forEach(
    examination.carriers,
    (carrier) =>
      callbacksOf(examination, carrier, urls).pipe(
        Effect.catchTags({
          SmsError: ({ reason }) =>
            Effect.succeed([Finding.failure(carrier.title, `Its callback URL cannot be asked: ${reason.message}`)]),
          TimeoutError: () =>
            Effect.succeed([
              Finding.failure(carrier.title, "Its callback URL cannot be asked: its API does not answer")
            ])
        })
      ),
    { concurrency: "unbounded" }
  )
  return findings.flat()
})
