/**
 * The inbox: the list of conversations, and the one that is open.
 */
import { useEffect, useRef, useState } from "preact/hooks"
import type { Conversation } from "../../http/ConversationsApi.ts"
import { conversations, findConversations, moreConversations } from "../state/conversations.ts"
import { go, hrefOf, route } from "../state/route.ts"
import { titleOfProvider } from "../state/session.ts"
import { useAtom } from "../state/store.ts"
import { Icon } from "../ui/icons.tsx"
import { Avatar, Badge, Empty, Problem, Skeleton, Ticks } from "../ui/parts.tsx"
import { fullTime, peopleOf, previewOf, progressOf, shortTime, titleOf } from "../ui/text.ts"
import { useDelayed } from "../ui/useDelayed.ts"
import { useVirtual } from "../ui/useVirtual.ts"
import { ThreadView } from "./Thread.tsx"

const rowHeight = 74

/** The address of a conversation in the inbox. */
const placeOf = ({ room }: Conversation): string => hrefOf(["conversations", room.id])

const Row = ({ conversation, href, isSelected }: {
  readonly conversation: Conversation
  readonly href: string
  readonly isSelected: boolean
}) => {
  const { last, provider, room, unread } = conversation
  const people = peopleOf(conversation)
  const progress = last === undefined ? undefined : progressOf(last)
  const isOwn = last !== undefined && last.event.source.direction === "outbound"
  return (
    <a
      class={`conversation${isSelected ? " is-selected" : ""}${unread > 0 ? " is-unread" : ""}`}
      href={href}
      aria-current={isSelected ? "true" : undefined}
    >
      <Avatar address={people[0] ?? room.id} isGroup={people.length > 1} />
      <span class="conversation-main">
        <span class="conversation-top">
          <span class="conversation-title">{titleOf(conversation)}</span>
          {last !== undefined && (
            <time class="conversation-time" title={fullTime(last.event.createdAt)}>
              {shortTime(last.event.createdAt)}
            </time>
          )}
        </span>
        <span class="conversation-bottom">
          <span class="conversation-preview">
            {progress !== undefined && <Ticks progress={progress} />}
            {last === undefined ? "No messages yet" : `${isOwn ? "You: " : ""}${previewOf(last.event.content)}`}
          </span>
          {provider !== undefined && <Badge>{titleOfProvider(provider)}</Badge>}
          {unread > 0 && <span class="unread" aria-label={`${unread} unread`}>{unread > 99 ? "99+" : unread}</span>}
        </span>
      </span>
    </a>
  )
}

interface Selection {
  /** The room that is open. */
  readonly selected: string | undefined
  /** The address at which a conversation is open. */
  readonly href?: ((conversation: Conversation) => string) | undefined
}

const List = ({ href = placeOf, selected }: Selection) => {
  const list = useAtom(conversations)
  const scroller = useRef<HTMLDivElement>(null)
  const { height, items, show } = useVirtual({
    count: list.items.length,
    rowHeight,
    scroller,
    keyOf: (index) => list.items[index]?.room.id ?? String(index)
  })
  const last = items.at(-1)?.index ?? 0
  useEffect(() => {
    if (last >= list.items.length - 40) moreConversations()
  }, [last, list.items.length])

  /** The arrows move through the list, as in any inbox. */
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter" && event.target === event.currentTarget) {
      event.preventDefault()
      document.getElementById("answer")?.focus()
      return
    }
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0
    if (step === 0 || list.items.length === 0) return
    event.preventDefault()
    const at = list.items.findIndex(({ room }) => room.id === selected)
    const next = Math.min(list.items.length - 1, Math.max(0, at === -1 ? 0 : at + step))
    show(next)
    go(href(list.items[next]!))
  }

  if (list.problem !== undefined) {
    return <Problem onRetry={() => findConversations(list.find)}>{list.problem}</Problem>
  }
  if (list.items.length === 0) {
    if (list.isLoading) return <Skeleton rows={9} />
    return list.find === ""
      ? <Empty icon="chat" title="No conversations yet">The first message that someone sends opens one.</Empty>
      : <Empty icon="search" title="Nothing found">No number and no message contains “{list.find}”.</Empty>
  }
  return (
    <div
      class="conversation-list"
      id="conversations"
      ref={scroller}
      tabIndex={0}
      role="region"
      aria-label="Conversations"
      onKeyDown={onKeyDown}
    >
      <ul style={{ height: `${height}px` }}>
        {items.map(({ index, key, start }) => {
          const conversation = list.items[index]
          return conversation === undefined ? null : (
            <li
              key={key}
              style={{ transform: `translateY(${start}px)`, height: `${rowHeight}px` }}
              aria-setsize={list.next === undefined ? list.items.length : -1}
              aria-posinset={index + 1}
            >
              <Row
                conversation={conversation}
                href={href(conversation)}
                isSelected={conversation.room.id === selected}
              />
            </li>
          )
        })}
      </ul>
    </div>
  )
}

const Search = () => {
  const { find } = useAtom(conversations)
  const [text, setText] = useState(find)
  useDelayed(text, (text) => {
    if (text.trim() !== find) findConversations(text.trim())
  })
  return (
    <label class="search">
      <Icon name="search" size={16} />
      <input
        id="search"
        type="search"
        placeholder="Search number or text"
        aria-label="Search number or text"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          const list = event.key === "ArrowDown" && document.getElementById("conversations")
          if (!list) return
          event.preventDefault()
          list.focus()
        }}
      />
      <kbd aria-hidden="true">/</kbd>
    </label>
  )
}

/** The list of conversations, with its search. */
export const InboxList = (selection: Selection) => (
  <section class="inbox-list" aria-label="Inbox">
    <header class="inbox-head">
      <h2 class="title">Conversations</h2>
      <Search />
    </header>
    <List {...selection} />
  </section>
)

export const Conversations = () => {
  const selected = useAtom(route).path[0]
  return (
    <div class={`inbox${selected === undefined ? "" : " has-selection"}`}>
      <InboxList selected={selected} />
      {selected === undefined
        ? (
          <section class="thread is-empty" aria-label="Conversation">
            <Empty icon="chat" title="No conversation selected">
              Choose one from the list. <kbd>↑</kbd> and <kbd>↓</kbd> move through it, <kbd>/</kbd> searches.
            </Empty>
          </section>
        )
        : <ThreadView roomId={selected} />}
    </div>
  )
}
