/** Fastify with Twilio's SDK, which puts each webhook into an SQLite file before it answers. */
import formbody from "@fastify/formbody"
import fastify from "fastify"
import { DatabaseSync } from "node:sqlite"
import twilio from "twilio"
import { answer, authToken, contentType, listening, path, portOf, url } from "./listening.ts"

const [filename = ""] = process.argv.slice(2)

const database = new DatabaseSync(filename)
database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
  CREATE TABLE webhooks (id TEXT NOT NULL PRIMARY KEY, form TEXT NOT NULL, received_at INTEGER NOT NULL)`)
const insert = database.prepare("INSERT INTO webhooks VALUES (?, ?, ?) ON CONFLICT DO NOTHING")

const app = fastify()

await app.register(formbody)

app.post(path, (request, reply) => {
  const signature = String(request.headers["x-twilio-signature"])
  const form = request.body as Record<string, string>
  if (!twilio.validateRequest(authToken, signature, url, form)) return reply.code(403).send()
  insert.run(form["MessageSid"]!, JSON.stringify(form), Date.now())
  return reply.type(contentType).send(answer)
})

await app.listen({ host: "127.0.0.1", port: 0 })
listening(portOf(app.server.address()), { "Settled?": () => ({}) })
