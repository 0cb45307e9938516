/** The server as a process. */
import { launch, searchPath } from "./process.ts"

export { limit, type Run } from "./process.ts"

/** Starts the server with `npm start`, in memory unless the variables say otherwise. Its process is npm's. */
export const start = (env: Record<string, string>) =>
  launch("npm", ["start", "--silent"], { ...searchPath, DATABASE_URL: "memory:", ...env })
