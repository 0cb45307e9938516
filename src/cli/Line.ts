/**
 * An event in one line for a terminal.
 */
import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import * as Content from "../Content.ts"
import * as DeliveryStatus from "../DeliveryStatus.ts"
import type { AlarmRaised, ConsentChanged, DeliveryChanged, SendSettled } from "../events/Event.ts"
import { Entry } from "../events/EventLog.ts"
import { type Color, type Paint, shown } from "./paint.ts"

/** More of a text does not help to recognize it, and could fill the terminal. JSON has all of it. */
const maxText = 320

const shortened = (text: string): string => text.length > maxText ? `${text.slice(0, maxText).toWellFormed()}…` : text

/** Returns the text of a message and the URLs of its files. */
export const contentOf = (content: Content.Content): string =>
  [shortened(Content.text(content)), ...Content.media(content).map(({ url }) => `<${url}>`)]
    .filter((part) => part !== "")
    .map(shown)
    .join(" ")

const isRefused = ({ state }: SendSettled): boolean => state === "refused" || state === "unknown"

const outcomeOf = ({ error, provider, refusal, resolvedBy, state }: SendSettled): string =>
  [
    state === "accepted" && provider !== undefined ? `accepted by ${provider}` : state,
    error?.reason._tag ?? refusal,
    resolvedBy
  ].filter((part) => part !== undefined).join(", ")

const colorOf = ({ status }: DeliveryChanged): Color => {
  if (DeliveryStatus.isFailure(status)) return "red"
  return DeliveryStatus.isTerminal(status) ? "green" : "dim"
}

const statusOf = ({ errorCode, errorMessage, provider, status }: DeliveryChanged): string =>
  [`${status} at ${provider}`, errorCode, errorMessage].filter((part) => part !== undefined).join(", ")

const consentOf = ({ action, provider, source }: ConsentChanged): string =>
  [action === "stop" ? "opted out" : "opted in", source, provider].filter((part) => part !== undefined).join(", ")

const alarmOf = ({ country, guard, level, prefix, rule }: AlarmRaised): string => {
  const place = prefix === undefined ? country : `+${prefix}`
  return `${guard} ${level}${place === undefined ? "" : ` for ${place}`}: ${rule}`
}

/** Returns the line without its time. */
const described = ({ event }: Entry, paint: Paint): string => {
  switch (event._tag) {
    case "MessageReceived": {
      const { blocked, message: { content, provider, sender } } = event
      const line = `${paint("cyan", `${shown(sender)} →`)} ${contentOf(content)} ${paint("dim", `(${provider})`)}`
      return blocked === undefined ? line : `${line} ${paint("yellow", `blocked by ${shown(blocked.hook)}`)}`
    }
    case "MessagePosted": {
      const { blocked, content, source: { channelId } } = event.message
      const line = `${paint("dim", `${shown(channelId)}:`)} ${contentOf(content)}`
      return blocked === undefined ? line : `${line} ${paint("yellow", `blocked by ${shown(blocked.hook)}`)}`
    }
    case "SendSettled": {
      const outcome = paint(isRefused(event) ? "red" : "dim", `(${shown(outcomeOf(event))})`)
      return `${paint("cyan", `→ ${shown(event.message.to)}`)} ${contentOf(event.message.content)} ${outcome}`
    }
    case "DeliveryChanged":
      return `${paint("cyan", `→ ${shown(event.recipient ?? event.messageId)}`)} ${
        paint(colorOf(event), shown(statusOf(event)))
      }`
    case "ConsentChanged": {
      const change = paint(event.action === "stop" ? "yellow" : "green", shown(consentOf(event)))
      return `${paint("cyan", `${shown(event.person)} →`)} ${change}${
        event.words === undefined ? "" : `: ${shown(event.words)}`
      }`
    }
    case "AlarmRaised":
      return paint(event.level === "reached" ? "red" : "yellow", shown(alarmOf(event)))
  }
}

/** Encodes an entry as JSON in one line. */
export const toJson = Schema.encodeSync(Schema.fromJsonString(Schema.toCodecJson(Entry)))

const time = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23"
})

/** Formats an entry, with its local time. */
export const format = (entry: Entry, paint: Paint): string =>
  `${paint("dim", time.format(DateTime.toEpochMillis(entry.time)))} ${described(entry, paint)}`
