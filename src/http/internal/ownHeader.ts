/**
 * The header that the console's page adds to its requests. A page of another
 * origin can send it only after a preflight, which this server refuses.
 */
export const ownHeader = "x-effect-sms-console"
