/**
 * Rules for which IP addresses belong to the public internet.
 *
 * Based on IANA's registries of special purpose addresses
 * (https://www.iana.org/assignments/iana-ipv4-special-registry/,
 * https://www.iana.org/assignments/iana-ipv6-special-registry/). Networks that
 * are reachable but never serve media (protocol anycast, AS112) are refused
 * too.
 */
import * as IpNetwork from "effect/net/IpNetwork"
import * as NetAddress from "effect/net/NetAddress"
import * as Option from "effect/Option"

/** The refused IPv4 networks. */
export const refusedIpv4: ReadonlyArray<string> = [
  "0.0.0.0/8", // this network (RFC 791)
  "10.0.0.0/8", // private (RFC 1918)
  "100.64.0.0/10", // carrier grade NAT (RFC 6598), and the metadata service of Alibaba Cloud
  "127.0.0.0/8", // loopback (RFC 1122)
  // The "WireServer" of Azure: a public address that serves secrets to every
  // virtual machine
  // (https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16).
  "168.63.129.16/32",
  "169.254.0.0/16", // link-local (RFC 3927), and the metadata services of AWS, Azure, Google
  "172.16.0.0/12", // private (RFC 1918)
  "192.0.0.0/24", // protocol assignments (RFC 6890), and the metadata service of Oracle Cloud
  "192.0.2.0/24", // documentation (RFC 5737)
  "192.31.196.0/24", // AS112 (RFC 7535)
  "192.52.193.0/24", // AMT (RFC 7450)
  "192.88.99.0/24", // 6to4 relays, no longer in use (RFC 7526)
  "192.168.0.0/16", // private (RFC 1918)
  "192.175.48.0/24", // AS112 (RFC 7534)
  "198.18.0.0/15", // benchmarks (RFC 2544)
  "198.51.100.0/24", // documentation (RFC 5737)
  "203.0.113.0/24", // documentation (RFC 5737)
  "224.0.0.0/4", // multicast (RFC 5771)
  "240.0.0.0/4" // reserved (RFC 1112), and broadcast
]

/**
 * The only IPv6 range assigned to internet hosts. Outside of it are loopback,
 * IPv4-mapped, IPv4-compatible and NAT64 addresses (`::/8`, `64:ff9b::`),
 * unique local addresses including AWS's metadata service (`fc00::/7`), and
 * link-local, site-local and multicast addresses.
 */
export const globalIpv6 = "2000::/3"

/** The refused networks within {@link globalIpv6}. */
export const refusedIpv6: ReadonlyArray<string> = [
  "2001::/23", // protocol assignments (RFC 2928): Teredo, benchmarks, ORCHID
  "2001:db8::/32", // documentation (RFC 3849)
  "2002::/16", // 6to4, which holds an IPv4 address (RFC 3056)
  "2620:4f:8000::/48", // AS112 (RFC 7534)
  "3fff::/20" // documentation (RFC 9637)
]

const networks = (list: ReadonlyArray<string>) => list.map(IpNetwork.fromStringUnsafe)

const ipv4 = networks(refusedIpv4)
const ipv6 = networks(refusedIpv6)
const global = IpNetwork.fromStringUnsafe(globalIpv6)

/** Returns whether the address belongs to the public internet. */
export const isPublic = (address: NetAddress.IpAddress): boolean =>
  NetAddress.isIpv4Address(address)
    ? !ipv4.some((network) => IpNetwork.contains(network, address))
    : IpNetwork.contains(global, address) && !ipv6.some((network) => IpNetwork.contains(network, address))

/** Like {@link isPublic}, for text. Anything but a plain address, such as one with a zone, is not public. */
export const isPublicText = (text: string): boolean =>
  Option.exists(Option.getSuccess(NetAddress.ipFromString(text)), isPublic)

/**
 * Parses the host of a URL as an IP address; `undefined` for a name. The URL
 * parser has already normalized every notation (decimal, octal, hexadecimal,
 * short, full-width) to this form (https://url.spec.whatwg.org/#host-parsing).
 */
export const literal = (hostname: string): NetAddress.IpAddress | undefined =>
  Option.getOrUndefined(Option.getSuccess(NetAddress.ipFromString(hostname.replace(/^\[(.*)\]$/, "$1"))))
