/** A server process that takes the parts of split messages over HTTP, and what came to its rooms. */
import { Effect, Redacted } from "effect"
import * as VoiceMeUp from "../../src/voicemeup/index.ts"
import { customer, ours, secrets } from "../http/carriers.ts"
import { type Run, start } from "./server.ts"

export interface Server extends Run {
  readonly base: string
  /** Sends the webhook of a part. It was acknowledged when this returns. */
  readonly post: (part: Record<string, string>) => Effect.Effect<void>
  /** All that is in the rooms: the text, and the URLs of files. */
  readonly messages: Effect.Effect<ReadonlyArray<string>>
  /** As `messages`, once there are so many: what was acknowledged is processed soon, and not before. */
  readonly someMessages: (count: number) => Effect.Effect<ReadonlyArray<string>>
}

const file = "https://clients.voicemeup.com/file/1.mms"

const common = {
  direction: "inbound",
  source_number: customer,
  destination_number: ours,
  datetime_transmission: "2026-01-28 13:00:14"
}

export const wrapper = {
  ...common,
  sms_hash: "wrapper",
  message: "Look at this",
  attachment: `${file}.html`,
  attachment_mime_type: "text/html"
}

export const media = {
  ...common,
  sms_hash: "media",
  message: "",
  attachment: `${file}.jpg`,
  attachment_mime_type: "image/jpeg"
}

/** The message of both. */
export const whole = `Look at this ${file}.jpg`

/** A part of another message, with a file and ids of its own. */
export const named = (part: typeof wrapper, name: string, fields: Partial<Record<keyof typeof wrapper, string>>) => ({
  ...part,
  ...fields,
  sms_hash: `${part.sms_hash} ${name}`,
  attachment: part.attachment.replace("/1.mms", `/${name}.mms`)
})

/** The message of both parts of this name. */
export const wholeOf = (name: string) => whole.replace("/1.mms", `/${name}.mms`)

interface Page<A> {
  readonly items: ReadonlyArray<A>
}

interface Event {
  readonly content: {
    readonly text?: string
    readonly url?: string
    readonly caption?: string
  }
}

/** Starts a server for VoiceMeUp with these variables too. It is killed with the scope. */
export const serve = Effect.fnUntraced(function*(env: Record<string, string>) {
  const run = yield* start({
    HOST: "127.0.0.1",
    PORT: "0",
    ADMIN_TOKEN: secrets.admin,
    VOICEMEUP_WEBHOOK_TOKEN: secrets.voicemeup,
    ...env
  })
  const [base] = /http:\/\/127\.0\.0\.1:\d+/.exec(yield* run.until(/Listening on .*\n/))!

  const post: Server["post"] = Effect.fnUntraced(function*(part) {
    const url = yield* Effect.orDie(VoiceMeUp.callbackUrl({
      url: `${base}/webhooks/sms/voicemeup/inbound`,
      token: Redacted.make(secrets.voicemeup)
    }))
    const body = JSON.stringify(part)
    const { status } = yield* Effect.promise(() =>
      fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body })
    )
    if (status !== 200) return yield* Effect.die(new Error(`The webhook was answered with ${status}`))
  })

  const get = (path: string) =>
    Effect.promise(async () => {
      const response = await fetch(`${base}${path}`, { headers: { authorization: `Bearer ${secrets.admin}` } })
      return await response.json()
    })

  const messages: Server["messages"] = Effect.gen(function*() {
    const { items: rooms } = (yield* get("/rooms")) as Page<{ readonly id: string }>
    const events = yield* Effect.forEach(rooms, ({ id }) => get(`/rooms/${id}/events`))
    return (events as ReadonlyArray<Page<Event>>).flatMap(({ items }) => items.toReversed()).map((
      { content: { caption, text, url } }
    ) => [text, caption, url].filter((part) => part !== undefined).join(" "))
  })

  const someMessages = Effect.fnUntraced(function*(count: number) {
    while (true) {
      const found = yield* messages
      if (found.length >= count) return found
      yield* Effect.sleep("50 millis")
    }
  })

  return { ...run, base: base!, post, messages, someMessages } satisfies Server
})
