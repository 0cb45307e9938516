/** The key of test 3 in RFC 8032, section 7.1, and that of test 2. */
import { Redacted } from "effect"

const base64 = (hex: string) => Buffer.from(hex, "hex").toString("base64")

export const publicKey = base64("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")
export const privateKey = Redacted.make(base64("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"))

export const otherPublicKey = base64("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
export const otherPrivateKey = Redacted.make(base64("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
