/** The server as a process. */
import { launch, searchPath } from "./process.ts"

export { limit, type Run } from "./process.ts"

/** Starts the server with `npm start`, with these variables and the search path. Its process is npm's. */
export const start = (env: Record<string, string>) => launch("npm", ["start", "--silent"], { ...searchPath, ...env })
