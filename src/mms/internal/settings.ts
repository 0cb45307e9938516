/**
 * How long an aggregator waits.
 */
import * as Duration from "effect/Duration"

/**
 * How long to wait, in milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface Settings {
  /** For the media of a wrapper. */
  readonly timeout: number
  /** For more media after the first. With 0, the first completes the message. */
  readonly quietTime: number
  /** For the wrapper of media that came before it. With 0, media go out at once. */
  readonly reorderWindow: number
  /** For late and repeated parts. */
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
