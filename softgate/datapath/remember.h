/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What the last packets found in the agent's tables, a CPU at a time: a look-up in a hash of the kernel is four calls, a cell of an array none.
 * A cell counts as long as `generation` is as it was when the packet came that asked; the agent raises it after each change of `ports`,
 * `vteps_own`, `vnis`, `hosts`, `prefixes` or `vpcs` (which has the lengths of prefixes). While it is 0 nothing is remembered.
 */
#pragma once

#include "packet.h"

#define REMEMBERED_PORTS 64
#define REMEMBERED_TUNNELS 4096
#define REMEMBERED_ROUTES 8192

#define REMEMBERED(what, entries, map_name)                  \
	struct {                                             \
		__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);     \
		__type(key, __u32);                          \
		__type(value, what);                         \
		__uint(max_entries, entries);                \
	} map_name SEC(".maps") /* not pinned: belongs to one load */

struct remembered_port {
	struct port_key key;
	__u32 generation;
	struct port port;
};

/* V-Net of a VNI that comes to an own VTEP. */
struct remembered_tunnel {
	struct address vtep;
	__u32 vni;
	__u32 generation;
	__u32 vnet;
	__u32 reserved;
};

struct remembered_route {
	struct address name;
	__u32 realm;
	__u32 generation;
	struct route route;
};

REMEMBERED(struct remembered_port, REMEMBERED_PORTS, remembered_ports);
REMEMBERED(struct remembered_tunnel, REMEMBERED_TUNNELS, remembered_tunnels);
REMEMBERED(struct remembered_route, REMEMBERED_ROUTES, remembered_routes);

static __always_inline __u32 generation_now(void)
{
	__u32 zero = 0, *now = bpf_map_lookup_elem(&generation, &zero);

	return now ? *now : 0;
}

/* The port that a packet came in through, or NULL. */
static __always_inline struct port *port_at(const struct port_key *key, __u32 generation)
{
	__u32 index = (key->ifindex * 7 + key->vlan) & (REMEMBERED_PORTS - 1);
	struct remembered_port *cell = bpf_map_lookup_elem(&remembered_ports, &index);
	struct port *port;

	if (cell && cell->generation == generation && generation && cell->key.ifindex == key->ifindex && cell->key.vlan == key->vlan) {
		return &cell->port;
	}
	port = bpf_map_lookup_elem(&ports, key);
	if (port && cell && generation) {
		cell->key = *key;
		cell->port = *port;
		cell->generation = generation;
	}
	return port;
}

#define TUNNEL_NOT_OURS -1
#define TUNNEL_UNKNOWN -2

/* The V-Net of a VNI that came to an address: index into `vnets`, TUNNEL_NOT_OURS or TUNNEL_UNKNOWN. */
static __always_inline long tunnel_at(const struct vtep_key *vtep, __u32 vni, __u32 generation)
{
	__u32 index = vni & (REMEMBERED_TUNNELS - 1), *vnet;
	struct remembered_tunnel *cell = bpf_map_lookup_elem(&remembered_tunnels, &index);

	if (cell && cell->generation == generation && generation && cell->vni == vni && same_address(&cell->vtep, &vtep->address)) {
		return cell->vnet;
	}
	if (!bpf_map_lookup_elem(&vteps_own, vtep)) {
		return TUNNEL_NOT_OURS;
	}
	vnet = bpf_map_lookup_elem(&vnis, &vni);
	if (!vnet) {
		return TUNNEL_UNKNOWN;
	}
	if (cell && generation) {
		cell->vtep = vtep->address;
		cell->vni = vni;
		cell->vnet = *vnet;
		cell->generation = generation;
	}
	return *vnet;
}

/* What a route to p->to in p->out_realm, which is `vpc`, is remembered by: the address, unless a default route is all there is for all of them. */
static __always_inline struct address route_name(const struct packet *p, const struct vpc *vpc)
{
	return p->out_realm == FABRIC_PUBLIC_REALM && vpc->prefixes4 == 1 && is_mapped(&p->to) ? mapped(0) : p->to;
}

/* The cell for a route in a realm; it is that route's only when `is_route` says so. */
static __always_inline struct remembered_route *route_cell(__u32 realm, const struct address *name)
{
	__u64 hash = (name->halves[0] + name->halves[1] + ((__u64)realm << 17)) * 0x9e3779b97f4a7c15ull;
	__u32 index = hash >> 51; /* 13 bits: REMEMBERED_ROUTES */

	return bpf_map_lookup_elem(&remembered_routes, &index);
}

static __always_inline int is_route(const struct remembered_route *cell, __u32 realm, const struct address *name, __u32 generation)
{
	return cell->generation == generation && generation && cell->realm == realm && same_address(&cell->name, name);
}

static __always_inline void remember_route(struct remembered_route *cell, __u32 realm, const struct address *name, const struct route *route, __u32 generation)
{
	if (generation) {
		cell->name = *name;
		cell->realm = realm;
		cell->route = *route;
		cell->generation = generation;
	}
}
