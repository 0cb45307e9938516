/**
 * The cryptography of signatures on Node.
 */
import * as Crypto from "node:crypto"
import { syncCrypto } from "../../internal/nodeSyncCrypto.ts"
import type * as Emulation from "../../provider/Emulation.ts"

/** What precedes the 32 bytes of a private Ed25519 key in PKCS #8 (RFC 8410). */
const pkcs8 = "302e020100300506032b657004220420"

const ed25519: Emulation.Crypto["ed25519"] = (seed) => {
  const key = Crypto.createPrivateKey({ key: Buffer.from(pkcs8 + seed, "hex"), format: "der", type: "pkcs8" })
  const { x = "" } = Crypto.createPublicKey(key).export({ format: "jwk" })
  return {
    publicKey: Buffer.from(x, "base64url").toString("base64"),
    sign: (text) => Crypto.sign(null, Buffer.from(text), key).toString("base64")
  }
}

const encoder = new TextEncoder()

export const nodeCrypto: Emulation.Crypto = {
  hmac: (hash, key) => {
    const sign = syncCrypto.hmac(hash, encoder.encode(key))
    return (text) => sign(text)
  },
  sha256: (text) => syncCrypto.sha256(encoder.encode(text)),
  ed25519
}
