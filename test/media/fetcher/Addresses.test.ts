import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as IpNetwork from "effect/net/IpNetwork"
import * as NetAddress from "effect/net/NetAddress"
import * as Schema from "effect/Schema"
import { BlockList } from "node:net"
import {
  globalIpv6,
  isPublic,
  isPublicText,
  literal,
  refusedIpv4,
  refusedIpv6
} from "../../../src/media/internal/addressRules.ts"

const octet = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))
const bytes = (length: number) =>
  Arbitrary.map(
    Arbitrary.schema(Schema.Array(octet).check(Schema.isBetweenLength(length, length))),
    (octets) => new Uint8Array(octets)
  )

/** The bytes of an address of the network: its first bits, and the given ones for the rest. */
const mix = (network: IpNetwork.IpNetwork, rest: Uint8Array): Uint8Array => {
  const first = NetAddress.isIpv4Address(network.address)
    ? NetAddress.ipv4ToOctets(network.address)
    : NetAddress.ipv6ToOctets(network.address)
  return new Uint8Array(first.map((byte, index) => {
    const bits = Math.min(8, Math.max(0, network.prefixLength - index * 8))
    const mask = 0xff >> bits
    return (byte & ~mask) | ((rest[index] ?? 0) & mask)
  }))
}

const within = (network: IpNetwork.IpNetwork, rest: Uint8Array): NetAddress.IpAddress => {
  const mixed = mix(network, rest)
  return mixed.length === 4 ? NetAddress.ipv4FromBytesUnsafe(mixed) : NetAddress.ipv6FromBytesUnsafe(mixed)
}

const refused = [
  ["this machine", ["127.0.0.1", "127.255.255.254", "::1", "0.0.0.0", "::", "0.1.2.3"]],
  ["private", ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"]],
  ["unique local", ["fc00::1", "fd12:3456:789a::1"]],
  ["link-local", ["169.254.1.1", "fe80::1", "febf::1", "fec0::1"]],
  ["metadata services", ["169.254.169.254", "fd00:ec2::254", "100.100.100.200", "192.0.0.192", "168.63.129.16"]],
  ["carrier grade NAT", ["100.64.0.1", "100.127.255.255"]],
  ["multicast and broadcast", ["224.0.0.1", "239.255.255.255", "255.255.255.255", "ff02::1"]],
  ["documentation and benchmarks", ["192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "198.19.255.255"]],
  ["documentation and benchmarks of IPv6", ["2001:db8::1", "3fff::1", "2001:2::1"]],
  ["reserved", ["240.0.0.1", "192.0.0.1", "100::1", "5f00::1", "4000::1", "e000::1"]],
  ["IPv4-mapped, also of a public address", ["::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:8.8.8.8"]],
  ["IPv4-compatible", ["::127.0.0.1", "::7f00:1", "::8.8.8.8"]],
  ["NAT64", ["64:ff9b::7f00:1", "64:ff9b::8.8.8.8", "64:ff9b:1::7f00:1"]],
  ["6to4 and Teredo", ["2002:7f00:1::", "2002:808:808::", "2001:0:7f00:1::", "2001::1"]],
  ["no plain address", ["fe80::1%eth0", "2606:4700::1%1", "localhost", "", "1.1", "08.8.8.8", "2130706433"]]
] as const

describe("addresses", () => {
  it.each(refused)("are refused: %s", (_, addresses) => {
    for (const address of addresses) assert.isFalse(isPublicText(address), address)
  })

  it("are accepted when they are of the public internet", () => {
    const addresses = ["8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0"]
    const others = ["192.167.255.255", "198.17.255.255", "223.255.255.255", "2606:4700:4700::1111", "2a00:1450::1"]
    for (const address of [...addresses, ...others]) assert.isTrue(isPublicText(address), address)
  })

  const networks = [...refusedIpv4, ...refusedIpv6].map(IpNetwork.fromStringUnsafe)

  it.prop("of a refused network are all refused", [bytes(16)], ([rest]) => {
    for (const network of networks) assert.isFalse(isPublic(within(network, rest)), IpNetwork.format(network))
  })

  it("at both ends of a refused network are refused", () => {
    for (const network of networks) {
      assert.isFalse(isPublic(IpNetwork.firstAddress(network)))
      assert.isFalse(isPublic(IpNetwork.lastAddress(network)))
    }
  })

  // A second implementation of the ranges: the one of Node.
  const node = new BlockList()
  for (const network of networks) {
    node.addSubnet(
      NetAddress.formatIp(network.address),
      network.prefixLength,
      NetAddress.isIpv4Address(network.address) ? "ipv4" : "ipv6"
    )
  }

  it.prop("of IPv4 are public exactly when Node finds them in no refused network", [bytes(4)], ([raw]) => {
    const address = NetAddress.ipv4FromBytesUnsafe(raw)
    assert.strictEqual(isPublic(address), !node.check(NetAddress.formatIp(address), "ipv4"))
  }, { arbitrary: { runs: 2000 } })

  it.prop("of IPv6 are public exactly when they are global and in no refused network", [bytes(16)], ([raw]) => {
    for (const prefix of ["::/0", globalIpv6, "2001::/16"]) {
      const address = NetAddress.ipv6FromBytesUnsafe(mix(IpNetwork.fromStringUnsafe(prefix), raw))
      const [first = 0] = NetAddress.ipv6ToOctets(address)
      const isGlobal = first >> 5 === 1
      assert.strictEqual(isPublic(address), isGlobal && !node.check(NetAddress.formatIp(address), "ipv6"))
    }
  }, { arbitrary: { runs: 500 } })

  it.each([
    ["decimal", "2130706433"],
    ["octal", "0177.0.0.1"],
    ["hexadecimal", "0x7f000001"],
    ["hexadecimal with dots", "0x7f.0.0.1"],
    ["short", "127.1"],
    ["mixed", "0x7f.1"],
    ["a dot at the end", "127.0.0.1."],
    ["full-width digits", "１２７.0.0.1"],
    ["an ideographic dot", "127。0。0。1"],
    ["percent signs", "%31%32%37.0.0.1"],
    ["IPv4-mapped", "[::ffff:127.0.0.1]"],
    ["IPv4-mapped in hexadecimal", "[::FFFF:7F00:0001]"],
    ["loopback of IPv6 in full", "[0:0:0:0:0:0:0:1]"],
    ["zero", "0"]
  ])("in a URL are told in this spelling: %s", (_, host) => {
    const address = literal(new URL(`https://${host}/`).hostname)
    assert.isDefined(address)
    if (address !== undefined) assert.isFalse(isPublic(address))
  })

  it("are none where the host is a name", () => {
    for (const host of ["localhost", "api.twilio.com", "127.0.0.1.example.com", "a1.b2"]) {
      assert.isUndefined(literal(new URL(`https://${host}/`).hostname))
    }
  })
})
