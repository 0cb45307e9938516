/** Reads the fixtures of a carrier: what it sends and what it means, what is sent and what it is on the wire. */
import { readdirSync, readFileSync } from "node:fs"
import type * as ProviderSuite from "../src/testing/ProviderSuite.ts"
import type * as SendSuite from "../src/testing/SendSuite.ts"

const folder = (path: string) => new URL(`./fixtures/${path}/`, import.meta.url)
const readJson = (path: string, file: string) => JSON.parse(readFileSync(new URL(file, folder(path)), "utf8"))

/** The webhooks of a carrier. */
export const webhookFixtures = (carrier: string): ReadonlyArray<ProviderSuite.Fixture> =>
  readdirSync(folder(carrier)).filter((file) => file.endsWith(".request.json")).sort().map((file) => {
    const { body = "", contentType = "", method = "POST", query, source } = readJson(carrier, file)
    return {
      name: file.slice(0, -".request.json".length),
      source,
      request: {
        method,
        url: `https://sms.example.com/webhooks/sms/${carrier}/inbound${query === undefined ? "" : `?${query}`}`,
        contentType,
        body
      },
      expected: readJson(carrier, file.replace(".request.json", ".expected.json"))
    }
  })

/** The messages that a carrier accepts. */
export const sendFixtures = (carrier: string): ReadonlyArray<SendSuite.Fixture> =>
  readdirSync(folder(`send/${carrier}`)).filter((file) => file !== "refusals.json").sort().map((file) => ({
    ...readJson(`send/${carrier}`, file),
    name: file.slice(0, -".json".length)
  }))

/** What a carrier is asked about messages, and what it answers. */
export const queryFixtures = (carrier: string): Omit<SendSuite.Queries, "headers"> =>
  readJson("queries", `${carrier}.json`)

/** The answers with which a carrier refuses a message. */
export const refusalFixtures = (carrier: string): ReadonlyArray<SendSuite.Refusal> =>
  readJson(`send/${carrier}`, "refusals.json").cases
