/**
 * Checks that the database can be opened, and the version of its schema.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { Examination } from "../../http/internal/examination.ts"
import * as Finding from "./Finding.ts"

const check = "database"

const timeout = "10 seconds"

export const database = Effect.fnUntraced(function*({ carriers, config, wrong }: Examination) {
  const isWrong = wrong.some(({ variable }) => variable === "DATABASE_URL")
  // Whether there is a carrier decides about the default.
  if (config === undefined || isWrong || (config.providers.size === 0 && carriers.length > 0)) {
    return Finding.skipped(check, "The configuration has to be corrected first")
  }
  const { description, file, schemaVersion } = config.storage
  if (schemaVersion === undefined) {
    return config.providers.size === 0
      ? Finding.skipped(check, "Without a carrier, there is none")
      : Finding.warning(check, "Everything is in memory, and lost at a restart", "Set DATABASE_URL")
  }
  const fs = yield* FileSystem.FileSystem
  // Opening it would create it.
  if (file !== undefined && !(yield* Effect.orElseSucceed(fs.exists(file), () => false))) {
    return Finding.warning(check, `${description} does not exist yet`, "The server creates it when it starts")
  }
  return yield* schemaVersion.pipe(
    Effect.map(({ found, known }) => {
      if (found === undefined) return Finding.ok(check, `${description} has no tables yet: the server creates them`)
      const version = `${description} has schema version ${found}`
      if (found === known) return Finding.ok(check, version)
      return found < known
        ? Finding.ok(check, `${version}: the server migrates it to ${known} when it starts`)
        : Finding.failure(check, `${version}, but this version supports at most ${known}`, "Install the newer version")
    }),
    Effect.timeoutOrElse({
      duration: timeout,
      orElse: () => Effect.succeed(Finding.failure(check, `${description} does not answer`))
    }),
    Effect.catch(({ message }) => Effect.succeed(Finding.failure(check, message)))
  )
})
