/**
 * Runs every property with the same inputs each time, so that a test that
 * passed once fails only when the code changes. `SEED=random` looks for new
 * counterexamples (`npm run test:explore`), `SEED=n` repeats a run.
 */
import * as fc from "fast-check"

const { SEED = "20261128" } = process.env

fc.configureGlobal({
  ...fc.readConfigureGlobal(),
  ...(SEED === "random" ? undefined : { seed: Number(SEED) })
})
