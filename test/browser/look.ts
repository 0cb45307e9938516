/** Pictures of the console, and what is wrong with how it looks. */
import axe from "axe-core"
import { Effect } from "effect"
import { mkdirSync, readFileSync } from "node:fs"
import type { Locator, Page } from "playwright-core"

const wait = <A>(evaluate: () => Promise<A>) => Effect.promise(evaluate)

const output = `${import.meta.dirname}/../../.test-output/console`

const font = new URL(import.meta.resolve("@fontsource-variable/inter/files/inter-latin-wght-normal.woff2"))

/** The page takes the font of the system. Here, that may be any: the pictures are to look as on most desks. */
export const useFont = (page: Page) =>
  wait(() =>
    page.evaluate(`
      const font = new FontFace("Inter", Uint8Array.fromBase64(${
      JSON.stringify(readFileSync(font).toString("base64"))
    }), { weight: "100 900" })
      font.load().then((font) => {
        document.fonts.add(font)
        document.documentElement.style.setProperty("--font", "Inter, sans-serif")
      })
    `)
  )

/** What axe finds, in a line each. */
const findings = (page: Page) =>
  Effect.map(
    wait(() =>
      page.evaluate<ReadonlyArray<{ id: string; nodes: ReadonlyArray<{ html: string; failureSummary: string }> }>>(
        `${axe.source}; axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations)`
      )
    ),
    (violations) =>
      violations.flatMap(({ id, nodes }) =>
        nodes.map(({ failureSummary, html }) => `${id}: ${html}\n${failureSummary}`)
      )
  )

/** Waits until a picture is there, and returns its width. The policy of the page forbids Playwright to poll for that. */
export const widthOf = (picture: Locator) =>
  wait(() =>
    picture.evaluate((node) => {
      const image = node as unknown as { readonly naturalWidth: number; readonly decode: () => Promise<void> }
      return image.decode().then(() => image.naturalWidth)
    })
  )

/** The widths of a phone, a tablet and a desk, in both colour schemes. */
export const views = ([[360, 740], [768, 1024], [1440, 900]] as const).flatMap(([width, height]) =>
  (["light", "dark"] as const).map((colorScheme) => ({ width, height, colorScheme }))
)

/** Takes a picture, and returns what axe finds and whether the page is too wide. */
export const shoot = Effect.fnUntraced(function*(
  page: Page,
  name: string,
  { colorScheme, width }: typeof views[number]
) {
  mkdirSync(output, { recursive: true })
  yield* wait(() => page.screenshot({ path: `${output}/${name}-${width}-${colorScheme}.png` }))
  const found = (yield* findings(page)).map((finding) => `${name}: ${finding}`)
  const overflow = yield* wait(() =>
    page.evaluate<number>("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth")
  )
  return overflow > 0 ? [...found, `${name} is wider than the window by ${overflow} px`] : found
})
