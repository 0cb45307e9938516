/**
 * Decodes VoiceMeUp's webhooks.
 *
 * An SMS is one webhook. An MMS is several, which share only their sending
 * time: a wrapper, which contains the text and a link to a description of the
 * message, and one webhook per file. A single picture may arrive without a
 * wrapper. Every webhook with an attachment is therefore decoded as a part.
 */
import { compact } from "../../internal/record.ts"
import type { Payload } from "../../Payload.ts"
import * as Build from "../../provider/core/build.ts"
import { isRefused } from "../../provider/core/readers.ts"
import type { InvalidPayload, Refused } from "../../provider/core/refusal.ts"
import { toMillis, type Zone } from "../../provider/core/time.ts"
import * as Basic from "./basic.ts"
import * as Fields from "./fields.ts"

type Result = Build.Decoded | Refused<InvalidPayload>

const unrecognized = (
  { of }: Build.Build,
  provider: string,
  payload: Payload,
  eventType: string | undefined
): Result => Build.decoded(of({ _tag: "Unrecognized", provider, ...compact({ eventType }), raw: payload }))

const inbound = (
  build: Build.Build,
  provider: string,
  zone: Zone,
  payload: Payload
): Result => {
  const row = Fields.Row.read(payload)
  if (isRefused(row)) return row
  const timeOf = (text: string | undefined): string | undefined => {
    const millis = text === undefined ? undefined : toMillis(text, zone)
    return millis === undefined ? undefined : build.time(millis)
  }
  const { attachments, message: basic, part } = Basic.rowOf(build, provider, payload)
  if (attachments === 0 && row.message === "" && Fields.rowFields.hasContent(payload)) {
    return unrecognized(build, provider, payload, Basic.nameOf(payload))
  }
  const message = build.of({
    ...basic,
    ...compact({
      receivedAt: timeOf(row.datetime_transmission ?? row.datetime),
      sentAt: timeOf(row.datetime_transmission)
    }),
    metadata: Fields.rowFields.metadataOf(payload)
  })
  return Build.decoded(attachments === 0 ? message : build.of({ ...part, message }))
}

export const decode = (build: Build.Build, provider: string, zone: Zone, payload: Payload): Result => {
  const kind = Fields.Kind.read(payload)
  if (isRefused(kind)) return kind
  if (Basic.isMessage(payload)) return inbound(build, provider, zone, payload)
  return unrecognized(build, provider, payload, Basic.isInbound(payload) ? Basic.nameOf(payload) : kind.direction)
}
