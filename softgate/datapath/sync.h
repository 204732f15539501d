/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Sessions of the partner, as its agent has told ours. They are marked SESSION_SYNCED until a packet of theirs comes here. An entry of our own
 * wins over an older one of the partner's.
 *
 * Run by the agent, one record a call. What XDP programs write to between packets is not used: they may come in between.
 */
#pragma once

#include "nat.h"
#include "open.h"
#include "session.h"

enum take_result {
	TAKE_ADDED = 0,
	TAKE_MERGED = 1,  /* was there */
	TAKE_REFUSED = 2, /* its ports are those of another session here */
	TAKE_FULL = 3,
	TAKE_FORGOTTEN = 4,
	TAKE_UNKNOWN = 5, /* nothing to forget */
};

#define TAKE_LATER 2 /* seconds: what is later by no more may be as late */

#define SESSION_PROGRESS (SESSION_SYN | SESSION_FIN | SESSION_RST | SESSION_ESTABLISHED)
#define SESSION_TOLD (SESSION_PROGRESS | SESSION_TRANSLATED | SESSION_SNAT | SESSION_BALANCED)

struct taking {
	struct tuple t;
	struct tuple back_tuple;
	struct session6 forward;
	struct session6 back;
	struct nat_request request;
	struct nat_draft draft;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct taking);
	__uint(max_entries, 1);
} takings SEC(".maps");

/* The host's list has the block; it may be without, if its sessions have another public address: then no new ones come to the block. */
__global int take_host(struct taking *taking)
{
	struct host_key key = {};
	struct nat_host *host;
	__u64 class_, place;
	__u32 block;

	if (!taking) {
		return -1;
	}
	block = taking->request.port / FABRIC_PORTS_PER_BLOCK;
	class_ = taking->request.class_;
	OPAQUE(class_);
	if (class_ > 2) {
		return -1;
	}
	key.realm = taking->request.realm;
	key.address = taking->request.inside;
	host = bpf_map_lookup_elem(&nat_hosts, &key);
	if (!host) {
		struct nat_host *fresh = (struct nat_host *)taking->draft.host;

		__builtin_memset(taking->draft.host, 0, sizeof(taking->draft.host));
		fresh->outside = taking->request.outside;
		fresh->pool = taking->request.pool;
		bpf_map_update_elem(&nat_hosts, &key, fresh, BPF_NOEXIST);
		host = bpf_map_lookup_elem(&nat_hosts, &key);
		if (!host) {
			return -1;
		}
	}
	if (!same_address(&host->outside, &taking->request.outside)) {
		return 0;
	}
	bpf_spin_lock(&host->lock);
	place = host->count[class_];
	OPAQUE(place);
	if (place < FABRIC_MAX_BLOCKS_PER_HOST && host->pool != FABRIC_NO_REALM) {
		host->blocks[class_][place] = block;
		host->count[class_] = place + 1;
	}
	bpf_spin_unlock(&host->lock);
	return 0;
}

/* Takes the port that the partner has given to the session. 0: it is taken. */
__global int take_port(struct taking *taking)
{
	struct block_key key = {};
	struct nat_request *r;
	struct nat_block *b;
	int taken = 0;
	__u32 n;

	if (!taking) {
		return -1;
	}
	r = &taking->request;
	n = r->port & (FABRIC_PORTS_PER_BLOCK - 1);
	key.outside = r->outside;
	key.block = r->port / FABRIC_PORTS_PER_BLOCK;
	key.protocol = r->class_;
	b = bpf_map_lookup_elem(&nat_blocks, &key);
	if (!b) {
		struct nat_block *fresh = (struct nat_block *)taking->draft.block;

		__builtin_memset(taking->draft.block, 0, sizeof(taking->draft.block));
		fresh->inside = r->inside;
		fresh->realm = r->realm;
		fresh->emptied = r->now;
		if (bpf_map_update_elem(&nat_blocks, &key, fresh, BPF_NOEXIST) == 0) {
			take_host(taking);
		}
		b = bpf_map_lookup_elem(&nat_blocks, &key);
		if (!b) {
			return -1;
		}
	}
	bpf_spin_lock(&b->lock);
	if (b->realm == r->realm && same_address(&b->inside, &r->inside)) {
		if (!(b->used >> n & 1)) {
			b->used |= 1ull << n;
			b->inside_port[n] = r->inside_port;
			b->sessions[n] = 0;
		}
		if (b->inside_port[n] == r->inside_port && b->sessions[n] != 0xffff) {
			b->sessions[n]++;
			taken = 1;
		}
	}
	bpf_spin_unlock(&b->lock);
	return taken ? 0 : -1;
}

/* What the partner says of an entry that is here too. Later news replace earlier ones. */
static __always_inline void take_news(struct session *s, const struct session6 *said)
{
	__u16 progress = said->flags & SESSION_PROGRESS;

	if ((int)(said->seen - s->seen) > 1) {
		s->seen = said->seen;
		s->flags = (s->flags & ~SESSION_PROGRESS) | progress | SESSION_SYNCED;
	} else {
		s->flags |= progress;
	}
}

/* The session is here already: takes the news. TAKE_MERGED; TAKE_REFUSED: it is another one; TAKE_ADDED: it was, and has made way. */
__global int take_known(struct taking *taking)
{
	struct found s, back;
	struct session6 had = {};

	if (!taking) {
		return TAKE_REFUSED;
	}
	s = session_look(&taking->t, taking->t.realm);
	if (!s.entry) {
		return TAKE_ADDED;
	}
	if (!(s.entry->flags & SESSION_FORWARD)) {
		return TAKE_REFUSED;
	}
	session_copy(s, &had);
	session_reverse(s, &taking->t, &taking->back_tuple);
	back = session_look(&taking->back_tuple, taking->back_tuple.realm);
	if (had.realm == taking->forward.realm && had.source_port == taking->forward.source_port &&
	    had.destination_port == taking->forward.destination_port && same_address(&had.source, &taking->forward.source) &&
	    same_address(&had.destination, &taking->forward.destination)) {
		take_news(s.entry, &taking->forward);
		if (back.entry) {
			take_news(back.entry, &taking->back);
		}
		return TAKE_MERGED;
	}
	if (!(had.flags & SESSION_SYNCED) && (int)(taking->forward.seen - had.seen) <= TAKE_LATER) {
		return TAKE_REFUSED;
	}
	session_close(&taking->t);
	return TAKE_ADDED;
}

/* Adds both entries, with all that they hold. */
__global int take_new(struct taking *taking)
{
	struct vpc_usage *usage;
	__u32 index;
	int r;

	if (!taking) {
		return TAKE_REFUSED;
	}
	taking->forward.flags = (taking->forward.flags & SESSION_TOLD) | SESSION_FORWARD | SESSION_SYNCED;
	taking->back.flags = (taking->back.flags & SESSION_TOLD & ~SESSION_SNAT) | SESSION_SYNCED;
	taking->back_tuple.family = taking->t.family;
	taking->back_tuple.protocol = taking->t.protocol;
	taking->back_tuple.realm = taking->forward.realm;
	taking->back_tuple.source = taking->forward.destination;
	taking->back_tuple.destination = taking->forward.source;
	taking->back_tuple.source_port = taking->forward.destination_port;
	taking->back_tuple.destination_port = taking->forward.source_port;
	taking->back.realm = taking->t.realm;
	taking->back.source = taking->t.destination;
	taking->back.destination = taking->t.source;
	taking->back.source_port = taking->t.destination_port;
	taking->back.destination_port = taking->t.source_port;
	set_delta(&taking->t, &taking->forward);
	set_delta(&taking->back_tuple, &taking->back);

	if (taking->forward.flags & SESSION_SNAT) {
		taking->request.inside = taking->t.source;
		taking->request.outside = taking->forward.source;
		taking->request.realm = taking->t.realm;
		taking->request.inside_port = bpf_ntohs(taking->t.source_port);
		taking->request.port = bpf_ntohs(taking->forward.source_port);
		taking->request.class_ = nat_class(taking->t.protocol);
		taking->request.now = bpf_ktime_get_ns() / NANOSECONDS;
		if (take_port(taking) != 0) {
			return TAKE_REFUSED;
		}
	}
	r = session_insert(&taking->back_tuple, taking->forward.realm, &taking->back);
	if (r == 0) {
		r = session_insert(&taking->t, taking->t.realm, &taking->forward);
		if (r) {
			session_remove(&taking->back_tuple, taking->forward.realm);
		}
	}
	if (r) {
		if (taking->forward.flags & SESSION_SNAT) {
			nat_release(&taking->forward.source, bpf_ntohs(taking->forward.source_port), taking->t.protocol);
		}
		return r == -EEXIST ? TAKE_REFUSED : TAKE_FULL;
	}
	index = taking->t.realm ? taking->t.realm : taking->forward.realm;
	usage = bpf_map_lookup_elem(&vpc_usages, &index);
	if (usage) {
		__sync_fetch_and_add(&usage->sessions, 1);
	}
	if (taking->forward.flags & SESSION_BALANCED) {
		struct backend_usage *backend;

		index = taking->forward.backend;
		backend = bpf_map_lookup_elem(&backend_usages, &index);
		if (backend) {
			__sync_fetch_and_add(&backend->sessions, 1);
		}
	}
	return TAKE_ADDED;
}

/* The limit of the public address of the session. */
__global int take_meter(struct taking *taking)
{
	struct public_address *own;
	struct address address;

	if (!taking) {
		return -1;
	}
	address = taking->t.realm == FABRIC_PUBLIC_REALM ? taking->t.destination : taking->forward.source;
	own = bpf_map_lookup_elem(&public_addresses, &address);
	taking->forward.meter = taking->back.meter = own ? own->meter : 0;
	return 0;
}

static __always_inline struct taking *take_begin(struct session_event *told)
{
	__u32 zero = 0;
	struct taking *taking = bpf_map_lookup_elem(&takings, &zero);

	if (taking) {
		__builtin_memset(taking, 0, sizeof(*taking));
		taking->t.realm = told->key.realm_protocol >> 8;
		taking->t.protocol = told->key.realm_protocol;
		taking->t.source_port = told->key.source_port;
		taking->t.destination_port = told->key.destination_port;
		taking->t.source = told->key.source;
		taking->t.destination = told->key.destination;
		taking->t.family = is_mapped(&taking->t.source) ? 4 : 6;
		taking->forward = told->forward;
		taking->back = told->back;
	}
	return taking;
}

/* A session is at the partner. `header.vnet` is the pool of its public address. Both directions are judged with their next packet here. */
SEC("syscall")
int fabric_take(struct session_event *told)
{
	struct taking *taking = take_begin(told);
	int r;

	if (!taking) {
		return TAKE_REFUSED;
	}
	taking->forward.policy = taking->back.policy = 0;
	taking->request.pool = told->header.vnet;
	take_meter(taking);
	r = take_known(taking);
	return r == TAKE_ADDED ? take_new(taking) : r;
}

/* A session has ended at the partner: if it is still the partner's, it ends here. */
SEC("syscall")
int fabric_forget(struct session_event *told)
{
	struct taking *taking = take_begin(told);
	struct found s, back;

	if (!taking) {
		return TAKE_UNKNOWN;
	}
	s = session_look(&taking->t, taking->t.realm);
	if (!s.entry || !(s.entry->flags & SESSION_FORWARD) || !(s.entry->flags & SESSION_SYNCED)) {
		return TAKE_UNKNOWN;
	}
	session_reverse(s, &taking->t, &taking->back_tuple);
	back = session_look(&taking->back_tuple, taking->back_tuple.realm);
	if (back.entry && !(back.entry->flags & SESSION_SYNCED)) {
		return TAKE_UNKNOWN;
	}
	session_close(&taking->t);
	return TAKE_FORGOTTEN;
}
