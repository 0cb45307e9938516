// Made at the first use: it takes milliseconds, and most texts never need it.
let segmenter: Intl.Segmenter | undefined

/** What people see as one character, whatever it is made of, and where it is. The rules are of no language in particular. */
export const graphemes = (text: string): Intl.Segments => {
  segmenter ??= new Intl.Segmenter("und", { granularity: "grapheme" })
  return segmenter.segment(text)
}
