/**
 * A conversation: what was said, and what became of each message.
 */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks"
import { Address } from "../../Address.ts"
import type { ThreadMessage } from "../../http/ConversationsApi.ts"
import { partsKey } from "../../mms/internal/message.ts"
import { hrefOf } from "../state/route.ts"
import { can, titleOfProvider } from "../state/session.ts"
import { useAtom } from "../state/store.ts"
import { closeThread, earlierMessages, openThread, type Thread, thread } from "../state/thread.ts"
import { Icon } from "../ui/icons.tsx"
import { Avatar, Badge, Empty, Problem, Skeleton, Ticks } from "../ui/parts.tsx"
import { dayName, dayOf, describeSend, fullTime, numberOf, peopleOf, progressOf, timeOf, titleOf } from "../ui/text.ts"
import { useConsent } from "../ui/useConsent.ts"
import { Composer } from "./Composer.tsx"
import { ConsentBadge, ConsentBox, describeEntry } from "./ConsentBox.tsx"
import { ContentView } from "./ContentView.tsx"

/** Two messages of one author within this time are one group. */
const groupTime = 4 * 60 * 1000

const authorOf = ({ event: { source } }: ThreadMessage): string =>
  source.direction === "inbound" ? `in ${source.participant ?? ""}` : `out ${source.channelId}`

const isTogether = (one: ThreadMessage | undefined, other: ThreadMessage | undefined): boolean =>
  one !== undefined && other !== undefined && authorOf(one) === authorOf(other) &&
  one.event.createdAt.epochMilliseconds + groupTime > other.event.createdAt.epochMilliseconds

const Fate = ({ message }: { readonly message: ThreadMessage }) => {
  const { blocked } = message.event
  if (blocked !== undefined) {
    return <p class="fate is-blocked">Blocked by the hook “{blocked.hook}”: {blocked.reason}</p>
  }
  const progress = progressOf(message)
  if (progress !== "failed" && progress !== "unknown") return null
  return (
    <>
      {message.sends.map((send) => (
        <p class={`fate is-${progress}`} key={send.intentId}>
          {describeSend(send)}
          {send.code !== undefined && ` (code ${send.code})`}
          {" · "}
          <a href={hrefOf(["messages", "outbound", send.intentId])}>Details</a>
        </p>
      ))}
    </>
  )
}

const Bubble = ({ isFirst, isLast, message, showAuthor }: {
  readonly message: ThreadMessage
  readonly isFirst: boolean
  readonly isLast: boolean
  readonly showAuthor: boolean
}) => {
  const { event, sends } = message
  const isInbound = event.source.direction === "inbound"
  const progress = progressOf(message)
  const joined = event.source.metadata[partsKey]?.split(" ").length ?? 0
  const label = sends.length === 1 ? describeSend(sends[0]!) : undefined
  return (
    <li
      class={`message ${isInbound ? "is-in" : "is-out"}${isFirst ? " is-first" : ""}${isLast ? " is-last" : ""}${
        event.blocked === undefined ? "" : " is-blocked"
      }`}
    >
      {isFirst && showAuthor && isInbound && event.source.participant !== undefined && (
        <p class="author">{numberOf(event.source.participant)}</p>
      )}
      <div class="bubble">
        <ContentView content={event.content} />
        <span class="stamp">
          <time title={fullTime(event.createdAt)}>{timeOf(event.createdAt)}</time>
          {progress !== undefined && <Ticks progress={progress} {...(label !== undefined && { label })} />}
        </span>
      </div>
      <Fate message={message} />
      {joined > 1 && <p class="fate">Joined from {joined} parts, which arrived apart.</p>}
    </li>
  )
}

const Messages = ({ open }: { readonly open: Thread }) => {
  const scroller = useRef<HTMLDivElement>(null)
  /** How far the view is from the end: it stays there when messages are added before or after. */
  const fromEnd = useRef(0)
  const messages = open.messages
  const isGroup = open.conversation !== undefined && peopleOf(open.conversation).length > 1

  const remember = () => {
    const box = scroller.current
    if (box === null) return
    fromEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight
    if (box.scrollTop < 400) earlierMessages()
  }
  const first = messages[0]?.event.id
  useLayoutEffect(() => {
    const box = scroller.current
    if (box !== null) box.scrollTop = box.scrollHeight - box.clientHeight - fromEnd.current
  }, [first])
  useEffect(() => {
    const box = scroller.current
    if (box === null) return
    // The composer grows with what is written in it.
    const observer = new ResizeObserver(() => {
      if (fromEnd.current < 120) box.scrollTop = box.scrollHeight
    })
    observer.observe(box)
    return () => observer.disconnect()
  }, [])
  useLayoutEffect(() => {
    const box = scroller.current
    // A new message moves the view only for a person who reads the end.
    if (box !== null && fromEnd.current < 120) box.scrollTop = box.scrollHeight
  }, [messages.at(-1)])

  return (
    <div class="messages" ref={scroller} onScroll={remember} tabIndex={0} role="region" aria-label="Messages">
      {open.isLoading && messages.length > 0 && <p class="messages-more" role="status">Loading earlier messages…</p>}
      <ol aria-live="polite" aria-relevant="additions">
        {messages.map((message, index) => {
          const before = messages[index - 1]
          const isNewDay = before === undefined || dayOf(before.event.createdAt) !== dayOf(message.event.createdAt)
          return [
            isNewDay && (
              <li class="day" key={`day ${dayOf(message.event.createdAt)}`}>
                <span>{dayName(message.event.createdAt)}</span>
              </li>
            ),
            <Bubble
              key={message.event.id}
              message={message}
              showAuthor={isGroup}
              isFirst={isNewDay || !isTogether(before, message)}
              isLast={!isTogether(message, messages[index + 1])}
            />
          ]
        })}
      </ol>
    </div>
  )
}

export const ThreadView = ({ roomId }: { readonly roomId: string }) => {
  useEffect(() => {
    openThread(roomId)
    return closeThread
  }, [roomId])
  const open = useAtom(thread)
  const conversation = open?.conversation
  const people = conversation === undefined ? [] : peopleOf(conversation)
  const [person, another] = people
  const address = another === undefined && person !== undefined ? Address.make(person) : undefined
  const consent = useConsent(address)
  const optOut = consent.value?.optOut
  const [showsConsent, setShowsConsent] = useState(false)
  const ours = conversation?.room.attachments.find(({ recipient }) => recipient !== undefined)
  const recipient = ours?.writesTo ?? ours?.recipient
  return (
    <section class="thread" aria-label="Conversation">
      <header class="thread-head">
        <a class="icon-button only-narrow" href="#/" aria-label="Back to the conversations">
          <Icon name="back" />
        </a>
        <Avatar address={people[0] ?? roomId} isGroup={people.length > 1} />
        <div class="thread-title">
          <h2>{conversation === undefined ? "Conversation" : titleOf(conversation)}</h2>
          <p class="muted">
            {recipient === undefined ? "No number of yours yet" : `with ${numberOf(recipient)}`}
          </p>
        </div>
        {optOut !== undefined && <ConsentBadge state="optedOut" />}
        {conversation?.provider !== undefined && <Badge>{titleOfProvider(conversation.provider)}</Badge>}
        {address !== undefined && (
          <button
            type="button"
            class="icon-button"
            aria-label="Consent"
            title="Consent"
            aria-expanded={showsConsent}
            onClick={() => setShowsConsent(!showsConsent)}
          >
            <Icon name="shield" />
          </button>
        )}
        {people.length === 1 && (
          <a
            class="icon-button"
            href={hrefOf(["messages"], { number: people[0] })}
            aria-label="All messages of this number"
            title="All messages of this number"
          >
            <Icon name="list" />
          </a>
        )}
      </header>
      {showsConsent && address !== undefined && (
        <section class="thread-consent" aria-label="Consent">
          <ConsentBox address={address} consent={consent} key={address} />
        </section>
      )}
      {open?.problem !== undefined
        ? <Problem onRetry={() => openThread(roomId)}>{open.problem}</Problem>
        : open === undefined || (open.isLoading && open.messages.length === 0)
        ? <Skeleton rows={6} />
        : open.messages.length === 0
        ? <Empty icon="chat" title="No messages yet" />
        : <Messages open={open} key={open.roomId} />}
      {optOut !== undefined && (
        <p class="opted-out" role="note">
          <Icon name="blocked" size={16} />
          <span>{describeEntry(optOut)}. Answers are refused.</span>
        </p>
      )}
      {open !== undefined && open.problem === undefined && (
        can("send")
          ? <Composer roomId={roomId} key={roomId} />
          : <p class="composer-closed">Your token can read messages, and not send any.</p>
      )}
    </section>
  )
}
