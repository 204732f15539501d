/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* What goes by age: sessions, blocks of ports, fragments. Run by the agent every few seconds. */
#pragma once

#include "nat.h"
#include "session.h"

#define SWEEP_ORPHAN 10 /* seconds that half of a session may be alone */

struct sweep {
	struct settings *settings;
	__u32 now; /* seconds */
};

/* Seconds that a health check may be idle: there is one after the other, and each ends soon or is given up. */
#define PROBE_CLOSING 4
#define PROBE_OPENING 60

/* Seconds that a session may be idle; `flags` of both directions together. */
static __always_inline __u32 sweep_idle(const struct settings *settings, __u8 protocol, __u32 flags, __u32 forward, __u32 back)
{
	switch (protocol) {
	case IPPROTO_TCP:
		if (flags & SESSION_PROBE) {
			return flags & (SESSION_RST | SESSION_FIN) ? PROBE_CLOSING : PROBE_OPENING;
		}
		if ((flags & SESSION_RST) || ((forward & SESSION_FIN) && (back & SESSION_FIN))) {
			return settings->tcp_closing;
		}
		return flags & SESSION_ESTABLISHED ? settings->tcp_established : settings->tcp_opening;
	case IPPROTO_UDP:
		return settings->udp;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return settings->icmp;
	default:
		return settings->other;
	}
}

static __always_inline int is_older(__u32 now, __u32 then, __u32 seconds)
{
	return (int)(now - then) > 0 && now - then > seconds;
}

/* Whether a realm is no VPC's any more. */
static __always_inline int sweep_is_gone(__u32 realm)
{
	struct vpc *vpc = bpf_map_lookup_elem(&vpcs, &realm);

	return realm != FABRIC_PUBLIC_REALM && !(vpc && (vpc->flags & VPC_PRESENT));
}

/* One entry: its forward one decides for both. */
static __always_inline void sweep_session(struct sweep *sweep, struct tuple *t, struct found found)
{
	struct session *s = found.entry;
	struct tuple back;
	struct session *other;
	__u32 seen = s->seen;

	session_reverse(found, t, &back);
	other = session_look(&back, back.realm).entry;
	if (!other) {
		if (is_older(sweep->now, seen, SWEEP_ORPHAN)) {
			if (s->flags & SESSION_FORWARD) {
				session_close(t);
			} else {
				session_remove(t, t->realm);
			}
		}
		return;
	}
	if (!(s->flags & SESSION_FORWARD)) {
		return;
	}
	if ((int)(other->seen - seen) > 0) {
		seen = other->seen;
	}
	if (sweep_is_gone(t->realm) || sweep_is_gone(s->realm) ||
	    is_older(sweep->now, seen, sweep_idle(sweep->settings, t->protocol, s->flags | other->flags, s->flags, other->flags))) {
		session_close(t);
	}
}

static long sweep_session4(void *map, struct session4_key *key, struct session4 *value, struct sweep *sweep)
{
	struct tuple t = {};

	t.family = 4;
	t.protocol = key->realm_protocol;
	t.realm = key->realm_protocol >> 8;
	t.source = mapped(key->source);
	t.destination = mapped(key->destination);
	t.source_port = key->source_port;
	t.destination_port = key->destination_port;
	sweep_session(sweep, &t, (struct found){(struct session *)value, 0});
	return 0;
}

static long sweep_session6(void *map, struct session6_key *key, struct session6 *value, struct sweep *sweep)
{
	struct tuple t = {};

	t.family = 6;
	t.protocol = key->realm_protocol;
	t.realm = key->realm_protocol >> 8;
	t.source = key->source;
	t.destination = key->destination;
	t.source_port = key->source_port;
	t.destination_port = key->destination_port;
	sweep_session(sweep, &t, (struct found){(struct session *)value, 1});
	return 0;
}

/* Takes a block out of its host's list; without any block left the host goes as well. */
__global int sweep_block_of_host(struct host_key *key, __u32 protocol, __u32 block)
{
	struct nat_host *host;
	__u64 class_ = protocol;
	__u32 left;

	OPAQUE(class_);
	if (!key || class_ > 2) {
		return -1;
	}
	host = bpf_map_lookup_elem(&nat_hosts, key);
	if (!host) {
		return -1;
	}
	bpf_spin_lock(&host->lock);
	left = host->count[class_];
	if (left > 0 && left <= FABRIC_MAX_BLOCKS_PER_HOST) {
		for (__u32 i = 0; i < FABRIC_MAX_BLOCKS_PER_HOST; i++) {
			if (i < left && host->blocks[class_][i] == block) {
				host->blocks[class_][i] = host->blocks[class_][(left - 1) & (FABRIC_MAX_BLOCKS_PER_HOST - 1)];
				host->count[class_] = left - 1;
				break;
			}
		}
	}
	left = host->count[0] + host->count[1] + host->count[2];
	if (left == 0) {
		host->pool = FABRIC_NO_REALM; /* whoever has it in hand takes no block for it */
	}
	bpf_spin_unlock(&host->lock);
	if (left == 0) {
		bpf_map_delete_elem(&nat_hosts, key);
	}
	return 0;
}

static long sweep_block(void *map, struct block_key *key, struct nat_block *block, struct sweep *sweep)
{
	struct block_key copy = *key;
	struct host_key host = {};
	__u32 hold = sweep->settings->block_hold, now = sweep->now, returned = 0;

	if (!nat_owns(block->realm, &copy.outside)) {
		hold = 0; /* its address is another VPC's, or nobody's */
	}
	bpf_spin_lock(&block->lock);
	if (block->used == 0 && is_older(now, block->emptied, hold) && block->realm != FABRIC_NO_REALM) {
		host.realm = block->realm;
		host.address = block->inside;
		block->realm = FABRIC_NO_REALM;
		returned = 1;
	}
	bpf_spin_unlock(&block->lock);
	if (returned) {
		sweep_block_of_host(&host, copy.protocol, copy.block);
		nat_tell(&copy, &host.address, host.realm, EVENT_BLOCK_RETURNED);
		bpf_map_delete_elem(&nat_blocks, &copy);
	}
	return 0;
}

static long sweep_fragment(void *map, struct fragment_key *key, struct fragment *fragment, struct sweep *sweep)
{
	struct fragment_key copy = *key;

	if (is_older(sweep->now, fragment->expires, 0)) {
		bpf_map_delete_elem(&fragments, &copy);
	}
	return 0;
}

SEC("syscall")
int fabric_sweep(void *ctx)
{
	struct sweep sweep = {};

	sweep.settings = settings_now();
	if (!sweep.settings) {
		return 1;
	}
	sweep.now = bpf_ktime_get_ns() / NANOSECONDS;
	bpf_for_each_map_elem(&sessions4, sweep_session4, &sweep, 0);
	bpf_for_each_map_elem(&sessions6, sweep_session6, &sweep, 0);
	bpf_for_each_map_elem(&nat_blocks, sweep_block, &sweep, 0);
	bpf_for_each_map_elem(&fragments, sweep_fragment, &sweep, 0);
	return 0;
}
