/**
 * The command line, for a program that adds a carrier of its own to it.
 *
 * @since 0.1.0
 */
export { main } from "./Cli.ts"
