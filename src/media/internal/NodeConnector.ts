/**
 * Connects only to checked addresses. Node only.
 */
import type * as Undici from "@effect/platform-node/Undici"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { isIP, type LookupFunction } from "node:net"
import * as AddressRules from "./addressRules.ts"
import * as Target from "./fetchTarget.ts"

/** Passed through the socket unchanged. */
export class NotPublic extends Data.TaggedError("NotPublic")<{}> {}

class NoAddress extends Data.TaggedError("NoAddress")<{}> {}

/** Resolves a name to all its addresses. */
export type Resolve = (hostname: string) => Effect.Effect<ReadonlyArray<string>, unknown>

type Connector = Undici.buildConnector.connector
type BuildConnector = (options: Undici.buildConnector.BuildOptions) => Connector

/**
 * Builds the lookup function of a socket. The socket connects to the returned
 * address without another lookup, so a name cannot change its target between
 * the check and the connection.
 */
export const lookup = (
  resolve: Resolve,
  isAllowed: (address: string) => boolean,
  run: <A, E>(effect: Effect.Effect<A, E>, onExit: (exit: Exit.Exit<A, E>) => void) => void
): LookupFunction => {
  const addresses = Effect.fnUntraced(function*(hostname: string) {
    const found = yield* resolve(hostname).pipe(Effect.mapError(() => new NoAddress()))
    // A single non-public address is enough to refuse: no carrier has such a record by mistake.
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
 * Builds the connector of a dispatcher. Hosts are checked, test hosts are not.
 * A host that is an IP address is checked here, because sockets do not look it
 * up.
 */
export const make = (options: {
  readonly build: BuildConnector
  readonly lookup: (isAllowed: (address: string) => boolean) => LookupFunction
  readonly allowPrivate: boolean
  readonly testHosts: ReadonlyArray<string>
}): Connector => {
  // HTTP/1.1 only: the length checks rely on its framing.
  const guarded = options.build({ allowH2: false, lookup: options.lookup(AddressRules.isPublicText) })
  const open = options.build({ allowH2: false, lookup: options.lookup(() => true) })
  const isTestHost = Target.endpoints(options.testHosts)
  return (target, callback) => {
    if (options.allowPrivate || isTestHost(target)) return open(target, callback)
    const address = AddressRules.literal(target.hostname)
    return address === undefined || AddressRules.isPublic(address)
      ? guarded(target, callback)
      : callback(new NotPublic(), null)
  }
}
