const known = /^(https?|socks[45]?|socks4a|socks5h|ftps?|wss?|tcp|udp|file|unix|data|ssh):$/

/** Of an address that is refused. In `secret:me@host` the protocol is a user, or a password. */
export function protocolName({ protocol }: URL): string {
  return known.test(protocol) ? protocol : 'an unknown protocol'
}
