/**
 * Recognizes errors of connections that were never established.
 */

// Error codes of libuv for a failed connect or name lookup.
const connectCodes: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EHOSTDOWN",
  "ENETDOWN",
  "EADDRNOTAVAIL",
  "ETIMEDOUT"
])

// Error codes that, for any system call, occur before the connection or its TLS session is established.
const earlyCodes: ReadonlySet<string> = new Set([
  "ENOTFOUND",
  "EAI_AGAIN",
  "EAI_FAIL",
  "EAI_NODATA",
  "EAI_NONAME",
  "UND_ERR_CONNECT_TIMEOUT",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_UNTRUSTED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
])

/** Returns the error and its chain of causes. `fetch` wraps the error of the socket. */
const chain = (error: unknown, depth = 5): ReadonlyArray<object> => {
  if (typeof error !== "object" || error === null || depth === 0) return []
  return [error, ..."cause" in error ? chain(error.cause, depth - 1) : []]
}

const isEarly = (error: object): boolean => {
  const code = "code" in error ? String(error.code) : ""
  if (earlyCodes.has(code)) return true
  if (!connectCodes.has(code)) return false
  if ("syscall" in error) return error.syscall === "connect"
  // Several addresses were tried in turn: the error combines the errors of all of them.
  return "errors" in error && Array.isArray(error.errors) && error.errors.length > 0 &&
    error.errors.every((one) => typeof one === "object" && one !== null && isEarly(one))
}

/**
 * Returns whether the cause of a transport error proves that no connection was
 * made, and so that no byte of the request was written. A reset, or a timeout
 * on an open connection, proves nothing.
 */
export const connectionFailed = (cause: unknown): boolean => chain(cause).some(isEarly)
