/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What becomes of a new session: who may send, where it goes, what it is translated to, and what lists say.
 *
 * Lists of V-Nets and VPCs see addresses as they are inside: destinations after, sources before translation. Where a session goes from one
 * VPC to another through public addresses, each VPC sees the other one's public address. Lists of public addresses and of services see what
 * comes from outside: before translation of the destination.
 */
#pragma once

#include "acl.h"
#include "balancer.h"
#include "forward.h"
#include "nat.h"
#include "packet.h"
#include "route.h"

enum source_nat {
	SOURCE_STAYS = 0,
	SOURCE_FIXED,    /* `source` is known: static, or by prefix */
	SOURCE_POOL,     /* a port of a block of `pool` */
	SOURCE_ADDRESS,  /* `source` is known, the port is any that makes the session unique */
};

#define DECIDE_NOT_OURS 1 /* nothing of ours: for the kernel */

struct flow {
	struct tuple t;             /* the first packet as it came in; t.realm is where */
	struct tuple judged;        /* what a list sees */
	struct address source;      /* what becomes of it */
	struct address destination;
	__be16 source_port;
	__be16 destination_port;
	__u32 out_realm;
	__u32 vnet;                 /* that it came from */
	__u32 role;                 /* of the port: PORT_PROBE or not */
	__u32 nat;                  /* enum source_nat */
	__u32 pool;
	__u32 meter;
	__u32 policy;
	__u32 backend;
	__u8 balanced;
	__u8 probe;
	__u8 listed;                /* lists were asked */
	__u8 again;                 /* the session is there: `source` and `destination` are what it has become */
	__u32 service_acl;
	__u32 public_acl;
	struct route route;         /* of the destination; route.vnet is the V-Net that it goes to */
	struct service service;
	struct address had;         /* again: destination */
	__be16 had_port;
	__u16 reserved;
	__u32 reserved2;
	struct nat_request request;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct flow);
	__uint(max_entries, 1);
} flows SEC(".maps");

/* The service at the destination in a realm, in f->service. 0, or -1: there is none. */
__global int service_find(struct flow *f, __u32 realm)
{
	struct host_key host = {};
	struct service_key key = {};
	struct service_address *address;
	struct service *service;
	__u32 lengths, port;

	if (!f) {
		return -1;
	}
	host.realm = realm;
	host.address = f->t.destination;
	address = bpf_map_lookup_elem(&service_addresses, &host);
	if (!address) {
		return -1;
	}
	port = has_ports(f->t.protocol) ? bpf_ntohs(f->t.destination_port) : 0;
	key.address = f->t.destination;
	key.realm = realm;
	key.protocol = f->t.protocol;
	lengths = address->lengths & 0x1ffff;
	for (int i = 0; i < 17 && lengths; i++) {
		__u32 length = highest_bit(lengths);

		lengths &= ~(1u << (length & 31));
		key.length = length;
		key.port = port & (0xffff0000 >> length);
		service = bpf_map_lookup_elem(&services, &key);
		if (service) {
			f->service = *service;
			return 0;
		}
	}
	return -1;
}

/* Sends the flow to what the service stands for. 0 or DROP. */
__global int service_apply(struct flow *f)
{
	struct balancer *balancer;
	struct backend *backend;
	__u32 index;
	int r;

	if (!f) {
		return DROP(COUNTER_NO_BACKEND);
	}
	f->service_acl = f->service.acl;
	f->out_realm = f->service.realm;
	if (f->service.kind == SERVICE_FORWARD) {
		f->destination = f->service.inside;
		if (f->service.inside_port && has_ports(f->t.protocol)) {
			__u16 port = bpf_ntohs(f->t.destination_port);

			f->destination_port = bpf_htons(port - f->service.first_port + f->service.inside_port);
		}
		return 0;
	}
	f->balanced = 1;
	index = f->service.balancer;
	balancer = bpf_map_lookup_elem(&balancers, &index);
	if (!balancer) {
		return DROP(COUNTER_NO_BACKEND);
	}
	if (f->again) {
		/* Back ends that drain or are gone keep what they have. */
		f->destination = f->had;
		f->destination_port = f->had_port;
		return 0;
	}
	r = balancer_choose(&f->t, index);
	if (r < 0) {
		return r;
	}
	f->backend = r;
	index = r;
	backend = bpf_map_lookup_elem(&backends, &index);
	if (!backend) {
		return DROP(COUNTER_NO_BACKEND);
	}
	f->destination = backend->address;
	f->out_realm = backend->realm;
	if (backend->port) {
		f->destination_port = bpf_htons(backend->port);
	}
	if (balancer->flags & BALANCER_SOURCE_NAT) {
		f->nat = SOURCE_ADDRESS;
		f->source = backend->source;
	}
	return 0;
}

/*
 * RFC 6296: the address under the other prefix, such that no checksum changes. Prefixes up to 48 bits: the difference is taken out of the
 * subnet; longer ones: out of the first word of the interface identifier that is not all ones.
 */
__global int prefix_translate(struct address *address, struct address *to, __u32 length)
{
	struct address old;
	__u16 *words;
	__u32 sum;
	__u64 change;
	int at = -1;

	if (!address || !to || length > 112) {
		return -1;
	}
	old = *address;
	for (int i = 0; i < 4; i++) {
		int bits = (int)length - i * 32;
		__u32 mask = bits <= 0 ? 0 : bits >= 32 ? ~0u : bpf_htonl(~0u << (32 - bits));

		address->words[i] = (address->words[i] & ~mask) | (to->words[i] & mask);
	}
	change = checksum_address(address, &old, 6); /* old - new */
	sum = checksum_fold(change);
	words = (__u16 *)address;
	if (length <= 48) {
		at = words[3] == 0xffff ? -1 : 3;
	} else {
		for (int i = 4; i < 8; i++) {
			if (at < 0 && (__u32)i * 16 >= length && words[i] != 0xffff) {
				at = i;
			}
		}
	}
	if (at < 0) {
		return -1;
	}
	for (int i = 3; i < 8; i++) {
		if (i == at) {
			__u32 word = words[i] + sum;

			word = (word & 0xffff) + (word >> 16);
			words[i] = word == 0xffff ? 0 : word;
		}
	}
	return 0;
}

/* The entry of `snat_sources` for an address in a realm: longest prefix first. 0, or -1: there is none. */
__global int source_find(__u32 realm, struct address *of, struct snat_source *result)
{
	struct vpc *vpc = bpf_map_lookup_elem(&vpcs, &realm);
	struct prefix_key key = {};
	struct lengths left = {};

	if (!vpc || !of || !result) {
		return -1;
	}
	if (is_mapped(of)) {
		left.words[1] = vpc->sources4 << 32; /* lengths 96.. */
		left.words[2] = vpc->sources4 >> 32;
	} else {
		left.words[0] = vpc->sources6[0];
		left.words[1] = vpc->sources6[1];
		left.words[2] = vpc->sources6[2];
	}
	key.realm = realm;
	for (int i = 0; i < 129; i++) {
		int length = longest_length(&left);
		struct snat_source *found;

		if (length < 0) {
			break;
		}
		key.length = length;
		key.address = *of;
		mask_address(&key.address, length);
		found = bpf_map_lookup_elem(&snat_sources, &key);
		if (found) {
			*result = *found;
			return 0;
		}
	}
	return -1;
}

/* The meter of a route with ROUTE_INTO_VPC. */
static __always_inline __u32 route_meter(const struct route *route)
{
	__u32 meter;

	__builtin_memcpy(&meter, route->mac, sizeof(meter));
	return meter;
}

/* Leaves its VPC: what the public side sees as its source. 0, or DROP(COUNTER_NO_TRANSLATION). */
__global int decide_source(struct flow *f)
{
	struct static_source *fixed;
	struct public_address *own;
	struct snat_source source;
	struct host_key key = {};
	struct vpc *vpc;
	__u32 realm;

	if (!f) {
		return DROP(COUNTER_NO_TRANSLATION);
	}
	realm = f->t.realm;
	key.realm = realm;
	key.address = f->t.source;
	fixed = bpf_map_lookup_elem(&static_sources, &key);
	if (fixed) {
		f->nat = SOURCE_FIXED;
		f->source = fixed->outside;
		own = bpf_map_lookup_elem(&public_addresses, &f->source);
		if (own) {
			f->meter = own->meter;
		}
		return 0;
	}
	own = bpf_map_lookup_elem(&public_addresses, &f->t.source);
	if (own && (own->flags & PUBLIC_ROUTED) && own->realm == realm) {
		f->meter = own->meter;
		return 0;
	}
	if (route_prefix(FABRIC_PUBLIC_REALM, &f->t.source, &f->route) == 0 && (f->route.flags & ROUTE_INTO_VPC) && f->route.hop == realm) {
		/* Of a prefix that is routed as it is; the outside of an NPTv6 prefix is no source inside. */
		if (source_find(FABRIC_PUBLIC_REALM, &f->t.source, &source) == 0) {
			return DROP(COUNTER_NO_TRANSLATION);
		}
		f->meter = route_meter(&f->route);
		return 0;
	}
	if (source_find(realm, &f->t.source, &source) == 0) {
		if (source.flags & SNAT_PREFIX) {
			f->nat = SOURCE_FIXED;
			return prefix_translate(&f->source, &source.to, source.length) == 0 ? 0 : DROP(COUNTER_NO_TRANSLATION);
		}
		f->nat = SOURCE_POOL;
		f->pool = source.pool;
		return 0;
	}
	vpc = bpf_map_lookup_elem(&vpcs, &realm);
	if (vpc && (vpc->flags & (f->t.family == 4 ? VPC_ROUTED_PUBLIC4 : VPC_ROUTED_PUBLIC6))) {
		return 0;
	}
	return DROP(COUNTER_NO_TRANSLATION);
}

/*
 * Whether a destination's VPC is the partner's, and the sender's is not. Who has it now only upstream routers know: its sessions are where
 * they lead.
 */
static __always_inline int is_partners(const struct flow *f, __u32 realm)
{
	struct vpc *from, *to;
	__u32 own = f->t.realm;

	if (own == FABRIC_PUBLIC_REALM || own == realm) {
		return 0;
	}
	from = bpf_map_lookup_elem(&vpcs, &own);
	to = bpf_map_lookup_elem(&vpcs, &realm);
	return from && to && (to->flags & VPC_PARTNERS) && !(from->flags & VPC_PARTNERS);
}

/* In the public realm: whether its destination is of a VPC of ours, and as what. 0: goes on in f->out_realm; DECIDE_NOT_OURS; or DROP. */
__global int decide_public(struct flow *f)
{
	struct public_address *address;
	struct snat_source source;
	int r;

	if (!f) {
		return DROP(COUNTER_NO_ROUTE);
	}
	address = bpf_map_lookup_elem(&public_addresses, &f->t.destination);
	if (address && is_partners(f, address->realm)) {
		return route_outward(&f->t.destination, &f->route);
	}
	if (address) {
		f->public_acl = address->acl;
		f->meter = address->meter;
	}
	if (service_find(f, FABRIC_PUBLIC_REALM) == 0) {
		return service_apply(f);
	}
	if (address && (address->flags & PUBLIC_STATIC)) {
		f->out_realm = address->realm;
		f->destination = address->inside;
		return 0;
	}
	if (address && (address->flags & PUBLIC_ROUTED)) {
		f->out_realm = address->realm;
		return 0;
	}
	if (address) {
		/* Of a pool, or of services that are not asked for. Hosts of the VPC reach what others of it have mapped (RFC 4787 REQ-9). */
		f->request.outside = f->t.destination;
		f->request.port = bpf_ntohs(f->t.destination_port);
		f->request.protocol = f->t.protocol;
		if (f->t.realm != FABRIC_PUBLIC_REALM && (f->t.protocol == IPPROTO_TCP || f->t.protocol == IPPROTO_UDP) &&
		    nat_mapping(&f->request) == 0 && f->request.realm == f->t.realm) {
			f->out_realm = f->request.realm;
			f->destination = f->request.inside;
			f->destination_port = bpf_htons(f->request.inside_port);
			return 0;
		}
		return DROP(COUNTER_NO_SESSION);
	}
	r = route_find(FABRIC_PUBLIC_REALM, &f->t.destination, &f->route);
	if (r) {
		return f->t.realm == FABRIC_PUBLIC_REALM ? DECIDE_NOT_OURS : r;
	}
	if (f->route.flags & ROUTE_INTO_VPC) {
		if (is_partners(f, f->route.hop)) {
			return route_outward(&f->t.destination, &f->route);
		}
		f->out_realm = f->route.hop;
		if (f->route.vnet) {
			f->public_acl = f->route.vnet;
		}
		if (route_meter(&f->route)) {
			f->meter = route_meter(&f->route);
		}
		if (source_find(FABRIC_PUBLIC_REALM, &f->t.destination, &source) == 0 && (source.flags & SNAT_PREFIX)) {
			f->out_realm = source.realm;
			return prefix_translate(&f->destination, &source.to, source.length) == 0 ? 0 : DROP(COUNTER_NO_TRANSLATION);
		}
		return 0;
	}
	/* Not through us from outside to outside. */
	return f->t.realm == FABRIC_PUBLIC_REALM ? DECIDE_NOT_OURS : 0;
}

/* Asks a list, unless there is none. */
static __always_inline int judge(struct flow *f, __u32 version)
{
	if (version == 0) {
		return 0;
	}
	f->listed = 1;
	return acl_judge(&f->judged, version);
}

/* All lists that the flow meets. 0 or DROP(COUNTER_DENIED). */
__global int decide_lists(struct flow *f)
{
	struct vnet *from, *to;
	struct vpc *vpc;
	__u32 realm, out;
	int r;

	if (!f) {
		return DROP(COUNTER_DENIED);
	}
	realm = f->t.realm;
	out = f->out_realm;
	f->judged = f->t;

	/* As the outside sees it coming in. */
	if (out != FABRIC_PUBLIC_REALM && (f->service_acl || f->public_acl)) {
		f->judged.realm = FABRIC_PUBLIC_REALM;
		if (realm != FABRIC_PUBLIC_REALM && f->nat != SOURCE_ADDRESS) {
			f->judged.source = f->source;
		}
		r = judge(f, f->public_acl);
		if (r) {
			return r;
		}
		r = judge(f, f->service_acl);
		if (r) {
			return r;
		}
	}
	/* As the VPC that it comes from sees it. */
	if (realm != FABRIC_PUBLIC_REALM) {
		f->judged.realm = realm;
		f->judged.source = f->t.source;
		if (out == realm) {
			f->judged.destination = f->destination;
			f->judged.destination_port = f->destination_port;
		}
		from = vnet_at(f->vnet);
		r = judge(f, from ? from->acl_out : 0);
		if (r) {
			return r;
		}
		vpc = bpf_map_lookup_elem(&vpcs, &realm);
		r = judge(f, vpc ? vpc->acl : 0);
		if (r) {
			return r;
		}
	}
	/* As the VPC that it goes to sees it. */
	if (out != FABRIC_PUBLIC_REALM) {
		f->judged.realm = out;
		f->judged.source = realm == out || realm == FABRIC_PUBLIC_REALM ? f->t.source : f->source;
		f->judged.destination = f->destination;
		f->judged.destination_port = f->destination_port;
		if (out != realm) {
			vpc = bpf_map_lookup_elem(&vpcs, &out);
			r = judge(f, vpc ? vpc->acl : 0);
			if (r) {
				return r;
			}
		}
		to = vnet_at(f->route.vnet);
		r = judge(f, to ? to->acl_in : 0);
		if (r) {
			return r;
		}
	}
	return 0;
}

/*
 * Decides on f->t, f->vnet, f->role. 0: f says what becomes of it, apart from a port that is still to be had; DECIDE_NOT_OURS; or DROP.
 * Changes nothing but the host's public address, where lists must see it.
 */
__global int decide(struct flow *f)
{
	struct vpc *vpc;
	struct vnet *from;
	__u32 realm, policy, out;
	int r, outwards = 1;

	if (!f) {
		return DROP(COUNTER_NO_ROUTE);
	}
	realm = f->t.realm;
	f->source = f->t.source;
	f->destination = f->t.destination;
	f->source_port = f->t.source_port;
	f->destination_port = f->t.destination_port;
	f->out_realm = realm;
	f->nat = SOURCE_STAYS;
	f->pool = 0;
	f->meter = 0;
	f->balanced = 0;
	f->backend = 0;
	f->probe = 0;
	f->listed = 0;
	f->service_acl = 0;
	f->public_acl = 0;
	f->route.vnet = 0;

	vpc = bpf_map_lookup_elem(&vpcs, &realm);
	if (!vpc) {
		return DROP(COUNTER_NO_ROUTE);
	}
	policy = vpc->policy;
	from = vnet_at(f->vnet);
	if (from && (from->flags & VNET_BLOCKED)) {
		return DROP(COUNTER_BLOCKED);
	}

	if (f->role == PORT_PROBE) {
		struct probe *probe = bpf_map_lookup_elem(&probes, &f->t.destination);

		if (!probe) {
			return DROP(COUNTER_NO_SESSION); /* of a back end that is gone: the kernel's own routes must not have it */
		}
		vpc = bpf_map_lookup_elem(&vpcs, &probe->realm);
		if (!vpc) {
			return DROP(COUNTER_NO_ROUTE);
		}
		f->probe = 1;
		f->destination = probe->backend;
		f->source = probe->source;
		f->nat = SOURCE_ADDRESS;
		f->out_realm = probe->realm;
		f->policy = policy + vpc->policy;
		return 0; /* our own: no list stands between the prober and the back end */
	}

	if (realm != FABRIC_PUBLIC_REALM) {
		if (is_spoofed(realm, &f->t.source)) {
			return DROP(COUNTER_SPOOFED);
		}
		if ((vpc->flags & VPC_HAS_SERVICES) && service_find(f, realm) == 0) {
			r = service_apply(f);
			if (r) {
				return r;
			}
			outwards = 0;
		} else {
			r = route_find(realm, &f->t.destination, &f->route);
			if (r) {
				return r;
			}
			outwards = f->route.flags & ROUTE_PUBLIC;
		}
		if (outwards) {
			r = decide_source(f);
			if (r) {
				return r;
			}
			f->out_realm = FABRIC_PUBLIC_REALM;
		}
	}
	if (outwards) {
		r = decide_public(f);
		if (r) {
			return r;
		}
	}
	out = f->out_realm;
	vpc = bpf_map_lookup_elem(&vpcs, &out);
	if (!vpc || (out != FABRIC_PUBLIC_REALM && !(vpc->flags & VPC_PRESENT))) {
		return DROP(COUNTER_NO_ROUTE);
	}
	f->policy = policy + vpc->policy;
	if (out != FABRIC_PUBLIC_REALM && (outwards || f->balanced || f->service_acl || !same_address(&f->destination, &f->t.destination))) {
		r = route_find(out, &f->destination, &f->route);
		if (r) {
			return r;
		}
	}
	if (f->nat == SOURCE_POOL && out != FABRIC_PUBLIC_REALM) {
		/* Lists of the other side see the public address. */
		f->request.inside = f->t.source;
		f->request.realm = realm;
		f->request.pool = f->pool;
		if (nat_address(&f->request, 0) != 0) {
			return DROP(COUNTER_NO_NAT_PORT);
		}
		f->source = f->request.outside;
	}
	return decide_lists(f);
}
