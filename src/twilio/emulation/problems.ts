/**
 * Twilio's errors: the HTTP status and the text of each code
 * (https://www.twilio.com/docs/api/errors).
 */
import { type ApiReply, json, type Reason } from "../../provider/Emulation.ts"

interface Problem {
  readonly status: number
  readonly message: string
}

const problems = {
  20001: { status: 400, message: "Unknown parameters" },
  20003: { status: 401, message: "Authenticate" },
  20004: { status: 405, message: "Method not allowed" },
  20005: { status: 403, message: "Account not active" },
  20009: { status: 409, message: "Cannot modify or delete the message, because its delivery has not been completed" },
  20403: { status: 403, message: "Forbidden" },
  20404: { status: 404, message: "The requested resource was not found" },
  20429: { status: 429, message: "Too Many Requests" },
  20500: { status: 500, message: "Internal Server Error" },
  20503: { status: 503, message: "Service is unavailable" },
  21211: { status: 400, message: "Invalid 'To' Phone Number" },
  21212: { status: 400, message: "Invalid From Number (caller ID)" },
  21265: { status: 400, message: "'To' number cannot be a Short Code" },
  21266: { status: 400, message: "'To' and 'From' number cannot be the same" },
  21408: {
    status: 400,
    message: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number"
  },
  21603: { status: 400, message: "A 'From' phone number is required" },
  21604: { status: 400, message: "A 'To' phone number is required" },
  21606: {
    status: 400,
    message: "The 'From' phone number provided is not a valid message-capable Twilio phone number for this destination"
  },
  21609: { status: 400, message: "The 'StatusCallback' URL is not a valid URL" },
  21610: { status: 400, message: "Attempt to send to unsubscribed recipient" },
  21611: { status: 400, message: "This 'From' number has exceeded the maximum number of queued messages" },
  21612: {
    status: 400,
    message: "Message cannot be sent with the current combination of 'To' and/or 'From' parameters"
  },
  21614: { status: 400, message: "'To' number is not a valid mobile number" },
  21617: { status: 400, message: "The concatenated message body exceeds the 1600 character limit" },
  21619: { status: 400, message: "A text message body or media urls must be specified" },
  21620: { status: 400, message: "Invalid media URL(s)" },
  21623: { status: 400, message: "Number of media files exceeds allowed limit" },
  21624: { status: 400, message: "Invalid ValidityPeriod value" },
  21659: { status: 400, message: "'From' is not a Twilio phone number or Short Code country mismatch" },
  21701: { status: 404, message: "The Messaging Service does not exist" },
  21704: { status: 400, message: "The Messaging Service contains no phone numbers" },
  30007: { status: 400, message: "Message filtered" },
  30034: { status: 400, message: "Message from an Unregistered Number" },
  30409: { status: 409, message: "Message is not in a state in which it can be canceled" },
  35111: { status: 400, message: "SendAt parameter is required" },
  35113: { status: 400, message: "ScheduleType must be 'fixed'" },
  35114: {
    status: 400,
    message: "SendAt must be a time in ISO 8601 format, at least 300 seconds and at most 35 days in the future"
  },
  35118: { status: 400, message: "MessagingServiceSid is required to schedule a message" }
} as const satisfies Readonly<Record<number, Problem>>

export type Code = keyof typeof problems

/** Builds the response for a code. `detail` stands before the usual text. */
export const problem = (code: Code, detail = "", headers?: Readonly<Record<string, string>>): ApiReply => {
  const { message, status } = problems[code]
  return json(status, {
    code,
    message: detail === "" ? message : `${detail}: ${message}`,
    more_info: `https://www.twilio.com/docs/errors/${code}`,
    status
  }, headers)
}

/** The codes of requests that are refused. */
const refusals: Readonly<Partial<Record<Reason, Code>>> = {
  AccountSuspended: 20005,
  Authentication: 20003,
  ContentRejected: 30007,
  InvalidMessage: 21619,
  InvalidRecipient: 21211,
  InvalidSender: 21606,
  NotEnabled: 21408,
  OptedOut: 21610,
  RateLimited: 20429,
  Unreachable: 21612,
  UnregisteredSender: 30034
}

export const refusalOf = (reason: Reason): Code => refusals[reason] ?? 20500

/** The codes of messages that were not delivered. */
const failures: Readonly<Partial<Record<Reason, string>>> = {
  AccountSuspended: "30002",
  ContentRejected: "30007",
  Expired: "30036",
  InvalidRecipient: "30005",
  OptedOut: "21610",
  RateLimited: "30001",
  Unknown: "30008",
  Unreachable: "30003",
  UnregisteredSender: "30034"
}

export const failureOf = (reason: Reason): string => failures[reason] ?? "30008"

/** The texts of {@link failureOf}, as the message resource has them. */
const texts: Readonly<Record<string, string>> = {
  "21610": "Attempt to send to unsubscribed recipient",
  "30001": "Queue overflow",
  "30002": "Account suspended",
  "30003": "Unreachable destination handset",
  "30005": "Unknown destination handset",
  "30007": "Message filtered",
  "30008": "Unknown error",
  "30034": "US A2P 10DLC - Message from an Unregistered Number",
  "30036": "Validity Period Expired"
}

export const textOf = (code: string): string => Object.hasOwn(texts, code) ? texts[code]! : "Unknown error"
