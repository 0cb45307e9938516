// @effect-diagnostics globalDate:off
/** Returns the current time in epoch milliseconds, where there is no service that has it. */
// oxlint-disable-next-line no-restricted-globals
export const now = (): number => Date.now()
