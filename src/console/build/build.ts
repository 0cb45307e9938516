/**
 * Builds the page into `dist/console`. With `--if-needed`, only where a source
 * is newer than the page.
 *
 * The names of the files contain a hash of what is in them, and the page names
 * them relative to itself, so that it works below any path.
 */
import { existsSync, globSync, renameSync, rmSync, statSync } from "node:fs"
import { dirname, relative } from "node:path"
import type { Plugin } from "vite"

const page = dirname(import.meta.dirname)
const src = dirname(page)
const root = dirname(src)
const output = `${root}/dist/console`

/** Modules that only the documentation of the API needs. */
const stubbed = new Set(["Carriers.ts", "http/internal/apiSamples.ts", "http/internal/notifications.ts"])

const stubs: Plugin = {
  name: "stubs",
  enforce: "pre",
  async resolveId(source, importer) {
    const resolved = await this.resolve(source, importer, { skipSelf: true })
    return resolved !== null && stubbed.has(relative(src, resolved.id)) ? `${import.meta.dirname}/stubs.ts` : resolved
  }
}

const isNeeded = (): boolean => {
  if (!existsSync(`${output}/index.html`)) return true
  const built = statSync(`${output}/index.html`).mtimeMs
  const sources = globSync("**/*.{ts,tsx,css,html,svg}", { cwd: src }).map((file) => `${src}/${file}`)
  return [...sources, `${root}/package-lock.json`].some((file) => statSync(file).mtimeMs > built)
}

/** Builds beside the page and then replaces it, so that a server never reads half of it. */
const buildPage = async (): Promise<void> => {
  const { build } = await import("vite")
  const temporary = `${output}.${process.pid}`
  await build({
    root: page,
    base: "./",
    configFile: false,
    logLevel: "warn",
    plugins: [stubs],
    // Nothing is looked for outside of this file.
    css: { postcss: {} },
    resolve: { conditions: ["effect-sms/source", "module", "browser", "production"] },
    build: {
      outDir: temporary,
      emptyOutDir: true,
      target: "es2022",
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
      // A slow machine is nothing to warn of.
      rolldownOptions: { checks: { bundlerTimings: false } },
      reportCompressedSize: false
    }
  })
  rmSync(output, { recursive: true, force: true })
  try {
    renameSync(temporary, output)
  } catch (error) {
    // Another process was faster, with the same page.
    rmSync(temporary, { recursive: true })
    if (!existsSync(`${output}/index.html`)) throw error
  }
}

if (!process.argv.includes("--if-needed") || isNeeded()) await buildPage()
