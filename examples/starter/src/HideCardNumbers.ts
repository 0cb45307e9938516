/**
 * A hook: card numbers are hidden before a message is stored, and before any
 * channel reads it. `HideCardNumbers` is registered in `Application.ts`.
 */
import { Effect } from "effect"
import { Content, Hook, RoomKit } from "effect-sms"

const cardNumber = /\b(?:\d[ -]?){12,18}\d\b/g

export const HideCardNumbers = RoomKit.layerHook(Hook.beforeBroadcast({
  name: "hide-card-numbers",
  directions: ["inbound"],
  run: (event) => {
    const text = Content.text(event.content)
    const hidden = text.replaceAll(cardNumber, "(card number)")
    if (hidden === text) return Effect.succeed(Hook.allow)
    const content = Content.fromParts(hidden, Content.media(event.content))
    return Effect.succeed(Hook.modify(event.withContent(content)))
  }
}))
