/**
 * The commands to try after the demonstration.
 */
import * as Effect from "effect/Effect"
import type { Service as Emulator } from "../emulator/internal/service.ts"
import * as RoomKit from "../rooms/RoomKit.ts"

/** Command lines, grouped by purpose. */
type Commands = ReadonlyArray<readonly [purpose: string, ...lines: ReadonlyArray<string>]>

// A number from the range reserved for fiction, of somebody whose message opens a new room.
const newcomer = "+15145550199"

const post = (url: string, json: string, ...headers: ReadonlyArray<string>) =>
  `curl ${["content-type: application/json", ...headers].map((header) => `-H '${header}'`).join(" ")} \\
    -d '${json}' \\
    '${url}'`

/** Returns the rooms in the order in which they were created. */
export const firstRooms = Effect.map(
  Effect.flatMap(RoomKit.RoomKit, (kit) => kit.rooms),
  (rooms) => rooms.toSorted((a, b) => a.id < b.id ? -1 : 1)
)

/** Builds commands with the ids of the rooms and messages of this run. */
const commandsOf = Effect.fnUntraced(function*(base: string, token: string, emulator: Emulator) {
  const kit = yield* RoomKit.RoomKit
  const authorization = `Authorization: Bearer ${token}`
  const get = (path: string) => `curl -H '${authorization}' ${base}${path}`
  const person = `${emulator.url}/_emulator/people/${newcomer}/messages`
  const rooms = yield* firstRooms
  const reports = (yield* kit.statuses).slice(0, 1)
  const message = JSON.stringify({ to: newcomer, text: "Hello from curl" })
  const commands: Commands = [
    [
      "Text the server as another person. The assistant answers",
      post(person, JSON.stringify({ text: "Are you there?" }))
    ],
    ["Read what that person got", `curl ${person}`],
    ["Send a message", post(`${base}/messages`, message, authorization)],
    ["List what was received and sent", get("/messages")],
    ["Follow a message that was sent", ...reports.map(({ messageId }) => get(`/messages/${messageId}`))],
    ["List the rooms", get("/rooms")],
    ["Read what was said in the second room", ...rooms.slice(1, 2).map(({ id }) => get(`/rooms/${id}/events`))],
    [
      "Answer in the second room",
      ...rooms.slice(1, 2).map(({ id }) =>
        post(`${base}/rooms/${id}/messages`, JSON.stringify({ text: "Hello back" }), authorization)
      )
    ]
  ]
  return commands.filter(([, ...lines]) => lines.length > 0)
})

/** Describes what to try next. */
export const next = Effect.fnUntraced(function*({ base, emulator, token }: {
  readonly base: string
  readonly token: string
  readonly emulator: Emulator
}) {
  const commands = yield* commandsOf(base, token, emulator)
  return `
The server keeps running. Try next:
${commands.map(([purpose, ...lines]) => `\n${purpose}:\n\n${lines.map((line) => `  ${line}\n`).join("")}`).join("")}
${base}/docs documents the whole API, and sends requests. After \`npm run docs\`, ${base}/docs/site has
the documentation of the library, with search.
Its token: ${token}

To use your own carriers, set their variables and restart: the auth token or secret
that the carrier signs with, and PUBLIC_URL. docs/server.md lists all of them. Messages
to some numbers fail: docs/emulator.md has the table. To write an application of your
own: npx effect-sms init my-app. Ctrl-C stops the server.
`
})
