/**
 * What the servers have in common: what they serve, and how they say that they
 * do.
 */

export const authToken = "0123456789abcdef0123456789abcdef"
export const publicUrl = "https://sms.example.com"
export const path = "/webhooks/sms/twilio/inbound"
export const url = publicUrl + path

/** TwiML that says nothing. */
export const answer = "<Response/>"
export const contentType = "text/xml"

/**
 * Tells the port to the process that started this one, and how much processor
 * it has used whenever that one asks. Ends with it.
 */
export const listening = (port: number): void => {
  process.on("disconnect", () => process.exit())
  process.on("message", () => process.send?.(process.cpuUsage()))
  process.send?.(port)
}

export const portOf = (address: string | { readonly port: number } | null): number => {
  if (typeof address !== "object" || address === null) throw new Error("The server listens on no port")
  return address.port
}
