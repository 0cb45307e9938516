/**
 * What VoiceMeUp's error codes mean: those that its one public client knows
 * (https://github.com/roomkit-live/roomkit,
 * `src/roomkit/providers/voicemeup/sms.py`). There is no list of them.
 */
import { lookup, tableOf } from "../provider/Wire.ts"
import type { Refusal } from "../SmsError.ts"

const byCode = /* @__PURE__ */ tableOf<Refusal>({
  // The user may not send, or not from this number.
  Authentication: ["permission_refused"],
  DuplicateMessage: ["duplicate_entry"]
})

/**
 * What a VoiceMeUp error code means. `undefined` for one that is not known: the
 * message is refused, and why is in `detail` at best.
 *
 * @category getters
 * @since 0.1.0
 */
export const refusalOf = (code: string): Refusal | undefined => lookup(byCode, code)
