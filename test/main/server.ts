/** The server as a process. */
import { run } from "./process.ts"

export { limit, type Run } from "./process.ts"

/** Starts the server as `npm start` does, with these variables and no others. */
export const start = (env: Record<string, string>) => run(["serve"], env)
