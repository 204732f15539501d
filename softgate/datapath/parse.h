/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Reads headers into the packet. What is shorter than it says, or says what cannot be, is dropped as malformed. */
#pragma once

#include "checksum.h"
#include "packet.h"

#define MALFORMED DROP(COUNTER_MALFORMED)

/* Whether so many octets from the IP header on are there at all; later ones may be outside the linear part. */
static __always_inline int is_there(struct xdp_md *ctx, __u32 offset, __u32 octets)
{
	long linear = (long)ctx->data_end - (long)ctx->data;

	return (long)(offset + octets) <= linear || offset + octets <= bpf_xdp_get_buff_len(ctx);
}

/* Sum over an IPv4 header with options; 0xffff is right. */
__global int ipv4_options_sum(struct xdp_md *ctx, __u32 offset, __u32 words)
{
	__u64 sum = 0;

	for (__u32 i = 0; i < 15; i++) {
		__u32 *word = header(ctx, offset + i * 4, 4);

		if (i >= words) {
			break;
		}
		if (!word) {
			return 0;
		}
		sum += *word;
	}
	return checksum_fold(sum);
}

/* Addresses that no packet on the way has: 0/8, 127/8 and, as source, 224/3. */
static __always_inline int is_impossible4(__be32 source, __be32 destination)
{
	__u8 from = bpf_ntohl(source) >> 24, to = bpf_ntohl(destination) >> 24;

	return from == 0 || from == 127 || from >= 224 || to == 0 || to == 127;
}

static __always_inline int parse_ipv4(struct xdp_md *ctx, struct packet *p)
{
	struct ipv4 *ip = header(ctx, p->l3, sizeof(*ip));
	__u32 words, total, fragment;

	if (!ip || ip->version_length >> 4 != 4) {
		return MALFORMED;
	}
	words = ip->version_length & 15;
	total = bpf_ntohs(ip->total);
	if (words < 5 || total < words * 4 || !is_there(ctx, p->l3, total)) {
		return MALFORMED;
	}
	if (words == 5) {
		__u32 *word = (__u32 *)ip;

		if (checksum_fold((__u64)word[0] + word[1] + word[2] + word[3] + word[4]) != 0xffff) {
			return MALFORMED;
		}
	} else {
		if (ipv4_options_sum(ctx, p->l3, words) != 0xffff) {
			return MALFORMED;
		}
		ip = header(ctx, p->l3, sizeof(*ip));
		if (!ip) {
			return MALFORMED;
		}
	}

	p->t.family = 4;
	p->t.octets = total;
	p->t.protocol = ip->protocol;
	p->t.source = mapped(ip->source);
	p->t.destination = mapped(ip->destination);
	p->l4 = p->l3 + words * 4;
	p->ttl = ip->ttl;
	p->tos = ip->tos;
	if (is_impossible4(ip->source, ip->destination)) {
		return MALFORMED;
	}
	if (ip->protocol == IPPROTO_ICMPV6) {
		return DROP(COUNTER_UNSUPPORTED);
	}

	fragment = bpf_ntohs(ip->fragment);
	if (ip->fragment & IPV4_DONT_FRAGMENT) {
		p->flags |= PACKET_DONT_FRAGMENT;
	}
	if (fragment & (IPV4_FRAGMENT_OFFSET | 0x2000)) {
		p->fragment_offset = fragment & IPV4_FRAGMENT_OFFSET;
		p->fragment_id = ip->id;
		p->fragment_start = p->l4;
		if (p->fragment_offset == 0) {
			p->flags |= PACKET_FIRST_FRAGMENT;
		} else {
			p->flags |= fragment & 0x2000 ? PACKET_LATER_FRAGMENT : PACKET_LATER_FRAGMENT | PACKET_LAST_FRAGMENT;
		}
	}
	return 0;
}

/* Extension headers of IPv6 (RFC 8200 section 4) up to the header of layer 4. */
__global int parse_extensions(struct xdp_md *ctx, struct packet *p)
{
	__u32 offset, next;

	if (!p) {
		return MALFORMED;
	}
	offset = p->l4;
	next = p->t.protocol;
	for (int i = 0; i < 8; i++) {
		__u8 *extension;

		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_FRAGMENT && next != IPPROTO_DSTOPTS &&
		    next != IPPROTO_AH) {
			p->t.protocol = next;
			p->l4 = offset;
			return next == IPPROTO_ICMP ? DROP(COUNTER_UNSUPPORTED) : 0;
		}
		extension = header(ctx, offset, 8);
		if (!extension || offset + 8 > p->l3 + p->t.octets) {
			return MALFORMED;
		}
		if (next == IPPROTO_FRAGMENT) {
			__u32 fragment = extension[2] << 8 | extension[3];

			if (p->flags & (PACKET_FIRST_FRAGMENT | PACKET_LATER_FRAGMENT)) {
				return MALFORMED;
			}
			p->fragment_id = *(__u32 *)(extension + 4);
			p->fragment_offset = fragment >> 3;
			p->fragment_start = offset + 8;
			if (p->fragment_offset) {
				p->flags |= fragment & 1 ? PACKET_LATER_FRAGMENT : PACKET_LATER_FRAGMENT | PACKET_LAST_FRAGMENT;
			} else if (fragment & 1) {
				p->flags |= PACKET_FIRST_FRAGMENT; /* else all in one: RFC 6946 */
			}
			next = extension[0];
			offset += 8;
			if (p->fragment_offset) {
				p->t.protocol = next;
				p->l4 = offset;
				return 0;
			}
			continue;
		}
		if (next == IPPROTO_HOPOPTS && i) {
			return MALFORMED; /* RFC 8200 section 4.1: only as the first */
		}
		/* Routing headers of type 0 are no more (RFC 5095); with segments left the destination is not the last one. */
		if (next == IPPROTO_ROUTING && (extension[2] == 0 || extension[3])) {
			return DROP(COUNTER_UNSUPPORTED);
		}
		offset += next == IPPROTO_AH ? (extension[1] + 2) * 4 : (extension[1] + 1) * 8;
		next = extension[0];
		if (offset > PACKET_MAX_OFFSET - 64) {
			return DROP(COUNTER_UNSUPPORTED);
		}
	}
	return DROP(COUNTER_UNSUPPORTED);
}

static __always_inline int parse_ipv6(struct xdp_md *ctx, struct packet *p)
{
	struct ipv6 *ip = header(ctx, p->l3, sizeof(*ip));
	__u32 class;

	if (!ip || bpf_ntohl(ip->version_class_label) >> 28 != 6) {
		return MALFORMED;
	}
	p->t.family = 6;
	p->t.octets = bpf_ntohs(ip->payload) + sizeof(*ip);
	p->t.protocol = ip->next;
	p->t.source = ip->source;
	p->t.destination = ip->destination;
	p->l4 = p->l3 + sizeof(*ip);
	p->ttl = ip->hops;
	class = bpf_ntohl(ip->version_class_label);
	p->tos = class >> 20;
	p->flags |= PACKET_DONT_FRAGMENT;
	if (!is_there(ctx, p->l3, p->t.octets)) {
		return MALFORMED;
	}
	/* Multicast and mapped addresses send nothing; the unspecified address only asks for neighbours. */
	if (p->t.source.octets[0] == 0xff || is_mapped(&p->t.source) || is_mapped(&p->t.destination)) {
		return MALFORMED;
	}
	if (p->t.destination.octets[0] == 0xff || (p->t.source.octets[0] == 0xfe && (p->t.source.octets[1] & 0xc0) == 0x80) ||
	    (p->t.destination.octets[0] == 0xfe && (p->t.destination.octets[1] & 0xc0) == 0x80)) {
		p->flags |= PACKET_NEIGHBOR;
	} else if (p->t.source.halves[0] == 0 && (p->t.source.halves[1] == 0 || p->t.source.halves[1] == bpf_cpu_to_be64(1))) {
		return MALFORMED;
	} else if (p->t.destination.halves[0] == 0 && p->t.destination.halves[1] <= bpf_cpu_to_be64(1)) {
		return MALFORMED;
	}
	switch (ip->next) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_ICMPV6:
		return 0;
	default:
		return parse_extensions(ctx, p);
	}
}

/* The header of layer 4, which must be whole inside the IP packet. */
static __always_inline int parse_transport(struct xdp_md *ctx, struct packet *p)
{
	__u32 left = p->l3 + p->t.octets - p->l4;

	if (p->flags & PACKET_LATER_FRAGMENT) {
		return 0; /* ports come later */
	}
	if (p->t.protocol == IPPROTO_TCP) {
		struct tcp *tcp = header(ctx, p->l4, sizeof(*tcp));

		if (!tcp || left < sizeof(*tcp) || tcp->length >> 4 < 5 || (__u32)(tcp->length >> 4) * 4 > left) {
			return MALFORMED;
		}
		PORT_PAIR(&p->t) = *(port_pair *)tcp;
		p->tcp_flags = tcp->flags;
		if ((tcp->flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN) {
			p->flags |= PACKET_MAY_OPEN;
		} else if ((tcp->flags & TCP_SYN) && (tcp->flags & (TCP_RST | TCP_FIN))) {
			return MALFORMED;
		}
	} else if (p->t.protocol == IPPROTO_UDP) {
		struct udp *udp = header(ctx, p->l4, sizeof(*udp));

		if (!udp || left < sizeof(*udp) || bpf_ntohs(udp->length) < sizeof(*udp) ||
		    (bpf_ntohs(udp->length) > left && !(p->flags & PACKET_FIRST_FRAGMENT))) {
			return MALFORMED;
		}
		PORT_PAIR(&p->t) = *(port_pair *)udp;
		p->flags |= PACKET_MAY_OPEN;
	} else if (is_icmp(p->t.protocol)) {
		struct icmp *icmp = header(ctx, p->l4, sizeof(*icmp));

		if (!icmp || left < sizeof(*icmp)) {
			return MALFORMED;
		}
		p->t.icmp_type = icmp->type;
		p->t.icmp_code = icmp->code;
		if (p->t.family == 4) {
			if (icmp->type == ICMP4_ECHO) {
				p->flags |= PACKET_MAY_OPEN;
			} else if (icmp->type == ICMP4_UNREACHABLE || icmp->type == ICMP4_TIME_EXCEEDED ||
				   icmp->type == ICMP4_PARAMETER_PROBLEM) {
				p->flags |= PACKET_ICMP_ERROR;
				return 0;
			} else if (icmp->type != ICMP4_ECHO_REPLY) {
				return DROP(COUNTER_UNSUPPORTED);
			}
		} else {
			if (icmp->type == ICMP6_ECHO) {
				p->flags |= PACKET_MAY_OPEN;
			} else if (icmp->type >= ICMP6_UNREACHABLE && icmp->type <= ICMP6_PARAMETER_PROBLEM) {
				p->flags |= PACKET_ICMP_ERROR;
				return 0;
			} else if (icmp->type >= ICMP6_ROUTER_SOLICITATION && icmp->type <= ICMP6_REDIRECT) {
				p->flags |= PACKET_NEIGHBOR;
				return 0;
			} else if (icmp->type != ICMP6_ECHO_REPLY) {
				return p->flags & PACKET_NEIGHBOR ? 0 : DROP(COUNTER_UNSUPPORTED);
			}
		}
		p->t.source_port = icmp->id;
		p->t.destination_port = icmp->id;
	} else if (p->t.protocol == IPPROTO_SCTP) {
		__be16 *ports = header(ctx, p->l4, 12);

		if (!ports || left < 12) {
			return MALFORMED;
		}
		PORT_PAIR(&p->t) = *(port_pair *)ports;
		p->flags |= PACKET_MAY_OPEN;
	} else {
		p->flags |= PACKET_MAY_OPEN;
	}
	return 0;
}

/* Layers 3 and 4 at p->l3, of p->type. */
static __always_inline int parse(struct xdp_md *ctx, struct packet *p)
{
	int r;

	PORT_PAIR(&p->t) = 0;
	p->t.icmp_type = 0;
	p->t.icmp_code = 0;
	p->tcp_flags = 0;
	r = p->type == ETH_P_IP ? parse_ipv4(ctx, p) : parse_ipv6(ctx, p);
	return r ? r : parse_transport(ctx, p);
}

/* Spreads flows over paths and outer ports. */
static __always_inline __u32 flow_hash(const struct tuple *t)
{
	__u64 hash = t->source.halves[0] ^ t->destination.halves[0] * 3;

	hash += t->source.halves[1] ^ (t->destination.halves[1] << 13 | t->destination.halves[1] >> 51);
	hash ^= ((__u64)t->source_port << 40) ^ ((__u64)t->destination_port << 16) ^ t->protocol;
	hash *= 0x9e3779b97f4a7c15ull;
	hash ^= hash >> 32;
	hash *= 0xd6e8feb86659fd93ull;
	return hash >> 32;
}
