/**
 * Reads the files of a payload. Carriers, and the SDKs and gateways before them,
 * name a file's URL and type in several ways.
 */
import { isObject, lookup } from "../../internal/record.ts"
import type { Payload } from "../../Payload.ts"
import { isUrl, items, ownString } from "./values.ts"

/** The members that contain the URL of a file, in lower case and without separators. The first one counts. */
const urlNames = ["url", "mediaurl", "fileurl", "fileuri", "attachmenturl", "attachment", "link", "uri", "href"]

const typeNames = ["contenttype", "mimetype", "mediatype"]

const withoutCase = (key: string): string => key.toLowerCase().replaceAll(/[_-]/g, "")

const find = (item: Payload, names: ReadonlyArray<string>, is: (text: string) => boolean): string | undefined => {
  const texts = new Map(Object.keys(item).map((key) => [withoutCase(key), ownString(item, key)]))
  for (const name of names) {
    const text = texts.get(name)
    if (text !== undefined && is(text)) return text
  }
  return undefined
}

/** Returns the URL of a file, which is given as an object or as a bare URL. */
export const urlOf = (item: unknown): string | undefined => {
  if (!isObject(item)) return isUrl(item) ? item : undefined
  return ownString(item, "url") ?? find(item, urlNames, isUrl)
}

/** Returns the type of a file that is given as an object. */
export const mimeTypeOf = (item: unknown): string | undefined =>
  isObject(item) ? ownString(item, "content_type") ?? find(item, typeNames, () => true) : undefined

/** Lists of files that no reference of a carrier has, and that payloads contain beside or in place of its own. */
const otherLists = ["media_url", "mediaUrl", "mediaUrls", "attachments", "attachment"]

/** Returns the files in a member that is named otherwise than in the reference. */
export const othersIn = (payload: Payload): ReadonlyArray<unknown> => {
  let found: ReadonlyArray<unknown> | undefined
  for (const name of otherLists) {
    const value = lookup(payload, name)
    if (value !== undefined) found = [...found ?? [], ...items(value).filter((item) => urlOf(item) !== undefined)]
  }
  return found ?? none
}

const none: ReadonlyArray<unknown> = []
