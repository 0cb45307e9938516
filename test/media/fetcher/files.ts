/** The beginnings of files: as much as shows what they are. */
const text = (value: string) => Buffer.from(value, "utf8")
const hex = (value: string) => Buffer.from(value.replaceAll(" ", ""), "hex")
const padded = (start: Buffer, length = 512) => Buffer.concat([start, Buffer.alloc(Math.max(0, length - start.length))])

/** An ISO container of this brand. */
const iso = (brand: string) =>
  padded(Buffer.concat([hex("00000018"), text(`ftyp${brand}`), hex("00000000"), text(`${brand}isom`)]))

const riff = (kind: string) => padded(Buffer.concat([text("RIFF"), hex("f8010000"), text(kind)]))

const ogg = padded(Buffer.concat([
  text("OggS"),
  hex("00 02 0000000000000000 01000000 00000000 00000000 01 13"),
  text("OpusHead"),
  hex("01 01 0000 80bb0000 0000 00")
]))

const webm = padded(
  Buffer.concat([hex("1a45dfa3 9f 4286 81 01 42f7 81 01 42f2 81 04 42f3 81 08 4282 84"), text("webm")])
)

const tiff = padded(hex("49492a00 08000000 0100 0001 0300 01000000 01000000 00000000"))

const bmp = padded(Buffer.concat([text("BM"), hex("00020000 00000000 36000000 28000000")]))

/** What is allowed, by the type that it is. */
export const allowed = {
  "image/jpeg": padded(hex("ffd8ffe0 0010 4a46494600 0101 0000 0001 0001 0000")),
  "image/png": Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "base64"
  ),
  "image/gif": padded(text("GIF89a")),
  "image/webp": riff("WEBPVP8 "),
  "image/heic": iso("heic"),
  "image/bmp": bmp,
  "image/tiff": tiff,
  "video/mp4": iso("mp42"),
  "video/3gpp": iso("3gp5"),
  "video/3gpp2": iso("3g2a"),
  "video/quicktime": iso("qt  "),
  "video/mpeg": padded(hex("000001ba 44000400 0401 0189c3f8")),
  "video/webm": webm,
  "audio/mpeg": padded(Buffer.concat([text("ID3"), hex("04 00 00 00007f76")])),
  "audio/mp4": iso("M4A "),
  "audio/amr": padded(text("#!AMR\n")),
  "audio/ogg": ogg,
  "audio/wav": riff("WAVEfmt "),
  "application/pdf": padded(text("%PDF-1.7\n")),
  "text/vcard": text("BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Ann\r\nEND:VCARD\r\n")
} as const

/** What is not, by what it is. */
export const refused = {
  "HTML": text("<!DOCTYPE html><html><script>alert(1)</script></html>"),
  "HTML after spaces": text("\n\n   <html><body onload=alert(1)>"),
  "SVG": text("<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>"),
  "SVG with a declaration": text("<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>"),
  "XML": text("<?xml version=\"1.0\"?><a/>"),
  "a script": text("/*\u00ff\u00d8\u00ff*/alert(1)"),
  "a shell script": text("#!/bin/sh\nrm -rf /"),
  "a program": padded(hex("7f454c46 02010100")),
  "a Windows program": padded(Buffer.concat([text("MZ"), hex("9000 0300")])),
  "a zip": padded(hex("504b0304 14000000 0800")),
  "an empty zip": hex("504b0506 000000000000000000000000000000000000"),
  "a zip that holds a picture": Buffer.concat([hex("504b0304 14000000 0800"), padded(hex("ffd8ffe0"))]),
  "a gzip": padded(hex("1f8b0800")),
  "a RAR": padded(hex("526172211a0700")),
  "a 7z": padded(hex("377abcaf271c")),
  "a picture after a page": Buffer.concat([text("<html>"), padded(hex("ffd8ffe0"))]),
  "a calendar": text("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"),
  "a card that does not begin as one": text("x BEGIN:VCARD\r\n"),
  "a card whose first line goes on": text("BEGIN:VCARD<script>alert(1)</script>\r\n"),
  "text": text("hello"),
  "one byte": hex("ff"),
  "zeros": Buffer.alloc(6000),
  "SMIL": text("<smil><head/></smil>"),
  "an icon": padded(hex("00000100 0100 1010")),
  "FLV": padded(text("FLV\u0001"))
} as const
