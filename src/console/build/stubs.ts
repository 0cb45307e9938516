/**
 * What the page has in place of modules that only the documentation of the API
 * needs: the carriers, and the samples.
 */
import * as Context from "effect/Context"

// In place of Carriers.ts.
export const all = [{ name: "" }]
export const names = () => ""
export const titles = () => ""

// In place of http/internal/apiSamples.ts.
export const samples = {}
export const annotations = () => Context.empty()

// In place of http/internal/notifications.ts.
export const withWebhooks = (document: unknown) => document
