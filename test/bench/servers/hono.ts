/** Hono on Node, and Twilio's SDK. */
import { serve } from "@hono/node-server"
import { Hono } from "hono"
import twilio from "twilio"
import { answer, authToken, contentType, listening, path, url } from "./listening.ts"

const app = new Hono()

app.post(path, async (context) => {
  const signature = context.req.header("x-twilio-signature") ?? ""
  const form = await context.req.parseBody()
  if (!twilio.validateRequest(authToken, signature, url, form)) return context.body(null, 403)
  return context.body(answer, 200, { "content-type": contentType })
})

serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, ({ port }) => listening(port))
