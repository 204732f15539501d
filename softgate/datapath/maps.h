/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The maps. Sizes here are for a test; the loader sets those of the node before it loads. All are pinned by name, so a new agent finds
 * what the last one left. "agent" and "path" say who writes.
 */
#pragma once

#include "types.h"

#define FABRIC_MAP(of_type, of_key, of_value, entries, with_flags, map_name) \
	struct {                                                               \
		__uint(type, of_type);                                         \
		__type(key, of_key);                                           \
		__type(value, of_value);                                       \
		__uint(max_entries, entries);                                  \
		__uint(map_flags, with_flags);                                  \
		__uint(pinning, LIBBPF_PIN_BY_NAME);                           \
	} map_name SEC(".maps")

/* Written by the agent, memory for what is used only. */
#define FABRIC_TABLE(map_key, map_value, entries, map_name) \
	FABRIC_MAP(BPF_MAP_TYPE_HASH, map_key, map_value, entries, BPF_F_NO_PREALLOC, map_name)
#define FABRIC_ARRAY(map_value, entries, map_name) FABRIC_MAP(BPF_MAP_TYPE_ARRAY, __u32, map_value, entries, 0, map_name)
#define FABRIC_CELLS(map_value, entries, map_name) FABRIC_MAP(BPF_MAP_TYPE_ARRAY, __u32, map_value, entries, BPF_F_MMAPABLE, map_name)

FABRIC_ARRAY(struct settings, 1, settings);
FABRIC_TABLE(struct port_key, struct port, 1024, ports);
/* Raised after each change of `ports`, `vteps_own`, `vnis`, `hosts`, `prefixes` or `vpcs`, when the change is complete: see remember.h. */
FABRIC_ARRAY(__u32, 1, generation);

FABRIC_ARRAY(struct vpc, 4096, vpcs);
FABRIC_ARRAY(struct vpc_usage, 4096, vpc_usages);                                       /* path */
FABRIC_MAP(BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct vpc_counters, 4096, 0, vpc_counters); /* path */
FABRIC_ARRAY(struct vnet, 8192, vnets);
FABRIC_TABLE(__u32, __u32, 8192, vnis);                                                 /* VNI to index into `vnets` */
FABRIC_TABLE(struct gateway_key, struct gateway, 16384, gateways);
FABRIC_ARRAY(struct router, 8192, routers);                                             /* by index of `vnets` */
FABRIC_TABLE(struct vtep_key, __u32, 64, vteps_own);                                    /* to index into `vteps` */
FABRIC_ARRAY(struct address, 64, vteps);                                                /* own outer addresses */

FABRIC_TABLE(struct host_key, struct route, 65536, hosts);
FABRIC_TABLE(struct prefix_key, struct route, 65536, prefixes);
FABRIC_ARRAY(struct hop, 4096, hops);
/* Index: hop * FABRIC_PATHS_PER_HOP + flow hash. */
FABRIC_MAP(BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct adjacency, 16384, 0, adjacencies);   /* path */

FABRIC_TABLE(struct address, struct public_address, 65536, public_addresses);
FABRIC_TABLE(struct host_key, struct static_source, 65536, static_sources);
FABRIC_TABLE(struct host_key, struct service_address, 65536, service_addresses);
FABRIC_TABLE(struct service_key, struct service, 131072, services);
FABRIC_TABLE(__u32, struct balancer, 4096, balancers);                                  /* a table: replaced in one step, place and size together */
FABRIC_CELLS(__u32, 1 << 20, maglev);
FABRIC_ARRAY(struct backend, 16384, backends);
FABRIC_ARRAY(struct backend_usage, 16384, backend_usages);                              /* path */
FABRIC_TABLE(struct prefix_key, struct snat_source, 65536, snat_sources);
FABRIC_ARRAY(struct pool, 4096, pools);
FABRIC_ARRAY(struct pool_address, 16384, pool_addresses);

FABRIC_TABLE(struct host_key, struct nat_host, 65536, nat_hosts);                       /* path */
FABRIC_TABLE(struct block_key, struct nat_block, 65536, nat_blocks);                    /* path */
FABRIC_MAP(BPF_MAP_TYPE_HASH, struct session4_key, struct session4, 65536, 0, sessions4); /* path, and the partner's agent */
FABRIC_MAP(BPF_MAP_TYPE_HASH, struct session6_key, struct session6, 65536, 0, sessions6);
FABRIC_MAP(BPF_MAP_TYPE_HASH, struct fragment_key, struct fragment, 4096, 0, fragments);  /* path */

FABRIC_TABLE(__u32, struct acl, 8192, acls);                                            /* by version */
FABRIC_TABLE(struct acl_address_key, struct acl_class, 131072, acl_addresses);
FABRIC_TABLE(struct acl_service_key, struct acl_service, 131072, acl_services);
FABRIC_CELLS(__u32, 1 << 20, acl_cells);
FABRIC_MAP(BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct acl_counter, 131072, 0, acl_counters); /* path */

/* First half: by kind and V-Net. Second half: by what is asked for. */
FABRIC_MAP(BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct limit, FABRIC_LIMITS, 0, limits);     /* path */

FABRIC_ARRAY(struct meter, 8192, meters);
FABRIC_TABLE(struct address, struct probe, 16384, probes);

FABRIC_MAP(BPF_MAP_TYPE_PERCPU_ARRAY, __u32, __u64, COUNTER_COUNT, 0, counters);         /* path */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 22);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} events SEC(".maps"); /* path: resolution, neighbours, blocks, flow logs */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 22);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} session_events SEC(".maps"); /* path: for the partner; apart, so that neither starves the other */
