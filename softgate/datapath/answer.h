/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What all parts share that look closer at a packet or answer it. They are off the fast path: they load and store by offset, so that a
 * packet may lie in several pieces of memory and its headers at any place.
 */
#pragma once

#include "checksum.h"
#include "packet.h"

#define DEFAULT_TTL 64

/* ---- checksums (RFC 1071, RFC 1624); sums are of 16-bit words as they lie in memory --------------------------------------------- */

/* Adds octets to a sum. `length` is a constant and a multiple of 2. */
static __always_inline __u64 sum_of(__u64 sum, const void *data, __u32 length)
{
	const __u16 *word = data;

#pragma unroll
	for (__u32 i = 0; i < length / 2; i++) {
		sum += word[i];
	}
	return sum;
}

/* Adds what changes when octets are replaced. `length` is a constant: 2, or a multiple of 4. */
static __always_inline __u64 sum_change(__u64 sum, const void *from, const void *to, __u32 length)
{
	if (length == 2) {
		return sum + (__u16) ~*(const __u16 *)from + *(const __u16 *)to;
	}
#pragma unroll
	for (__u32 i = 0; i < length / 4; i++) {
		sum += (__u64)(__u32)~((const __u32 *)from)[i] + ((const __u32 *)to)[i];
	}
	return sum;
}

/* A checksum after that change. */
static __always_inline __u16 checksum_after(__u16 checksum, __u64 change)
{
	return ~checksum_fold(change + (__u16)~checksum);
}

/* ---- room to build packets in ------------------------------------------------------------------------------------------------------ */

#define SCRATCH_SIZE 1280 /* the least that every IPv6 link carries: no answer of ours is larger */

struct scratch {
	__u8 data[SCRATCH_SIZE + 8];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct scratch);
	__uint(max_entries, 1);
} scratches SEC(".maps"); /* not pinned: belongs to one load */

static __always_inline struct scratch *scratch(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&scratches, &zero);
}

/*
 * Sum of `length` octets of the packet, which end up in the scratch room behind `room` octets. -1: not there, or more than there is room.
 * The verifier wants its bounds next to the calls.
 */
static __always_inline __s64 sum_of_packet(struct xdp_md *ctx, struct scratch *scratch, __u32 room, __u32 offset, __u32 length)
{
	__u32 padded;

	asm volatile("" : "+r"(length));
	if (length < 4 || length > SCRATCH_SIZE - room) {
		return -1;
	}
	padded = (length + 3) & 0xffc;
	*(__u32 *)(scratch->data + room + ((length & 0xffc) <= SCRATCH_SIZE - room ? length & 0xffc : 0)) = 0;
	if (bpf_xdp_load_bytes(ctx, offset, scratch->data + room, length)) {
		return -1;
	}
	asm volatile("" : "+r"(padded));
	if (padded > SCRATCH_SIZE - room) {
		return -1;
	}
	return bpf_csum_diff(NULL, 0, (__be32 *)(scratch->data + room), padded, 0);
}

/* ---- bounds ------------------------------------------------------------------------------------------------------------------------ */

enum bound {
	BOUND_ERRORS = 1,    /* ICMP errors */
	BOUND_NEIGHBORS = 2, /* ARP and ND told to the agent */
	BOUND_RESOLVE = 3,   /* hosts to be resolved */
	BOUND_SWEEP = 4,     /* expired fragments looked for */
};

/* A V-Net and CPU. */
#define ERRORS_PER_SECOND 100
#define NEIGHBORS_PER_SECOND 1000
#define RESOLVE_PER_SECOND 200

static __always_inline __u32 mix(__u64 value)
{
	return value * 0x9e3779b97f4a7c15 >> 32;
}

/* At most so many times a second; what falls into the same cell shares the bound. */
static __always_inline int within(enum bound what, __u32 vnet, __u32 second, __u32 most)
{
	__u32 cell = mix((__u64)what << 32 | vnet) % (FABRIC_LIMITS / 2);
	struct limit *limit = bpf_map_lookup_elem(&limits, &cell);

	if (!limit) {
		return 0;
	}
	if (limit->second != second) {
		limit->second = second;
		limit->count = 0;
	}
	if (limit->count >= most) {
		return 0;
	}
	limit->count++;
	return 1;
}

/* Whether this was not let through in this second already, as far as a small table knows. */
static __always_inline int is_news(__u32 vnet, const struct address *address, __u32 second)
{
	__u64 tag = ((address->halves[0] * 31 + address->halves[1]) * 0xff51afd7ed558ccd) ^ ((__u64)vnet << 32);
	__u32 cell = FABRIC_LIMITS / 2 + mix(tag) % (FABRIC_LIMITS / 2);
	struct limit *limit = bpf_map_lookup_elem(&limits, &cell);

	if (!limit || (limit->second == second && limit->tag == tag)) {
		return 0;
	}
	limit->second = second;
	limit->tag = tag;
	return 1;
}

/* ---- addresses ---------------------------------------------------------------------------------------------------------------------- */

static __always_inline int is_zero(const struct address *address)
{
	return !(address->halves[0] | address->halves[1]);
}

static __always_inline struct gateway *gateway_at(__u32 vnet, const struct address *address)
{
	struct gateway_key key = {.vnet = vnet, .address = *address};

	return vnet ? bpf_map_lookup_elem(&gateways, &key) : NULL;
}

/* Cuts or stretches the frame so that it ends `length` octets behind the start of layer 3. */
static __always_inline int resize(struct xdp_md *ctx, struct packet *p, __u32 length)
{
	__s32 change = (__s32)(p->l3 + length) - (__s32)bpf_xdp_get_buff_len(ctx);

	return change ? bpf_xdp_adjust_tail(ctx, change) : 0;
}
