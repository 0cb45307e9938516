/**
 * What happens on the server, as it happens: one stream of events changes what
 * the page shows. After a lost connection the stream goes on where it was.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Atom from "effect/reactivity/Atom"
import * as Stream from "effect/Stream"
import * as Content from "../../Content.ts"
import { combine } from "../../DeliveryStatus.ts"
import type * as Event from "../../events/Event.ts"
import type { Entry } from "../../events/EventLog.ts"
import { SendView, ThreadMessage } from "../../http/ConversationsApi.ts"
import * as Following from "../../http/internal/following.ts"
import { compact } from "../../internal/record.ts"
import { EventSource, RoomEvent } from "../../RoomEvent.ts"
import { Api, run } from "./api.ts"
import { changeLast, conversations, findConversations, heardIn } from "./conversations.ts"
import { expired } from "./session.ts"
import { get, set } from "./store.ts"
import { addMessage, changeMessages, isOpen, markRead, openThread, thread } from "./thread.ts"

export type Connection = "connecting" | "live" | "lost"

export const connection = Atom.keepAlive(Atom.make<Connection>("connecting"))

const listeners = new Set<(entry: Entry) => void>()

/** Calls a function with each event, until the function that it returns is called. */
export const onEvent = (f: (entry: Entry) => void): () => void => {
  listeners.add(f)
  return () => void listeners.delete(f)
}

const heartbeats = new Set<() => void>()

/** Calls a function when the server tells that nothing happened, until the function that it returns is called. */
export const onHeartbeat = (f: () => void): () => void => {
  heartbeats.add(f)
  return () => void heartbeats.delete(f)
}

const heard = (message: ThreadMessage): void => {
  const { roomId } = message.event
  addMessage(message)
  heardIn(roomId, message, isOpen(roomId))
  if (isOpen(roomId)) markRead()
}

/** A received message as the history of its room has it, but for its position. */
const receivedMessage = (
  { blocked, eventId, message, roomId }: Event.MessageReceived,
  { time }: Entry
): ThreadMessage => {
  const { channelId, externalId, participants, recipient, sender } = message
  return new ThreadMessage({
    sends: [],
    event: new RoomEvent({
      id: eventId,
      roomId,
      source: new EventSource({
        channelId,
        channelType: Content.media(message.content).length > 0 ? "mms" : "sms",
        direction: "inbound",
        participant: sender,
        recipient,
        metadata: message.metadata,
        ...compact({ externalId, participants })
      }),
      content: message.content,
      createdAt: time,
      ...compact({ blocked })
    })
  })
}

/** Replaces a send of a message, or adds it. */
const withSend = (message: ThreadMessage, send: SendView): ThreadMessage => {
  const isKnown = message.sends.some(({ intentId }) => intentId === send.intentId)
  return new ThreadMessage({
    ...message,
    sends: isKnown
      ? message.sends.map((known) => known.intentId === send.intentId ? send : known)
      : [...message.sends, send]
  })
}

const settled = (event: Event.SendSettled): void => {
  const { error, eventId, intentId, message: { to }, provider, receipt, refusal, roomId, state } = event
  if (roomId === undefined) return
  const apply = (message: ThreadMessage): ThreadMessage => {
    if (message.event.id !== eventId) return message
    const known = message.sends.find((send) => send.intentId === intentId)
    const parts = known?.parts.length ? known.parts : (receipt?.messageIds ?? []).map((messageId) => ({
      messageId,
      recipient: to,
      status: receipt!.status
    }))
    const [first, ...rest] = parts.map(({ status }) => status)
    const reason = error?.reason
    return withSend(
      message,
      new SendView({
        intentId,
        to,
        state,
        parts,
        ...compact({
          provider,
          status: first === undefined ? undefined : combine([first, ...rest]),
          reason: reason?._tag ?? refusal,
          detail: reason?.message,
          code: reason !== undefined && "code" in reason ? reason.code : undefined,
          segments: receipt?.segments
        })
      })
    )
  }
  changeMessages(roomId, apply)
  changeLast(roomId, apply)
}

const delivered = (event: Event.DeliveryChanged): void => {
  const { errorCode, errorMessage, intentId, messageId, roomId, since, status } = event
  if (roomId === undefined) return
  const apply = (message: ThreadMessage): ThreadMessage => {
    const send = message.sends.find((send) =>
      send.intentId === intentId || send.parts.some((part) => part.messageId === messageId)
    )
    if (send === undefined) return message
    const parts = send.parts.map((part) =>
      part.messageId === messageId
        ? {
          ...part,
          status,
          since,
          ...compact({ errorCode, errorMessage })
        }
        : part
    )
    const [first, ...rest] = parts.map(({ status }) => status)
    return withSend(
      message,
      new SendView({ ...send, parts, ...(first !== undefined && { status: combine([first, ...rest]) }) })
    )
  }
  changeMessages(roomId, apply)
  changeLast(roomId, apply)
}

const apply = (entry: Entry): void => {
  const { event } = entry
  switch (event._tag) {
    case "MessageReceived":
      heard(receivedMessage(event, entry))
      break
    case "MessagePosted":
      heard(new ThreadMessage({ event: event.message, sends: [] }))
      break
    case "SendSettled":
      settled(event)
      break
    case "DeliveryChanged":
      delivered(event)
  }
  for (const listener of listeners) listener(entry)
}

/** Resolves when the browser says that it has no network. */
const drop = Effect.callback<void>((resume) => {
  const done = () => resume(Effect.void)
  window.addEventListener("offline", done, { once: true })
  return Effect.sync(() => window.removeEventListener("offline", done))
})

/** Resolves when the browser says that it is online, or the page is looked at again. */
const wake = Effect.callback<void>((resume) => {
  const done = () => resume(Effect.void)
  window.addEventListener("online", done, { once: true })
  document.addEventListener("visibilitychange", done, { once: true })
  return Effect.sync(() => {
    window.removeEventListener("online", done)
    document.removeEventListener("visibilitychange", done)
  })
})

const beat = Effect.sync(() => {
  for (const f of heartbeats) f()
})

const show = (state: Connection) => Effect.sync(() => set(connection, state))

/** Follows the server until the function that it returns is called. */
export const follow = (): () => void => {
  const fiber = run(
    Effect.gen(function*() {
      const { events } = yield* Api
      const follow = Following.make(events.follow, {
        onConnected: show("live"),
        onLost: show("lost"),
        onHeartbeat: beat,
        drop,
        wake
      })
      yield* Stream.runForEach(follow(), (entry) => Effect.sync(() => apply(entry)))
    }).pipe(Effect.catchTag("Unauthorized", () => expired), Effect.catch(() => show("lost")))
  )
  return () => void run(Fiber.interrupt(fiber))
}

/** Reads what is shown again. */
export const refresh = (): void => {
  findConversations(get(conversations).find)
  const open = get(thread)
  if (open !== undefined) openThread(open.roomId)
}
