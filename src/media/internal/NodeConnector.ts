/**
 * Connects to checked addresses only. Node only.
 */
import type * as Undici from "@effect/platform-node/Undici"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { isIP, type LookupFunction } from "node:net"
import * as AddressRules from "./addressRules.ts"
import * as Target from "./fetchTarget.ts"

/** Comes back from the socket as it is. */
export class NotPublic extends Data.TaggedError("NotPublic")<{}> {}

class NoAddress extends Data.TaggedError("NoAddress")<{}> {}

/** All addresses of a name. */
export type Resolve = (hostname: string) => Effect.Effect<ReadonlyArray<string>, unknown>

type Connector = Undici.buildConnector.connector
type BuildConnector = (options: Undici.buildConnector.BuildOptions) => Connector

/**
 * The lookup of a socket. The socket connects to what comes back and asks
 * nobody again, so a name cannot lead elsewhere between the check and the
 * connection.
 */
export const lookup = (
  resolve: Resolve,
  isAllowed: (address: string) => boolean,
  run: <A, E>(effect: Effect.Effect<A, E>, onExit: (exit: Exit.Exit<A, E>) => void) => void
): LookupFunction => {
  const addresses = Effect.fnUntraced(function*(hostname: string) {
    const found = yield* resolve(hostname).pipe(Effect.mapError(() => new NoAddress()))
    // One that is not public is enough: no carrier has such a record by mistake.
    if (!found.every(isAllowed)) return yield* new NotPublic()
    const [first, ...rest] = found.map((address) => ({ address, family: isIP(address) }))
    return first === undefined ? yield* new NoAddress() : [first, ...rest] as const
  })
  return (hostname, options, callback) =>
    run(addresses(hostname), (exit) => {
      if (Exit.isFailure(exit)) {
        const [reason] = exit.cause.reasons
        return callback(reason?._tag === "Fail" ? reason.error : new NoAddress(), "")
      }
      if (options.all === true) return callback(null, [...exit.value])
      const [{ address, family }] = exit.value
      return callback(null, address, family)
    })
}

/**
 * The connector of a dispatcher: hosts are checked, test hosts are not. A host
 * that is an address itself is checked here, because nobody looks it up.
 */
export const make = (options: {
  readonly build: BuildConnector
  readonly lookup: (isAllowed: (address: string) => boolean) => LookupFunction
  readonly testHosts: ReadonlyArray<string>
}): Connector => {
  // HTTP/1.1 alone: its framing is what the checks of lengths are written for.
  const guarded = options.build({ allowH2: false, lookup: options.lookup(AddressRules.isPublicText) })
  const open = options.build({ allowH2: false, lookup: options.lookup(() => true) })
  const isTestHost = Target.endpoints(options.testHosts)
  return (target, callback) => {
    if (isTestHost(target)) return open(target, callback)
    const address = AddressRules.literal(target.hostname)
    return address === undefined || AddressRules.isPublic(address)
      ? guarded(target, callback)
      : callback(new NotPublic(), null)
  }
}
