import { NodeCrypto } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { Digest } from "effect/crypto"
import * as fc from "fast-check"
import { IncrementalHash } from "../../../src/media/IncrementalHash.ts"
import * as NodeIncrementalHash from "../../../src/media/NodeIncrementalHash.ts"

it.effect("hashes pieces as the digest of the platform hashes the whole", () =>
  Effect.gen(function*() {
    const { sha256 } = yield* IncrementalHash
    const digest = yield* Digest.Digest
    for (const pieces of fc.sample(fc.array(fc.uint8Array({ maxLength: 300 })), { numRuns: 100, seed: 1 })) {
      const hasher = yield* sha256
      for (const piece of pieces) hasher.update(piece)
      const whole = yield* digest.digest(Digest.sha256, Uint8Array.from(Buffer.concat(pieces)))
      assert.deepStrictEqual(hasher.digest(), whole)
    }
  }).pipe(Effect.provide([NodeIncrementalHash.layer, NodeCrypto.layer])))
