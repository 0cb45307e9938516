/** Twilio's SDK, with the emulator in the place of Twilio. */
import Twilio from "twilio"
import type * as Emulator from "../../src/emulator/Emulator.ts"

export const sdk = ({ env }: Emulator.Service) => {
  const client = Twilio(env["TWILIO_ACCOUNT_SID"], env["TWILIO_AUTH_TOKEN"])
  client.api.baseUrl = env["TWILIO_BASE_URL"]!
  client.messaging.baseUrl = env["TWILIO_BASE_URL"]!
  return client
}
