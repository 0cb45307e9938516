/**
 * One signature has one reading: no other cut of a signed webhook is accepted
 * with another meaning.
 *
 * `npm run test:recuts` does the same with 100,000 changes.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Schema } from "effect"
import * as fc from "fast-check"
import { getExpectedTwilioSignature, validateRequest } from "twilio/lib/webhooks/webhooks.js"
import { WebhookEvent } from "../../src/WebhookEvent.ts"
import { type Cut, genuine, ownText, recuts, signedText } from "./recuts.ts"
import * as Webhooks from "./webhooks.ts"

const isLong = process.env["MODE"] === "long"
const runs = isLong ? 100_000 : 3000
// The short form is the same each time: chance is for the long one.
const seed = isLong ? {} : { seed: 20_260_128 }

const provider = Effect.runSync(Webhooks.provider)
const encode = Schema.encodeSync(Schema.toCodecJson(Schema.Array(WebhookEvent)))

const request = ({ fields, method, url }: Cut, signature: string) =>
  Webhooks.request({
    method,
    url,
    ...method === "POST" && { body: `${new URLSearchParams(fields.map(([name, value]) => [name, value]))}` },
    signature
  })

/** What a webhook means, without the payload that it was read from. `undefined` for one that is refused. */
const meaningOf = (cut: Cut, signature: string): string | undefined => {
  const exit = Effect.runSyncExit(Effect.flatMap(provider.verify(request(cut, signature)), provider.decode))
  if (Exit.isFailure(exit)) {
    for (const reason of exit.cause.reasons) assert.strictEqual(reason._tag, "Fail")
    return undefined
  }
  return JSON.stringify(
    encode(exit.value),
    (key, value) => key === "raw" ? undefined : key === "metadata" ? Object.entries(value).sort() : value
  )
}

const signatureOf = (cut: Cut) => getExpectedTwilioSignature("12345", signedText(cut), {})

/** Whether the official package accepts it. */
const isOfficial = ({ fields, method, url }: Cut, signature: string): boolean => {
  const form: Record<string, string | Array<string>> = {}
  for (const [name, value] of method === "GET" ? [] : fields) {
    form[name] = Object.hasOwn(form, name) ? [form[name]!, value].flat() : value
  }
  return validateRequest("12345", signature, url, form)
}

describe("a signed webhook of Twilio's", () => {
  it("is accepted as it is, and keeps its text", () => {
    const seen = { texts: 0 }
    fc.assert(
      fc.property(genuine, (cut) => {
        const signature = signatureOf(cut)
        assert.isTrue(isOfficial(cut, signature))
        const meaning = meaningOf(cut, signature)
        assert.isDefined(meaning)
        const text = ownText(cut)
        if (text === undefined || !/[A-Z][a-z]+[A-Z]/.test(text)) return
        seen.texts++
        assert.include(meaning, JSON.stringify(text))
      }),
      { ...seed, numRuns: Math.min(runs, 20_000) }
    )
    assert.isAbove(seen.texts, 500)
  }, 600_000)

  it("has no other meaning when its signed text is cut anew", () => {
    const seen = { changed: 0, official: 0, accepted: 0 }
    fc.assert(
      fc.property(recuts, ([original, cut]) => {
        if (JSON.stringify(original) === JSON.stringify(cut)) return
        seen.changed++
        const signature = signatureOf(original)
        if (isOfficial(cut, signature)) seen.official++
        const meaning = meaningOf(cut, signature)
        if (meaning === undefined) return
        seen.accepted++
        assert.strictEqual(meaning, meaningOf(original, signature))
      }),
      { ...seed, numRuns: runs }
    )
    // Nearly all of these are accepted by the official package.
    assert.isAbove(seen.official, seen.changed / 2)
    // Those are read as they were sent. More than a few would be a rule that has got lost.
    assert.isAbove(seen.accepted, 0)
    assert.isBelow(seen.accepted, seen.changed / 10)
  }, 600_000)
})
