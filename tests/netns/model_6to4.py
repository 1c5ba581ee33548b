# SPDX-License-Identifier: GPL-2.0-only
"""The model's IPv6 to IPv4 direction: RFC 7915 section 5, and hairpinning of RFC 7757 4.2."""

from model_addr import extract, four_of, is_in, six_of
from model_csum import echo, readdress, with_error_kept
from model_header import PROHIBITED, Header4, Header6, Refused, Silently, fragments4, quoted6
from model_icmp import (IPV4_ERROR_MAXIMUM, IPV6_MINIMUM, POINTER_6TO4, check_quoted_message, fit,
                        split_extension)
from packet import ANY, ICMP, ICMPV6, Packet, ip4, pseudo, raw, u32


class Model6to4:
    """Section 5: IPv6 to IPv4."""

    def _of6(self, packet):
        destination, self._upper = six_of(packet[24:40]), None
        prefix = self.claiming(destination)
        network = prefix or self._face_of(packet)
        if network is None or self.native and self._native(destination, network.prefixlen):
            return None
        if self.local and self._is_face(six_of(packet[8:24])):
            return None  # translated already
        self._check_link()
        h = Header6(packet)
        self._upper = h.proto
        self._check_message6(h)
        dst, is_mapped = self._destination4(h, prefix)
        src = self._source_to_face(h) if self._is_face(h.dst) else self._source4(h)
        if h.hop_limit <= 1 and not self.local:
            raise Refused("hop_limit", (3, 0, 0))
        back = self.on("hairpin") and not is_mapped and self.mapping4(dst)
        if back and not back.edge and self._leads_back(dst, back):
            return self._hairpin(h, src, dst, back)
        size, mtu4 = 20 + len(h.payload), self._way4(dst)
        if size > mtu4 and not h.icmp_error:
            if h.offset + len(h.payload) > 0xffff:
                raise Silently("malformed")
            if size > 0xffff or h.size > IPV6_MINIMUM and not h.has_fragment_header:
                raise Refused("too_big", (2, 0, max(IPV6_MINIMUM, mtu4 + 20)))
        packet4, self._pieces = self._to4(h, src, dst, mtu4), 1
        self._use(self.mapping6(h.src), self.mapping6(h.dst), packet4)
        if len(packet4) <= mtu4 or self.local:
            return [packet4]
        return fragments4(packet4, mtu4)

    def _face_of(self, packet):
        """What the faces of an edge mapping lie in, of a packet that is more than a neighbour's."""
        if packet[6] == ICMPV6 and packet[7] == 255 and packet[40:41] and 133 <= packet[40] <= 137:
            return None
        destination = six_of(packet[24:40])
        return self.mapping6(destination).six if self._is_face(destination) else None

    @staticmethod
    def _check_message6(h):
        """5.2: which messages there are; 1.2: none of them in fragments."""
        if h.proto != ICMPV6:
            return
        if h.offset or h.more:
            raise Silently("fragmented_icmp")
        if len(h.payload) < 8:
            raise Silently("malformed")
        if h.payload[0] not in (1, 2, 3, 4, 128, 129):
            raise Silently("icmp_type")

    def _destination4(self, h, prefix):
        """The IPv4 destination, and whether a mapping says so (RFC 7757 4.2.2, A2)."""
        mapping = self.mapping6(h.dst)
        dst = mapping.to4(h.dst) if mapping else extract(prefix, h.dst)
        if dst is None:
            raise Refused("destination_illegal", PROHIBITED)
        if not mapping and not self.carries(prefix, dst):
            raise Refused("wkp_not_global", PROHIBITED)
        if is_in(dst, "illegal 4"):
            raise Refused("destination_illegal", PROHIBITED)
        return dst, mapping is not None

    def _hairpin(self, h, src, dst, mapping):
        """RFC 7757 4.2.2; the hop limit has been lowered in the first pass."""
        second = Header4(ip4(src.packed, dst.packed))
        second.icmp_error, second.payload = h.icmp_error, b""
        if h.icmp_error and len(h.payload) >= 48:  # rule 3 of 4.2.1, of the first pass
            is_own = h.payload[32:48] == h.src.packed
            second.payload = bytes(24) + (src.packed if is_own else bytes(4))
        src6, dst6, prefix = self._addresses46(second, mapping)
        mtu6 = self._way6(dst6)
        if not h.has_fragment_header and not h.icmp_error and 40 + len(h.payload) > mtu6:
            raise Refused("too_big", (2, 0, max(IPV6_MINIMUM, mtu6)))
        packet4 = self._to4(h, src, dst, mtu6 - 20)
        self._count("hairpinned")
        self._use(self.mapping6(h.src), None, packet4)
        second = Header4(packet4)
        try:
            self._check_message4(second)
            return self._to6(second, src6, dst6, prefix, second.ttl)
        except Refused as refused:
            refused.passes = 2
            raise

    def _to4(self, h, src, dst, mtu4):
        """Section 5.1."""
        if h.icmp_error:
            body = self._error64(h, src, dst, mtu4)
        elif h.proto == ICMPV6:
            body = echo(h.payload, 8 if h.payload[0] == 128 else 0,
                        pseudo(h.src.packed, h.dst.packed, ICMPV6, len(h.payload)), b"")
        else:
            body = readdress(h.proto, h.offset, h.payload, h.src.packed + h.dst.packed,
                             src.packed + dst.packed)
        return ip4(src.packed, dst.packed, raw(ICMP if h.proto == ICMPV6 else h.proto, body),
                   ttl=h.hop_limit - (not self.local), tos=self._tos(h),
                   **self._fragment_fields(h, len(body)))

    def _tos(self, h):
        tos = self.settings["tos"]
        return h.tclass if tos == "copy" else int(tos)

    @staticmethod
    def _fragment_fields(h, length):
        if h.has_fragment_header:
            return {"id": h.id & 0xffff, "mf": h.more, "offset": h.offset}
        return {"id": ANY, "df": 20 + length > 1260}

    def _source4(self, h):
        mapping = self.mapping6(h.src)
        if mapping and mapping.edge:
            raise Silently("source_spoofed")
        src = mapping and mapping.to4(h.src)
        if is_in(src, "illegal 4") if mapping else is_in(h.src, "illegal 6"):
            raise Silently("source_illegal")
        if mapping:
            return src
        if h.icmp_error:
            return self._pooled("icmp-source4", four_of(self.gateway4))  # RFC 6791
        raise Refused("source_unmapped", PROHIBITED)

    def _source_to_face(self, h):
        """Its mapping, else what its prefix says (RFC 7757 3.3.2, RFC 6052)."""
        mapping, prefix = self.mapping6(h.src), self.prefix_of(h.src)
        if mapping:
            src = mapping.to4(h.src)
        elif is_in(h.src, "illegal 6"):
            raise Silently("source_illegal")
        else:
            src = extract(prefix, h.src) if prefix else None
            if prefix and src is None:
                raise Silently("source_illegal")
            if prefix is None or not self.carries(prefix, src):
                if h.icmp_error:
                    return self._pooled("icmp-source4", four_of(self.gateway4))  # RFC 6791
                raise Refused("wkp_not_global", PROHIBITED) if prefix else Silently("source_outside")
        if is_in(src, "illegal 4"):
            raise Silently("source_illegal")
        if not mapping or mapping.edge:
            self._check_spoofed(src, mapping or self.mapping4(src))
        return src

    def _check_spoofed(self, src, mapping):
        """From IPv6 comes nothing that the gateway or a host of this side would have sent."""
        if src == four_of(self.gateway4) and not self.local or (
                mapping and mapping.edge and self._leads4(src)):
            raise Silently("source_spoofed")

    def _error64(self, h, src, dst, mtu4):
        """Sections 5.2 and 5.3."""
        message = h.payload
        type, code = self._error_type64(message)
        extensible = message[0] in (1, 3)
        inner = quoted6(message[8:])
        rest = self._error_word64(message, type, code, inner, mtu4)
        quote, extension = split_extension(message[8:], message[4] * 8 if extensible else 0,
                                           inner.length)
        quote = self._quote64(inner, quote)
        quote, extension = fit(quote, extension if extensible else b"", 4,
                               IPV4_ERROR_MAXIMUM - 28)
        if extension:
            rest = rest[:1] + bytes([len(quote) // 4]) + rest[2:]
        head = bytes([type, code, 0, 0]) + rest
        return with_error_kept(message, pseudo(h.src.packed, h.dst.packed, ICMPV6, len(message)),
                               Packet.of(head, quote, extension), b"")

    @staticmethod
    def _error_type64(message):
        type, code = message[0], message[1]
        if type == 1:
            new = {0: 1, 1: 10, 2: 1, 3: 1, 4: 3}.get(code)
            if new is not None:
                return 3, new
        if type == 2:
            return 3, 4
        if type == 3:
            return 11, code
        if type == 4 and code == 0:
            if int.from_bytes(message[4:8], "big") not in POINTER_6TO4:
                raise Silently("icmp_pointer")
            return 12, 0
        if type == 4 and code == 1:
            return 3, 2
        raise Silently("icmp_type")

    def _error_word64(self, message, type, code, inner, mtu4):
        """The MTU of a Fragmentation Needed, the pointer of a Parameter Problem."""
        word = int.from_bytes(message[4:8], "big")
        if (type, code) == (3, 4):
            return u32(max(68, min(word - 20, mtu4, self._mtu6_to(inner.dst) - 20)))
        return bytes([POINTER_6TO4[word] if type == 12 else 0, 0, 0, 0])

    def _quoted4(self, addr):
        mapping, prefix = self.mapping6(addr), self.prefix_of(addr)
        got = mapping.to4(addr) if mapping else prefix and extract(prefix, addr)
        if got is None or not mapping and not self.carries(prefix, got):
            raise Silently("icmp_inner_packet")
        return got

    def _quote64(self, h, quote):
        src, dst = self._quoted4(h.src), self._quoted4(h.dst)
        check_quoted_message(h, ICMPV6, (128, 129), (1, 2, 3, 4))
        body, padding = quote[h.length:][:h.payload_length], quote[h.length:][h.payload_length:]
        if h.proto == ICMPV6 and not h.offset and body:
            body = echo(body, 8 if body[0] == 128 else 0,
                        pseudo(h.src.packed, h.dst.packed, ICMPV6, h.payload_length), b"")
        else:
            body = readdress(h.proto, h.offset, body, h.src.packed + h.dst.packed,
                             src.packed + dst.packed)
        return ip4(src.packed, dst.packed,
                   raw(ICMP if h.proto == ICMPV6 else h.proto, body + padding),
                   ttl=h.hop_limit, tos=self._tos(h), length=20 + h.payload_length,
                   **self._fragment_fields(h, h.payload_length))
