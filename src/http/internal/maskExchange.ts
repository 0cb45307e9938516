/**
 * Masks the secrets of an exchange with a carrier.
 */
import * as DateTime from "effect/DateTime"
import * as Redacted from "effect/Redacted"
import { compact } from "../../internal/record.ts"
import type { Exchange } from "../../provider/Exchanges.ts"
import { ExchangeSummary, ExchangeView } from "../ExchangesApi.ts"

const mask = "••••"

/** Names of headers and parameters whose values are secrets. A signature is none: it tells what was signed. */
const isSecret = (name: string): boolean =>
  /auth|cookie|passw|secret|token|(?:^|[-_])(?:api)?key$/i.test(name) && !/signature/i.test(name)

const parameters = (text: string): string =>
  text.replaceAll(
    /(^|[?&])([^=&?#]+)=([^&#]*)/g,
    (all, before: string, name: string) => isSecret(name) ? `${before}${name}=${mask}` : all
  )

/** Returns a text without these secrets, as they are and as a URL, a form or JSON has them. */
const without = (secrets: ReadonlyArray<string>) => (text: string): string =>
  secrets.flatMap((secret) =>
    secret === "" ? [] : [
      secret,
      encodeURIComponent(secret),
      new URLSearchParams([["", secret]]).toString().slice(1),
      JSON.stringify(secret).slice(1, -1)
    ]
  ).reduce((masked, secret) => masked.replaceAll(secret, mask), text)

const bodyOf = ({ body }: Exchange): string => typeof body === "string" ? body : new TextDecoder().decode(body)

const isForm = ({ headers }: Exchange): boolean =>
  headers["content-type"]?.startsWith("application/x-www-form-urlencoded") === true

const summaryOf = (
  { direction, id, intentId, messageIds, method, provider, refusal, status, time, took }: Exchange
) => ({
  id,
  time: DateTime.makeUnsafe(time),
  direction,
  provider,
  method,
  messageIds,
  ...compact({ status, took, refusal, intentId })
})

/** Builds the item of a list. */
export const summarize = (exchange: Exchange): ExchangeSummary => new ExchangeSummary(summaryOf(exchange))

/** Builds what is shown of an exchange. */
export const show = (exchange: Exchange): ExchangeView => {
  const clean = without(exchange.secrets.map((secret) => Redacted.value(secret)))
  const body = bodyOf(exchange)
  return new ExchangeView({
    ...summaryOf(exchange),
    url: clean(parameters(exchange.url)),
    headers: Object.fromEntries(
      Object.entries(exchange.headers).map(([name, value]) => [name, isSecret(name) ? mask : clean(value)])
    ),
    body: clean(isForm(exchange) ? parameters(body) : body),
    ...(exchange.answer && { answer: clean(exchange.answer) })
  })
}
