export * as MockSmsProvider from "./MockSmsProvider.ts"
export * as WebhookSigner from "./WebhookSigner.ts"
