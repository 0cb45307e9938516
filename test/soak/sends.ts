/** Messages through the APIs of all carriers that the emulator plays, and the callbacks that each has. */
import { request } from "../bench/servers/wire.ts"

export interface Send {
  readonly request: string
  /** How many callbacks follow. */
  readonly callbacks: number
}

interface Setting {
  readonly port: number
  readonly env: Readonly<Record<string, string>>
  readonly callbackUrl: string
}

const form = { "content-type": "application/x-www-form-urlencoded" }
const json = { "content-type": "application/json" }

/** Every second one is of a thousand people, and the others are of as many as there are messages. */
const person = (index: number): string => `+1650${5_000_000 + (index % 2 === 0 ? index % 2000 : index % 4_999_999)}`

/** Most texts are short, and some as long as carriers take them. */
const textOf = (index: number): string =>
  `Your order number ${index} is on its way.`.padEnd(index % 100 === 0 ? 900 : 0, " It is here before noon.")

const fields = (values: Readonly<Record<string, string>>): string => `${new URLSearchParams(values)}`

/** Makes the requests in turn: three of four carriers report, and Sinch reports the end alone. */
export const sendsOf = ({ callbackUrl, env, port }: Setting): (index: number) => Send => {
  const basic = `Basic ${btoa(`${env["TWILIO_ACCOUNT_SID"]}:${env["TWILIO_AUTH_TOKEN"]}`)}`
  const twilio = (index: number, more: Readonly<Record<string, string>>, callbacks: number): Send => ({
    callbacks,
    request: request(
      `/twilio/2010-04-01/Accounts/${env["TWILIO_ACCOUNT_SID"]}/Messages.json`,
      port,
      { authorization: basic, ...form },
      fields({ To: person(index), Body: textOf(index), StatusCallback: callbackUrl, ...more })
    )
  })
  const kinds: ReadonlyArray<(index: number) => Send> = [
    (index) => twilio(index, { From: env["TWILIO_FROM"]! }, 2),
    (index) => ({
      callbacks: 2,
      request: request(
        "/telnyx/v2/messages",
        port,
        { authorization: `Bearer ${env["TELNYX_API_KEY"]}`, ...json },
        JSON.stringify({ from: env["TELNYX_FROM"], to: person(index), text: textOf(index), webhook_url: callbackUrl })
      )
    }),
    (index) => ({
      callbacks: 1,
      request: request(
        `/sinch/xms/v1/${env["SINCH_SERVICE_PLAN_ID"]}/batches`,
        port,
        { authorization: `Bearer ${env["SINCH_API_TOKEN"]}`, ...json },
        JSON.stringify({
          from: env["SINCH_FROM"],
          to: [person(index)],
          body: textOf(index),
          delivery_report: "per_recipient_final",
          callback_url: callbackUrl
        })
      )
    }),
    (index) => ({
      callbacks: 0,
      request: request(
        "/voicemeup/api/v1.1/json/queue_sms",
        port,
        form,
        fields({
          username: env["VOICEMEUP_USERNAME"]!,
          auth_token: env["VOICEMEUP_AUTH_TOKEN"]!,
          source_number: env["VOICEMEUP_FROM"]!.slice(1),
          destination_number: person(index).slice(1),
          message: textOf(index)
        })
      )
    })
  ]
  return (index) => {
    // Scheduled for next week: forgotten before it is due.
    if (index % 50 === 0) {
      const sendAt = new Date(Date.now() + 7 * 86_400_000).toISOString()
      const scheduled = {
        MessagingServiceSid: env["TWILIO_MESSAGING_SERVICE_SID"]!,
        ScheduleType: "fixed",
        SendAt: sendAt
      }
      return twilio(index, scheduled, 0)
    }
    return kinds[index % kinds.length]!(index)
  }
}
