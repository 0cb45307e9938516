export * as Problems from "./Problems.ts"
export * as ServerConfig from "./ServerConfig.ts"
export * as WebhookApi from "./WebhookApi.ts"
export * as WebhookServer from "./WebhookServer.ts"
