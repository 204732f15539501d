/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* ICMP errors: those that pass are translated with the packet that they quote; those that are made here. */
#pragma once

#include "answer.h"
#include "route.h"

#define ICMP4_NET_UNREACHABLE 0
#define ICMP4_TOO_BIG 4       /* codes of ICMP4_UNREACHABLE */
#define ICMP6_NO_ROUTE 0      /* codes of ICMP6_UNREACHABLE */
#define ICMP6_TOO_BIG 2
#define ICMP6_TIME_EXCEEDED 3

#define QUOTE4 (576 - 28)               /* RFC 1812 section 4.3.2.3 */
#define QUOTE6 (SCRATCH_SIZE - 48)      /* RFC 4443 section 2.4 (c) */

static __always_inline int icmp4_is_error(__u8 type)
{
	return type == ICMP4_UNREACHABLE || type == ICMP4_SOURCE_QUENCH || type == 5 || type == ICMP4_TIME_EXCEEDED ||
	       type == ICMP4_PARAMETER_PROBLEM;
}

/* ---- errors that pass --------------------------------------------------------------------------------------------------------------- */

/* What an error quotes, as the packet was that we have sent. */
struct quoted {
	struct tuple t;
	__u32 network;      /* offset of its IP header */
	__u32 transport;
	__u32 end;
	__u16 checksum_at;  /* offset of its checksum of layer 4; 0: it has none, or it is not in the quote */
};

/* Too much for the stack. */
struct translation {
	struct quoted q;
	struct tuple back;       /* answers the quoted packet */
	struct tuple as;         /* the quoted packet as its sender has sent it */
	struct session6 becomes; /* what `back` becomes */
	struct address source;   /* of the error, from now on */
	__u64 change;            /* of the sum over the ICMP message */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct translation);
	__uint(max_entries, 1);
} translations SEC(".maps"); /* not pinned: belongs to one load */

/* What the error quotes. 0, or DROP. */
__global int read_quoted(struct xdp_md *ctx, struct packet *p, struct quoted *q)
{
	__u8 ports[8];
	__u32 place;

	if (!p || !q) {
		return DROP(COUNTER_MALFORMED);
	}
	__builtin_memset(q, 0, sizeof(*q));
	q->network = p->l4 + sizeof(struct icmp);
	q->end = p->l3 + p->t.octets;
	if (p->t.family == 4) {
		struct ipv4 ip;

		if (q->network + sizeof(ip) > q->end || bpf_xdp_load_bytes(ctx, q->network, &ip, sizeof(ip))) {
			return DROP(COUNTER_MALFORMED);
		}
		if (ip.version_length >> 4 != 4 || (ip.version_length & 15) < 5) {
			return DROP(COUNTER_MALFORMED);
		}
		if (bpf_ntohs(ip.fragment) & IPV4_FRAGMENT_OFFSET) {
			return DROP(COUNTER_NO_SESSION); /* nothing in it says whose it is */
		}
		q->t.source = mapped(ip.source);
		q->t.destination = mapped(ip.destination);
		q->t.protocol = ip.protocol;
		q->transport = q->network + (ip.version_length & 15) * 4;
	} else {
		struct ipv6 ip;

		if (q->network + sizeof(ip) > q->end || bpf_xdp_load_bytes(ctx, q->network, &ip, sizeof(ip))) {
			return DROP(COUNTER_MALFORMED);
		}
		if ((bpf_ntohl(ip.version_class_label) >> 28) != 6) {
			return DROP(COUNTER_MALFORMED);
		}
		q->t.source = ip.source;
		q->t.destination = ip.destination;
		q->t.protocol = ip.next;
		q->transport = q->network + sizeof(ip);
	}
	q->t.family = p->t.family;
	q->t.realm = p->realm;
	if (!has_ports(q->t.protocol) && !is_icmp(q->t.protocol)) {
		return 0;
	}
	if (q->transport + sizeof(ports) > q->end || bpf_xdp_load_bytes(ctx, q->transport, ports, sizeof(ports))) {
		return DROP(COUNTER_MALFORMED);
	}
	if (is_icmp(q->t.protocol)) {
		__u8 type = ports[0];

		if (q->t.family == 4 ? type != ICMP4_ECHO && type != ICMP4_ECHO_REPLY : type != ICMP6_ECHO && type != ICMP6_ECHO_REPLY) {
			return DROP(COUNTER_NO_SESSION); /* RFC 4443 section 2.4 (e): never about an error */
		}
		__builtin_memcpy(&q->t.source_port, ports + 4, 2);
		q->t.destination_port = q->t.source_port;
		q->checksum_at = q->transport + 2;
		return 0;
	}
	__builtin_memcpy(&q->t.source_port, ports, 2);
	__builtin_memcpy(&q->t.destination_port, ports + 2, 2);
	place = q->transport + (q->t.protocol == IPPROTO_TCP ? 16 : 6);
	if (q->t.protocol != IPPROTO_SCTP && place + 2 <= q->end) {
		q->checksum_at = place;
	}
	return 0;
}

/* Replaces `length` octets at an offset and adds the change to a sum. 0: done. */
#define REPLACE(ctx, offset, from, to, length, change)                                       \
	({                                                                                   \
		(change) = sum_change(change, from, to, length);                             \
		bpf_xdp_store_bytes(ctx, offset, (void *)(to), length);                      \
	})

/* Writes the quoted packet as its sender has sent it: as t->as in place of t->q. 0: done, t->change is what changed. */
__global int rewrite_quoted(struct xdp_md *ctx, struct translation *t)
{
	__u64 addresses = 0, ports = 0, change = 0;
	__u16 check, fixed;
	struct quoted *q;
	struct tuple *as;
	long failed = 0;

	if (!t) {
		return -1;
	}
	q = &t->q;
	as = &t->as;
	if (q->t.family == 4) {
		failed |= REPLACE(ctx, q->network + 12, &q->t.source.words[3], &as->source.words[3], 4, addresses);
		failed |= REPLACE(ctx, q->network + 16, &q->t.destination.words[3], &as->destination.words[3], 4, addresses);
		failed |= bpf_xdp_load_bytes(ctx, q->network + 10, &check, 2);
		fixed = checksum_after(check, addresses);
		failed |= REPLACE(ctx, q->network + 10, &check, &fixed, 2, change);
	} else {
		failed |= REPLACE(ctx, q->network + 8, &q->t.source, &as->source, 16, addresses);
		failed |= REPLACE(ctx, q->network + 24, &q->t.destination, &as->destination, 16, addresses);
	}
	change += addresses;
	if (has_ports(q->t.protocol)) {
		failed |= REPLACE(ctx, q->transport, &q->t.source_port, &as->source_port, 2, ports);
		failed |= REPLACE(ctx, q->transport + 2, &q->t.destination_port, &as->destination_port, 2, ports);
	} else if (is_icmp(q->t.protocol)) {
		failed |= REPLACE(ctx, q->transport + 4, &q->t.source_port, &as->source_port, 2, ports);
	}
	change += ports;
	if (q->checksum_at) {
		failed |= bpf_xdp_load_bytes(ctx, q->checksum_at, &check, 2);
		if (q->t.protocol != IPPROTO_UDP || check) {
			/* ICMP of IPv4 has no pseudo header. */
			fixed = checksum_after(check, q->t.protocol == IPPROTO_ICMP ? ports : addresses + ports);
			if (q->t.protocol == IPPROTO_UDP && !fixed) {
				fixed = 0xffff;
			}
			failed |= REPLACE(ctx, q->checksum_at, &check, &fixed, 2, change);
		}
	}
	t->change = change;
	return failed ? -1 : 0;
}

/*
 * An ICMP error (PACKET_ICMP_ERROR): translates it by the session that the quoted packet belongs to (RFC 5508 section 4.2), and sets p->to
 * and p->out_realm. 0: to be delivered; or DROP. Where the session hides who it comes from, so does the error: a host behind us is never
 * named outside.
 */
__global int icmp_translate(struct xdp_md *ctx, struct packet *p)
{
	__u32 zero = 0;
	struct translation *t = bpf_map_lookup_elem(&translations, &zero);
	__u64 payload, addresses = 0;
	__u16 check, fixed;
	long failed = 0;
	int r;

	if (!p || !t) {
		return DROP(COUNTER_MALFORMED);
	}
	r = read_quoted(ctx, p, &t->q);
	if (r) {
		return r;
	}
	if (!same_address(&t->q.t.source, &p->t.destination)) {
		return DROP(COUNTER_NO_SESSION);
	}

	/* The error goes the way of the answers to what it quotes. */
	t->back = t->q.t;
	t->back.source = t->q.t.destination;
	t->back.destination = t->q.t.source;
	t->back.source_port = t->q.t.destination_port;
	t->back.destination_port = t->q.t.source_port;
	if (is_spoofed(p->realm, &p->t.source)) {
		return DROP(COUNTER_SPOOFED);
	}
	if (session_find(&t->back, p->realm, &t->becomes) < 0) {
		return DROP(COUNTER_NO_SESSION);
	}

	t->as = t->q.t;
	t->as.source = t->becomes.destination;
	t->as.destination = t->becomes.source;
	t->as.source_port = t->becomes.destination_port;
	t->as.destination_port = t->becomes.source_port;
	if (rewrite_quoted(ctx, t)) {
		return DROP(COUNTER_MALFORMED);
	}
	payload = t->change;

	t->source = same_address(&t->becomes.source, &t->back.source) ? p->t.source : t->becomes.source;
	if (p->t.family == 4) {
		failed |= REPLACE(ctx, p->l3 + 12, &p->t.source.words[3], &t->source.words[3], 4, addresses);
		failed |= REPLACE(ctx, p->l3 + 16, &p->t.destination.words[3], &t->becomes.destination.words[3], 4, addresses);
		failed |= bpf_xdp_load_bytes(ctx, p->l3 + 10, &check, 2);
		fixed = checksum_after(check, addresses);
		failed |= bpf_xdp_store_bytes(ctx, p->l3 + 10, &fixed, 2);
	} else {
		failed |= REPLACE(ctx, p->l3 + 8, &p->t.source, &t->source, 16, addresses);
		failed |= REPLACE(ctx, p->l3 + 24, &p->t.destination, &t->becomes.destination, 16, addresses);
		payload += addresses; /* of the pseudo header */
	}
	failed |= bpf_xdp_load_bytes(ctx, p->l4 + 2, &check, 2);
	fixed = checksum_after(check, payload);
	failed |= bpf_xdp_store_bytes(ctx, p->l4 + 2, &fixed, 2);
	if (failed) {
		return DROP(COUNTER_MALFORMED);
	}
	p->t.source = t->source;
	p->t.destination = t->becomes.destination;
	p->to = t->becomes.destination;
	p->out_realm = t->becomes.realm;
	return 0;
}

/* ---- errors that are made here --------------------------------------------------------------------------------------------------------- */

/* Whether an address may be told, or be what an error is about: of one host (RFC 1122 section 3.2.2, RFC 4443 section 2.4 (e)). */
static __always_inline int is_one_host(const struct address *address)
{
	if (is_mapped(address)) {
		__u8 first = address->octets[12];

		return first != 0 && first != 127 && first < 224;
	}
	return address->octets[0] != 0xff && address->halves[0] | (bpf_be64_to_cpu(address->halves[1]) > 1);
}

/* Type, code and second word of the error that says `reason`. 0: nothing says it. */
static __always_inline int describe(struct icmp *icmp, __u8 family, int reason, __u16 mtu)
{
	switch (reason) {
	case COUNTER_TTL_EXCEEDED:
		icmp->type = family == 4 ? ICMP4_TIME_EXCEEDED : ICMP6_TIME_EXCEEDED;
		return 1;
	case COUNTER_TOO_BIG:
		icmp->type = family == 4 ? ICMP4_UNREACHABLE : ICMP6_TOO_BIG;
		icmp->code = family == 4 ? ICMP4_TOO_BIG : 0;
		icmp->sequence = bpf_htons(mtu); /* RFC 1191 section 4; the lower half of the MTU in IPv6 */
		return 1;
	case COUNTER_NO_ROUTE:
		icmp->type = family == 4 ? ICMP4_UNREACHABLE : ICMP6_UNREACHABLE;
		icmp->code = family == 4 ? ICMP4_NET_UNREACHABLE : ICMP6_NO_ROUTE;
		return 1;
	default:
		return 0;
	}
}

/* Never about what must not be answered. */
static __always_inline int may_answer(struct xdp_md *ctx, const struct packet *p)
{
	__u8 mac;

	if (p->flags & (PACKET_LATER_FRAGMENT | PACKET_OWN) || !is_one_host(&p->t.source) || !is_one_host(&p->t.destination)) {
		return 0;
	}
	if (bpf_xdp_load_bytes(ctx, p->l2, &mac, 1) || mac & 1) {
		return 0;
	}
	if (is_icmp(p->t.protocol)) {
		__u8 type;

		if (bpf_xdp_load_bytes(ctx, p->l4, &type, 1)) {
			return 0;
		}
		return p->t.family == 4 ? !icmp4_is_error(type) : type >= ICMP6_ECHO && type != ICMP6_REDIRECT;
	}
	return 1;
}

/*
 * Makes an error of a packet that could not go on, for its sender, in place: `reason` is COUNTER_TTL_EXCEEDED, COUNTER_TOO_BIG (p->mtu) or
 * COUNTER_NO_ROUTE. Sets p->to, p->out_realm and PACKET_OWN. 0: to be delivered; or DROP(reason): no answer is due.
 *
 * IPv4 packets that may be fragmented get "fragmentation needed" as well: there is no fragmenting here.
 */
__global int icmp_answer(struct xdp_md *ctx, struct packet *p, int reason)
{
	struct scratch *s = scratch();
	struct icmp icmp = {};
	struct router *router;
	struct address own, peer;
	__u32 index, quote, length;
	__s64 sum;

	if (!p || !s || !describe(&icmp, p->t.family, reason, p->mtu) || !may_answer(ctx, p)) {
		return DROP(reason);
	}
	index = p->vnet;
	router = bpf_map_lookup_elem(&routers, &index);
	if (!router) {
		return DROP(reason);
	}
	own = p->t.family == 4 ? router->address4 : router->address6;
	peer = p->t.source;
	if (is_zero(&own) || !within(BOUND_ERRORS, index, p->second, ERRORS_PER_SECOND)) {
		return DROP(reason);
	}

	if (p->t.family == 4) {
		struct ipv4 ip = {};

		quote = p->t.octets < QUOTE4 ? p->t.octets : QUOTE4;
		sum = sum_of_packet(ctx, s, sizeof(ip) + sizeof(icmp), p->l3, quote);
		if (sum < 0) {
			return DROP(reason);
		}
		length = sizeof(ip) + sizeof(icmp) + quote;
		icmp.checksum = ~checksum_fold(sum_of(sum, &icmp, sizeof(icmp)));
		ip.version_length = 0x45;
		ip.total = bpf_htons(length);
		ip.ttl = DEFAULT_TTL;
		ip.protocol = IPPROTO_ICMP;
		ip.source = own.words[3];
		ip.destination = peer.words[3];
		ip.checksum = ~checksum_fold(sum_of(0, &ip, sizeof(ip)));
		__builtin_memcpy(s->data, &ip, sizeof(ip));
		__builtin_memcpy(s->data + sizeof(ip), &icmp, sizeof(icmp));
	} else {
		struct ipv6 ip = {};

		quote = p->t.octets < QUOTE6 ? p->t.octets : QUOTE6;
		sum = sum_of_packet(ctx, s, sizeof(ip) + sizeof(icmp), p->l3, quote);
		if (sum < 0) {
			return DROP(reason);
		}
		length = sizeof(ip) + sizeof(icmp) + quote;
		ip.version_class_label = bpf_htonl(6u << 28);
		ip.payload = bpf_htons(length - sizeof(ip));
		ip.next = IPPROTO_ICMPV6;
		ip.hops = DEFAULT_TTL;
		ip.source = own;
		ip.destination = peer;
		sum = sum_of(sum, &ip.source, 32) + ip.payload + bpf_htons(IPPROTO_ICMPV6);
		icmp.checksum = ~checksum_fold(sum_of(sum, &icmp, sizeof(icmp)));
		__builtin_memcpy(s->data, &ip, sizeof(ip));
		__builtin_memcpy(s->data + sizeof(ip), &icmp, sizeof(icmp));
	}

	if (resize(ctx, p, length)) {
		return DROP(reason);
	}
	asm volatile("" : "+r"(length));
	if (length < sizeof(struct ipv4) || length > SCRATCH_SIZE || bpf_xdp_store_bytes(ctx, p->l3, s->data, length)) {
		return DROP(reason);
	}

	p->t.source = own;
	p->t.destination = peer;
	p->t.octets = length;
	p->t.protocol = p->t.family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	p->t.source_port = 0;
	p->t.destination_port = 0;
	p->l4 = p->l3 + (p->t.family == 4 ? sizeof(struct ipv4) : sizeof(struct ipv6));
	p->flags &= ~(PACKET_FIRST_FRAGMENT | PACKET_MAY_OPEN);
	p->flags |= PACKET_OWN | PACKET_ICMP_ERROR;
	p->ttl = DEFAULT_TTL;
	p->to = peer;
	p->out_realm = p->realm;
	return 0;
}
