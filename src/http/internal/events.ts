/**
 * Streams the event log as server-sent events.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Entry, EventLog, type Page } from "../../events/EventLog.ts"
import { Draining } from "../Draining.ts"
import { heartbeat } from "../EventsApi.ts"
import { GatewayApi } from "../MessagesApi.ts"
import * as Problems from "../Problems.ts"
import { storageFailed } from "./storageFailed.ts"

/** Proxies close connections that are idle for 30 or 60 seconds. */
const heartbeatInterval: Duration.Input = "15 seconds"

const encode = Schema.encodeSync(Schema.fromJsonString(Schema.toCodecJson(Entry)))

/** The text of entries. Followers share entries, so each is encoded once. */
const texts = new WeakMap<Entry, string>()

const textOf = (entry: Entry): string => {
  const known = texts.get(entry)
  if (known !== undefined) return known
  const text = `id: ${entry.position}\nevent: ${entry.kind}\ndata: ${encode(entry)}\n\n`
  texts.set(entry, text)
  return text
}

/** Returns the text of a page. The position of an entry is stored by the client only with its data. */
const render = ({ entries, position }: Page): string =>
  entries.length === 0 ? `id: ${position}\nevent: ${heartbeat}\ndata:\n\n` : entries.map(textOf).join("")

const given = (position: number | "" | undefined): number | undefined => position === "" ? undefined : position

export const layer = HttpApiBuilder.group(
  GatewayApi,
  "events",
  Effect.fnUntraced(function*(handlers) {
    const log = Option.getOrUndefined(yield* Effect.serviceOption(EventLog))
    const draining = yield* Draining
    return handlers.handleRaw(
      "follow",
      Effect.fnUntraced(function*({ headers, query: { after, kind, number, room } }) {
        if (log === undefined) return yield* new Problems.NotFound({ detail: "The server keeps no event log" })
        // Answers 503 instead of a stream that fails at once.
        const head = yield* Effect.catch(log.head, storageFailed)
        const pages = log.pages({
          after: given(headers["last-event-id"]) ?? given(after) ?? head,
          filter: { roomId: room, kinds: typeof kind === "string" ? [kind] : kind, number },
          heartbeat: heartbeatInterval
        })
        const body = pages.pipe(
          Stream.map(render),
          // The client reconnects, to this server or another.
          Stream.catchCause((cause) =>
            Stream.unwrap(Effect.as(Effect.logWarning("A stream of events ended", cause), Stream.empty))
          ),
          Stream.interruptWhen(draining),
          Stream.encodeText
        )
        return HttpServerResponse.stream(body, {
          contentType: "text/event-stream",
          // nginx would hold events back.
          headers: { "x-accel-buffering": "no" }
        })
      })
    )
  })
)
