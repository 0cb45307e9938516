/**
 * The list of conversations, which pages of the server fill and events move.
 */
import * as Effect from "effect/Effect"
import * as Atom from "effect/reactivity/Atom"
import { Conversation, type ThreadMessage } from "../../http/ConversationsApi.ts"
import { Api, run } from "./api.ts"
import { messageOf } from "./problem.ts"
import { expired } from "./session.ts"
import { get, set, update } from "./store.ts"

export interface ConversationList {
  readonly find: string
  readonly items: ReadonlyArray<Conversation>
  readonly next: string | undefined
  readonly isLoading: boolean
  readonly problem: string | undefined
}

const empty = (find: string): ConversationList => ({
  find,
  items: [],
  next: undefined,
  isLoading: true,
  problem: undefined
})

export const conversations = Atom.keepAlive(Atom.make(empty("")))

const pageSize = 200

const load = (find: string, cursor: string | undefined) =>
  Effect.flatMap(Api, (api) =>
    api.conversations.list({
      query: { limit: pageSize, ...(find !== "" && { find }), ...(cursor !== undefined && { cursor }) }
    })).pipe(
      Effect.tapError((error) => error._tag === "Unauthorized" ? expired : Effect.void),
      Effect.match({
        onSuccess: ({ items, next }) =>
          update(conversations, (list) => {
            if (list.find !== find) return list
            const known = new Set(cursor === undefined ? [] : list.items.map(({ room }) => room.id))
            return {
              ...list,
              items: [
                ...(cursor === undefined ? [] : list.items),
                ...items.filter(({ room }) => !known.has(room.id))
              ],
              next,
              isLoading: false,
              problem: undefined
            }
          }),
        onFailure: (error) =>
          update(conversations, (list) =>
            list.find === find ? { ...list, isLoading: false, problem: messageOf(error) } : list)
      })
    )

/** Shows the conversations with a number or a text, or all of them. */
export const findConversations = (find: string): void => {
  const list = get(conversations)
  set(conversations, list.find === find ? { ...list, isLoading: true } : empty(find))
  run(load(find, undefined))
}

/** Reads the next page of the list. */
export const moreConversations = (): void => {
  const { find, isLoading, next } = get(conversations)
  if (isLoading || next === undefined) return
  update(conversations, (list) => ({ ...list, isLoading: true }))
  run(load(find, next))
}

const putFirst = (conversation: Conversation) =>
  update(conversations, (list) => ({
    ...list,
    items: [conversation, ...list.items.filter(({ room }) => room.id !== conversation.room.id)]
  }))

/** Moves a conversation to the beginning, with its new message. */
export const heardIn = (roomId: string, last: ThreadMessage, isRead: boolean): void => {
  const list = get(conversations)
  const known = list.items.find(({ room }) => room.id === roomId)
  const isInbound = last.event.source.direction === "inbound"
  if (known !== undefined) {
    putFirst(
      new Conversation({ ...known, last, unread: isRead ? 0 : known.unread + (isInbound ? 1 : 0) })
    )
  } else if (list.find === "") {
    run(
      Effect.flatMap(Api, (api) => api.conversations.get({ params: { id: roomId } })).pipe(
        Effect.tap((conversation) => Effect.sync(() => putFirst(conversation))),
        Effect.ignore
      )
    )
  }
}

/** Replaces the message that a conversation shows, if it is the one. */
export const changeLast = (roomId: string, f: (message: ThreadMessage) => ThreadMessage): void =>
  update(conversations, (list) => ({
    ...list,
    items: list.items.map((conversation) =>
      conversation.room.id === roomId && conversation.last !== undefined
        ? new Conversation({ ...conversation, last: f(conversation.last) })
        : conversation
    )
  }))

/** Shows a conversation as read. */
export const showRead = (roomId: string): void =>
  update(conversations, (list) =>
    list.items.some(({ room, unread }) => room.id === roomId && unread > 0)
      ? {
        ...list,
        items: list.items.map((conversation) =>
          conversation.room.id === roomId ? new Conversation({ ...conversation, unread: 0 }) : conversation
        )
      }
      : list)
