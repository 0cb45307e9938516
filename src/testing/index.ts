/**
 * The mock provider, for tests of applications.
 *
 * @since 0.1.0
 */
export * as MockSmsProvider from "./MockSmsProvider.ts"
