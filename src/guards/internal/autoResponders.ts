/**
 * The words of machines that answer messages: absence notes, mailboxes that are
 * not read, and services that a person did not write.
 */

const markers = new RegExp(
  [
    // English
    "\\b(this is|sent as) an? auto ?(mated|matic|mated response)\\b",
    "^auto ?(mated|matic) (message|reply|response|text)\\b",
    "\\bauto ?(reply|response|responder)\\b",
    "\\bout of (the )?office\\b",
    "\\b(do not|don't|please do not) (reply|respond) to this\\b",
    "\\bthis (number|phone|inbox|mailbox|line) (is not|isn't|cannot|can't) (monitored|receive|accept)",
    "\\b(driving focus|do not disturb while driving|i'm driving with)\\b",
    "\\b(msg|message)s? (and|&|n) data rates\\b",
    "\\b(reply|text|send) (stop|help) (to|for)\\b",
    "\\bwe have received your (message|text|request)\\b",
    "\\byour (message|text) has been received\\b",
    // French
    "\\b(ceci est|il s'agit d') ?un message automati(que|se)\\b",
    "\\b(message|reponse) automati(que|se)\\b",
    "\\babsente? du bureau\\b",
    "\\bne (pas repondre|repondez pas) a ce (message|texto|sms|numero)\\b",
    "\\bnous avons bien recu votre (message|texto|sms|demande)\\b",
    "\\b(repondez|textez|envoyez) (stop|arret|aide) (pour|au|a)\\b",
    // Spanish
    "\\b(mensaje|respuesta) automatic[oa]\\b",
    "\\bfuera de (la )?oficina\\b",
    "\\bno (responda|conteste|respondas) (a )?este (mensaje|numero)\\b",
    "\\bhemos recibido su (mensaje|solicitud)\\b",
    "\\b(responda|envie|conteste) (stop|alto|ayuda) (para|al)\\b"
  ].join("|")
)

/** The longest text that is searched: a marker is at the beginning. */
const maxLength = 1000

/** Returns text in small letters, without accents and with single blanks, for comparison. */
export const plain = (text: string): string =>
  text
    .slice(0, maxLength)
    .normalize("NFKD")
    .replaceAll(/\p{M}|\p{Cf}/gu, "")
    .toLowerCase()
    .replaceAll(/[\u2018\u2019]/g, "'")
    .replaceAll(/[\s-]+/g, " ")
    .trim()

/** Returns whether a machine wrote the text, judged by its words. A question about one is none. */
export const isAutomatic = (text: string): boolean => !/\?\s*$/.test(text) && markers.test(plain(text))
