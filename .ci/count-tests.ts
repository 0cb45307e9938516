/**
 * Adds up the reports of the test runs in a folder, and prints one line.
 */
import { globSync, readFileSync } from "node:fs"

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: ReadonlyArray<{
    readonly status: string
    readonly assertionResults: ReadonlyArray<unknown>
  }>
}

const reports = globSync(`${process.argv[2]}/*.json`).map((file): Report => JSON.parse(readFileSync(file, "utf8")))
const sum = (count: (report: Report) => number) => reports.reduce((total, report) => total + count(report), 0)

const passed = sum((report) => report.numPassedTests)
// A file that could not be loaded has no tests, and counts as one that failed.
const unloaded = sum(({ testResults }) =>
  testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0).length
)
const failed = unloaded + sum((report) => report.numFailedTests)
const skipped = sum((report) => report.numPendingTests + report.numTodoTests)
console.log(`${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`)
