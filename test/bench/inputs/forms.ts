/** The form of https://www.twilio.com/docs/messaging/guides/webhook-request, with the fields in Twilio's order. */
export const twilioForm = (id: string, body: string): Readonly<Record<string, string>> => ({
  ToCountry: "US",
  ToState: "CA",
  SmsMessageSid: id,
  NumMedia: "0",
  ToCity: "SAN BRUNO",
  FromZip: "",
  SmsSid: id,
  FromState: "CA",
  SmsStatus: "received",
  FromCity: "",
  Body: body,
  FromCountry: "US",
  To: "+16505550100",
  ToZip: "94030",
  NumSegments: "1",
  MessageSid: id,
  AccountSid: "AC00000000000000000000000000000001",
  From: "+16505550111",
  ApiVersion: "2010-04-01"
})
