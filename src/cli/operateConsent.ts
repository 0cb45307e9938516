/**
 * Calls the consent API of a server, for the commands of `Consent.ts`.
 */
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Address } from "../Address.ts"
import * as ConsentCsv from "../consent/ConsentCsv.ts"
import { type ConsentEntry, ConsentView } from "../http/ConsentApi.ts"
import * as OperationsClient from "../http/OperationsClient.ts"
import { compact } from "../internal/record.ts"
import { Sender } from "../internal/writtenAddress.ts"
import { call, printed } from "./calls.ts"
import { exitCodes, fail } from "./Failed.ts"

interface Options {
  readonly url: string
}

interface Printed extends Options {
  readonly json: boolean
}

const withClient = <A>({ url }: Options, use: (client: OperationsClient.Service) => Effect.Effect<A, object>) =>
  call({ url, scopes: "scopes read and operate", make: OperationsClient.make }, use)

const printView = printed(ConsentView)

const states = { optedOut: "opted out", optedIn: "opted in", unknown: "nothing known" } as const

const line = ({ action, provider, saidAt, sender, source, words }: ConsentEntry): string =>
  [
    DateTime.formatIso(saidAt),
    action,
    source,
    sender ?? "all numbers",
    ...(provider === undefined ? [] : [provider]),
    ...(words === undefined ? [] : [JSON.stringify(words)])
  ].join("  ")

const print = Effect.fnUntraced(function*(view: ConsentView, json: boolean) {
  if (json) return yield* printView(view)
  yield* Console.log(states[view.state])
  for (const entry of view.entries) yield* Console.log(line(entry))
})

/** Prints the consent of a person. */
export const show = Effect.fnUntraced(function*(address: Address, { json, ...options }: Printed) {
  yield* print(yield* withClient(options, (client) => client.consent({ params: { address }, query: {} })), json)
})

const readSender = Schema.decodeUnknownOption(Sender)

/** Opts a person out or in. */
export const set = Effect.fnUntraced(function*(
  address: Address,
  action: "stop" | "start",
  { json, sender: written, words, ...options }: Printed & {
    readonly sender: string | undefined
    readonly words: string | undefined
  }
) {
  const sender = Option.getOrUndefined(readSender(written))
  if (sender === undefined && written !== undefined) {
    return yield* fail("--sender must be one of our numbers, with its country code", exitCodes.usage)
  }
  const payload = { action, ...compact({ sender, words }) }
  yield* print(yield* withClient(options, (client) => client.setConsent({ params: { address }, payload })), json)
})

/** How many lines are imported with one request. */
const chunkSize = 2000

/** How many invalid lines are named. */
const maxInvalid = 10

/** Imports a CSV file. */
export const importFile = Effect.fnUntraced(function*(file: string, options: Options) {
  const fs = yield* FileSystem.FileSystem
  const text = yield* Effect.catch(
    fs.readFileString(file),
    ({ reason }) => fail(`The file cannot be read (${reason._tag})`, exitCodes.usage)
  )
  const entries = ConsentCsv.parse(text)
  if (Result.isFailure(entries)) {
    return yield* fail(entries.failure.slice(0, maxInvalid).map(({ message }) => message).join("; "))
  }
  let [imported, known] = [0, 0]
  for (const payload of ConsentCsv.split(text, chunkSize)) {
    const done = yield* withClient(options, (client) => client.importConsents({ payload }))
    imported += done.imported
    known += done.known
  }
  yield* Console.log(`${imported} imported, ${known} known before`)
})

/** Prints lines that end with CR and LF. */
const printLines = (lines: string) => Console.log(lines.replace(/\n$/, ""))

/** Prints the ledger as CSV. */
export const exportAll = Effect.fnUntraced(function*(options: Options) {
  for (let after: number | undefined = 0, isFirst = true; after !== undefined; isFirst = false) {
    const query: { readonly after: number } = { after }
    const page: string = yield* withClient(options, (client) => client.exportConsents({ query }))
    after = ConsentCsv.lastPosition(page)
    if (isFirst) yield* printLines(page)
    else if (after !== undefined) yield* printLines(page.slice(page.indexOf("\n") + 1))
  }
})
