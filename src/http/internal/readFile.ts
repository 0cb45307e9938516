/**
 * Reads a file of the configuration. A module of its own, so that the library
 * needs no file system.
 */
import { readFile as read } from "node:fs/promises"

export const readFile = (path: string): Promise<string> => read(path, "utf8")
