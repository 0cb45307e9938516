/** How Twilio sends webhooks. */
export const bounds = {
  methods: ["POST", "GET"],
  contentTypes: ["application/x-www-form-urlencoded", "application/json"]
}
