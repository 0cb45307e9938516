import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import lock from "../../package-lock.json" with { type: "json" }
import manifest from "../../package.json" with { type: "json" }

const root = `${import.meta.dirname}/../..`

const untracked = /(^|\/)node_modules(\/|$)|^(dist|\.git|\.test-output)(\/|$)|\.(tgz|tsbuildinfo|cpuprofile)$/

const files = readdirSync(root, { withFileTypes: true })
  .filter((entry) => !untracked.test(entry.name))
  .flatMap((entry) =>
    entry.isDirectory()
      ? readdirSync(`${root}/${entry.name}`, { recursive: true, withFileTypes: true })
        .filter((inner) => inner.isFile() && !/\/node_modules(\/|$)/.test(inner.parentPath))
        .map((inner) => `${inner.parentPath}/${inner.name}`)
      : [`${root}/${entry.name}`]
  )

const occurrences = (pattern: RegExp): ReadonlyArray<string> =>
  files.flatMap((file) =>
    readFileSync(file, "utf8").split("\n").flatMap((line, index) =>
      pattern.test(line) ? [`${file.slice(root.length + 1)}:${index + 1}: ${line.trim().slice(0, 100)}`] : []
    )
  )

/**
 * Binaries of development tools for other platforms. The registry that the lock
 * file was made with answers 404 for them, so their integrity is not known.
 * Remove a name once its integrity is in the lock file.
 */
const withoutIntegrity = [
  ...[
    "android-arm64",
    "android-x64",
    "darwin-arm64",
    "darwin-x64",
    "linux-arm64-glibc",
    "linux-arm64-musl",
    "linux-loong64-glibc",
    "linux-loong64-musl",
    "linux-ppc64-glibc",
    "linux-ppc64-musl",
    "linux-riscv64-glibc",
    "win32-arm64",
    "win32-x64"
  ].map((platform) => `@dprint/${platform}`),
  ...["darwin-arm64", "darwin-x64", "linux-arm", "linux-arm64", "win32-arm64", "win32-x64"]
    .map((platform) => `@effect/tsgo-${platform}`)
]

describe("the repository", () => {
  it("names no package registry, so that it installs from any", () => {
    assert.isAbove(files.length, 50)
    assert.deepStrictEqual(occurrences(/\bregistry\.[a-z0-9-]+\.[a-z]{2,}/i), [])
    const resolved = Object.values<Record<string, unknown>>(lock.packages).filter((entry) => "resolved" in entry)
    // A folder of the repository.
    assert.deepStrictEqual(resolved, [{ resolved: ".docs", link: true }])
  })

  it("names no path of the machine it was written on", () => {
    assert.deepStrictEqual(occurrences(/(?<![\w.~%*-])\/(home|root|Users|work)\/[\w.]/), [])
  })

  it("locks what package.json asks for", () => {
    const { "": locked } = lock.packages
    assert.deepStrictEqual(locked.dependencies, manifest.dependencies)
    assert.deepStrictEqual(locked.devDependencies, manifest.devDependencies)
    assert.deepStrictEqual(locked.peerDependencies, manifest.peerDependencies)
  })

  it("locks the content of every package", () => {
    const locked = Object.entries<Record<string, unknown>>(lock.packages).filter(([path]) =>
      path.includes("node_modules/")
    )
    const open = locked.filter(([, entry]) => entry["link"] !== true && !Object.hasOwn(entry, "integrity"))
    assert.isAbove(locked.length, withoutIntegrity.length)
    assert.deepStrictEqual(open.map(([path]) => path), withoutIntegrity.map((name) => `node_modules/${name}`))
    assert.isTrue(open.every(([, entry]) => entry["dev"] === true && entry["optional"] === true))
  })

  it("locks the packages of every platform, so that it installs on any", () => {
    const optional = Object.values(lock.packages)
      .flatMap((entry) => "optionalDependencies" in entry ? Object.keys(entry.optionalDependencies) : [])
    assert.isAbove(optional.length, 0)
    assert.deepStrictEqual(optional.filter((name) => !Object.hasOwn(lock.packages, `node_modules/${name}`)), [])
  })

  it("is published with provenance, by a workflow whose actions are pinned", () => {
    const workflow = readFileSync(`${root}/.github/workflows/publish.yml`, "utf8")
    assert.isTrue(manifest.publishConfig.provenance)
    assert.include(workflow, "id-token: write")
    assert.include(workflow, "npm publish")
    const actions = [...workflow.matchAll(/uses: (\S+)/g)].map(([, action]) => action!)
    assert.isAbove(actions.length, 0)
    for (const action of actions) assert.match(action, /@[0-9a-f]{40}$/)
    const scripts = [...workflow.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name!)
    assert.deepStrictEqual(scripts.filter((name) => !Object.hasOwn(manifest.scripts, name)), [])
  })

  it("has the version of the package in its changelog", () => {
    const changelog = readFileSync(`${root}/CHANGELOG.md`, "utf8")
    assert.match(
      changelog,
      new RegExp(`^## \\[${manifest.version.replaceAll(".", "\\.")}\\] - \\d{4}-\\d{2}-\\d{2}$`, "m")
    )
    const versions = [...changelog.matchAll(/^## \[([^\]]+)\]/gm)].map(([, version]) => version!)
    for (const version of versions) assert.include(changelog, `\n[${version}]: https://`)
  })
})
