/**
 * The messages of the conversation that is open.
 */
import * as Effect from "effect/Effect"
import * as Atom from "effect/reactivity/Atom"
import type { Conversation, ThreadMessage } from "../../http/ConversationsApi.ts"
import { Api, run } from "./api.ts"
import { showRead } from "./conversations.ts"
import { messageOf } from "./problem.ts"
import { can, expired } from "./session.ts"
import { get, set, update } from "./store.ts"

export interface Thread {
  readonly roomId: string
  readonly conversation: Conversation | undefined
  /** Oldest first. */
  readonly messages: ReadonlyArray<ThreadMessage>
  readonly next: string | undefined
  readonly isLoading: boolean
  readonly problem: string | undefined
}

export const thread = Atom.keepAlive(Atom.make<Thread | undefined>(undefined))

const change = (roomId: string, f: (thread: Thread) => Thread): void =>
  update(thread, (open) => open?.roomId === roomId ? f(open) : open)

const isVisible = () => document.visibilityState === "visible"

/** Whether a person looks at this conversation. */
export const isOpen = (roomId: string): boolean => get(thread)?.roomId === roomId && isVisible()

/** Marks the conversation that is open as read, for everybody. */
export const markRead = (): void => {
  const open = get(thread)
  const last = open?.messages.at(-1)
  if (open === undefined || last === undefined || !isVisible()) return
  showRead(open.roomId)
  if (!can("send")) return
  run(Effect.ignore(
    Effect.flatMap(
      Api,
      (api) => api.conversations.read({ params: { id: open.roomId }, payload: { upTo: last.event.id } })
    )
  ))
}

document.addEventListener("visibilitychange", markRead)

const merge = (older: ReadonlyArray<ThreadMessage>, newer: ReadonlyArray<ThreadMessage>) => {
  const known = new Set(newer.map(({ event }) => event.id))
  return [...older.filter(({ event }) => !known.has(event.id)), ...newer]
}

const loadPage = (roomId: string, cursor: string | undefined) =>
  Effect.flatMap(
    Api,
    (api) => api.conversations.messages({ params: { id: roomId }, query: cursor === undefined ? {} : { cursor } })
  ).pipe(
    Effect.tapError((error) => error._tag === "Unauthorized" ? expired : Effect.void),
    Effect.match({
      onSuccess: ({ items, next }) => {
        const page = items.toReversed()
        change(roomId, (open) => ({
          ...open,
          messages: cursor === undefined ? page : merge(page, open.messages),
          next,
          isLoading: false,
          problem: undefined
        }))
        if (cursor === undefined) markRead()
      },
      onFailure: (error) =>
        change(roomId, (open) => ({
          ...open,
          isLoading: false,
          problem: error._tag === "NotFound" ? "This conversation no longer exists." : messageOf(error)
        }))
    })
  )

/** Opens a conversation, or reads it again. */
export const openThread = (roomId: string): void => {
  const open = get(thread)
  if (open?.roomId !== roomId) {
    set(thread, {
      roomId,
      conversation: undefined,
      messages: [],
      next: undefined,
      isLoading: true,
      problem: undefined
    })
  }
  run(
    Effect.flatMap(Api, (api) => api.conversations.get({ params: { id: roomId } })).pipe(
      Effect.tap((conversation) => Effect.sync(() => change(roomId, (open) => ({ ...open, conversation })))),
      Effect.ignore
    )
  )
  run(loadPage(roomId, undefined))
}

export const closeThread = (): void => set(thread, undefined)

/** Reads earlier messages of the conversation that is open. */
export const earlierMessages = (): void => {
  const open = get(thread)
  if (open === undefined || open.isLoading || open.next === undefined) return
  set(thread, { ...open, isLoading: true })
  run(loadPage(open.roomId, open.next))
}

/** Adds a new message. */
export const addMessage = (message: ThreadMessage): void =>
  change(message.event.roomId, (open) =>
    open.messages.some(({ event }) => event.id === message.event.id)
      ? open
      : { ...open, messages: [...open.messages, message] })

/** Replaces messages. */
export const changeMessages = (roomId: string, f: (message: ThreadMessage) => ThreadMessage): void =>
  change(roomId, (open) => ({ ...open, messages: open.messages.map(f) }))
