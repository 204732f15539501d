/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Source NAT: blocks of ports of public addresses in the hands of inside hosts.
 *
 * An inside port is mapped to a port with the same lower four bits (so an even one stays even, RFC 4787 REQ-4) in one of the host's
 * blocks: four places a block, so that it is found again without a list. Preserved when its own block is the host's or free to be.
 */
#pragma once

#include "packet.h"

#define NAT_BLOCKS (65536 / FABRIC_PORTS_PER_BLOCK)
#define NAT_FIRST_BLOCK (FABRIC_FIRST_NAT_PORT / FABRIC_PORTS_PER_BLOCK)
#define NAT_USABLE_BLOCKS (NAT_BLOCKS - NAT_FIRST_BLOCK)
#define NAT_TRIES 256           /* blocks that are tried before an address counts as used up */
#define NAT_STRIDE 605          /* has no factor in common with NAT_USABLE_BLOCKS: all are visited */
#define NAT_PLACES 4            /* in a block for one inside port */
#define NAT_PLACE_STEP (FABRIC_PORTS_PER_BLOCK / NAT_PLACES)
#define NAT_ADDRESS_TRIES 4     /* addresses of a pool for a host without one */

/* What is asked for, and what comes of it. */
struct nat_request {
	struct address inside;
	struct address outside; /* result */
	__u32 realm;
	__u32 pool;
	__u16 inside_port;      /* host order */
	__u16 port;             /* result, host order */
	__u8 protocol;
	__u8 class_;
	__u8 hold;              /* 0: only look for a mapping that is there */
	__u8 reserved;
	__u32 now;              /* seconds */
};

/* Values that are about to be added: too large for the stack. Words, because what a CPU has for itself may hold no lock. */
struct nat_draft {
	__u64 block[sizeof(struct nat_block) / 8];
	__u64 host[sizeof(struct nat_host) / 8];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct nat_draft);
	__uint(max_entries, 1);
} nat_drafts SEC(".maps");

static __always_inline __u32 nat_class(__u8 protocol)
{
	return protocol == IPPROTO_TCP ? 0 : protocol == IPPROTO_UDP ? 1 : 2;
}

static __always_inline __u32 nat_hash(const struct nat_request *r)
{
	__u64 hash = (r->inside.halves[0] ^ r->inside.halves[1]) * 0x9e3779b97f4a7c15ull + r->realm * 0x85ebca6bull;

	hash ^= hash >> 29;
	return (hash * 0xbf58476d1ce4e5b9ull) >> 32;
}

/* Attribution: who has the ports of a block from now on, or no more. */
__global int nat_tell(struct block_key *key, struct address *inside, __u32 realm, __u32 kind)
{
	struct block_event *event;

	if (!key || !inside) {
		return -1;
	}
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		return -1;
	}
	event->header.kind = kind;
	event->header.vnet = 0;
	event->header.time = bpf_ktime_get_ns();
	event->outside = key->outside;
	event->inside = *inside;
	event->realm = realm;
	event->first_port = key->block * FABRIC_PORTS_PER_BLOCK;
	event->protocol = key->protocol;
	event->reserved = 0;
	bpf_ringbuf_submit(event, 0);
	return 0;
}

/*
 * Takes a port in a block for the request: one that stands for the inside port already, or else a free one. 0: r->port is it.
 * `fresh`: a free one may be taken.
 */
__global int nat_take(struct nat_request *r, __u32 block, __u32 fresh)
{
	struct block_key key = {};
	struct nat_block *b;
	int place = -1;

	if (!r) {
		return -1;
	}
	key.outside = r->outside;
	key.block = block;
	key.protocol = r->class_;
	b = bpf_map_lookup_elem(&nat_blocks, &key);
	if (!b) {
		return -1;
	}
	bpf_spin_lock(&b->lock);
	if (b->realm == r->realm && same_address(&b->inside, &r->inside)) {
		for (__u32 i = 0; i < NAT_PLACES; i++) {
			__u32 n = (r->inside_port + i * NAT_PLACE_STEP) & (FABRIC_PORTS_PER_BLOCK - 1);

			if (!(b->used >> n & 1)) {
				if (fresh && place < 0) {
					place = n;
				}
			} else if (b->inside_port[n] == r->inside_port) {
				place = n;
				break;
			}
		}
		if (place >= 0) {
			__u32 n = place & (FABRIC_PORTS_PER_BLOCK - 1);

			if (!(b->used >> n & 1)) {
				b->used |= 1ull << n;
				b->inside_port[n] = r->inside_port;
				b->sessions[n] = 0;
			}
			if (b->sessions[n] == 0xffff) {
				place = -1;
			} else if (r->hold) {
				b->sessions[n]++;
			}
		}
	}
	bpf_spin_unlock(&b->lock);
	if (place < 0) {
		return -1;
	}
	r->port = block * FABRIC_PORTS_PER_BLOCK + place;
	return 0;
}

/* One session less on a port. */
__global int nat_release(struct address *outside, __u32 port, __u32 protocol)
{
	struct block_key key = {};
	struct nat_block *b;
	__u32 now = bpf_ktime_get_ns() / NANOSECONDS;
	__u32 n = port & (FABRIC_PORTS_PER_BLOCK - 1);

	if (!outside) {
		return -1;
	}
	key.outside = *outside;
	key.block = port / FABRIC_PORTS_PER_BLOCK;
	key.protocol = nat_class(protocol);
	b = bpf_map_lookup_elem(&nat_blocks, &key);
	if (!b) {
		return -1;
	}
	bpf_spin_lock(&b->lock);
	if (b->sessions[n] > 0) {
		b->sessions[n]--;
	}
	if (b->sessions[n] == 0) {
		b->used &= ~(1ull << n);
		if (b->used == 0) {
			b->emptied = now;
		}
	}
	bpf_spin_unlock(&b->lock);
	return 0;
}

/* Claims a block that nobody has, for the request's host. 0: it is the host's. */
static __always_inline long nat_claim(struct nat_request *r, __u32 block)
{
	struct block_key key = {};
	struct nat_draft *draft;
	struct nat_block *fresh;
	__u32 zero = 0;

	key.outside = r->outside;
	key.block = block;
	key.protocol = r->class_;
	if (bpf_map_lookup_elem(&nat_blocks, &key)) {
		return -1;
	}
	draft = bpf_map_lookup_elem(&nat_drafts, &zero);
	if (!draft) {
		return -1;
	}
	fresh = (struct nat_block *)draft->block;
	fresh->inside = r->inside;
	fresh->realm = r->realm;
	fresh->emptied = r->now;
	return bpf_map_update_elem(&nat_blocks, &key, fresh, BPF_NOEXIST);
}

struct nat_search {
	struct nat_request *request;
	__u32 start;
	__u32 block; /* result */
};

static long nat_try_block(__u32 i, struct nat_search *search)
{
	__u32 block = NAT_FIRST_BLOCK + (search->start + i * NAT_STRIDE) % NAT_USABLE_BLOCKS;

	if (nat_claim(search->request, block) != 0) {
		return 0;
	}
	search->block = block;
	return 1;
}

/* Gives the host one more block of its address, the one of the inside port first. The block, or -1. */
__global int nat_new_block(struct nat_request *r)
{
	struct nat_search search = {};
	struct host_key key = {};
	struct block_key block = {};
	struct nat_host *host;
	struct pool *pool;
	__u64 class_, place;
	__u32 index, most, taken = 0;

	if (!r) {
		return -1;
	}
	class_ = r->class_;
	OPAQUE(class_);
	index = r->pool;
	pool = bpf_map_lookup_elem(&pools, &index);
	if (!pool || class_ > 2) {
		return -1;
	}
	most = pool->blocks_per_host;
	key.realm = r->realm;
	key.address = r->inside;
	host = bpf_map_lookup_elem(&nat_hosts, &key);
	if (!host || host->count[class_] >= most || host->count[class_] >= FABRIC_MAX_BLOCKS_PER_HOST) {
		return -1;
	}
	search.block = r->inside_port / FABRIC_PORTS_PER_BLOCK;
	if (search.block < NAT_FIRST_BLOCK || nat_claim(r, search.block) != 0) {
		search.request = r;
		search.start = nat_hash(r) + host->count[class_] * 97;
		search.start %= NAT_USABLE_BLOCKS;
		search.block = 0;
		bpf_loop(NAT_TRIES, nat_try_block, &search, 0);
		if (search.block == 0) {
			return -1;
		}
	}
	bpf_spin_lock(&host->lock);
	place = host->count[class_];
	OPAQUE(place);
	if (place < FABRIC_MAX_BLOCKS_PER_HOST && place < most && host->pool != FABRIC_NO_REALM) {
		host->blocks[class_][place] = search.block;
		host->count[class_] = place + 1;
		taken = 1;
	}
	bpf_spin_unlock(&host->lock);
	block.outside = r->outside;
	block.block = search.block;
	block.protocol = class_;
	if (!taken) {
		bpf_map_delete_elem(&nat_blocks, &block);
		return -1;
	}
	nat_tell(&block, &r->inside, r->realm, EVENT_BLOCK_GIVEN);
	return search.block;
}

/* Whether a realm has a public address for source NAT (still). */
static __always_inline int nat_owns(__u32 realm, const struct address *outside)
{
	struct address copy = *outside;
	struct public_address *own = bpf_map_lookup_elem(&public_addresses, &copy);

	return own && own->realm == realm && (own->flags & PUBLIC_POOL);
}

/*
 * The public address of a host: the one that it has, or a new one of the pool, `attempt` further on than the one it would have. 0 or -1.
 * RFC 4787 REQ-2: one address for all of its sessions.
 */
__global int nat_address(struct nat_request *r, __u32 attempt)
{
	struct host_key key = {};
	struct nat_host *host;
	struct pool *pool;
	struct pool_address *address;
	__u32 index;

	if (!r) {
		return -1;
	}
	index = r->pool;
	pool = bpf_map_lookup_elem(&pools, &index);
	if (!pool || pool->count == 0) {
		return -1;
	}
	key.realm = r->realm;
	key.address = r->inside;
	host = bpf_map_lookup_elem(&nat_hosts, &key);
	if (host && attempt && host->count[0] + host->count[1] + host->count[2] == 0) {
		/* Nothing holds it to an address that has no block left. */
		bpf_map_delete_elem(&nat_hosts, &key);
		host = NULL;
	}
	if (host && host->pool != r->pool) {
		if (host->count[0] + host->count[1] + host->count[2] != 0) {
			/* Moved to another pool: the old address stays while sessions hold its ports, unless it is the VPC's no more. */
			if (!nat_owns(r->realm, &host->outside)) {
				return -1;
			}
			r->outside = host->outside;
			return 0;
		}
		bpf_map_delete_elem(&nat_hosts, &key);
		host = NULL;
	}
	if (!host) {
		struct nat_draft *draft;
		struct nat_host *fresh;
		__u32 zero = 0;

		draft = bpf_map_lookup_elem(&nat_drafts, &zero);
		index = pool->first + (nat_hash(r) + attempt) % pool->count;
		address = bpf_map_lookup_elem(&pool_addresses, &index);
		if (!address || !draft) {
			return -1;
		}
		fresh = (struct nat_host *)draft->host;
		fresh->outside = address->address;
		fresh->pool = r->pool;
		bpf_map_update_elem(&nat_hosts, &key, fresh, BPF_NOEXIST);
		host = bpf_map_lookup_elem(&nat_hosts, &key);
		if (!host) {
			return -1;
		}
	}
	r->outside = host->outside;
	return 0;
}

/* A port for the request. 0: r->outside and r->port; -1: none is left. The same inside port gets the same one for all destinations. */
__global int nat_allocate(struct nat_request *r)
{
	struct host_key key = {};
	__u64 class_;
	int block;

	if (!r) {
		return -1;
	}
	class_ = nat_class(r->protocol);
	OPAQUE(class_);
	if (class_ > 2) {
		return -1;
	}
	r->class_ = class_;
	key.realm = r->realm;
	key.address = r->inside;
	for (__u32 attempt = 0; attempt < NAT_ADDRESS_TRIES; attempt++) {
		struct nat_host *host;
		__u32 count;

		if (nat_address(r, attempt) != 0) {
			return -1;
		}
		host = bpf_map_lookup_elem(&nat_hosts, &key);
		if (!host) {
			return -1;
		}
		count = host->count[class_];
		/* First the mapping that is there, in whichever block; then a free place. */
		for (__u32 fresh = 0; fresh < 2; fresh++) {
			if (fresh && nat_take(r, r->inside_port / FABRIC_PORTS_PER_BLOCK, 1) == 0) {
				return 0;
			}
			for (__u32 i = 0; i < FABRIC_MAX_BLOCKS_PER_HOST; i++) {
				if (i >= count) {
					break;
				}
				if (nat_take(r, host->blocks[class_][i], fresh) == 0) {
					return 0;
				}
			}
		}
		block = nat_new_block(r);
		if (block >= 0) {
			return nat_take(r, block, 1);
		}
		if (host->count[0] + host->count[1] + host->count[2] != 0) {
			return -1; /* as many as it may have, or its address is used up */
		}
	}
	return -1;
}

/*
 * What inside port a port of a public address stands for now. 0: r->inside, r->realm and r->inside_port of r->outside and r->port.
 * For hairpin (RFC 4787 REQ-9).
 */
__global int nat_mapping(struct nat_request *r)
{
	struct block_key key = {};
	struct nat_block *b;
	__u32 n;

	if (!r) {
		return -1;
	}
	n = r->port & (FABRIC_PORTS_PER_BLOCK - 1);
	key.outside = r->outside;
	key.block = r->port / FABRIC_PORTS_PER_BLOCK;
	key.protocol = nat_class(r->protocol);
	b = bpf_map_lookup_elem(&nat_blocks, &key);
	if (!b || !(b->used >> n & 1)) {
		return -1;
	}
	r->inside = b->inside;
	r->realm = b->realm;
	r->inside_port = b->inside_port[n];
	return 0;
}
