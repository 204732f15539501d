/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Routes of realms, and the neighbours that they lead to. */
#pragma once

#include "gateway.h"
#include "packet.h"

/* The highest bit that is set, of a word that is not zero. Apart, so that the verifier does not follow every outcome through loops. */
__global int highest_bit(__u64 word)
{
	__u32 bit = 0;

	if (word >> 32) {
		bit = 32;
		word >>= 32;
	}
	if (word >> 16) {
		bit += 16;
		word >>= 16;
	}
	if (word >> 8) {
		bit += 8;
		word >>= 8;
	}
	if (word >> 4) {
		bit += 4;
		word >>= 4;
	}
	if (word >> 2) {
		bit += 2;
		word >>= 2;
	}
	return bit + (word >> 1);
}

/* The longest length of a set, taken out of it; -1: none is left. Sets have a bit for each length, as in `struct vpc`. */
struct lengths {
	__u64 words[3];
};

__global int longest_length(struct lengths *set)
{
	for (int i = 2; set && i >= 0; i--) {
		if (set->words[i]) {
			__u32 bit = highest_bit(set->words[i]);

			set->words[i] &= ~(1ull << (bit & 63));
			return i * 64 + bit;
		}
	}
	return -1;
}

/* The first `length` bits of an address. */
__global int mask_address(struct address *address, __u32 length)
{
	for (int i = 0; address && i < 4; i++) {
		int bits = (int)length - i * 32;

		if (bits <= 0) {
			address->words[i] = 0;
		} else if (bits < 32) {
			address->words[i] &= bpf_htonl(~0u << (32 - bits));
		}
	}
	return 0;
}

/* The route of the longest prefix in a realm; hosts have been asked. 0, or DROP(COUNTER_NO_ROUTE). */
__global int route_prefix(__u32 realm, struct address *to, struct route *route)
{
	struct vpc *vpc = bpf_map_lookup_elem(&vpcs, &realm);
	struct prefix_key key = {};

	if (!vpc || !to || !route) {
		return DROP(COUNTER_NO_ROUTE);
	}
	key.realm = realm;
	if (is_mapped(to)) {
		__u64 left = vpc->prefixes4;

		key.address = *to;
		for (int i = 0; i < 33 && left; i++) {
			__u32 bit = highest_bit(left);
			struct route *found;

			if (bit > 32) {
				break;
			}
			left &= ~(1ull << bit);
			key.length = 96 + bit;
			key.address.words[3] = bit ? to->words[3] & bpf_htonl(~0u << (32 - bit)) : 0;
			found = bpf_map_lookup_elem(&prefixes, &key);
			if (found) {
				*route = *found;
				return 0;
			}
		}
	} else {
		struct lengths left = {{vpc->prefixes6[0], vpc->prefixes6[1], vpc->prefixes6[2]}};

		for (int i = 0; i < 129; i++) {
			int length = longest_length(&left);
			struct route *found;

			if (length < 0) {
				break;
			}
			key.length = length;
			key.address = *to;
			mask_address(&key.address, length);
			found = bpf_map_lookup_elem(&prefixes, &key);
			if (found) {
				*route = *found;
				return 0;
			}
		}
	}
	return DROP(COUNTER_NO_ROUTE);
}

/* The route to an address: the host's, which only VPCs have, else the longest prefix. 0, or DROP(COUNTER_NO_ROUTE). */
static __always_inline int route_find(__u32 realm, struct address *to, struct route *route)
{
	struct host_key key = {};
	struct route *host;

	if (realm != FABRIC_PUBLIC_REALM) {
		key.realm = realm;
		key.address = *to;
		host = bpf_map_lookup_elem(&hosts, &key);
		if (host && !(host->flags & ROUTE_NO_PATH)) {
			*route = *host;
			return 0;
		}
	}
	return route_prefix(realm, to, route);
}

/* The route out of the public realm by an upstream router, also where a prefix leads into a VPC of ours. 0, or DROP(COUNTER_NO_ROUTE). */
__global int route_outward(struct address *to, struct route *route)
{
	struct prefix_key key = {};
	struct route *found;

	if (!to || !route) {
		return DROP(COUNTER_NO_ROUTE);
	}
	if (route_prefix(FABRIC_PUBLIC_REALM, to, route) == 0 && !(route->flags & ROUTE_INTO_VPC)) {
		return 0;
	}
	if (is_mapped(to)) {
		key.length = 96;
		key.address.words[2] = bpf_htonl(0xffff);
	}
	found = bpf_map_lookup_elem(&prefixes, &key);
	if (!found) {
		return DROP(COUNTER_NO_ROUTE);
	}
	*route = *found;
	return 0;
}

/* The route to p->to in p->out_realm, in p->route. 0, or DROP(COUNTER_NO_ROUTE). */
__global int route_ask(struct packet *p)
{
	if (!p) {
		return DROP(COUNTER_NO_ROUTE);
	}
	return p->out_realm == FABRIC_PUBLIC_REALM ? route_outward(&p->to, &p->route) : route_find(p->out_realm, &p->to, &p->route);
}

/* Whether the orchestrator does not know the sender, in a VPC where it must. */
__global int is_spoofed(__u32 realm, struct address *source)
{
	struct vpc *vpc = bpf_map_lookup_elem(&vpcs, &realm);
	struct host_key key = {};
	struct route *sender;

	if (!vpc || !source || realm == FABRIC_PUBLIC_REALM || !(vpc->flags & VPC_ANTI_SPOOF)) {
		return 0;
	}
	key.realm = realm;
	key.address = *source;
	sender = bpf_map_lookup_elem(&hosts, &key);
	return !sender || !(sender->flags & ROUTE_KNOWN);
}

/*
 * Asks the kernel for the neighbour of p->route.hop and remembers it at p->adjacency (a hop that is the link itself: in p->link).
 * What cannot be reached now is remembered for a tenth of a second.
 */
__global int adjacency_ask(struct xdp_md *ctx, struct packet *p)
{
	struct settings *settings = settings_now();
	struct bpf_fib_lookup fib = {};
	struct adjacency found = {};
	struct address to;
	struct hop *hop;
	__u32 index;
	long r;

	if (!p || !settings) {
		return DROP(COUNTER_NO_ADJACENCY);
	}
	index = p->route.hop;
	hop = bpf_map_lookup_elem(&hops, &index);
	if (!hop) {
		return DROP(COUNTER_NO_ADJACENCY);
	}
	to = hop->kind == HOP_LINK ? p->to : hop->address;
	fib.ifindex = ctx->ingress_ifindex;
	fib.l4_protocol = IPPROTO_UDP;
	/* Each path that is remembered asks as another flow would, so that the kernel's own spreading decides. */
	fib.sport = bpf_htons(0xc000 | (p->adjacency & (FABRIC_PATHS_PER_HOP - 1)));
	fib.dport = bpf_htons(settings->vxlan_port);
	fib.tot_len = 1;
	if (is_mapped(&to)) {
		fib.family = 2; /* AF_INET */
		fib.ipv4_dst = to.words[3];
	} else {
		fib.family = 10; /* AF_INET6 */
		__builtin_memcpy(fib.ipv6_dst, to.octets, 16);
	}
	found.expires = p->now + NANOSECONDS / 10;
	r = bpf_fib_lookup(ctx, &fib, sizeof(fib), 0);
	if (r == BPF_FIB_LKUP_RET_SUCCESS && (hop->ifindex == 0 || hop->vlan || hop->ifindex == fib.ifindex)) {
		found.expires = p->now + settings->adjacency_ns;
		found.ifindex = hop->vlan ? hop->ifindex : fib.ifindex;
		found.mtu = fib.mtu_result;
		__builtin_memcpy(found.destination, fib.dmac, 6);
		__builtin_memcpy(found.source, fib.smac, 6);
	}
	p->link = found;
	index = p->adjacency;
	if (index != FABRIC_LINK_ADJACENCY) {
		bpf_map_update_elem(&adjacencies, &index, &found, BPF_ANY);
	}
	return 0;
}
