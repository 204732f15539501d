/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* The slow part: the first packet of a session, and the next one after rules have changed. */
#pragma once

#include "decide.h"
#include "session.h"

#define OPEN_WITHOUT_SESSION 2 /* passes as it is: deliver */
#define OPEN_PORT_TRIES 32

/* Both entries of a session that is to be. */
struct opening {
	struct session6 forward;
	struct session6 back;
	struct tuple back_tuple;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct opening);
	__uint(max_entries, 1);
} openings SEC(".maps");

/* Adds an entry that must not be there yet. */
__global int session_insert(struct tuple *t, __u32 realm, struct session6 *s)
{
	if (!t || !s) {
		return -1;
	}
	if (t->family == 4) {
		struct session4_key key = {
			.realm_protocol = FABRIC_REALM_PROTOCOL(realm, t->protocol),
			.source = t->source.words[3],
			.destination = t->destination.words[3],
			.source_port = t->source_port,
			.destination_port = t->destination_port,
		};
		struct session4 value = {};

		*(struct session *)&value = *(struct session *)s;
		value.source = s->source.words[3];
		value.destination = s->destination.words[3];
		return bpf_map_update_elem(&sessions4, &key, &value, BPF_NOEXIST);
	} else {
		struct session6_key key = {
			.realm_protocol = FABRIC_REALM_PROTOCOL(realm, t->protocol),
			.source_port = t->source_port,
			.destination_port = t->destination_port,
			.source = t->source,
			.destination = t->destination,
		};

		return bpf_map_update_elem(&sessions6, &key, s, BPF_NOEXIST);
	}
}

/* Sum of what the session changes, for the checksum of layer 4. */
static __always_inline void set_delta(const struct tuple *t, struct session6 *s)
{
	__u64 addresses = checksum_address(&t->source, &s->source, t->family) +
			  checksum_address(&t->destination, &s->destination, t->family);
	__u64 ports = (__u64)s->source_port + (__u16)~t->source_port;

	if (is_icmp(t->protocol)) {
		/* One identifier; addresses count with IPv6 only (RFC 4443 section 2.3). */
		s->delta = checksum_fold(t->family == 4 ? ports : ports + addresses);
	} else {
		ports += (__u64)s->destination_port + (__u16)~t->destination_port;
		s->delta = checksum_fold(ports + addresses);
	}
}

/* Makes both entries of f, or none. 0; -EEXIST: the way back is another session's; other errors of the table. */
__global int session_create(struct flow *f, __u32 now, __u32 state)
{
	__u32 zero = 0, flags = 0;
	struct opening *o = bpf_map_lookup_elem(&openings, &zero);
	int r;

	if (!f || !o) {
		return -1;
	}
	if (!same_address(&f->source, &f->t.source) || !same_address(&f->destination, &f->t.destination) ||
	    f->source_port != f->t.source_port || f->destination_port != f->t.destination_port) {
		flags |= SESSION_TRANSLATED;
	}
	if (f->balanced) {
		flags |= SESSION_BALANCED;
	}
	if (f->probe) {
		flags |= SESSION_PROBE;
	}
	__builtin_memset(o, 0, sizeof(*o));
	o->forward.realm = f->out_realm;
	o->forward.policy = f->policy;
	o->forward.seen = now;
	o->forward.flags = flags | SESSION_FORWARD | state;
	o->forward.vnet = f->vnet;
	o->forward.backend = f->backend;
	o->forward.meter = f->meter;
	o->forward.source = f->source;
	o->forward.destination = f->destination;
	o->forward.source_port = f->source_port;
	o->forward.destination_port = f->destination_port;
	set_delta(&f->t, &o->forward);

	o->back_tuple.family = f->t.family;
	o->back_tuple.protocol = f->t.protocol;
	o->back_tuple.realm = f->out_realm;
	o->back_tuple.source = f->destination;
	o->back_tuple.destination = f->source;
	o->back_tuple.source_port = f->destination_port;
	o->back_tuple.destination_port = f->source_port;
	o->back.realm = f->t.realm;
	o->back.policy = f->policy;
	o->back.seen = now;
	o->back.flags = flags | (state & SESSION_ESTABLISHED);
	o->back.vnet = f->route.vnet;
	o->back.backend = f->backend;
	o->back.meter = f->meter;
	o->back.source = f->t.destination;
	o->back.destination = f->t.source;
	o->back.source_port = f->t.destination_port;
	o->back.destination_port = f->t.source_port;
	set_delta(&o->back_tuple, &o->back);
	if (f->nat == SOURCE_POOL && f->request.hold) {
		o->forward.flags |= SESSION_SNAT;
	}

	/* The way back first: no answer meets a session that has only begun. */
	r = session_insert(&o->back_tuple, f->out_realm, &o->back);
	if (r) {
		return r;
	}
	r = session_insert(&f->t, f->t.realm, &o->forward);
	if (r) {
		session_remove(&o->back_tuple, f->out_realm);
	}
	return r;
}

#define EEXIST 17

/* Gives the flow its port, if it needs one, and makes the session. 0 or DROP. */
__global int session_open(struct flow *f, __u32 now, __u32 state)
{
	struct vpc_usage *usage;
	struct vpc *vpc;
	__u32 index;
	int r;

	if (!f) {
		return DROP(COUNTER_SESSION_TABLE_FULL);
	}
	index = f->t.realm ? f->t.realm : f->out_realm;
	usage = bpf_map_lookup_elem(&vpc_usages, &index);
	vpc = bpf_map_lookup_elem(&vpcs, &index);
	if (!usage || !vpc) {
		return DROP(COUNTER_NO_ROUTE);
	}
	if (vpc->session_quota && usage->sessions >= vpc->session_quota) {
		return DROP(COUNTER_SESSION_QUOTA);
	}

	f->request.hold = 0;
	if (f->nat == SOURCE_POOL) {
		struct public_address *own;

		f->request.inside = f->t.source;
		f->request.realm = f->t.realm;
		f->request.pool = f->pool;
		f->request.protocol = f->t.protocol;
		f->request.now = now;
		if (f->t.protocol == IPPROTO_TCP || f->t.protocol == IPPROTO_UDP || is_icmp(f->t.protocol)) {
			f->request.inside_port = bpf_ntohs(f->t.source_port);
			f->request.hold = 1;
			if (nat_allocate(&f->request) != 0) {
				return DROP(COUNTER_NO_NAT_PORT);
			}
			f->source_port = bpf_htons(f->request.port);
			if (is_icmp(f->t.protocol)) {
				f->destination_port = f->source_port;
			}
		} else if (nat_address(&f->request, 0) != 0) {
			/* Without ports: one inside host a destination. */
			return DROP(COUNTER_NO_NAT_PORT);
		}
		f->source = f->request.outside;
		own = bpf_map_lookup_elem(&public_addresses, &f->source);
		if (own && f->meter == 0) {
			f->meter = own->meter;
		}
	}
	r = session_create(f, now, state);
	if (r == -EEXIST && f->nat == SOURCE_ADDRESS && has_ports(f->t.protocol) && f->t.protocol != IPPROTO_SCTP) {
		for (int i = 0; i < OPEN_PORT_TRIES && r == -EEXIST; i++) {
			f->source_port = bpf_htons(1024 + bpf_get_prandom_u32() % (65536 - 1024));
			r = session_create(f, now, state);
		}
	}
	if (r) {
		if (f->request.hold) {
			nat_release(&f->source, f->request.port, f->t.protocol);
		}
		if (r == -EEXIST) {
			/* Another CPU has made the same session meanwhile, or the ports are taken. */
			return session_look(&f->t, f->t.realm).entry ? 0 : DROP(COUNTER_NO_NAT_PORT);
		}
		return DROP(COUNTER_SESSION_TABLE_FULL);
	}
	__sync_fetch_and_add(&usage->sessions, 1);
	if (f->balanced) {
		struct backend_usage *backend;

		index = f->backend;
		backend = bpf_map_lookup_elem(&backend_usages, &index);
		if (backend) {
			__sync_fetch_and_add(&backend->sessions, 1);
			__sync_fetch_and_add(&backend->total, 1);
		}
	}
	return session_tell(&f->t, EVENT_SESSION_OPEN);
}

/*
 * A packet without a session. 0: it has one now; OPEN_WITHOUT_SESSION: goes on as it is, p->to and p->out_realm are set; XDP_PASS + 16 is
 * never returned: what is not ours is DECIDE_NOT_OURS; or DROP.
 */
__global int open_session(struct packet *p)
{
	__u32 zero = 0, state = 0;
	struct flow *f = bpf_map_lookup_elem(&flows, &zero);
	int r, inside;

	if (!f || !p) {
		return DROP(COUNTER_NO_SESSION);
	}
	f->t = p->t;
	f->t.realm = p->realm;
	f->vnet = p->vnet;
	f->role = p->role;
	f->again = 0;
	r = decide(f);
	if (r) {
		return r;
	}
	inside = f->out_realm == p->realm && f->nat == SOURCE_STAYS && same_address(&f->destination, &p->t.destination) &&
		 f->destination_port == p->t.destination_port && p->realm != FABRIC_PUBLIC_REALM;
	if (inside && !f->listed) {
		p->to = p->t.destination;
		p->out_realm = p->realm;
		return OPEN_WITHOUT_SESSION;
	}
	if (!(p->flags & PACKET_MAY_OPEN)) {
		/* Between hosts of one VPC sessions are picked up: lists may come to a V-Net with connections in it. */
		if (!inside || p->t.protocol != IPPROTO_TCP || (p->tcp_flags & (TCP_SYN | TCP_RST))) {
			return DROP(COUNTER_NO_SESSION);
		}
		state = SESSION_SYN | SESSION_ESTABLISHED;
	}
	return session_open(f, p->second, state);
}

/*
 * The rules have changed since the packet's session was judged: judges it again. 0: goes on; or DROP, and what must not be any more has
 * ended.
 */
__global int judge_again(struct packet *p)
{
	__u32 zero = 0;
	struct flow *f = bpf_map_lookup_elem(&flows, &zero);
	struct found s, back;
	struct session6 *had;
	struct opening *o = bpf_map_lookup_elem(&openings, &zero);
	int r;

	if (!f || !p || !o) {
		return DROP(COUNTER_NO_SESSION);
	}
	s = session_look(&p->t, p->realm);
	if (!s.entry) {
		return DROP(COUNTER_NO_SESSION);
	}
	if (s.entry->flags & SESSION_FORWARD) {
		f->t = p->t;
		f->t.realm = p->realm;
	} else {
		session_reverse(s, &p->t, &f->t);
		if (f->t.protocol == IPPROTO_ICMP) {
			f->t.icmp_type = ICMP4_ECHO;
		} else if (f->t.protocol == IPPROTO_ICMPV6) {
			f->t.icmp_type = ICMP6_ECHO;
		}
		s = session_look(&f->t, f->t.realm);
		if (!s.entry) {
			return DROP(COUNTER_NO_SESSION);
		}
	}
	had = &o->forward;
	session_copy(s, had);
	f->vnet = had->vnet;
	f->role = had->flags & SESSION_PROBE ? PORT_PROBE : PORT_NONE;
	f->again = 1;
	f->had = had->destination;
	f->had_port = had->destination_port;
	r = decide(f);
	if (r == 0) {
		int same = f->out_realm == had->realm;

		if (had->flags & SESSION_BALANCED) {
			same = same && f->balanced;
		} else {
			same = same && same_address(&f->destination, &had->destination) &&
			       (is_icmp(f->t.protocol) || f->destination_port == had->destination_port);
			if (f->nat == SOURCE_FIXED || f->nat == SOURCE_STAYS) {
				same = same && same_address(&f->source, &had->source);
			}
		}
		if (!same) {
			r = DROP(COUNTER_NO_TRANSLATION);
		}
	}
	if (r == DROP(COUNTER_UNRESOLVED) || r == DROP(COUNTER_NO_ROUTE) || r == DROP(COUNTER_BLOCKED)) {
		return r;
	}
	if (r) {
		session_close(&f->t);
		return r < 0 ? r : DROP(COUNTER_NO_TRANSLATION);
	}
	s = session_look(&f->t, f->t.realm);
	if (s.entry) {
		s.entry->policy = f->policy;
		session_reverse(s, &f->t, &o->back_tuple);
		back = session_look(&o->back_tuple, o->back_tuple.realm);
		if (back.entry) {
			back.entry->policy = f->policy;
		}
	}
	return 0;
}
