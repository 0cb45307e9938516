/**
 * The conformance suite of a provider that sends: what every carrier must do
 * with a message, whatever its dialect. It needs `@effect/vitest`, `vitest` and
 * `@effect/platform-node`, which are optional peer dependencies.
 *
 * Call {@link suite} in a test file. A server on this machine plays the
 * carrier, over the fetch and the undici client: it accepts, refuses, answers
 * with garbage, redirects, breaks connections and says nothing. The suite
 * checks every request, that an unknown outcome is never repeated, that a long
 * text loses no character, and that no error, log or span has a secret, a
 * number or a text in it.
 *
 * @since 0.1.0
 */
import { testOutcomes } from "./internal/sendOutcomes.ts"
import { testPrivacy } from "./internal/sendPrivacy.ts"
import { testRequests } from "./internal/sendRequests.ts"
import { testRetries } from "./internal/sendRetries.ts"
import { rigOf, type Subject } from "./internal/sendSubject.ts"

export type {
  /**
   * A message that the carrier accepts, and what it is on the wire.
   *
   * @category models
   * @since 0.1.0
   */
  Fixture,
  /**
   * An answer with which the carrier refuses a message.
   *
   * @category models
   * @since 0.1.0
   */
  Refusal,
  /**
   * What the suite needs to know of a provider.
   *
   * @category models
   * @since 0.1.0
   */
  Subject
} from "./internal/sendSubject.ts"

/**
 * Registers the tests of a provider.
 *
 * @category suites
 * @since 0.1.0
 */
export const suite = (subject: Subject): void => {
  const rig = rigOf(subject)
  testRequests(subject, rig)
  testOutcomes(subject, rig)
  testRetries(subject, rig)
  testPrivacy(subject, rig)
}
