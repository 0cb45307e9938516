/**
 * Who may be texted: one person, and the whole ledger as CSV.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { useRef, useState } from "preact/hooks"
import * as ConsentCsv from "../../consent/ConsentCsv.ts"
import { Person } from "../../internal/writtenAddress.ts"
import { Api, run } from "../state/api.ts"
import { messageOf } from "../state/problem.ts"
import { go, hrefOf, route } from "../state/route.ts"
import { can } from "../state/session.ts"
import { useAtom } from "../state/store.ts"
import { Icon } from "../ui/icons.tsx"
import { Empty, Problem } from "../ui/parts.tsx"
import { count, numberOf } from "../ui/text.ts"
import { useConsent } from "../ui/useConsent.ts"
import { ConsentBox } from "./ConsentBox.tsx"
import { Tabs } from "./Tabs.tsx"

const readPerson = Schema.decodeUnknownOption(Person)

/** How many lines are imported with one request. */
const chunkSize = 2000

const readAll = Effect.gen(function*() {
  const { consents } = yield* Api
  let text = ""
  for (let after: number | undefined = 0; after !== undefined;) {
    const page: string = yield* consents.exportConsents({ query: { after } })
    after = ConsentCsv.lastPosition(page)
    if (text === "") text = page
    else if (after !== undefined) text += page.slice(page.indexOf("\n") + 1)
  }
  return text
})

/** How many invalid lines are named. */
const maxInvalid = 5

const importAll = (file: File) =>
  Effect.gen(function*() {
    const { consents } = yield* Api
    const text = yield* Effect.promise(() => file.text())
    // Before the first request: of a wrong file, nothing is imported.
    const entries = ConsentCsv.parse(text)
    if (Result.isFailure(entries)) {
      const lines = entries.failure.slice(0, maxInvalid).map(({ message }) => message)
      return yield* Effect.fail({ _tag: "InvalidFile", detail: lines.join("; ") })
    }
    let [imported, known] = [0, 0]
    for (const payload of ConsentCsv.split(text, chunkSize)) {
      const done = yield* consents.importConsents({ payload })
      imported += done.imported
      known += done.known
    }
    return `${count(imported)} imported, ${count(known)} known before.`
  })

/** Lets the browser store a text as a file. */
const store = (name: string, text: string): void => {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv" }))
  const link = document.createElement("a")
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}

const Ledger = () => {
  const files = useRef<HTMLInputElement>(null)
  const [state, setState] = useState<{ readonly text: string; readonly isProblem?: boolean }>()
  const [isBusy, setBusy] = useState(false)
  const perform = <E extends Parameters<typeof messageOf>[0]>(action: Effect.Effect<string, E, Api>) => {
    setBusy(true)
    setState(undefined)
    run(action.pipe(
      Effect.match({
        onSuccess: (text) => setState({ text }),
        onFailure: (error) => setState({ text: messageOf(error), isProblem: true })
      }),
      Effect.ensuring(Effect.sync(() => setBusy(false)))
    ))
  }
  const download = Effect.gen(function*() {
    const text = yield* readAll
    const now = yield* DateTime.now
    store(`consent-${DateTime.formatIso(now).slice(0, 10)}.csv`, text)
    return `${count(Math.max(0, text.split("\n").length - 2))} entries exported.`
  })
  return (
    <div class="ledger">
      <button type="button" class="button" disabled={isBusy} onClick={() => perform(download)}>
        <Icon name="out" size={16} />
        Export as CSV
      </button>
      {can("operate") && (
        <>
          <input
            ref={files}
            type="file"
            hidden
            accept=".csv,text/csv"
            onChange={(event) => {
              const file = event.currentTarget.files?.[0]
              if (file !== undefined) perform(importAll(file))
              event.currentTarget.value = ""
            }}
          />
          <button type="button" class="button" disabled={isBusy} onClick={() => files.current?.click()}>
            <Icon name="in" size={16} />
            Import CSV
          </button>
        </>
      )}
      <span class="ledger-result" role="status">{state?.isProblem === true ? "" : state?.text}</span>
      {state?.isProblem === true && <Problem>{state.text}</Problem>}
    </div>
  )
}

export const Consent = () => {
  const { path: [given = ""] } = useAtom(route)
  const [text, setText] = useState(given)
  const [isWrong, setWrong] = useState(false)
  const address = Option.getOrUndefined(readPerson(given))
  const consent = useConsent(address)
  const submit = (event: Event) => {
    event.preventDefault()
    const person = Option.getOrUndefined(readPerson(text))
    setWrong(person === undefined)
    if (person !== undefined) go(hrefOf(["consent", person]))
  }
  return (
    <div class="page">
      <header class="page-head">
        <h2 class="title">Consent</h2>
        <Tabs page="consent" />
        <form class="consent-find" onSubmit={submit}>
          <label class="search">
            <Icon name="search" size={16} />
            <input
              id="search"
              type="search"
              placeholder="Number of a person"
              aria-label="Number of a person"
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
            />
            <kbd aria-hidden="true">/</kbd>
          </label>
          <button type="submit" class="button">Show</button>
        </form>
        <Ledger />
      </header>
      <div class="consent-page">
        {isWrong && <Problem>Write the number with its country code, as +15145550142.</Problem>}
        {address === undefined
          ? (
            <Empty icon="shield" title="Who may be texted">
              The ledger has each STOP and START, from whom and when. Search a number, or export all of it.
            </Empty>
          )
          : (
            <section class="card" aria-label={`Consent of ${numberOf(address)}`}>
              <h3>{numberOf(address)}</h3>
              <ConsentBox address={address} consent={consent} key={address} />
            </section>
          )}
      </div>
    </div>
  )
}
