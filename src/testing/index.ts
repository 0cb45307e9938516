export * as MockSmsProvider from "./MockSmsProvider.ts"
