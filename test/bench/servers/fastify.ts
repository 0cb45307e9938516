/** Fastify with the parser for forms, and Twilio's SDK. */
import formbody from "@fastify/formbody"
import fastify from "fastify"
import twilio from "twilio"
import { answer, authToken, contentType, listening, path, portOf, url } from "./listening.ts"

const app = fastify()

await app.register(formbody)

app.post(path, (request, reply) => {
  const signature = String(request.headers["x-twilio-signature"])
  const form = request.body as Record<string, string>
  if (!twilio.validateRequest(authToken, signature, url, form)) return reply.code(403).send()
  return reply.type(contentType).send(answer)
})

await app.listen({ host: "127.0.0.1", port: 0 })
listening(portOf(app.server.address()))
