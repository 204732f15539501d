/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Limits of bandwidth: a bucket of tokens kept as a time, without a lock. `used` is when all that has passed would have passed at the rate
 * of the meter; a packet passes if its own time still fits before now. Time that nobody used counts up to `depth`.
 *
 * CPUs that look at the same moment may each let a packet pass that would fit once; it is in `used` all the same, so the next ones wait.
 */
#pragma once

#include "packet.h"

/* Whether so many octets may pass now (nanoseconds): 0, or DROP(COUNTER_METERED). Index 0: always. */
__global int meter_allows(__u32 index, __u32 octets, __u64 now)
{
	struct meter *meter;
	__u64 used, oldest, cost;

	if (index == 0) {
		return 0;
	}
	meter = bpf_map_lookup_elem(&meters, &index);
	if (!meter || meter->octet_time == 0) {
		return 0;
	}
	cost = ((__u64)(octets & 0xffff) * meter->octet_time) >> 16;
	now <<= 4;
	oldest = now > meter->depth ? now - meter->depth : 0;
	used = meter->used;
	if (used < oldest) {
		/* Another CPU that was first has written the same, or later. */
		__sync_val_compare_and_swap(&meter->used, used, oldest);
		used = oldest;
	}
	if (used + cost > now) {
		return DROP(COUNTER_METERED);
	}
	__sync_fetch_and_add(&meter->used, cost);
	return 0;
}
