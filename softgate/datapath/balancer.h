/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Load balancers: which back end a new session gets. The session keeps it, whatever becomes of the table. */
#pragma once

#include "packet.h"

/*
 * Both nodes of a pair choose alike, so the seed is a constant. It shares nothing with the hash that picks paths: what came through one path
 * must not meet one back end.
 */
#define BALANCER_SEED 0x8f1bbcdc6ed9eba1ull

/* Every bit of the result depends on every bit of both: multiply, fold, twice. */
static __always_inline __u64 balancer_mix(__u64 hash, __u64 word)
{
	hash = (hash ^ word) * 0xd6e8feb86659fd93ull;
	hash ^= hash >> 32;
	hash *= 0xd6e8feb86659fd93ull;
	return hash ^ (hash >> 29);
}

/* Index into `backends` for a new session with this tuple (before translation), or DROP(COUNTER_NO_BACKEND). */
__global int balancer_choose(struct tuple *t, __u32 balancer)
{
	struct balancer *b = bpf_map_lookup_elem(&balancers, &balancer);
	__u64 hash = BALANCER_SEED;
	__u32 index, *cell;

	if (!t || !b || b->size == 0) {
		return DROP(COUNTER_NO_BACKEND);
	}
	hash = balancer_mix(hash, t->source.halves[0]);
	hash = balancer_mix(hash, t->source.halves[1]);
	if (!(b->flags & BALANCER_SOURCE_AFFINITY)) {
		hash = balancer_mix(hash, t->destination.halves[0]);
		hash = balancer_mix(hash, t->destination.halves[1]);
		hash = balancer_mix(hash, (__u64)t->source_port << 32 | (__u64)t->destination_port << 16 | t->protocol);
	}
	index = b->table + (__u32)(((hash >> 32) * b->size) >> 32);
	cell = bpf_map_lookup_elem(&maglev, &index);
	return cell ? (int)*cell : DROP(COUNTER_NO_BACKEND);
}
