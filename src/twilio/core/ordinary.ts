/**
 * Decodes an ordinary SMS: a text, and no field but those that every SMS has. In a
 * third of the time that the decoder of all webhooks takes, to which a property
 * holds it equal.
 */
import { rememberedNames } from "../../internal/rememberedNames.ts"
import type { Payload } from "../../Payload.ts"
import * as Build from "../../provider/core/build.ts"
import { toCount } from "../../provider/core/values.ts"
import { maxName, maxText } from "../../provider/internal/lengths.ts"
import { messageFields } from "./fields.ts"
import { hasPlainNames } from "./plain.ts"
import { asReceived } from "./reading.ts"

type Texts = Readonly<Record<string, string | undefined>>

const haveNames = /* @__PURE__ */ rememberedNames(hasPlainNames)

/** Returns the message, or `undefined` for any other webhook. */
export const decode = (build: Build.Build, provider: string, payload: Payload): Build.Decoded | undefined => {
  if (!haveNames(payload)) return undefined
  for (const name in payload) {
    const value = payload[name]
    if (typeof value !== "string" || value.length > (name === "Body" ? maxText : maxName)) return undefined
  }
  const { Body, From, MessageSid, NumMedia = "0", NumSegments, SmsStatus, To } = payload as Texts
  const isMessage = SmsStatus === "received" && NumMedia === "0"
  if (!isMessage || !MessageSid || !From || !To || !Body) return undefined
  const content = Build.fromParts(build, Body, [])
  const metadata = messageFields.metadataOf(payload)
  const message = Build.messageOf(provider, MessageSid, From, To, content, metadata, asReceived(payload))
  const segments = toCount(NumSegments)
  if (segments !== undefined) message.segments = segments
  return Build.decoded(build.of(message))
}
