/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Fragments: the first one says what ports the later ones belong to. Keys are what p->t, p->realm and p->fragment_id say. What could
 * show one thing to us and another to whoever reassembles is dropped: overlaps (RFC 5722), first fragments without the whole transport
 * header (RFC 3128, RFC 7112). An entry goes with the last octet of its datagram, or seconds later.
 */
#pragma once

#include "answer.h"

#define FRAGMENT_SECONDS 2  /* where the agent has not said another */

struct bpf_map;

static long remove_expired(struct bpf_map *map, struct fragment_key *key, struct fragment *entry, __u32 *now)
{
	if ((__s32)(*now - entry->expires) >= 0) {
		bpf_map_delete_elem(map, key);
	}
	return 0;
}

static __always_inline void fragment_key_of(const struct packet *p, struct fragment_key *key)
{
	key->source = p->t.source;
	key->destination = p->t.destination;
	key->realm = p->realm;
	key->id = p->fragment_id;
	key->protocol = p->t.family == 4 ? p->t.protocol : 0; /* IPv6 identifies by addresses alone: RFC 8200 section 4.5 */
}

/* Start and end of a fragment's payload in units of 8 octets. 0: not a good one. */
static __always_inline int fragment_range(const struct packet *p, int last, __u16 *start, __u16 *end)
{
	__u32 size = p->l3 + p->t.octets - p->fragment_start;
	__u32 until = p->fragment_offset * 8 + size;

	if (p->fragment_start >= p->l3 + p->t.octets || until > 0xffff || (!last && (size & 7))) {
		return 0;
	}
	*start = p->fragment_offset;
	*end = (until + 7) / 8;
	return 1;
}

static __always_inline void begin(struct fragment *entry, const struct packet *p, __u32 expires, __u16 end)
{
	entry->expires = expires;
	entry->source_port = p->t.source_port;
	entry->destination_port = p->t.destination_port;
	entry->protocol = p->t.protocol;
	entry->ranges = 1;
	entry->broken = 0;
	entry->total = 0;
	entry->range[0].start = 0;
	entry->range[0].end = end;
}

enum fragment_result {
	FRAGMENT_FOLLOWS,
	FRAGMENT_COMPLETES,
	FRAGMENT_OVERLAPS,
	FRAGMENT_SCATTERED, /* more holes than we remember */
};

/* Under the lock. */
static __always_inline enum fragment_result add(struct fragment *entry, __u16 start, __u16 end, int last)
{
	__u32 covered = end - start, furthest = end;
	__u32 before = FABRIC_FRAGMENT_RANGES, behind = FABRIC_FRAGMENT_RANGES;
	enum fragment_result result = FRAGMENT_FOLLOWS;

#pragma unroll
	for (__u32 i = 0; i < FABRIC_FRAGMENT_RANGES; i++) {
		if (i < entry->ranges) {
			__u16 from = entry->range[i].start, to = entry->range[i].end;

			if (start < to && from < end) {
				entry->broken = 1;
			}
			if (start == to) {
				before = i;
			} else if (end == from) {
				behind = i;
			}
			if (to > furthest) {
				furthest = to;
			}
			covered += to - from;
		}
	}
	if (last) {
		if (entry->total || furthest > end) {
			entry->broken = 1;
		}
		entry->total = end;
	}
	if (entry->broken || (entry->total && furthest > entry->total)) {
		entry->broken = 1;
		return FRAGMENT_OVERLAPS;
	}
	if (entry->total && covered == entry->total) {
		result = FRAGMENT_COMPLETES;
	}
	if (before < FABRIC_FRAGMENT_RANGES) {
		entry->range[before].end = end;
	} else if (behind < FABRIC_FRAGMENT_RANGES) {
		entry->range[behind].start = start;
	} else if (entry->ranges < FABRIC_FRAGMENT_RANGES) {
		__u32 place = entry->ranges++ & (FABRIC_FRAGMENT_RANGES - 1);

		entry->range[place].start = start;
		entry->range[place].end = end;
	} else {
		return FRAGMENT_SCATTERED;
	}
	return result;
}

static __always_inline long make_entry(const struct fragment_key *key, const struct packet *p, __u32 expires, __u16 end)
{
	struct fragment entry = {};

	begin(&entry, p, expires, end);
	return bpf_map_update_elem(&fragments, key, &entry, BPF_NOEXIST);
}

/* The first fragment of a datagram, ports known: remembers them. 0 or DROP. */
__global int fragment_first(struct packet *p)
{
	struct fragment_key key = {};
	struct fragment *entry;
	struct settings *now_set = settings_now();
	__u32 now, expires;
	__u16 start, end;
	int overlaps = 0;
	long error;

	if (!p || !fragment_range(p, 0, &start, &end)) {
		return DROP(COUNTER_MALFORMED);
	}
	/* The whole transport header is in it, so that no later fragment can change what was judged. */
	if (p->l4 + (p->t.protocol == IPPROTO_TCP ? sizeof(struct tcp) : sizeof(struct udp)) > p->l3 + p->t.octets) {
		return DROP(COUNTER_MALFORMED);
	}
	now = p->second;
	expires = now + (now_set && now_set->fragment ? now_set->fragment : FRAGMENT_SECONDS);
	fragment_key_of(p, &key);

	entry = bpf_map_lookup_elem(&fragments, &key);
	if (!entry) {
		error = make_entry(&key, p, expires, end);
		if (error == -7 /* E2BIG: full */ && within(BOUND_SWEEP, 0, now, 1)) {
			bpf_for_each_map_elem(&fragments, remove_expired, &now, 0);
			error = make_entry(&key, p, expires, end);
		}
		if (!error) {
			return 0;
		}
		entry = bpf_map_lookup_elem(&fragments, &key); /* another CPU was faster? */
		if (!entry) {
			return DROP(COUNTER_FRAGMENT_TABLE_FULL);
		}
	}

	bpf_spin_lock(&entry->lock);
	if ((__s32)(now - entry->expires) >= 0) {
		begin(entry, p, expires, end);
	} else {
		entry->broken = 1; /* a second beginning, even if it says the same: which one will be believed is not known */
		overlaps = 1;
	}
	bpf_spin_unlock(&entry->lock);
	return overlaps ? DROP(COUNTER_FRAGMENT_OVERLAP) : 0;
}

/* A later one: puts the ports into p->t. 0 or DROP(COUNTER_FRAGMENT_EARLY, COUNTER_FRAGMENT_OVERLAP). */
__global int fragment_later(struct packet *p)
{
	struct fragment_key key = {};
	struct fragment *entry;
	enum fragment_result result;
	__u16 start, end;
	int last;

	if (!p) {
		return DROP(COUNTER_MALFORMED);
	}
	last = p->flags & PACKET_LAST_FRAGMENT ? 1 : 0;
	if (!fragment_range(p, last, &start, &end)) {
		return DROP(COUNTER_MALFORMED);
	}
	fragment_key_of(p, &key);
	entry = bpf_map_lookup_elem(&fragments, &key);
	if (!entry || (__s32)(p->second - entry->expires) >= 0) {
		return DROP(COUNTER_FRAGMENT_EARLY);
	}

	bpf_spin_lock(&entry->lock);
	result = add(entry, start, end, last);
	p->t.source_port = entry->source_port;
	p->t.destination_port = entry->destination_port;
	p->t.protocol = entry->protocol;
	bpf_spin_unlock(&entry->lock);

	switch (result) {
	case FRAGMENT_COMPLETES:
		bpf_map_delete_elem(&fragments, &key);
		return 0;
	case FRAGMENT_FOLLOWS:
		return 0;
	case FRAGMENT_OVERLAPS:
		return DROP(COUNTER_FRAGMENT_OVERLAP);
	default:
		return DROP(COUNTER_FRAGMENT_TABLE_FULL);
	}
}
