/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What is known of a packet while it passes, and how that is read out of its headers.
 *
 * One `struct packet` a CPU serves all parts: XDP never runs two packets on one CPU at a time. Functions that are not `static` are checked
 * by the verifier for themselves, once, whoever calls them; they get the context and the packet and return one of
 *   - a verdict (XDP_PASS, XDP_REDIRECT, ...), where they say so;
 *   - 0: go on;
 *   - DROP(counter): negative; the packet is dropped and counted so.
 */
#pragma once

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "maps.h"

#define DROP(counter) (-(int)(counter))
#define NANOSECONDS 1000000000ull

#ifndef NULL
#define NULL ((void *)0)
#endif

/* Verified once, for itself. Weak: the compiler must not conclude from the body what callers may leave out. */
#define __global __attribute__((noinline, weak))

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "addresses and ports are put together as on little-endian machines"
#endif

/* Both ports of a header, a tuple or a key at once. */
typedef __u32 __attribute__((may_alias)) port_pair;
#define PORT_PAIR(of) (*(port_pair *)&(of)->source_port)

/* ---- headers, as on the wire ------------------------------------------------------------------------------------------------ */

struct ethernet {
	__u8 destination[6];
	__u8 source[6];
	__be16 type;
} __attribute__((packed));

struct vlan_tag {
	__be16 tag;
	__be16 type;
};

struct ipv4 {
	__u8 version_length;
	__u8 tos;
	__be16 total;
	__be16 id;
	__be16 fragment;
	__u8 ttl;
	__u8 protocol;
	__u16 checksum;
	__be32 source;
	__be32 destination;
};

struct ipv6 {
	__be32 version_class_label;
	__be16 payload;
	__u8 next;
	__u8 hops;
	struct address source;
	struct address destination;
} __attribute__((packed, aligned(4)));

struct tcp {
	__be16 source;
	__be16 destination;
	__be32 sequence;
	__be32 acknowledged;
	__u8 length; /* upper four bits, units of 4 octets */
	__u8 flags;
	__be16 window;
	__u16 checksum;
	__be16 urgent;
};

struct udp {
	__be16 source;
	__be16 destination;
	__be16 length;
	__u16 checksum;
};

struct icmp { /* both families */
	__u8 type;
	__u8 code;
	__u16 checksum;
	__be16 id;
	__be16 sequence;
};

struct vxlan {
	__be32 flags; /* RFC 7348: VXLAN_HAS_VNI */
	__be32 vni;   /* upper 24 bits */
};

#define VXLAN_HAS_VNI bpf_htonl(0x08000000)
#define IPV4_MORE_FRAGMENTS bpf_htons(0x2000)
#define IPV4_DONT_FRAGMENT bpf_htons(0x4000)
#define IPV4_FRAGMENT_OFFSET 0x1fff

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

#define ICMP4_ECHO_REPLY 0
#define ICMP4_UNREACHABLE 3
#define ICMP4_SOURCE_QUENCH 4
#define ICMP4_ECHO 8
#define ICMP4_TIME_EXCEEDED 11
#define ICMP4_PARAMETER_PROBLEM 12

#define ICMP6_UNREACHABLE 1
#define ICMP6_PARAMETER_PROBLEM 4
#define ICMP6_ECHO 128
#define ICMP6_ECHO_REPLY 129
#define ICMP6_ROUTER_SOLICITATION 133
#define ICMP6_REDIRECT 137

/* ---- the packet ---------------------------------------------------------------------------------------------------------------- */

/* What lists, balancers and translation look at. */
struct tuple {
	struct address source;
	struct address destination;
	__u32 realm;             /* VPC in which it is judged; 0: public */
	__u32 octets;            /* of the IP packet */
	__be16 source_port;      /* ICMP echo: identifier in both; protocols without ports: 0 */
	__be16 destination_port;
	__u8 protocol;           /* IPPROTO_... */
	__u8 family;             /* 4 or 6 */
	__u8 icmp_type;
	__u8 icmp_code;
};

enum packet_flag {
	PACKET_FIRST_FRAGMENT = 1 << 0, /* of several */
	PACKET_LATER_FRAGMENT = 1 << 1, /* no header of layer 4; ports come from `fragments` */
	PACKET_LAST_FRAGMENT = 1 << 2,  /* with PACKET_LATER_FRAGMENT: no more follow */
	PACKET_ICMP_ERROR = 1 << 3,
	PACKET_MAY_OPEN = 1 << 4,       /* a session may begin with it */
	PACKET_DONT_FRAGMENT = 1 << 5,  /* always with IPv6 */
	PACKET_OWN = 1 << 6,            /* made here: its TTL stays */
	PACKET_NEIGHBOR = 1 << 7,       /* ARP, ND, multicast: for gateway_frame */
};

/* `header` needs a bound that the verifier believes. */
#define PACKET_MAX_OFFSET 0x3ff

struct packet {
	struct tuple t;          /* as the packet is now, in the realm where it came in */

	/* where it came in */
	__u32 role;              /* enum port_role */
	__u32 realm;             /* index into `vpcs` */
	__u32 vnet;              /* index into `vnets`; 0: none */
	__u16 l2;                /* offset of the Ethernet header, the inner one with VXLAN; on plain ports a tag may stand before l3 */
	__u16 l3;                /* offset of the IP header, the inner one with VXLAN */
	__u16 l4;                /* offset of the header of layer 4 */
	__u16 flags;             /* enum packet_flag */
	struct address vtep;     /* outer source address; of VXLAN only */

	/* of its headers */
	__u32 fragment_id;
	__u16 fragment_offset;   /* units of 8 octets */
	__u16 fragment_start;    /* offset of a fragment's payload */
	__u16 type;              /* EtherType, host order */
	__u8 ttl;
	__u8 tos;                /* of both families */
	__u8 tcp_flags;
	__u8 reserved;
	__u16 mtu;               /* with COUNTER_TOO_BIG: largest IP packet that would have passed */

	/* where it goes on: what `deliver` looks up */
	struct address to;
	__u32 out_realm;
	__u32 hash;              /* of the flow */
	__be16 vxlan_port;
	__u16 reserved2;
	__u32 generation;        /* of the agent's tables, when it came in */
	__u32 reserved3;

	/* time */
	__u64 now;               /* bpf_ktime_get_coarse_ns; this and what follows is kept from packet to packet */
	__u64 tick;              /* jiffies of `now` */
	__u64 second_began;
	__u32 second;            /* seconds of `now` */

	/* of `deliver` */
	__u32 adjacency;         /* index into `adjacencies`, or FABRIC_LINK_ADJACENCY */
	struct route route;
	struct adjacency link;
};

#define FABRIC_LINK_ADJACENCY 0xffffffff /* not remembered: `link` of the packet */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct packet);
	__uint(max_entries, 1);
} packets SEC(".maps"); /* not pinned: belongs to one load */

/* From here on the compiler knows nothing of a value: it must not check one copy of it and use another. */
#define OPAQUE(value) asm volatile("" : "+r"(value))

static __always_inline void count(__u32 reason)
{
	__u64 *counter = bpf_map_lookup_elem(&counters, &reason);

	if (counter) {
		(*counter)++;
	}
}

static __always_inline struct settings *settings_now(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&settings, &zero);
}

/* A header of `size` octets at an offset, or NULL: not there. */
static __always_inline void *header(struct xdp_md *ctx, __u32 offset, __u32 size)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;

	/* The compiler must not see that the bound could be moved. */
	asm volatile("%0 &= %1" : "+r"(offset) : "i"(PACKET_MAX_OFFSET));
	data += offset;
	return data + size <= end ? data : NULL;
}

static __always_inline struct address mapped(__be32 ipv4)
{
	struct address address;

	/* Written as it will be read: a CPU waits when it has to gather a word from two that were stored just now. */
	address.halves[0] = 0;
	address.halves[1] = (__u64)ipv4 << 32 | bpf_htonl(0xffff);
	return address;
}

static __always_inline int is_mapped(const struct address *address)
{
	return address->halves[0] == 0 && address->words[2] == bpf_htonl(0xffff);
}

static __always_inline int same_address(const struct address *one, const struct address *other)
{
	return one->halves[0] == other->halves[0] && one->halves[1] == other->halves[1];
}

/* Whether the protocol has ports of its own here (RFC 4960 has them in the same place). */
static __always_inline int has_ports(__u8 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
}

static __always_inline int is_icmp(__u8 protocol)
{
	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

static __always_inline void set_time(struct packet *p)
{
	__u64 tick = bpf_jiffies64(), now;

	/* The coarse time stands still between ticks, and asking costs a call. */
	if (tick == p->tick) {
		return;
	}
	now = bpf_ktime_get_coarse_ns();
	p->tick = tick;
	p->now = now;
	if (now - p->second_began >= NANOSECONDS) {
		__u64 second = now / NANOSECONDS;

		p->second = second;
		p->second_began = second * NANOSECONDS;
	}
}

/*
 * Sends an IP packet at p->l3 on: looks `to` up in `out_realm`, finds the neighbour, writes the headers before layer 3 anew and redirects.
 * Lowers the TTL unless PACKET_OWN. A verdict, or DROP; with COUNTER_TTL_EXCEEDED, COUNTER_TOO_BIG (p->mtu) and COUNTER_NO_ROUTE the
 * packet is still as it came. In forward.h.
 */
int deliver(struct xdp_md *ctx, struct packet *p);

/*
 * The session of a tuple in `realm`: what its packets become, in *becomes, with the realm in which they go on. 0, or negative: none.
 * `seen` is not touched. In session.h; for ICMP errors.
 */
int session_find(struct tuple *t, __u32 realm, struct session6 *becomes);
