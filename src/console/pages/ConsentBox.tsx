/**
 * The consent of a person: whether they may be texted, what was said about it,
 * and the operator's own word.
 */
import * as Effect from "effect/Effect"
import { useState } from "preact/hooks"
import type { Address } from "../../Address.ts"
import type { ConsentEntry, ConsentView } from "../../http/ConsentApi.ts"
import { Api, run } from "../state/api.ts"
import { messageOf } from "../state/problem.ts"
import { can, titleOfProvider } from "../state/session.ts"
import { Badge, Problem, Skeleton } from "../ui/parts.tsx"
import { fullTime, numberOf } from "../ui/text.ts"
import type { Read } from "../ui/useRead.ts"

const actions: Readonly<Record<ConsentEntry["action"], string>> = {
  stop: "Opted out",
  start: "Opted in",
  help: "Asked for help",
  suggestion: "May want no more messages",
  answer: "Was answered"
}

const sources: Readonly<Record<ConsentEntry["source"], string>> = {
  keyword: "with a keyword",
  "carrier flag": "as the carrier reported",
  "free text": "in a message",
  "carrier refusal": "as the carrier's refusal told",
  api: "by an operator",
  import: "by an import",
  server: "by the server"
}

/** An entry in words: what, how, when, and what was said. */
export const describeEntry = ({ action, provider, saidAt, sender, source, words }: ConsentEntry): string =>
  [
    `${actions[action]} ${sources[source]}`,
    ...(sender === undefined ? [] : [`for ${numberOf(sender)}`]),
    ...(provider === undefined ? [] : [titleOfProvider(provider)]),
    ...(words === undefined ? [] : [`“${words}”`]),
    fullTime(saidAt)
  ].join(" · ")

const states: Readonly<Record<ConsentView["state"], readonly ["bad" | "good" | "neutral", string]>> = {
  optedOut: ["bad", "Opted out"],
  optedIn: ["good", "Opted in"],
  unknown: ["neutral", "Nothing known"]
}

export const ConsentBadge = ({ state }: Pick<ConsentView, "state">) => {
  const [kind, name] = states[state]
  return <Badge kind={kind}>{name}</Badge>
}

/** The operator's own word, with the reason. */
const Decide = ({ address, isOut, onDone }: {
  readonly address: Address
  readonly isOut: boolean
  readonly onDone: () => void
}) => {
  const [reason, setReason] = useState("")
  const [problem, setProblem] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  const submit = (event: Event) => {
    event.preventDefault()
    setBusy(true)
    setProblem(undefined)
    const payload = { action: isOut ? "start" : "stop", words: reason.trim() } as const
    run(
      Effect.flatMap(Api, (api) => api.consents.setConsent({ params: { address }, payload })).pipe(
        Effect.match({
          onSuccess: () => {
            setReason("")
            onDone()
          },
          onFailure: (error) => setProblem(messageOf(error))
        }),
        Effect.ensuring(Effect.sync(() => setBusy(false)))
      )
    )
  }
  return (
    <form class="consent-decide" onSubmit={submit}>
      <label class="field">
        <span class="field-label">{isOut ? "Why this person is opted in again" : "Why this person is opted out"}</span>
        <input
          type="text"
          maxLength={160}
          placeholder={isOut ? "Asked for messages by e-mail" : "Called, and wants no messages"}
          value={reason}
          onInput={(event) => setReason(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class={`button${isOut ? "" : " is-danger"}`} disabled={isBusy || reason.trim() === ""}>
        {isOut ? "Opt in" : "Opt out"}
      </button>
      {isOut && <p class="hint">A carrier that blocks the person by itself does so until they text START.</p>}
      {problem !== undefined && <Problem>{problem}</Problem>}
    </form>
  )
}

export const ConsentBox = ({ address, consent: { problem, refresh, value } }: {
  readonly address: Address
  readonly consent: Read<ConsentView | undefined>
}) => {
  if (value === undefined) {
    return problem === undefined ? <Skeleton rows={1} /> : <Problem onRetry={refresh}>{problem}</Problem>
  }
  const { entries, optOut, state } = value
  return (
    <div class="consent">
      <p class="consent-state">
        <ConsentBadge state={state} />
        <span>
          {optOut !== undefined
            ? "Messages to this person are refused, but for what CONSENT_EXEMPT names."
            : state === "optedIn"
            ? "This person may be texted."
            : "Nobody said anything. This person may be texted as far as this server knows."}
        </span>
      </p>
      {entries.length > 0 && (
        <ol class="consent-entries" aria-label="What was said">
          {entries.map((entry) => (
            <li key={entry.id} class={entry.id === optOut?.id ? "is-decisive" : undefined}>{describeEntry(entry)}</li>
          ))}
        </ol>
      )}
      {can("operate") && <Decide address={address} isOut={optOut !== undefined} onDone={refresh} />}
    </div>
  )
}
