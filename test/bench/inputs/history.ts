/**
 * A database as it is after many webhooks: the rows of one that was processed
 * are multiplied in SQL, with the number, the room and the ids of another each
 * time.
 */
import { DatabaseSync } from "node:sqlite"

type Row = Readonly<Record<string, unknown>>

const rowsOf = (database: DatabaseSync, table: string) => database.prepare(`SELECT * FROM ${table}`).all() as Array<Row>

const quoted = (text: unknown) => `'${String(text).replaceAll("'", "''")}'`

/** What differs between copies: the text in the row that is copied, and the expression that stands for it. */
type Changes = ReadonlyArray<readonly [text: string, by: string]>

/** Inserts `count` copies of each row. The number of the copy is `n`. Ids of 26 characters stay as long. */
const multiply = (database: DatabaseSync, table: string, count: number, changes: Changes) => {
  for (const { position: _, ...row } of rowsOf(database, table)) {
    const values = Object.values(row).map((value) => {
      if (typeof value !== "string") return value === null ? "NULL" : String(value)
      return changes.reduce(
        (sql, [text, by]) => value.includes(text) ? `replace(${sql}, ${quoted(text)}, ${by})` : sql,
        quoted(value)
      )
    })
    // One of the copies may be of the very number.
    database.exec(`INSERT OR IGNORE INTO ${table} (${Object.keys(row).join(", ")})
      WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count})
      SELECT ${values.join(", ")} FROM numbers`)
  }
}

/** Multiplies what one processed webhook left to so many webhooks in so many rooms. */
export const multiplyHistory = (
  filename: string,
  { events, rooms }: { readonly events: number; readonly rooms: number }
) => {
  const database = new DatabaseSync(filename)
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; BEGIN")
  const [entry] = rowsOf(database, "sms_inbox")
  const [room] = rowsOf(database, "sms_rooms")
  const [event] = rowsOf(database, "sms_events")
  const number = String(entry!["address"])
  const ofRoom: Changes = [
    [number.slice(1), `printf('1650%07d', 5551000 + n % ${rooms})`],
    [String(room!["id"]), `printf('0ROOM%021d', n % ${rooms})`]
  ]
  const ofEvent: Changes = [
    ...ofRoom,
    [String((JSON.parse(String(entry!["event"])) as Row)["externalId"]), "printf('SM%032d', n)"],
    [String(entry!["id"]), "printf('0INBOX%020d', n)"],
    [String(event!["id"]), "printf('0EVENT%020d', n)"]
  ]
  for (const table of ["sms_rooms", "sms_routes", "sms_room_people"]) multiply(database, table, rooms, ofRoom)
  for (const table of ["sms_inbox", "sms_room_events", "sms_events"]) multiply(database, table, events, ofEvent)
  database.exec("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)")
  database.close()
}
