/**
 * Maps VoiceMeUp's error codes to refusals. There is no official list; these
 * are the codes that its only public client knows
 * (https://github.com/roomkit-live/roomkit,
 * `src/roomkit/providers/voicemeup/sms.py`).
 */
import { lookup, tableOf } from "../provider/Wire.ts"
import type { Refusal } from "../SmsError.ts"

const byCode = /* @__PURE__ */ tableOf<Refusal>({
  // The user may not send, or not from this number.
  Authentication: ["permission_refused"],
  DuplicateMessage: ["duplicate_entry"]
})

/**
 * Maps a VoiceMeUp error code to a refusal. Returns `undefined` for an
 * unrecognized code: the message is refused, and only `detail` may contain the
 * reason.
 *
 * @category getters
 * @since 0.1.0
 */
export const refusalOf = (code: string): Refusal | undefined => lookup(byCode, code)
