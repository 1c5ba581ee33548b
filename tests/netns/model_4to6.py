# SPDX-License-Identifier: GPL-2.0-only
"""The model's IPv4 to IPv6 direction: RFC 7915 section 4."""

from model_addr import embed, four_of, is_in, six_of
from model_csum import echo, readdress, with_error_kept
from model_header import IGMP, PROHIBITED, Header4, Refused, Silently, quoted4
from model_icmp import (IPV6_MINIMUM, PLATEAUS, POINTER_4TO6, check_quoted_message, fit,
                        split_extension)
from packet import ICMP, ICMPV6, UDP, checksum, ip6, pseudo, raw, u16, u32
from packet import fragment as fragment_header


class Model4to6:
    """Section 4: IPv4 to IPv6."""

    def _of4(self, packet):
        h = Header4(packet)
        mapping = self.mapping4(h.dst)
        if mapping and (mapping.edge or self.native and
                        self._native(h.dst, mapping.four.prefixlen)):
            mapping = None
        if is_in(h.dst, "illegal 4") or mapping is None and not self._takes_edge(h):
            return None
        self._check_link()
        h.check_options()
        self._check_message4(h)
        src, dst, prefix = self._addresses46(h, mapping)
        if h.ttl <= 1 and not self.local:
            raise Refused("hop_limit", (11, 0, 0))
        return self._to6(h, src, dst, prefix, h.ttl - (not self.local))

    def _edge_sender(self, h):
        """The edge mapping of the source, or of whom an ICMP error was to reach.

        An error of the gateway's own goes by IPv4 where there is a way.
        """
        mapping = self.mapping4(h.src)
        if mapping and mapping.edge:
            return mapping
        if self.local and self.prefixes and not all(m.edge for m in self.mappings):
            return None
        if not h.icmp_error or len(h.payload) < 28:
            return None
        mapping = self.mapping4(four_of(bytes(h.payload[24:28])))
        return mapping if mapping and mapping.edge else None

    def _takes_edge(self, h):
        """4.6, RFC 7756: from an edge host, to where only the default route leads."""
        sender = self._edge_sender(h)
        if sender is None or not (sender.prefix or self.primary or self.mapping4(h.dst)):
            return False
        return not self._leads4(h.dst)

    @staticmethod
    def _check_message4(h):
        """4.2: which messages there are; 1.2: none of them in fragments."""
        if h.proto == IGMP:
            raise Silently("icmp_type")
        if h.proto != ICMP:
            return
        if h.is_fragment:
            raise Refused("fragmented_icmp", PROHIBITED)
        if len(h.payload) < 8:
            raise Silently("malformed")
        if h.payload[0] not in (0, 3, 8, 11, 12):
            raise Silently("icmp_type")

    def _addresses46(self, h, mapping):
        """Section 6: what the addresses become, and by which prefix."""
        if mapping is None:
            prefix = self._edge_sender(h).prefix or self.primary
            dst = self._edge_destination(h, prefix)
        else:
            prefix = mapping.prefix or self.primary
            dst = mapping.to6(h.dst)
            if self.local and self.claiming(dst):
                raise Refused("loop", PROHIBITED)
        if is_in(h.src, "illegal 4") and not h.icmp_error:
            raise Silently("source_illegal")
        src = self._source6(h, prefix, dst)
        # What is local, and not from a face, could be translated without an end.
        if self.local and any(m.edge for m in self.mappings) and not self._is_face(src) and (
                self.claiming(dst) or self._is_face(dst)):
            raise Refused("loop", PROHIBITED)
        return src, dst, prefix

    def _edge_destination(self, h, prefix):
        mapping = self.mapping4(h.dst)
        if mapping:
            return mapping.to6(h.dst)
        if not self.carries(prefix, h.dst):
            raise Refused("wkp_not_global", PROHIBITED)
        return embed(prefix, h.dst)

    def _source6(self, h, prefix, dst):
        mapping = self.mapping4(h.src)
        if mapping and (mapping.edge or prefix is None or not self._source_is_plain(h)):
            return mapping.to6(h.src)
        if prefix is None:
            raise Refused("no_prefix", PROHIBITED)
        if self.carries(prefix, h.src):
            return embed(prefix, h.src)
        if not h.icmp_error:
            raise Refused("wkp_not_global", PROHIBITED)
        return self._pooled("icmp-source6", six_of(self.gateway6))  # RFC 6791, the other way

    def _source_is_plain(self, h):
        """RFC 7757 4.2.1, rules 1 and 3."""
        if not self.on("hairpin"):
            return False
        return not h.icmp_error or len(h.payload) < 28 or h.src == four_of(h.payload[24:28])

    def _to6(self, h, src, dst, prefix, hop_limit):
        """Section 4.1."""
        if h.proto == UDP and not h.icmp_error:
            self._check_udp(h)
        mtu6 = self._way6(dst)
        tclass = self.settings["traffic-class"]
        tclass = h.tos if tclass == "copy" else int(tclass)
        proto = ICMPV6 if h.proto == ICMP else h.proto
        size = 40 + 8 * h.is_fragment + len(h.payload)
        limit = mtu6 if h.df else min(int(self.settings["lowest-ipv6-mtu"]), mtu6)
        split = size > limit and not h.icmp_error
        if split and h.df:
            raise Refused("too_big", (3, 4, mtu6 - (28 if h.is_fragment else 20)))
        if split and h.offset + len(h.payload) > 0xffff:
            raise Silently("malformed")
        if h.icmp_error:
            body = self._error46(h, prefix, src, dst, mtu6)
        else:
            body = self._transport46(h, src, dst)
        chunk = (limit - 48) // 8 * 8 if split else len(body)
        packets = []
        for at in range(0, len(body) or 1, chunk or 1):
            piece = body[at:at + chunk]
            more = h.mf or at + chunk < len(body)
            headers = [fragment_header(h.id, h.offset + at, more)] if split or h.is_fragment else []
            packets.append(ip6(src.packed, dst.packed, *headers, raw(proto, piece),
                               hlim=hop_limit, tclass=tclass))
            self._use(self.mapping4(h.dst), self.mapping4(h.src), packets[-1])
        self._pieces = len(packets)
        if split:
            self._count("split_4to6")
        return packets

    def _check_udp(self, h):
        """Section 4.5: a datagram without a checksum."""
        body = h.payload
        if h.offset or len(body) < 8 or body[6:8] != b"\0\0":
            return
        if h.is_fragment:
            raise Refused("udp_zero_checksum_fragment", PROHIBITED)
        if self.settings["udp-zero-checksum"] == "drop":
            raise Refused("udp_zero_checksum", PROHIBITED)
        if not 8 <= int.from_bytes(body[4:6], "big") <= len(body):
            raise Silently("malformed")

    def _transport46(self, h, src, dst):
        """Section 4.5, and the queries of 4.2."""
        body = h.payload
        if h.proto == ICMP:
            return echo(body, 128 if body[0] == 8 else 129, b"",
                        pseudo(src.packed, dst.packed, ICMPV6, len(body)))
        if h.proto == UDP and h.offset == 0 and body[6:8] == b"\0\0":
            length = int.from_bytes(body[4:6], "big")
            value = checksum(pseudo(src.packed, dst.packed, UDP, length), body[:length]) or 0xffff
            return body[:6] + u16(value) + body[8:]
        return readdress(h.proto, h.offset, body, h.src.packed + h.dst.packed,
                         src.packed + dst.packed)

    def _error46(self, h, prefix, src, dst, mtu6):
        """Sections 4.2 and 4.3."""
        message = h.payload
        type, code = self._error_type46(message)
        inner = quoted4(message[8:])
        rest = self._error_word46(message, type, inner, mtu6)
        quote, extension = split_extension(message[8:], message[5] * 4, inner.ihl)
        quote = self._quote46(inner, quote, prefix)
        quote, extension = fit(quote, extension if type in (1, 3) else b"", 8,
                               IPV6_MINIMUM - 48)
        if extension:
            rest = bytes([len(quote) // 8]) + rest[1:]
        head = bytes([type, code, 0, 0]) + rest
        return with_error_kept(message, b"", head + quote + extension,
                               pseudo(src.packed, dst.packed, ICMPV6,
                                      8 + len(quote) + len(extension)))

    @staticmethod
    def _error_type46(message):
        type, code = message[0], message[1]
        if type == 11:
            return 3, code
        if type == 3:
            if code in (2, 4):
                return (4, 1) if code == 2 else (2, 0)
            new = {**dict.fromkeys((0, 1, 5, 6, 7, 8, 11, 12), 0), 3: 4,
                   **dict.fromkeys((9, 10, 13, 15), 1)}.get(code)
            if new is not None:
                return 1, new
        if type == 12 and code in (0, 2):
            if message[4] not in POINTER_4TO6:
                raise Silently("icmp_pointer")
            return 4, 0
        raise Silently("icmp_type")

    def _error_word46(self, message, type, inner, mtu6):
        """The MTU of a Packet Too Big, the pointer of a Parameter Problem."""
        if type == 4:
            return u32(6 if message[0] == 3 else POINTER_4TO6[message[4]])
        if type != 2:
            return u32(0)
        mtu = int.from_bytes(message[6:8], "big")
        if mtu == 0:
            mtu = next((p for p in PLATEAUS if p < inner.length and p >= IPV6_MINIMUM), 0)
        return u32(max(IPV6_MINIMUM, min(mtu + 20, mtu6, self._mtu4_to(inner.dst) + 20)))

    def _quoted6(self, addr, mapped, prefix):
        mapping = self.mapping4(addr)
        if mapping and (mapped or mapping.edge):
            return mapping.to6(addr)
        if prefix is None or not self.carries(prefix, addr):
            raise Silently("icmp_inner_packet")
        return embed(prefix, addr)

    def _quote46(self, h, quote, prefix):
        src = self._quoted6(h.src, True, prefix)
        # RFC 7757 4.2.1, rule 2.
        dst = self._quoted6(h.dst, not self.on("hairpin") or prefix is None, prefix)
        check_quoted_message(h, ICMP, (0, 8), (3, 11, 12))
        length = h.payload_length
        body, padding = quote[h.ihl:][:length], quote[h.ihl:][length:]
        proto = ICMPV6 if h.proto == ICMP else h.proto
        if h.proto == ICMP and not h.offset and body:
            body = echo(body, 128 if body[0] == 8 else 129, b"",
                        pseudo(src.packed, dst.packed, ICMPV6, length))
        else:
            body = readdress(h.proto, h.offset, body, h.src.packed + h.dst.packed,
                             src.packed + dst.packed)
        tclass = self.settings["traffic-class"]
        tclass = h.tos if tclass == "copy" else int(tclass)
        headers = [fragment_header(h.id, h.offset, h.mf)] if h.is_fragment else []
        return bytes(ip6(src.packed, dst.packed, *headers, raw(proto, body + padding), hlim=h.ttl,
                         tclass=tclass, length=(length + 8 * len(headers)) & 0xffff))
