import { addToUrl, type SendReference } from "../../SendReference.ts"

/**
 * Adds the reference of a send to the provider's callback URL. A callback URL
 * of the message itself stays as the caller wrote it: its server may not be
 * this one.
 */
export const withIntent = (url: string | undefined, intent: SendReference | undefined): string | undefined =>
  url === undefined || intent === undefined ? url : addToUrl(url, intent)
