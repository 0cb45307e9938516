/**
 * The inbox in a database, which any number of servers can share.
 *
 * @since 0.1.0
 */
import { definition } from "../inbox/Inbox.ts"
import { addressOf } from "../internal/eventAddress.ts"
import { Unrecognized, WebhookEvent } from "../WebhookEvent.ts"
import { escaped } from "./internal/person.ts"
import * as Queue from "./internal/queue.ts"
import type { Servers } from "./internal/servers.ts"
import type { Transact } from "./internal/storage.ts"

/** Makes the inbox. The tables must exist. */
export const make = (transact: Transact, servers: Servers) =>
  Queue.make<WebhookEvent>(
    {
      ...definition,
      name: "inbox",
      table: "sms_inbox",
      lanes: "sms_lanes",
      schema: WebhookEvent,
      kindOf: ({ _tag }) => _tag,
      addressOf,
      // An event begins with its tag and its provider.
      isOf: (sql, provider) =>
        sql`event LIKE '{"_tag":"' || kind || '","provider":' || ${`${
          escaped(JSON.stringify(provider))
        }%`} ESCAPE '\\'`,
      standIn: (eventType) => new Unrecognized({ provider: "unknown", eventType, raw: {} })
    },
    transact,
    servers
  )
