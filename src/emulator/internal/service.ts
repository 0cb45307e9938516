/**
 * What the emulator can do, apart from how it does it.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type { Lazy } from "../../provider/Carrier.ts"
import type * as Emulation from "../../provider/Emulation.ts"
import type { Fault } from "../Fault.ts"
import type { Exchange } from "./exchanges.ts"
import type { Received } from "./people.ts"
import type { Phone } from "./phone.ts"
import type { Snapshot } from "./snapshot.ts"

/**
 * Options of the emulator.
 *
 * @category models
 * @since 0.1.0
 */
export type Options = {
  /** The port, on the loopback interface only. Any free one by default. */
  readonly port?: number | undefined
  /** The carriers to play. Those of this package by default; one without an emulation is left out. */
  readonly carriers?: ReadonlyArray<Lazy> | undefined
  /** The public URL of the application, which receives the webhooks. `http://127.0.0.1:3000` by default. */
  readonly appUrl?: string | undefined
  /** What the generated credentials and ids, and the faults with a probability, derive from. Random by default. */
  readonly seed?: string | undefined
  /** Scales the time that messages take. 1 by default, which is about half a second. 0 is at once. */
  readonly pace?: number | undefined
  /** How many messages of each carrier are kept, with 4 kB for each on average. 20,000 by default. */
  readonly maxMessages?: number | undefined
  /** How many people are kept, with 50 messages each and 5 kB for each on average. 10,000 by default. */
  readonly maxPeople?: number | undefined
  /** How many exchanges the log keeps, with 32 kB for each on average. 1000 by default. */
  readonly maxExchanges?: number | undefined
  /** How many webhooks are posted at a time. 128 by default. */
  readonly maxConnections?: number | undefined
}

/**
 * The port cannot be listened on.
 *
 * @category errors
 * @since 0.1.0
 */
export class ListenError extends Schema.TaggedError<ListenError>()("ListenError", {
  port: Schema.Int,
  code: Schema.String
}) {
  override get message(): string {
    return this.code === "EADDRINUSE"
      ? `Port ${this.port} is in use`
      : `Cannot listen on port ${this.port}: ${this.code}`
  }
}

/**
 * The emulator has no such number, message or rule.
 *
 * @category errors
 * @since 0.1.0
 */
export class Unknown extends Schema.TaggedError<Unknown>()("Unknown", {
  what: Schema.Literals(["number", "message", "fault", "file"])
}) {
  override get message(): string {
    return `The emulator has no such ${this.what}`
  }
}

/**
 * A message that a person writes.
 *
 * @category models
 * @since 0.1.0
 */
export interface Text {
  /** The number of the person. */
  readonly from: string
  /** A number of the application. That of the carrier by default. */
  readonly to?: string | undefined
  /** The name of the carrier. The one that has the number by default. */
  readonly carrier?: string | undefined
  readonly text?: string | undefined
  readonly files?: ReadonlyArray<Pick<Emulation.File, "type" | "bytes">> | undefined
}

/**
 * The emulator.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /** The base URL, such as `http://127.0.0.1:4010`. */
  readonly url: string
  /** The environment variables of a server that uses the emulated carriers. */
  readonly env: Readonly<Record<string, string>>
  /** More variables that may be set, such as a messaging service. */
  readonly extras: Readonly<Record<string, string>>
  /** The carriers, with the numbers that the application has at each. */
  readonly carriers: ReadonlyArray<{
    readonly name: string
    readonly title: string
    readonly numbers: ReadonlyArray<string>
    readonly magicNumbers: NonNullable<Emulation.Emulation["magicNumbers"]>
  }>
  /** Writes to the application as a person. */
  readonly text: (text: Text) => Effect.Effect<Emulation.Message, Unknown>
  /** Returns what a person received, oldest first. */
  readonly received: (number: string) => Effect.Effect<ReadonlyArray<Received>>
  /** Returns what the phone of a person shows. */
  readonly phone: (number: string) => Effect.Effect<Phone>
  /** Streams what the phone of a person shows: at once, and after each change. */
  readonly follow: (number: string) => Stream.Stream<Phone>
  /** Finds a file that a person sent. */
  readonly file: (id: string) => Effect.Effect<Emulation.File, Unknown>
  /** Returns the messages of a carrier, or of all, newest first. */
  readonly messages: (carrier?: string) => Effect.Effect<ReadonlyArray<Emulation.Message>>
  /** Finds a message by the carrier's id. */
  readonly message: (id: string) => Effect.Effect<Emulation.Message, Unknown>
  /** Sets the state of a message, which the carrier then reports. */
  readonly setState: (id: string, options: {
    readonly state: Emulation.State
    readonly reason?: Emulation.Reason | undefined
    readonly code?: string | undefined
  }) => Effect.Effect<Emulation.Message, Unknown>
  /** Adds a rule of faults, and returns its id. */
  readonly addFault: (fault: Fault) => Effect.Effect<string>
  readonly removeFault: (id: string) => Effect.Effect<void, Unknown>
  readonly faults: Effect.Effect<Phone["faults"]>
  /** Returns the log of exchanges, oldest first. */
  readonly exchanges: Effect.Effect<ReadonlyArray<Exchange>>
  /**
   * Waits until no webhook is on its way and nothing is due within a time, a
   * minute by default. What is scheduled for later does not count.
   */
  readonly quiet: (options?: { readonly within?: Duration.Input | undefined }) => Effect.Effect<void>
  /** Returns everything on the network, as JSON. What is on its way at that moment is not in it. */
  readonly snapshot: Effect.Effect<Snapshot>
  /** Puts the network back to a snapshot. The times in it stay as they are. */
  readonly restore: (snapshot: Snapshot) => Effect.Effect<void>
  /** Forgets all messages, people, rules and exchanges. The credentials stay. */
  readonly reset: Effect.Effect<void>
}
