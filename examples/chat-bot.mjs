// A chat bot in plain Node, without this library: the server forwards each message to it, and sends what it answers.
// FORWARD_URL=http://127.0.0.1:4000 FORWARD_SECRET=whsec_… FORWARD_ALLOW_PRIVATE=true npx effect-sms serve
import { createHmac, timingSafeEqual } from "node:crypto"
import { createServer } from "node:http"
import { text } from "node:stream/consumers"

// Several while the secret is being replaced.
const secrets = process.env.FORWARD_SECRET.split(",")
const keys = secrets.map((secret) => Buffer.from(secret.trim().slice("whsec_".length), "base64"))

createServer(async (request, response) => {
  const { "webhook-id": id, "webhook-timestamp": time, "webhook-signature": given = "" } = request.headers
  const body = await text(request)
  const tags = keys.map((key) => createHmac("sha256", key).update(`${id}.${time}.${body}`).digest("base64"))
  const isEqual = (one, other) => one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other))
  const isGenuine = given.split(" ").some((one) => tags.some((tag) => isEqual(one, `v1,${tag}`)))
  if (!isGenuine || Math.abs(Date.now() / 1000 - time) > 300) return response.writeHead(401).end()
  const { data, type } = JSON.parse(body)
  const said = data.text ? `You said: ${data.text}` : "You sent a file"
  const reply = type === "message.received" && { text: said }
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(reply ? { reply } : {}))
}).listen(process.env.PORT ?? 4000, "127.0.0.1", () => console.log("The chat bot listens"))
