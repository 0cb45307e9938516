/**
 * Plays the carriers on this machine, for tests and for development without an
 * account.
 *
 * @since 0.1.0
 */
export * as Emulator from "./Emulator.ts"
export * as EmulatorApi from "./EmulatorApi.ts"
export * as EmulatorClient from "./EmulatorClient.ts"
export * as Fault from "./Fault.ts"
export * as MagicNumber from "./MagicNumber.ts"
