/**
 * The documentation of an error.
 */

/** The page that has a section for each error code. */
export const errorPage = "https://github.com/effect-sms/effect-sms/blob/main/docs/errors.md"

/** Returns the URL of the section of an error code: the tag of an error, or a reason. */
export const errorUrl = (code: string): string => `${errorPage}#${code.toLowerCase()}`
