import { assert, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as DateTime from "effect/DateTime"
import { sizeOf } from "../../../src/internal/sizeOf.ts"
import { RoomEvent } from "../../../src/RoomEvent.ts"
import { sizeOfEvent } from "../../../src/rooms/internal/sizeOfEvent.ts"

it.prop("the size of an event is what sizeOf finds, and little more", [Arbitrary.schema(RoomEvent)], ([arbitrary]) => {
  // Its fields are found when they are asked for, and kept in it.
  const event = new RoomEvent({ ...arbitrary, createdAt: DateTime.makeUnsafe(0) })
  assert.isAtLeast(sizeOfEvent(event), sizeOf(event))
  assert.isAtMost(sizeOfEvent(event), sizeOf(event) + 128)
})
