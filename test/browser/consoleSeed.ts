/** What a small shop talked about with its customers. */
import { Effect } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { Address } from "../../src/Address.ts"
import * as Content from "../../src/Content.ts"
import { InvalidRecipient, OutcomeUnknown, type SmsErrorReason } from "../../src/SmsError.ts"
import type { MockSmsProvider } from "../../src/testing/index.ts"
import { ago, base, provider, receive, report, token } from "./console.ts"

/** The carrier refuses one number, and does not answer about another. */
export const respond: MockSmsProvider.Options["respond"] = ({ to }): Effect.Effect<void, SmsErrorReason> =>
  to.endsWith("0117")
    ? Effect.fail(new InvalidRecipient({ code: "21614" }))
    : to.endsWith("0118")
    ? Effect.fail(new OutcomeUnknown({ because: "Timeout" }))
    : Effect.void

/** A picture: stripes in the colours of a parcel. */
const picture = (): Uint8Array => {
  const [width, height] = [48, 32]
  const header = 54
  const bytes = new Uint8Array(header + width * height * 3)
  const view = new DataView(bytes.buffer)
  bytes.set([0x42, 0x4d])
  view.setUint32(2, bytes.length, true)
  view.setUint32(10, header, true)
  view.setUint32(14, 40, true)
  view.setInt32(18, width, true)
  view.setInt32(22, height, true)
  view.setUint16(26, 1, true)
  view.setUint16(28, 24, true)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const isTape = Math.abs(x - 24) < 4
      bytes.set(isTape ? [120, 190, 225] : [70 + y, 125 + y, 178 + y], header + (y * width + x) * 3)
    }
  }
  return bytes
}

const call = Effect.fnUntraced(function*(
  path: string,
  body: string | Uint8Array,
  contentType: string = "application/json"
) {
  const client = yield* HttpClient.HttpClient
  const request = HttpClientRequest.post(path).pipe(
    typeof body === "string"
      ? HttpClientRequest.bodyText(body, contentType)
      : HttpClientRequest.bodyUint8Array(body, contentType),
    HttpClientRequest.bearerToken(token)
  )
  return yield* (yield* client.execute(request)).text
})

const roomOf = Effect.fnUntraced(function*(number: string) {
  const client = yield* HttpClient.HttpClient
  const request = HttpClientRequest.get(`/rooms?number=${encodeURIComponent(number)}`)
  const response = yield* client.execute(HttpClientRequest.bearerToken(request, token))
  return (JSON.parse(yield* response.text) as { items: ReadonlyArray<{ id: string }> }).items[0]!.id
})

const answer = Effect.fnUntraced(function*(number: string, text: string) {
  return yield* call(`/rooms/${yield* roomOf(number)}/messages`, JSON.stringify({ text }))
})

/** Other people, who wrote one thing each. */
const others: ReadonlyArray<readonly [number: string, minutes: number, text: string]> = [
  ["+15145550101", 3000, "Merci beaucoup, c’est parfait!"],
  ["+14185550102", 2900, "Is the blue one back in stock?"],
  ["+16135550103", 1700, "Can I pick it up on Friday instead?"],
  ["+447700900104", 1500, "Do you ship to the UK?"],
  ["+14505550105", 1300, "STOP"],
  ["+15815550106", 700, "The code does not work: SPRING25"],
  ["+33639980107", 600, "Bonjour, avez-vous reçu mon colis ?"],
  ["+15145550108", 420, "Thanks!"],
  ["+14385550109", 260, "What are your hours on Sunday?"],
  ["+15145550110", 95, "I would like to change the address of my order"],
  ["+14165550111", 44, "It arrived broken, see the picture"],
  ["+15145550112", 12, "Perfect, see you then"]
]

/** The one whose thread is looked at. */
export const ann = "+15145550142"

export const seed = Effect.gen(function*() {
  const url = yield* base
  for (const [number, minutes, text] of others) yield* ago(minutes, receive(number, text))
  const { url: file } = JSON.parse(yield* call("/media", picture(), "application/octet-stream")) as { url: string }
  const isOurs = new URL(file).origin === url
  if (!isOurs) return yield* Effect.die(`${file} is not at ${url}`)
  yield* ago(1505, receive(ann, "Hi! I ordered a lamp last week (#4821). Is it on its way?"))
  yield* receive(ann, "Is it on its way?")
  yield* answer(ann, "Hello Ann. Yes, it left our warehouse this morning and arrives tomorrow before noon.")
  yield* report("mock-1", "sent", {}, Address.make(ann))
  yield* report("mock-1", "delivered", {}, Address.make(ann))
  yield* receive(ann, "Great. Could you leave it at the side door? It looks like this:")
  yield* receive(ann, "", {
    content: new Content.MediaContent({ url: file, mimeType: "image/bmp", caption: "The side door" })
  })
  yield* receive(ann, "", {
    content: new Content.ContactContent({
      name: "Bob Tremblay",
      organization: "Neighbour, has a key",
      phones: ["+1 514 555 0143"],
      emails: []
    })
  })
  yield* answer(ann, "Of course, we told the driver. You get a message with a link when it is close.")
  yield* report("mock-2", "delivered", {}, Address.make(ann))
  yield* answer(ann, "Track it here: https://track.example.com/4821")
  yield* report("mock-3", "undelivered", {
    errorCode: "30003",
    errorMessage: "Unreachable destination handset"
  }, Address.make(ann))
  for (const number of ["+15145550117", "+15145550118"]) {
    yield* receive(number, "Where is my parcel?")
    yield* answer(number, "It arrives tomorrow.")
  }
  yield* call(`/webhooks/sms/${provider}/inbound?token=abc`, JSON.stringify({ id: "8", from: ann, to: 5145550100 }))
  yield* call(
    `/webhooks/sms/${provider}/inbound`,
    JSON.stringify({ id: "9", from: ann, to: "+15145550100", text: "Thank you so much!" })
  )
})
