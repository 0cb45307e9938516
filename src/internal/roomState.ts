/**
 * The rooms of a kit: which there are, where messages are routed, and what was
 * said lately. Bounded in every direction.
 */
import type * as DateTime from "effect/DateTime"
import * as Semaphore from "effect/Semaphore"
import type { InboundMessage } from "../Message.ts"
import { Attachment, Room } from "../rooms/Room.ts"
import type { RoomEvent } from "../rooms/RoomEvent.ts"

export interface Bounds {
  readonly maxRooms: number
  readonly maxEventsPerRoom: number
}

export interface RoomRecord {
  room: Room
  readonly events: Array<RoomEvent>
  /** One event at a time passes through a room, so that every channel sees the same order. */
  readonly turn: Semaphore.Semaphore
}

const routeKey = (channelId: string, recipient: string, participant: string): string =>
  `${channelId}\n${recipient}\n${participant}`

/** Changed in place, by the kit alone and always within one synchronous step. */
export class RoomState {
  readonly #bounds: Bounds
  /** The least recently used first. */
  readonly #rooms = new Map<string, RoomRecord>()
  readonly #routes = new Map<string, string>()

  constructor(bounds: Bounds) {
    this.#bounds = bounds
  }

  get(id: string): RoomRecord | undefined {
    return this.#rooms.get(id)
  }

  all(): ReadonlyArray<Room> {
    return Array.from(this.#rooms.values(), ({ room }) => room).reverse()
  }

  create(id: string, createdAt: DateTime.Utc): RoomRecord {
    for (const [oldest, { room }] of this.#rooms) {
      if (this.#rooms.size < this.#bounds.maxRooms) break
      for (const attachment of room.attachments) this.#forgetRoute(oldest, attachment)
      this.#rooms.delete(oldest)
    }
    const record: RoomRecord = {
      room: new Room({ id, createdAt, attachments: [] }),
      events: [],
      turn: Semaphore.makeUnsafe(1)
    }
    this.#rooms.set(id, record)
    return record
  }

  /** Attaches a channel. When `routed`, what comes in on it goes to this room. */
  attach(record: RoomRecord, attachment: Attachment, routed: boolean): void {
    this.detach(record, attachment)
    record.room = new Room({ ...record.room, attachments: [...record.room.attachments, attachment] })
    if (routed) this.#routes.set(this.#keyOf(attachment), record.room.id)
  }

  detach(record: RoomRecord, attachment: Attachment): void {
    const key = this.#keyOf(attachment)
    const attachments = record.room.attachments.filter((other) => this.#keyOf(other) !== key)
    if (attachments.length === record.room.attachments.length) return
    record.room = new Room({ ...record.room, attachments })
    this.#forgetRoute(record.room.id, attachment)
  }

  /** The room of a message: that of the conversation, else the participant's, else the channel's. */
  route({ channelId, recipient, sender }: InboundMessage): RoomRecord | undefined {
    const id = this.#routes.get(routeKey(channelId, recipient, sender)) ??
      this.#routes.get(routeKey(channelId, "", sender)) ??
      this.#routes.get(routeKey(channelId, recipient, "")) ??
      this.#routes.get(routeKey(channelId, "", ""))
    return id === undefined ? undefined : this.#rooms.get(id)
  }

  append(record: RoomRecord, event: RoomEvent): void {
    record.events.push(event)
    if (record.events.length > this.#bounds.maxEventsPerRoom) record.events.shift()
    if (this.#rooms.delete(record.room.id)) this.#rooms.set(record.room.id, record)
  }

  #keyOf(attachment: Attachment): string {
    return routeKey(attachment.channelId, attachment.recipient ?? "", attachment.participant ?? "")
  }

  #forgetRoute(roomId: string, attachment: Attachment): void {
    const key = this.#keyOf(attachment)
    if (this.#routes.get(key) === roomId) this.#routes.delete(key)
  }
}
