import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as fc from "fast-check"
import * as Content from "../../src/Content.ts"
import { contentOf } from "../../src/internal/userDataContent.ts"
import { InboundMessage } from "../../src/Message.ts"
import * as MmsWindow from "../../src/mms/internal/window.ts"
import { MessagePart, Segment } from "../../src/WebhookEvent.ts"
import { base64, header8, latin1 } from "../userData.ts"
import { customer, ours } from "./parts.ts"

const settings: MmsWindow.Settings = { timeout: 5000, quietTime: 0, reorderWindow: 0, rememberFor: 600_000 }

const part = (text: string, number: number, total: number, id: string | undefined = `${text}-${number}`) => {
  const userData = { header: header8(7, total, number), data: base64(latin1(text)) }
  return new MessagePart({
    provider: "sinch",
    role: "segment",
    correlationKey: "key",
    segment: new Segment({ number, total, ...userData }),
    message: new InboundMessage({
      provider: "sinch",
      channelId: "sms-sinch",
      ...(id !== "" && { externalId: id, idempotencyKey: id }),
      sender: customer,
      recipient: ours,
      content: contentOf([userData]),
      metadata: { udh: userData.header },
      raw: { number }
    })
  })
}

/** Parts and ends of windows, a millisecond apart. The state goes through JSON each time, as through a database. */
const json = Schema.fromJsonString(Schema.toCodecJson(MmsWindow.State))

const outputsOf = (inputs: ReadonlyArray<MessagePart | "elapse">) => {
  let state = MmsWindow.empty
  const outputs: Array<MmsWindow.Output> = []
  for (const [now, input] of inputs.entries()) {
    const given = input !== "elapse"
      ? [new MmsWindow.Arrived({ part: input })]
      : state.open.map(({ closesAt, id }) => new MmsWindow.Elapsed({ window: id, closesAt }))
    for (const one of given) {
      const [put, next] = MmsWindow.step(state, one, now, settings)
      outputs.push(...put)
      state = Schema.decodeSync(json)(Schema.encodeSync(json)(next))
    }
  }
  return outputs
}

const run = (inputs: ReadonlyArray<MessagePart | "elapse">) =>
  outputsOf(inputs).map((output) =>
    output._tag === "Due" ? `${output.cause}: ${Content.text(output.message.content)}` : output._tag
  )

const messages = (inputs: ReadonlyArray<MessagePart | "elapse">) =>
  outputsOf(inputs).flatMap((output) => output._tag === "Due" ? [output.message] : [])

const [a, b, c] = [part("do you ", 1, 3), part("deliver ", 2, 3), part("today", 3, 3)]

describe("the parts of a concatenated SMS", () => {
  it("are one message, in any order and with any repetition", () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray([a, b, c, a, b, c], { minLength: 6 }),
        (parts) => {
          const outputs = run(parts)
          assert.deepStrictEqual(outputs.filter((output) => output.startsWith("complete")), [
            "complete: do you deliver today"
          ])
          assert.deepStrictEqual(outputs.toSorted(), [
            "Buffered",
            "Buffered",
            "Repeated",
            "Repeated",
            "Repeated",
            "complete: do you deliver today"
          ])
        }
      )
    )
  })

  it("keep what names them, and say what is missing when the time is over", () => {
    const [whole] = messages([c, a, b])
    assert.deepInclude(whole, { externalId: "do you -1", segments: 3 })
    assert.deepInclude(whole!.metadata, { [MmsWindow.partsKey]: "do you -1 deliver -2 today-3" })
    assert.notProperty(whole!.metadata, MmsWindow.missingKey)
    assert.deepStrictEqual(whole!.raw, { parts: [{ number: 1 }, { number: 2 }, { number: 3 }] })

    const [some, late] = messages([c, a, "elapse", b])
    assert.strictEqual(Content.text(some!.content), "do you today")
    assert.deepInclude(some!.metadata, { [MmsWindow.missingKey]: "2" })
    assert.strictEqual(Content.text(late!.content), "deliver ")
    assert.deepInclude(late!.metadata, { [MmsWindow.partOfKey]: "do you -1" })
  })

  it("come out with what there is, also when it is one, and each late one once", () => {
    assert.deepStrictEqual(run([b, "elapse", a, a, c, "elapse"]), [
      "Buffered",
      "elapsed: deliver ",
      "late: do you ",
      "Repeated",
      "late: today"
    ])
  })

  it("of a message that uses the reference again are another message", () => {
    const again = [part("yes ", 1, 2), part("please", 2, 2), part("no ", 1, 2), part("thanks", 2, 2)]
    assert.deepStrictEqual(run(again), ["Buffered", "complete: yes please", "Buffered", "complete: no thanks"])
    // At the same time, the first that lacks a part gets it.
    const [yes, please, no, thanks] = again
    assert.deepStrictEqual(run([yes!, no!, please!, thanks!]), [
      "Buffered",
      "Buffered",
      "complete: yes please",
      "complete: no thanks"
    ])
  })

  it("without an id are recognized by their bytes", () => {
    const [one, other] = [part("hello ", 1, 2, ""), part("hallo ", 1, 2, "")]
    assert.deepStrictEqual(run([one, one, other, part("you", 2, 2)]), [
      "Buffered",
      "Repeated",
      "Buffered",
      "complete: hello you"
    ])
  })

  it("that are bytes are joined to bytes", () => {
    const bytes = (number: number, data: ReadonlyArray<number>) => {
      const segment = { number, total: 2, data: base64(Uint8Array.from(data)), header: header8(7, 2, number) }
      const whole = part("x", number, 2)
      return new MessagePart({ ...whole, segment: new Segment(segment) })
    }
    const [message] = messages([bytes(2, [3, 255]), bytes(1, [0, 1, 2])])
    assert.deepStrictEqual(message!.content, new Content.BinaryContent({ data: "AAECA/8=" }))
  })
})
