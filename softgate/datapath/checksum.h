/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* One's complement sums (RFC 1071) and how they change (RFC 1624, equation 3). */
#pragma once

#include "packet.h"

/* TTL one lower, as a word of the IPv4 header that is added to its complement. */
#define CHECKSUM_TTL_LESS bpf_htons(0xfeff)

static __always_inline __u16 checksum_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* The checksum when `delta` (new - old, as a sum) is added to what it covers. */
static __always_inline __u16 checksum_changed(__u16 checksum, __u32 delta)
{
	__u32 sum = (__u16)~checksum + delta;

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* new - old of an address of that family. */
static __always_inline __u64 checksum_address(const struct address *old, const struct address *new, __u8 family)
{
	__u64 sum = (__u64)new->words[3] + (__u32)~old->words[3];

	if (family == 6) {
		sum += (__u64)new->words[0] + (__u32)~old->words[0];
		sum += (__u64)new->words[1] + (__u32)~old->words[1];
		sum += (__u64)new->words[2] + (__u32)~old->words[2];
	}
	return sum;
}
