/**
 * A message: what became of it and when, and what was sent and received for it.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { useState } from "preact/hooks"
import type { ListedMessage } from "../../http/ListsApi.ts"
import type { MessageView } from "../../http/MessagesApi.ts"
import type { IntentView } from "../../http/OperationsApi.ts"
import { Api, run } from "../state/api.ts"
import { messageOf } from "../state/problem.ts"
import { hrefOf } from "../state/route.ts"
import { can, titleOfProvider } from "../state/session.ts"
import { Problem, Skeleton } from "../ui/parts.tsx"
import { StateBadge, StatusBadge } from "../ui/status.tsx"
import { Facts, Panel } from "../ui/Table.tsx"
import { costOf, fullTime, numberOf, reasonName, statusNames } from "../ui/text.ts"
import { useRead } from "../ui/useRead.ts"
import { useRefresh } from "../ui/useRefresh.ts"
import { ContentView } from "./ContentView.tsx"
import { ExchangesOf } from "./ExchangesOf.tsx"

interface Step {
  readonly at: DateTime.Utc
  readonly name: string
  readonly detail?: string | undefined
  readonly kind: "good" | "bad" | "warn" | "neutral"
}

const codeOf = (ids: ReadonlyArray<string>) => ids.length === 0 ? undefined : <code>{ids.join(" ")}</code>

const stateSteps: Readonly<Record<IntentView["state"], readonly [name: string, kind: Step["kind"]]>> = {
  queued: ["Queued", "neutral"],
  sending: ["Taken for sending", "neutral"],
  accepted: ["Accepted by the carrier", "neutral"],
  refused: ["Refused", "bad"],
  unknown: ["Outcome unknown", "warn"],
  cancelled: ["Cancelled", "neutral"]
}

const kindOf = (status: MessageView["status"]): Step["kind"] =>
  ["delivered", "read"].includes(status)
    ? "good"
    : ["failed", "undelivered", "expired", "canceled"].includes(status)
    ? "bad"
    : status === "unconfirmed"
    ? "warn"
    : "neutral"

/** The states of a message in the order in which it had them. */
const stepsOf = (intent: IntentView, deliveries: ReadonlyArray<MessageView>): ReadonlyArray<Step> =>
  [
    ...Object.entries(intent.times).flatMap(([state, at]): ReadonlyArray<Step> => {
      const [name, kind] = stateSteps[state as IntentView["state"]]
      const isReason = intent.reason !== undefined && state === intent.state
      return at === undefined ? [] : [{ at, name, kind, detail: isReason ? reasonName(intent.reason) : undefined }]
    }),
    ...deliveries.flatMap(({ history, messageId }) =>
      history.map(({ at, carrierStatus, effect, errorCode, errorMessage, status }): Step => ({
        at,
        name: statusNames[status],
        kind: kindOf(status),
        detail: [
          carrierStatus === status ? undefined : `“${carrierStatus}”`,
          errorMessage,
          errorCode === undefined ? undefined : `code ${errorCode}`,
          effect === "contradicted" ? "contradicts an earlier report" : undefined,
          deliveries.length > 1 ? messageId : undefined
        ].filter((part) => part !== undefined).join(" · ")
      }))
    )
  ].sort((one, other) => DateTime.toEpochMillis(one.at) - DateTime.toEpochMillis(other.at))

const Timeline = ({ steps }: { readonly steps: ReadonlyArray<Step> }) => (
  <ol class="timeline">
    {steps.map(({ at, detail, kind, name }, index) => (
      <li class={`is-${kind}`} key={index}>
        <span class="timeline-name">{name}</span>
        {detail !== undefined && detail !== "" && <span class="timeline-detail">{detail}</span>}
        <time>{fullTime(at)}</time>
      </li>
    ))}
  </ol>
)

const readSend = (id: string) =>
  Effect.gen(function*() {
    const { messages, operations } = yield* Api
    const intent = yield* operations.intent({ params: { id } })
    const provider = intent.receipt?.provider
    const parts = intent.delivery?.parts ?? []
    const deliveries = yield* Effect.forEach(
      provider === undefined ? [] : parts,
      ({ messageId, recipient }) =>
        messages.get({ params: { id: messageId }, query: { provider: provider!, recipient } }).pipe(
          Effect.catchTag(["NotFound", "BadRequest"], () => Effect.undefined)
        ),
      { concurrency: 4 }
    )
    return { intent, deliveries: deliveries.filter((delivery) => delivery !== undefined) }
  })

/** What an operator can do about a send. */
const Actions = ({ intent, onDone }: { readonly intent: IntentView; readonly onDone: () => void }) => {
  const [problem, setProblem] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  const perform = <A, E extends Parameters<typeof messageOf>[0]>(action: Effect.Effect<A, E, Api>) => () => {
    setBusy(true)
    setProblem(undefined)
    run(action.pipe(
      Effect.match({ onSuccess: onDone, onFailure: (error) => setProblem(messageOf(error)) }),
      Effect.ensuring(Effect.sync(() => setBusy(false)))
    ))
  }
  const params = { id: intent.id }
  const isUndecided = intent.state === "unknown" && intent.resolvedBy === undefined && can("operate")
  const isQueued = intent.state === "queued" && can("send")
  if (!isUndecided && !isQueued) return null
  return (
    <div class="actions">
      {isUndecided && (
        <>
          <p>
            The carrier may have this message. Resending asks it first, where it can be asked. Otherwise the person may
            get the message twice.
          </p>
          <button
            type="button"
            class="button is-primary"
            disabled={isBusy}
            onClick={perform(Effect.flatMap(Api, ({ operations }) => operations.resend({ params })))}
          >
            Resend
          </button>
          <button
            type="button"
            class="button"
            disabled={isBusy}
            onClick={perform(Effect.flatMap(Api, ({ operations }) => operations.giveUp({ params })))}
          >
            Give up
          </button>
        </>
      )}
      {isQueued && (
        <button
          type="button"
          class="button is-danger"
          disabled={isBusy}
          onClick={perform(Effect.flatMap(Api, ({ operations }) => operations.cancel({ params })))}
        >
          Cancel the message
        </button>
      )}
      {problem !== undefined && <Problem>{problem}</Problem>}
    </div>
  )
}

const Sent = ({ id, message }: { readonly id: string; readonly message: ListedMessage | undefined }) => {
  const { problem, refresh, value } = useRead(id, readSend(id))
  useRefresh(refresh)
  if (value === undefined) {
    return problem === undefined
      ? <Skeleton rows={3} />
      : <Problem onRetry={refresh}>{problem}</Problem>
  }
  const { deliveries, intent } = value
  const { accepted, failures, idempotencyKey, part, priority, provider, readyAt, receipt, resolvedBy } = intent
  return (
    <>
      <Facts
        facts={[
          ["State", <StateBadge state={intent.state} {...(intent.delivery && { status: intent.delivery.status })} />],
          ["Reason", intent.reason === undefined ? undefined : reasonName(intent.reason)],
          ["Failed part", part === undefined ? undefined : `${part.number} of ${part.of}`],
          ["To", [intent.to, ...intent.participants ?? []].map(numberOf).join(", ")],
          ["From", receipt?.sender === undefined ? undefined : numberOf(receipt.sender)],
          ["Carrier", titleOfProvider(receipt?.provider ?? provider ?? "")],
          ["Segments", receipt?.segments?.toString()],
          ["Price", deliveries.flatMap(({ cost }) => cost === undefined ? [] : [costOf(cost)]).join(" + ")],
          [
            "Parts",
            intent.delivery !== undefined && intent.delivery.parts.length > 1 && (
              <ol class="parts">
                {intent.delivery.parts.map(({ messageId, recipient, status }) => (
                  <li key={`${messageId} ${recipient}`}>
                    <code>{messageId}</code> <StatusBadge status={status} />
                  </li>
                ))}
              </ol>
            )
          ],
          ["Ready", intent.state === "queued" && readyAt !== undefined ? fullTime(readyAt) : undefined],
          ["Priority", priority === "bulk" ? "Bulk" : undefined],
          ["Attempts refused", failures === 0 ? undefined : String(failures)],
          ["Decided by", resolvedBy],
          [
            "Idempotency key",
            idempotencyKey === undefined || message?.roomId !== undefined ? undefined : <code>{idempotencyKey}</code>
          ],
          ["Message ids", codeOf([...receipt?.messageIds ?? [], ...accepted?.messageIds ?? []])],
          ["Id", <code>{id}</code>]
        ]}
      />
      <Actions intent={intent} onDone={refresh} />
      {message?.roomId !== undefined && (
        <a class="button" href={hrefOf(["conversations", message.roomId])}>Open the conversation</a>
      )}
      <h3>History</h3>
      <Timeline steps={stepsOf(intent, deliveries)} />
      <ExchangesOf label="Requests to the carrier" query={{ intent: id }} />
      {receipt?.messageIds.map((messageId) => (
        <ExchangesOf label="Delivery reports" key={messageId} query={{ message: messageId, direction: "inbound" }} />
      ))}
    </>
  )
}

const Received = ({ message }: { readonly message: ListedMessage }) => (
  <>
    <Facts
      facts={[
        ["State", <StateBadge {...message} />],
        ["Reason", message.reason],
        ["From", [message.from ?? "", ...message.participants ?? []].map(numberOf).join(", ")],
        ["To", numberOf(message.to ?? "")],
        ["Carrier", titleOfProvider(message.provider ?? "")],
        ["Time", fullTime(message.time)],
        ["Message ids", codeOf(message.messageIds ?? [])],
        ["Id", <code>{message.id}</code>]
      ]}
    />
    {message.roomId !== undefined && (
      <a class="button" href={hrefOf(["conversations", message.roomId])}>Open the conversation</a>
    )}
    {message.messageIds?.map((messageId) => (
      <ExchangesOf label="Webhook" key={messageId} query={{ message: messageId, direction: "inbound" }} />
    ))}
  </>
)

export const MessagePanel = ({ closeHref, direction, id, message }: {
  readonly direction: "inbound" | "outbound"
  readonly id: string
  /** What the list has of it. */
  readonly message: ListedMessage | undefined
  readonly closeHref: string
}) => (
  <Panel title={direction === "inbound" ? "Received message" : "Sent message"} closeHref={closeHref}>
    {message !== undefined && (
      <div class="quote">
        <ContentView content={message.content} />
      </div>
    )}
    {direction === "outbound"
      ? <Sent id={id} message={message} />
      : message === undefined
      ? <p class="muted">This message is not in the list.</p>
      : <Received message={message} />}
  </Panel>
)
