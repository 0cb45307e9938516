/**
 * The conformance suite for providers that send: how every carrier must handle
 * messages, whatever its API. It needs `@effect/vitest`, `vitest` and
 * `@effect/platform-node`, which are optional peer dependencies.
 *
 * Call {@link suite} in a test file. A local server simulates the carrier, with
 * the fetch and the undici client: it accepts, refuses, responds with garbage,
 * redirects, breaks connections and times out. The suite checks every request,
 * that a request with an unknown outcome is never retried, that a long text
 * loses no character, and that no error, log or span contains a secret, a
 * number or a text.
 *
 * @since 0.1.0
 */
import { testOutcomes } from "./internal/sendOutcomes.ts"
import { testPrivacy } from "./internal/sendPrivacy.ts"
import { testQueries } from "./internal/sendQueries.ts"
import { testRequests } from "./internal/sendRequests.ts"
import { testRetries } from "./internal/sendRetries.ts"
import { rigOf, type Subject } from "./internal/sendSubject.ts"

export type { Fixture, LookUpFixture, Queries, Refusal, StatusFixture, Subject } from "./internal/sendSubject.ts"

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
  testQueries(subject, rig)
}
