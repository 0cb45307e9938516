/**
 * The content security policy of the server's own pages. They run no script but
 * their own and contact no other server: they hold a token, or read personal data.
 */
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"

export interface Sources {
  readonly scripts: ReadonlyArray<string>
  readonly styles: ReadonlyArray<string>
  readonly images: ReadonlyArray<string>
  /** Sounds and videos. None by default. */
  readonly media?: ReadonlyArray<string> | undefined
  /** Directives beside those of every page. */
  readonly more?: ReadonlyArray<string> | undefined
}

/** Builds the policy of a page. */
export const make = ({ images, media, more = [], scripts, styles }: Sources): string =>
  [
    "default-src 'none'",
    `script-src ${scripts.join(" ")}`,
    `style-src ${styles.join(" ")}`,
    `img-src ${images.join(" ")}`,
    ...(media === undefined ? [] : [`media-src ${media.join(" ")}`]),
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    ...more
  ].join("; ")

const utf8 = new TextEncoder()

/** Names the scripts that a page contains by their hashes. */
export const scriptHashes = Effect.fnUntraced(function*(html: string) {
  const { digest } = yield* Digest.Digest
  return yield* Effect.forEach(
    html.matchAll(/<script>([^]*?)<\/script>/g),
    ([, script = ""]) =>
      Effect.map(digest(Digest.sha256, utf8.encode(script)), (hash) => `'sha256-${Base64.encode(hash)}'`)
  )
})
