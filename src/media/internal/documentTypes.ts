/**
 * Types that the bytes alone do not show: text in its many formats, and office
 * documents, which are ZIP or OLE containers. The declared type is stored when
 * the bytes do not contradict it.
 *
 * A container is not decompressed. Only the name of its first entry is read,
 * which tells a document from most other archives.
 */

const ooxml =
  /^application\/vnd\.(?:openxmlformats-officedocument\.|ms-(?:word|excel|powerpoint)\..+\.macroenabled\.12$)/
const odf = /^application\/(?:vnd\.oasis\.opendocument\.|epub\+zip$)/
const zipped = /^application\/(?:vnd\.apple\.(?:pages|numbers|keynote)|vnd\.google-earth\.kmz|.+\+zip)$/
const ole = /^application\/(?:msword|vnd\.ms-(?:excel|powerpoint|outlook|project|works)|vnd\.visio)$/

// A browser runs scripts in these, or they have a signature of their own.
const otherText = /^text\/(?:html|xml|xsl|.*script|css|vcard|calendar|rtf|.+\+xml)$/
const text = /^(?:text\/.+|application\/(?:json|jsonl|x-ndjson|yaml|toml|sql|.+\+json))$/

/** Returns whether the type is a format of text. */
export const isText = (type: string): boolean => text.test(type) && !otherText.test(type)

const ascii = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

/** The first entry of a ZIP file. Empty where the head does not contain it. */
const firstEntry = (head: Uint8Array): { readonly name: string; readonly content: string } => {
  if (head.length < 30) return { name: "", content: "" }
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  const start = 30 + view.getUint16(26, true)
  return {
    name: ascii(head.subarray(30, start)),
    content: ascii(head.subarray(start + view.getUint16(28, true)).subarray(0, 200))
  }
}

const folders: Readonly<Record<string, RegExp>> = { word: /word/, xl: /sheet|excel/, ppt: /presentation|powerpoint/ }

const isOoxmlEntry = (name: string, type: string): boolean => {
  const [folder = ""] = name.split("/", 1)
  if (Object.hasOwn(folders, folder)) return folders[folder]!.test(type)
  return /^(?:\[Content_Types\]\.xml$|(?:_rels|docProps|customXml)\/|mimetype$)/.test(name)
}

// OpenDocument and EPUB begin with an uncompressed entry that contains the type.
const isOdfEntry = (name: string, content: string, type: string): boolean =>
  name === "mimetype"
    ? content.startsWith(type)
    : /^(?:META-INF|Thumbnails|Configurations2|Pictures|OEBPS|EPUB)\/|^(?:content|styles|meta|settings)\.xml$/.test(
      name
    )

const isZipOf = (head: Uint8Array, type: string): boolean => {
  if (zipped.test(type) && !odf.test(type)) return true
  if (!ooxml.test(type) && !odf.test(type)) return false
  const { content, name } = firstEntry(head)
  return name === "" || (odf.test(type) ? isOdfEntry(name, content, type) : isOoxmlEntry(name, type))
}

/** Returns whether a file with this head, which was detected as `detected`, may be of the type. */
export const isPossible = (head: Uint8Array, detected: string, type: string): boolean => {
  switch (detected) {
    case "text/plain":
      return isText(type)
    case "application/zip":
      return isZipOf(head, type)
    case "application/x-cfb":
      // An encrypted OOXML document is an OLE container too.
      return ole.test(type) || ooxml.test(type)
    default:
      return false
  }
}

// The bytes that text does not contain (https://mimesniff.spec.whatwg.org/#binary-data-byte).
// oxlint-disable-next-line no-control-regex
const binary = /[\0-\x08\x0B\x0E-\x1A\x1C-\x1F]/

/** Matches what makes a browser, or a mail program, show a file as a page. */
const markup =
  /^\s*<(?:[a-z!?]|\/[a-z])|<(?:!doctype|!entity|\?xml|\/?(?:html|head|body|script|i?frame|frameset|svg|math|style|title|meta|link|base|object|embed|applet|form|img|video|audio|smil)[\s/>])/i

const decoded = (head: Uint8Array): string => {
  const [first, second] = head
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(head)
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(head)
  // Every encoding of text but UTF-16 has these characters as the same bytes. Latin-1 decodes any byte.
  return new TextDecoder("latin1").decode(head).replace(/^\u00EF\u00BB\u00BF/, "")
}

/** Returns whether the bytes are text in any encoding, and not markup. */
export const looksLikeText = (head: Uint8Array): boolean => {
  if (head.length === 0) return false
  const content = decoded(head)
  return !binary.test(content) && !markup.test(content)
}
