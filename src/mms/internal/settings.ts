/**
 * The timeouts of an aggregator.
 */
import * as Duration from "effect/Duration"

/**
 * The timeouts of a window, in milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface Settings {
  /** How long a wrapper waits for its media, and a segment for the others. */
  readonly timeout: number
  /** How long a message waits for more media. With 0, the first file completes it. */
  readonly quietTime: number
  /** How long media wait for a wrapper that arrives after them. With 0, they are released immediately. */
  readonly reorderWindow: number
  /** How long late and duplicate parts are recognized. */
  readonly rememberFor: number
}

const millis = (input: Duration.Input): number => Math.max(0, Duration.toMillis(Duration.fromInputUnsafe(input)))

/** Computes the settings from an aggregator's options. */
export const settings = (
  options: { readonly [K in keyof Settings]?: Duration.Input | undefined }
): Settings => ({
  timeout: millis(options.timeout ?? "5 seconds"),
  quietTime: millis(options.quietTime ?? 0),
  reorderWindow: millis(options.reorderWindow ?? 0),
  rememberFor: millis(options.rememberFor ?? "10 minutes")
})
