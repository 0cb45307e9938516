/**
 * What the emulator does at least: it answers each message, and posts two callbacks, with `node:http` and undici. It
 * reads no message, keeps none, and signs nothing.
 */
import { createServer } from "node:http"
import { Agent } from "undici"
import { listening, portOf } from "./listening.ts"

const [appUrl = ""] = process.argv.slice(2)

const answer = JSON.stringify({
  sid: "SM0123456789abcdef0123456789abcdef",
  status: "queued",
  num_segments: "1",
  from: "+15145550100",
  to: "+16505550100",
  body: "Your order number 1 is on its way, and here before noon."
})

const callback = "ApiVersion=2010-04-01&SmsSid=SM0123456789abcdef0123456789abcdef&SmsStatus=sent&MessageStatus=sent" +
  "&To=%2B16505550100&From=%2B15145550100&MessageSid=SM0123456789abcdef0123456789abcdef" +
  "&AccountSid=AC0123456789abcdef0123456789abcdef"

const agent = new Agent({ connections: 128, pipelining: 1 })

const post = () =>
  agent.dispatch({
    origin: appUrl,
    path: "/webhooks/sms/twilio/status",
    method: "POST",
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      "x-twilio-signature": "0123456789abcdef0123456789a="
    },
    body: callback
  }, {
    onRequestStart: () => {},
    onResponseStart: () => {},
    onResponseData: () => {},
    onResponseEnd: () => {},
    onResponseError: () => {}
  })

const server = createServer((request, response) => {
  request.resume()
  request.on("end", () => {
    response.writeHead(201, { "content-type": "application/json", "content-length": answer.length }).end(answer)
    for (const after of [100, 400]) setTimeout(post, after)
  })
})

server.listen(0, "127.0.0.1", () => listening(portOf(server.address()), { "Which variables?": () => ({}) }))
