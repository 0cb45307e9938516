// A parent business has user ids with ENT, which are the same at all of its businesses.
const userId = /^[A-Z]{2}(?:\.ENT)?\.[A-Za-z\d]{1,128}$/

/**
 * Returns whether a text has the form of a business-scoped user ID, by which
 * WhatsApp addresses a person who hides the number
 * (https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids/).
 */
export const isUserId = (text: string): boolean => userId.test(text)
