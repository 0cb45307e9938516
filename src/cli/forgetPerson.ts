/**
 * Forgets a person, and prints how many rows and files that were. Loaded on
 * demand: a command that sends needs no database.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import type { Address } from "../Address.ts"
import * as MediaConfig from "../http/MediaConfig.ts"
import * as StorageConfig from "../http/StorageConfig.ts"
import { MediaStore } from "../media/MediaStore.ts"
import * as NodeIncrementalHash from "../media/NodeIncrementalHash.ts"
import * as NodeCrypto from "../NodeCrypto.ts"
import { invalid } from "../provider/Environment.ts"
import { type Forgotten, People } from "../sql/People.ts"
import { fail } from "./Failed.ts"

const labels: Readonly<Record<keyof Forgotten, string>> = {
  webhooks: "webhooks, with dead letters",
  rooms: "rooms",
  sharedRooms: "rooms with others, left",
  events: "events in rooms",
  sends: "sends",
  statuses: "delivery statuses",
  deliveries: "deliveries",
  logEntries: "entries of the event log",
  messageParts: "split messages",
  consents: "entries of the consent ledger",
  masked: "rows of others, masked",
  files: "files"
}

const describe = (forgotten: Forgotten): string => {
  const rows = Object.entries(labels).map(([kind, label]) =>
    [label, String(forgotten[kind as keyof Forgotten])] as const
  )
  const width = Math.max(...rows.map(([label]) => label.length))
  const digits = Math.max(...rows.map(([, count]) => count.length))
  return rows.map(([label, count]) => `${label.padEnd(width)}  ${count.padStart(digits)}`).join("\n")
}

/** The database, which must be there: to forget a person in a new one would look like a success. */
const layerPeople = Layer.unwrap(Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const { file, people } = yield* StorageConfig.load(true)
  if (people === undefined) {
    return yield* invalid("DATABASE_URL", "must name the database of the server: memory: keeps nothing")
  }
  if (file !== undefined && !(yield* Effect.orElseSucceed(fs.exists(file), () => false))) {
    return yield* invalid("DATABASE_URL", `must name the database of the server: there is no file ${file}`)
  }
  return people
}))

const mediaOf = Effect.gen(function*() {
  const config = yield* MediaConfig.loadStore
  if (config === undefined) return undefined
  const context = yield* Layer.build(config.store)
  return yield* Effect.provide(MediaStore, context)
})

const forgetIn = Effect.fnUntraced(
  function*(address: Address, json: boolean) {
    const media = yield* mediaOf
    const forgotten = yield* Effect.flatMap(People, ({ forget }) => forget(address, { media }))
    if (json) return yield* Console.log(JSON.stringify(forgotten))
    yield* Console.log(describe(forgotten))
    if (media === undefined) {
      yield* Console.error("Without MEDIA_DIR or MEDIA_S3_BUCKET, re-hosted files were not looked for")
    }
  },
  Effect.catchTags({
    StorageError: ({ cause }) =>
      fail(`The database failed (${cause instanceof Error ? cause.message : "unknown"}). Run the command again`),
    MediaError: ({ message }) => fail(`${message}. Run the command again`)
  })
)

export const forgetPerson = (address: Address, json: boolean) =>
  Effect.scoped(forgetIn(address, json)).pipe(
    Effect.provide(layerPeople),
    Effect.catchTag(["InvalidVariable", "ConfigError"], ({ message }) => fail(message)),
    Effect.provide([NodeHttpClient.layerUndici, NodeCrypto.layer, NodeIncrementalHash.layer, NodeServices.layer])
  )
