/**
 * The official SDK. `@sinch/sdk-client` 1.5.0 asks for the version of a package
 * that it does not depend on, `@sinch/sdk-core`, and so cannot be imported as
 * published: it is given our own `package.json` instead.
 */
import type * as Sms from "@sinch/sms"
import { createRequire, registerHooks } from "node:module"

const hooks = registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "@sinch/sdk-core/package.json"
      ? { url: new URL("../../package.json", import.meta.url).href, format: "json", shortCircuit: true }
      : next(specifier, context)
})

const sdk: typeof Sms = createRequire(import.meta.url)("@sinch/sms")

hooks.deregister()

export const { SmsCallbackWebhooks, SmsService, validateSignatureHeader } = sdk
