/**
 * The command line, for programs that add their own carrier.
 *
 * @since 0.1.0
 */
export { main } from "./Cli.ts"
