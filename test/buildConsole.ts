/** Builds the page of the console, unless it is built. */
import { execFileSync } from "node:child_process"

export const buildConsole = (): void => {
  const script = `${import.meta.dirname}/../src/console/build/build.ts`
  execFileSync(process.execPath, [script, "--if-needed"], { stdio: "inherit" })
}
