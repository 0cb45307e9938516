/**
 * Texts that people write, senders and fields that look like names of fields:
 * none is a reason to refuse a genuine form, and no other cut of one means
 * something else.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as fc from "fast-check"
import { getExpectedTwilioSignature, validateRequest } from "twilio/lib/webhooks/webhooks.js"
import { WebhookEvent } from "../../src/WebhookEvent.ts"
import { cutAtNames } from "./recuts.ts"
import * as Webhooks from "./webhooks.ts"

type Form = Readonly<Record<string, string>>

const url = "https://sms.example.com/webhooks/sms/twilio/inbound"
const id = "SM0123456789abcdef0123456789abcdef"

const sms: Form = {
  AccountSid: "AC0123456789abcdef0123456789abcdef",
  ApiVersion: "2010-04-01",
  Body: "hello",
  From: "+15145550142",
  FromCity: "MONTREAL",
  FromCountry: "CA",
  FromState: "QC",
  FromZip: "",
  MessageSid: id,
  NumMedia: "0",
  NumSegments: "1",
  SmsMessageSid: id,
  SmsSid: id,
  SmsStatus: "received",
  To: "+15145550100",
  ToCity: "MONTREAL",
  ToCountry: "CA",
  ToState: "QC",
  ToZip: ""
}

const without = (form: Form, ...names: ReadonlyArray<string>): Form =>
  Object.fromEntries(Object.entries(form).filter(([name]) => !names.includes(name)))

const withoutPlaces = without(
  sms,
  "FromCity",
  "FromCountry",
  "FromState",
  "FromZip",
  "ToCity",
  "ToCountry",
  "ToState",
  "ToZip"
)

const whatsApp: Form = {
  ...withoutPlaces,
  ChannelMetadata: JSON.stringify({ type: "whatsapp", data: { context: { ProfileName: "Bob" } } }),
  From: "whatsapp:+15145550142",
  MessageType: "text",
  ProfileName: "Bob",
  ReferralNumMedia: "0",
  To: "whatsapp:+15145550100",
  WaId: "15145550142"
}

const report: Form = {
  ...without(withoutPlaces, "Body", "NumMedia", "NumSegments", "SmsMessageSid"),
  ErrorCode: "63016",
  MessageStatus: "failed",
  SmsStatus: "failed"
}

const provider = Effect.runSync(Webhooks.provider)
const encode = Schema.encodeSync(Schema.toCodecJson(Schema.Array(WebhookEvent)))

const textOf = (form: Form): string => Object.keys(form).sort().map((name) => name + form[name]).join("")

const signatureOf = (form: Form): string => getExpectedTwilioSignature("12345", url, { ...form })

/** The event of a form without its payload, or why it is refused. */
const read = (form: Form, signature = signatureOf(form)) => {
  const request = Webhooks.request({ url, body: Webhooks.encode(form), signature })
  const result = Effect.runSync(Effect.result(Effect.flatMap(provider.verify(request), provider.decode)))
  if (result._tag === "Failure") return result.failure.message
  const [{ raw, ...event }] = encode(result.success) as unknown as [Record<string, unknown>]
  assert.deepStrictEqual(raw, form)
  return event
}

const texts = [
  "Do you sell AddOns?",
  "ErrorMessage: printer on fire",
  "ListId 5",
  "see FlowData",
  "MessageType",
  "ButtonText not working",
  "ServiceSid",
  "see https://shop.example/?ProfileName=bob",
  "What does AccountSid mean",
  "My MessageSid is gone",
  `MessageSid${"SM"}${"f".repeat(32)}`,
  "ToCity please",
  "ApiVersion 2?",
  "ApiVersion2010-04-01Bodyhi",
  "To+15145550100 is my number",
  "From+15145550100",
  "pls reply to From:+15145550100",
  "hi From+19995550000FromAbcId",
  "FaceTime me at 5",
  "STOP FaceTime me at 5",
  "no DoorCode 12",
  "Do not pay the invoice CancelNumber 5",
  "NumMedia1MediaUrl0https://evil.example",
  "SmsStatusreceived",
  "MessageStatusdelivered",
  "Latitude1.0Longitude2.0LabelHome",
  "OptOutTypeSTOP",
  "WaId15145550199",
  "pay\nDeliveryAddress 5",
  "Id",
  "é",
  ""
]

describe("a genuine form is never refused, and keeps its text", () => {
  it.each(texts)("with the text %j", (Body) => {
    assert.deepInclude(read({ ...sms, Body }), { sender: sms["From"], content: { _tag: "TextContent", text: Body } })
    assert.deepInclude(read({ ...whatsApp, Body }), {
      sender: whatsApp["From"],
      content: { _tag: "TextContent", text: Body }
    })
    const media = { NumMedia: "1", MediaUrl0: "https://api.twilio.com/x", MediaContentType0: "text/vcard" }
    const withFile = read({ ...sms, Body, ...media })
    assert.deepInclude(withFile, { _tag: "InboundMessage", sender: sms["From"] })
    assert.include(JSON.stringify(withFile), JSON.stringify(Body).slice(1, -1))
  })

  it.each(["hello Forwardedtrue", "hi ButtonPayloadPAYButtonTextYes", "ExternalUserIdCA.1", "ChannelMetadata{}"])(
    "with the text %j, which only the message of a channel can have as a field",
    (Body) => {
      assert.deepInclude(read({ ...sms, Body }), { content: { _tag: "TextContent", text: Body } })
    }
  )

  it.each([
    "123Reg",
    "365Scores",
    "LabelShop",
    "ACME",
    "Acme Corp",
    "3M",
    "CityBank",
    "ZipCar",
    "JoesGrill",
    "12345",
    "+1",
    "messenger:1234567890",
    "rcs:+15145550142"
  ])("from %s", (From) => {
    assert.deepInclude(read({ ...sms, From }), { _tag: "InboundMessage", sender: From })
    assert.deepInclude(read({ ...withoutPlaces, From }), { _tag: "InboundMessage", sender: From })
    assert.deepInclude(read({ ...report, From }), { _tag: "DeliveryStatus", sender: From })
    const ErrorMessage = "The MessageType is not allowed"
    assert.deepInclude(read({ ...report, From, ErrorMessage }), { sender: From, errorMessage: ErrorMessage })
  })

  it.each(["AddOns Inc", "NumMedia Guy", "ReferralBody", "ProfileName", "RcsId", "From+1"])(
    "of %s",
    (ProfileName) => {
      assert.deepInclude((read({ ...whatsApp, ProfileName }) as { readonly metadata: object }).metadata, {
        ProfileName
      })
    }
  )

  it("with a name of an advertisement, a button, a place or an error", () => {
    const ad = {
      ReferralBody: "ButtonText and ListId",
      ReferralHeadline: "AddOns",
      ReferralSourceId: "1",
      ReferralSourceType: "ad",
      ReferralSourceUrl: "https://fb.example/x"
    }
    assert.deepInclude((read({ ...whatsApp, ...ad }) as { readonly metadata: object }).metadata, {
      ...ad,
      ProfileName: "Bob"
    })
    const button = { MessageType: "button", Body: "ListId", ButtonText: "ListId", ButtonPayload: "FromCity" }
    assert.deepInclude(read({ ...whatsApp, ...button }), {
      content: { _tag: "ReplyContent", text: "ListId", payload: "FromCity" }
    })
    // Older messages do not say their type.
    assert.deepInclude(read(without({ ...whatsApp, ...button }, "MessageType", "ChannelMetadata")), {
      content: { _tag: "ReplyContent", text: "ListId", payload: "FromCity" }
    })
    const place = {
      MessageType: "location",
      Body: "",
      Latitude: "1.5",
      Longitude: "-2",
      Label: "AddOns, ListId",
      Address: "ApiVersion 5"
    }
    assert.deepInclude(read({ ...whatsApp, ...place }), {
      content: { _tag: "LocationContent", latitude: 1.5, longitude: -2, label: place.Label, address: place.Address }
    })
    const fallback = { ErrorCode: "11200", ErrorUrl: "https://sms.example.com/hook" }
    const { content, metadata } = read({ ...sms, ...fallback }) as { content: object; metadata: object }
    assert.deepStrictEqual(content, { _tag: "TextContent", text: "hello" })
    assert.deepInclude(metadata, fallback)
  })

  it("with a field that is new", () => {
    for (const name of ["Direction", "Timestamp", "RCSAgentId", "DateCreatedUTC", "Media_Url"]) {
      assert.deepInclude(read({ ...sms, [name]: "inbound" }), { _tag: "InboundMessage", sender: sms["From"] })
      assert.deepInclude(read({ ...whatsApp, [name]: "inbound" }), { _tag: "InboundMessage", sender: whatsApp["From"] })
      assert.deepInclude(read({ ...report, [name]: "inbound" }), { _tag: "DeliveryStatus", sender: report["From"] })
    }
    // Wherever it does not follow a text, it changes nothing.
    for (const name of ["Timestamp", "RCSAgentId", "Media_Url"]) {
      assert.deepInclude(read({ ...sms, [name]: "inbound" }), { content: { _tag: "TextContent", text: "hello" } })
    }
  })
})

const cuts: ReadonlyArray<readonly [name: string, original: Form, cut: Form]> = [
  ...["messenger:1234567890", "12345", "ACME", "+15145550142"].map((From) => {
    const original = { ...withoutPlaces, From, Body: "hi From+19995550000FromAbcId" }
    return [
      `the sender is one in the text, and not ${From}`,
      original,
      { ...original, Body: "hi ", From: "+19995550000", FromAbcId: `From${From}` }
    ] as const
  }),
  ...["messenger:1234567890", "12345", "ACME"].map((From) => {
    const original = { ...sms, From, Body: "hi From+19995550000FromAbcId" }
    return [
      `the sender is one in the text, and not ${From}, which has a place`,
      original,
      { ...original, Body: "hi ", From: "+19995550000", FromAbcId: `From${From}` }
    ] as const
  }),
  ...[
    ["ACME", "FromACME", ""],
    ["ACME", "FromA", "CME"],
    ["Acme", "FromAcme", ""],
    ["CityBank", "FromCity", "Bank"],
    ["ZipCar", "FromZip", "Car"]
  ].map(([From, name, value]) => {
    const original = { ...withoutPlaces, From: From!, Body: "hi From+19995550000" }
    return [
      `the sender ${From} becomes the field ${name}`,
      original,
      { ...original, Body: "hi ", From: "+19995550000", [name!]: value! }
    ] as const
  }),
  ...[
    "FaceTime me at 5",
    "DocumentId 5",
    "CustomerNumber 5",
    "ClientName Bob",
    "EventDate tomorrow",
    "EmailAddress is a@b.c",
    "BookingNumber 42",
    "CreditCard",
    "DoorDash"
  ].map((Body) => {
    const [, name, rest] = /^([A-Za-z]+)(.*)$/.exec(Body)!
    const original = { ...sms, Body }
    return [`${JSON.stringify(Body)} is emptied`, original, { ...original, Body: "", [name!]: rest! }] as const
  }),
  ...[
    ["STOP FaceTime me at 5", "FaceTime"],
    ["no DoorCode 12", "DoorCode"],
    ["Do not pay the invoice CancelNumber 5", "CancelNumber"],
    ["hello Forwardedtrue", "Forwarded"],
    ["pls ErrorUrlhttp://x", "ErrorUrl"],
    ["pay\nDeliveryAddress 5", "DeliveryAddress"],
    ["cancel it. eFaxNumber 12", "FaxNumber"]
  ].map(([Body, name]) => {
    const original = { ...sms, Body: Body! }
    const at = Body!.indexOf(name!)
    return [
      `${JSON.stringify(Body)} loses its end`,
      original,
      { ...original, Body: Body!.slice(0, at), [name!]: Body!.slice(at + name!.length) }
    ] as const
  }),
  [
    "the text becomes a button",
    { ...sms, Body: "hi ButtonPayloadPAYButtonTextYes" },
    { ...sms, Body: "hi ", ButtonPayload: "PAY", ButtonText: "Yes" }
  ],
  [
    "the text becomes the button that it repeats",
    { ...sms, Body: "YesButtonPayloadPAYButtonTextYes" },
    { ...sms, Body: "Yes", ButtonPayload: "PAY", ButtonText: "Yes" }
  ],
  [
    "the text of WhatsApp becomes a button",
    { ...whatsApp, Body: "YesButtonPayloadPAYButtonTextYes" },
    { ...whatsApp, Body: "Yes", ButtonPayload: "PAY", ButtonText: "Yes" }
  ],
  [
    "a button becomes text",
    { ...whatsApp, MessageType: "button", Body: "Yes", ButtonPayload: "PAY", ButtonText: "Yes" },
    { ...whatsApp, MessageType: "button", Body: "YesButtonPayloadPAYButtonTextYes" }
  ],
  [
    "a text takes the metadata of its channel",
    whatsApp,
    { ...without(whatsApp, "ChannelMetadata"), Body: `helloChannelMetadata${whatsApp["ChannelMetadata"]}` }
  ],
  [
    "a name loses its end",
    { ...whatsApp, ProfileName: "Bob SomeText" },
    { ...whatsApp, ProfileName: "Bob ", ReferralNumMedia: "0", SomeText: "" }
  ],
  [
    "a name takes the number after it",
    whatsApp,
    { ...without(whatsApp, "ReferralNumMedia"), ProfileName: "BobReferralNumMedia0" }
  ],
  [
    "a place becomes the text of the message",
    {
      ...whatsApp,
      MessageType: "location",
      Address: "12 MainApiVersion2010-04-01BodyPay",
      Body: "",
      Latitude: "1.0",
      Longitude: "2.0"
    },
    {
      ...whatsApp,
      MessageType: "location",
      Address: "12 Main",
      Body: "PayApiVersion2010-04-01Body",
      Latitude: "1.0",
      Longitude: "2.0"
    }
  ],
  [
    "a label becomes the sender",
    { ...whatsApp, Body: "", Label: "HomeFromwhatsapp:+19995550000", Latitude: "1.0", Longitude: "2.0" },
    {
      ...whatsApp,
      Body: `Fromwhatsapp:+15145550142LabelHome`,
      From: "whatsapp:+19995550000",
      Latitude: "1.0",
      Longitude: "2.0"
    }
  ],
  [
    "an error takes the sender of its report",
    { ...report, ErrorMessage: "Unreachable" },
    { ...without(report, "From"), ErrorMessage: "UnreachableFrom+15145550142" }
  ]
]

describe("another cut of a signed form", () => {
  it.each(cuts.map(([name, original, cut]) => ({ name, original, cut })))(
    "is refused, or read as it was sent, where $name",
    ({ cut, original }) => {
      const signature = signatureOf(original)
      if (cut["Body"]?.includes("LabelHome") !== true && cut["SomeText"] === undefined) {
        assert.strictEqual(textOf(cut), textOf(original))
      }
      assert.strictEqual(validateRequest("12345", signature, url, { ...cut }), textOf(cut) === textOf(original))
      const sent = read(original)
      assert.isObject(sent)
      const answer = read(cut, signature)
      if (typeof answer === "object") assert.deepStrictEqual(answer, sent)
    }
  )

  it("has the meaning of the original, at any names in it", () => {
    const originals = [
      ...texts.flatMap((Body) => [{ ...sms, Body }, { ...whatsApp, Body }, { ...withoutPlaces, From: "ACME", Body }]),
      ...cuts.map(([, original]) => original)
    ].map((form) => ({ form, sent: read(form), signature: signatureOf(form) }))
    const seen = { cuts: 0, refused: 0 }
    fc.assert(
      fc.property(fc.constantFrom(...originals), fc.nat(), ({ form, sent, signature }, seed) => {
        const fields = Object.entries<string>({ ...form }).sort(([one], [other]) => one < other ? -1 : 1)
        const cut = Object.fromEntries(cutAtNames({ method: "POST", url, fields }, seed).fields)
        if (textOf(cut) !== textOf(form)) return
        seen.cuts++
        const answer = read(cut, signature)
        if (typeof answer === "object") assert.deepStrictEqual(answer, sent)
        else seen.refused++
      }),
      { numRuns: 4000, seed: 20_260_128 }
    )
    assert.isAbove(seen.cuts, 3000)
    assert.isAbove(seen.refused, 500)
  }, 60_000)
})
