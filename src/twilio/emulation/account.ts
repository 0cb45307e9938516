/**
 * The emulated account: its generated credentials, and what belongs to it.
 */
import type { Options } from "../../provider/Emulation.ts"

export interface Account {
  readonly sid: string
  readonly authToken: string
  readonly keySid: string
  readonly keySecret: string
  /** The messaging service, which has all numbers but the first. */
  readonly serviceSid: string
  readonly options: Options
  /** The times are those of the account's beginning. */
  readonly createdAt: number
}

export const make = (options: Options): Account => {
  const { network, random } = options
  return {
    sid: `AC${random.hex(32)}`,
    authToken: random.hex(32),
    keySid: `SK${random.hex(32)}`,
    keySecret: random.text(32),
    serviceSid: `MG${random.hex(32)}`,
    options,
    createdAt: network.now()
  }
}

/** The id of a number. */
export const numberSid = ({ options: { crypto } }: Account, number: string): string =>
  `PN${crypto.sha256(number).slice(0, 32)}`

/** The numbers of the messaging service. */
export const pool = ({ options: { network } }: Account): ReadonlyArray<string> => network.numbers.slice(1)

/** What can be set at a number, or at the messaging service. */
export interface Settings {
  readonly url: string
  readonly method: "POST" | "GET"
  readonly fallbackUrl: string
  readonly fallbackMethod: "POST" | "GET"
  readonly statusCallback: string
  /** Whether the service leaves received messages to the webhook of the number. */
  readonly useNumber: boolean
}

/** Returns the settings of a number or of the messaging service, by its id. */
export const settings = ({ options: { inboundUrl, network } }: Account, sid: string): Settings =>
  network.records<Settings>("settings").get(sid) ?? {
    url: inboundUrl,
    method: "POST",
    fallbackUrl: "",
    fallbackMethod: "POST",
    statusCallback: "",
    useNumber: false
  }
