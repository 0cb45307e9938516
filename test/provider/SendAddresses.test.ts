import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { Address, type Kind } from "../../src/Address.ts"
import { TextContent } from "../../src/Content.ts"
import { OutboundMessage } from "../../src/Message.ts"
import * as SendAddresses from "../../src/provider/internal/sendAddresses.ts"
import type { SendCapabilities } from "../../src/provider/Sending.ts"

const kinds: ReadonlyArray<Kind> = ["PhoneNumber", "ShortCode", "SenderId", "ChannelAddress"]

const everything: SendCapabilities = {
  maxMedia: 1,
  maxLength: 1600,
  senders: kinds,
  choosesSender: true,
  recipients: kinds.filter((kind) => kind !== "SenderId"),
  options: []
}

const reasonOf = (to: string, from?: string, capabilities = everything) => {
  const message = new OutboundMessage({ to: Address.make(to), content: new TextContent({ text: "hi" }) })
  const result = SendAddresses.check(message, {
    capabilities,
    from: from === undefined ? undefined : Address.make(from)
  })
  return result === undefined || Result.isSuccess(result) ? undefined : result.failure
}

const senders = {
  "a number": "+15145550100",
  "a short code": "12345",
  "a name": "ACME",
  "WhatsApp": "whatsapp:+15145550100",
  "another channel": "messenger:1234567890"
} as const

const reaches: Readonly<Record<string, ReadonlyArray<keyof typeof senders>>> = {
  "+5215512345678": ["a number", "a short code", "a name"],
  "54321": ["a number", "a short code"],
  "whatsapp:+5215512345678": ["WhatsApp"],
  "whatsapp:US.13491208655302741918": ["WhatsApp"],
  "messenger:987654321": ["another channel"],
  "rcs:+15145550142": []
}

describe("a sender", () => {
  for (const [to, all] of Object.entries(reaches)) {
    for (const [name, from] of Object.entries(senders)) {
      const isReached = all.some((other) => other === name)
      it(`reaches the recipient's kind or is refused: ${to} from ${name}`, () => {
        const reason = reasonOf(to, from)
        assert.strictEqual(reason?._tag, isReached ? undefined : "InvalidSender")
        if (reason?._tag !== "InvalidSender") return
        assert.isTrue(reason.canFailOver)
        assert.isUndefined(reason.status)
        assert.strictEqual(reason.field, "from")
        assert.strictEqual(reason.message, `from: expected ${reason.expected}`)
        for (const address of [to, from]) assert.notInclude(reason.message, address)
      })
    }
  }

  it("of no kind that the carrier sends from is left to another provider", () => {
    const capabilities: SendCapabilities = { ...everything, senders: ["PhoneNumber"] }
    assert.strictEqual(reasonOf("+15145550142", "ACME", capabilities)?._tag, "NotSupported")
    assert.strictEqual(reasonOf("+15145550142", "whatsapp:+15145550100", capabilities)?._tag, "InvalidSender")
  })

  it.each([
    "15145550100",
    "+1 514 555 0100",
    " +15145550100",
    "+15145550100\n",
    "\uFF0B15145550100",
    "(514) 555-0100",
    "+1-800-FLOWERS",
    "ACME ",
    "whatsapp:15145550100",
    "whatsapp:+1 514 555 0100",
    "tel:+15145550100",
    "WhatsApp:+15145550100"
  ])("that is written otherwise is refused with the form: %j", (from) => {
    const reason = reasonOf("+15145550142", from)
    assert(reason?._tag === "InvalidSender")
    assert.strictEqual(
      reason.message,
      "from: expected a phone number as + and digits, with its country code, or a short code of three to eight digits, " +
        "or a name, or a channel address as a scheme and a number, as in whatsapp:+…"
    )
    assert.strictEqual(
      reasonOf("+15145550142", from, { ...everything, senders: ["PhoneNumber"] })?.message,
      "from: expected a phone number as + and digits, with its country code"
    )
  })

  it("may be chosen by the carrier", () => {
    for (const to of Object.keys(reaches)) assert.isUndefined(reasonOf(to))
  })
})

describe("a recipient", () => {
  it.each([
    "ACME",
    "15145550142",
    "5145550142",
    "(514) 555-0142",
    "+1 514 555 0142",
    "+1-514-555-0142",
    " +15145550142",
    "+15145550142\n",
    "＋15145550142",
    "+",
    "+0145550142",
    "+15145550142123456",
    "12",
    "123456789",
    "tel:+15145550142",
    "sms:+15145550142",
    "phone:+15145550142",
    "m:+15145550142",
    "https://wa.me/15145550142",
    "WhatsApp:+15145550142",
    "whatsapp:15145550142",
    "whatsapp:+1 514 555 0142",
    "whatsapp: +15145550142",
    "whatsapp:Ana",
    "rcs:+1 (514) 555-0142",
    "whatsapp:"
  ])("that is written otherwise is refused with the form: %j", (to) => {
    const reason = reasonOf(to, "+15145550100")
    assert(reason?._tag === "InvalidRecipient")
    assert.isFalse(reason.canFailOver)
    assert.strictEqual(reason.field, "to")
    assert.strictEqual(
      reason.message,
      "to: expected a phone number as + and digits, with its country code, or a short code of three to eight digits, " +
        "or a channel address as a scheme and a number, as in whatsapp:+…"
    )
  })

  it("is told in the forms that the carrier reaches", () => {
    const reason = reasonOf("5145550142", undefined, { ...everything, recipients: ["PhoneNumber"] })
    assert.strictEqual(reason?.message, "to: expected a phone number as + and digits, with its country code")
  })

  it("may be a name where a carrier reaches names, and no number that is written otherwise", () => {
    const capabilities = { ...everything, recipients: kinds }
    assert.isUndefined(reasonOf("ACME 1", "+15145550100", capabilities))
    for (const to of ["15145550142", "(514) 555-0142", "+1 514 555 0142", "+1 800 FLOWERS"]) {
      assert.strictEqual(reasonOf(to, "+15145550100", capabilities)?._tag, "InvalidRecipient")
    }
  })

  it("of a kind that the carrier does not reach is left to another provider", () => {
    const capabilities: SendCapabilities = { ...everything, recipients: ["PhoneNumber"] }
    for (const to of ["12345", "whatsapp:+15145550142"]) {
      const reason = reasonOf(to, "whatsapp:+15145550100", {
        ...capabilities,
        recipients: [...capabilities.recipients]
      })
      assert.deepInclude(reason, { _tag: "NotSupported", field: "to" })
    }
  })
})
