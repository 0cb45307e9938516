import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import lock from "../../package-lock.json" with { type: "json" }
import manifest from "../../package.json" with { type: "json" }

const root = `${import.meta.dirname}/../..`

const untracked = /^(node_modules|dist|\.git|\.test-output)(\/|$)|\.(tgz|tsbuildinfo|cpuprofile)$/

const files = readdirSync(root, { withFileTypes: true })
  .filter((entry) => !untracked.test(entry.name))
  .flatMap((entry) =>
    entry.isDirectory()
      ? readdirSync(`${root}/${entry.name}`, { recursive: true, withFileTypes: true })
        .filter((inner) => inner.isFile())
        .map((inner) => `${inner.parentPath}/${inner.name}`)
      : [`${root}/${entry.name}`]
  )

const occurrences = (pattern: RegExp): ReadonlyArray<string> =>
  files.flatMap((file) =>
    readFileSync(file, "utf8").split("\n").flatMap((line, index) =>
      pattern.test(line) ? [`${file.slice(root.length + 1)}:${index + 1}: ${line.trim().slice(0, 100)}`] : []
    )
  )

describe("the repository", () => {
  it("names no package registry, so that it installs from any", () => {
    assert.isAbove(files.length, 50)
    assert.deepStrictEqual(occurrences(/\bregistry\.[a-z0-9-]+\.[a-z]{2,}/i), [])
    assert.deepStrictEqual(Object.entries(lock.packages).filter(([, entry]) => "resolved" in entry), [])
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

  it("locks the packages of every platform, so that it installs on any", () => {
    const optional = Object.values(lock.packages)
      .flatMap((entry) => "optionalDependencies" in entry ? Object.keys(entry.optionalDependencies) : [])
    assert.isAbove(optional.length, 0)
    assert.deepStrictEqual(optional.filter((name) => !Object.hasOwn(lock.packages, `node_modules/${name}`)), [])
  })
})
