/** The package version, equal to the one in package.json. */
export const version = "0.2.0"
