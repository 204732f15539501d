/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What the control plane and the data path agree on: keys and values of all maps, events, verdict counters.
 *
 * Addresses of both families are 16 octets in network order, IPv4 as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2); prefix lengths count from
 * the front, so an IPv4 /24 is 120. Only sessions have a compact form for IPv4. Ports are in network order where the name says
 * `be`, else in host order. All structures have explicit padding, which must be zero in keys. Fabric.SoftGate has the same
 * structures in C#; a test compares both with the object file's type information.
 */
#pragma once

#define FABRIC_PUBLIC_REALM 0          /* the realm outside all VPCs */
#define FABRIC_NO_REALM 0xffffffff     /* none at all */
#define FABRIC_PORTS_PER_BLOCK 64      /* source NAT gives ports to inside hosts in blocks of this size */
#define FABRIC_FIRST_NAT_PORT 1024     /* ports below are never given to source NAT */
#define FABRIC_MAX_BLOCKS_PER_HOST 32  /* upper bound of a pool's `blocks_per_host` */
#define FABRIC_PATHS_PER_HOP 4         /* equal-cost paths that are remembered for a hop */

struct address {
	union {
		__u8 octets[16];
		__be32 words[4];
		__u64 halves[2];
	};
};

/* ---- where packets come in ------------------------------------------------------------------------------------------------ */

enum port_role {
	PORT_NONE = 0,     /* not ours: everything passes to the kernel */
	PORT_UNDERLAY = 1, /* VXLAN towards the fabric */
	PORT_PUBLIC = 2,   /* towards upstream routers: realm 0 */
	PORT_VNET = 3,     /* plain frames of one V-Net */
	PORT_PROBE = 4,    /* health checks from the probe namespace */
};

struct port_key {
	__u32 ifindex;
	__u32 vlan; /* 802.1Q tag, 0: untagged */
};

struct port {
	__u32 role; /* enum port_role */
	__u32 vnet; /* PORT_VNET: index into `vnets` */
	__u8 mac[6]; /* its own: unicast frames to others are dropped; zero: all are ours */
	__u16 reserved;
};

/* ---- VPCs and V-Nets ------------------------------------------------------------------------------------------------------- */

enum vpc_flag {
	VPC_ANTI_SPOOF = 1 << 0,      /* only known addresses may send */
	VPC_HAS_SERVICES = 1 << 1,    /* `services` has entries in this realm */
	VPC_ROUTED_PUBLIC4 = 1 << 2,  /* IPv4 without a NAT rule may leave for the public realm as it is */
	VPC_ROUTED_PUBLIC6 = 1 << 3,  /* the same for IPv6 */
	VPC_PRESENT = 1 << 4,
	VPC_PARTNERS = 1 << 5,        /* the partner's while both nodes are well */
};

/* One VPC, or the public realm at index 0. */
struct vpc {
	__u32 uid;             /* the controller's number */
	__u32 flags;           /* enum vpc_flag */
	__u32 policy;          /* counts every change of what may pass: a session with another number is judged again */
	__u32 acl;             /* version of the VPC's list in `acls`; 0: none */
	__u64 prefixes4;       /* bit n: `prefixes` has IPv4 prefixes of length n (0..32) in this realm */
	__u64 prefixes6[3];    /* bit n: IPv6 prefixes of length n (0..128) */
	__u64 sources4;        /* the same for `snat_sources` */
	__u64 sources6[3];
	__u32 session_quota;   /* most sessions at a time; 0: no bound but the table's */
	__u32 meter;           /* index into `meters`; 0: unlimited */
};

/* Changes with every packet or session; apart from `vpc`, whose lines stay clean. */
struct vpc_usage {
	__u64 sessions; /* sessions now (forward entries) */
};

/* Per CPU. Octets are those of the inner IP packet. */
struct vpc_counters {
	__u64 packets_out; /* from the VPC */
	__u64 octets_out;
	__u64 packets_in;  /* into the VPC */
	__u64 octets_in;
};

enum vnet_kind {
	VNET_L2 = 1, /* an L2VNI whose gateway is here */
	VNET_L3 = 2, /* the L3VNI of a VPC */
};

enum vnet_flag {
	VNET_BLOCKED = 1 << 0, /* nothing passes yet: no set of rules is in force */
};

struct vnet {
	__u32 uid;
	__u32 vpc;     /* index into `vpcs` */
	__u32 vni;
	__u16 kind;    /* enum vnet_kind */
	__u16 flags;   /* enum vnet_flag */
	__u8 mac[6];   /* gateway MAC (L2) or router MAC (L3): source of inner frames, destination of frames to us */
	__u16 mtu;     /* largest inner IP packet, octets; 0: as the underlay allows */
	__u32 acl_in;  /* version of the list for packets to the V-Net; 0: none */
	__u32 acl_out; /* version of the list for packets from the V-Net; 0: none */
	__u32 source;  /* index into `vteps`: outer source address of its packets */
};

enum gateway_flag {
	GATEWAY_SERVICE = 1 << 0, /* a balancer's: what is not ping is looked up among services */
};

/* An address of our own in a V-Net: ARP, ND and ping are answered. */
struct gateway_key {
	__u32 vnet;
	__u32 reserved;
	struct address address;
};

struct gateway {
	__u32 flags; /* enum gateway_flag */
};

/* What ICMP errors come from, one a V-Net; at index 0 the node's public addresses. Zero: no errors are sent. */
struct router {
	struct address address4;
	struct address address6;
};

/* Own VTEP addresses: destination of VXLAN that is for us, and source of ours. */
struct vtep_key {
	struct address address;
};

/* ---- routes ---------------------------------------------------------------------------------------------------------------- */

struct host_key {
	__u32 realm;
	__u32 reserved;
	struct address address;
};

struct prefix_key {
	__u32 realm;
	__u32 length; /* 0..128 */
	struct address address; /* bits behind `length` are zero */
};

enum route_flag {
	ROUTE_CONNECTED = 1 << 0, /* prefix of a V-Net: hosts without an entry are to be resolved */
	ROUTE_KNOWN = 1 << 1,     /* host that the orchestrator knows: may send where VPC_ANTI_SPOOF is set */
	ROUTE_NO_PATH = 1 << 2,   /* host that may send, but whose place is not known yet: as without an entry */
	ROUTE_PUBLIC = 1 << 3,    /* leaves the VPC for the public realm, where the destination is looked up again */
	ROUTE_REJECT = 1 << 4,    /* answered with "unreachable" */
	/*
	 * Of the public realm: routed as it is (or by a prefix of `snat_sources`) into the VPC `hop`. `vnet` is the version of the list for what
	 * enters, and the first 4 octets of `mac` are the index of the meter; 0: none.
	 */
	ROUTE_INTO_VPC = 1 << 5,
};

/* Value of `hosts` and `prefixes`. The public realm has prefixes only. */
struct route {
	__u32 hop;   /* index into `hops` */
	__u32 vnet;  /* index into `vnets`: VNI, source MAC and list of the way out; 0 in the public realm over plain ports */
	__u8 mac[6]; /* destination of the inner frame; zero for plain ports */
	__u16 flags; /* enum route_flag */
};

enum hop_kind {
	HOP_VTEP = 1,    /* VXLAN to `address` */
	HOP_GATEWAY = 2, /* plain, through the router `address` on `ifindex` */
	HOP_LINK = 3,    /* plain, to the packet's own destination on `ifindex` */
};

struct hop {
	struct address address;
	__u32 kind;    /* enum hop_kind */
	__u32 ifindex; /* 0: whichever the kernel says */
	__u16 vlan;
	__u16 reserved;
};

/* Where a hop is now, as the kernel's routes and neighbours say; per CPU, asked again when it has expired. */
struct adjacency {
	__u64 expires; /* bpf_ktime_get_coarse_ns; 0: unknown */
	__u32 ifindex;
	__u16 mtu;
	__u8 destination[6];
	__u8 source[6];
	__u8 reserved[2];
};

/* ---- translation: asked once a session --------------------------------------------------------------------------------------- */

/* A public address that this node answers for. */
enum public_flag {
	PUBLIC_STATIC = 1 << 0,  /* one to one with `inside` */
	PUBLIC_ROUTED = 1 << 1,  /* routed into `realm` as it is */
	PUBLIC_POOL = 1 << 2,    /* used by source NAT */
};

struct public_address {
	struct address inside;
	__u32 realm; /* VPC that owns it */
	__u32 flags;
	__u32 acl;   /* version of its list; 0: none */
	__u32 meter;
};

/* Static NAT the other way, keyed by `host_key` (realm, inside address). */
struct static_source {
	struct address outside;
};

/* Port forwards and balancers. A range of ports is split into prefixes of 16 bits; longest first. */
struct service_key {
	struct address address;
	__u32 realm;
	__u16 port;   /* host order, bits behind `length` are zero */
	__u8 length;  /* 0..16 */
	__u8 protocol;
};

/* What prefix lengths of ports to ask for, keyed by `host_key`. */
struct service_address {
	__u32 lengths; /* bit n: prefixes of length n (0..16) */
	__u32 reserved;
};

enum service_kind {
	SERVICE_FORWARD = 1,
	SERVICE_BALANCER = 2,
};

struct service {
	struct address inside; /* SERVICE_FORWARD: new destination */
	__u32 realm;           /* VPC of the new destination */
	__u32 kind;            /* enum service_kind */
	__u32 balancer;        /* index into `balancers` */
	__u16 first_port;      /* SERVICE_FORWARD: first port of the whole range, host order */
	__u16 inside_port;     /* and what it becomes; 0: ports stay */
	__u32 acl;             /* version of the list of source ranges; 0: none */
	__u32 uid;             /* rule, for counters and logs */
};

enum balancer_flag {
	BALANCER_SOURCE_AFFINITY = 1 << 0, /* hash over the source address only */
	BALANCER_SOURCE_NAT = 1 << 1,      /* the back end sees the gateway's address */
};

struct balancer {
	__u32 table;  /* first cell in `maglev` */
	__u32 size;   /* a prime; 0: no back end, refused */
	__u32 flags;
	__u32 uid;
};

/* Cells of `maglev` are indices into `backends`. */
struct backend {
	struct address address;
	__u32 realm;
	__u16 port;  /* host order; 0: the destination port stays */
	__u16 flags;
	__u32 uid;
	__u32 reserved;
	struct address source; /* gateway of its V-Net, of the back end's family: what it sees with BALANCER_SOURCE_NAT */
};

/* Session count for "least connections". */
struct backend_usage {
	__u64 sessions;
	__u64 total;
};

/*
 * Source prefix to pool, keyed by `prefix_key`. NPTv6 has two entries: in the VPC, from inside to outside, and in realm 0, keyed by the
 * outside prefix, from outside to inside.
 */
struct snat_source {
	__u32 pool;  /* index into `pools` */
	__u32 flags; /* enum snat_flag */
	struct address to; /* SNAT_PREFIX: NPTv6 (RFC 6296) prefix */
	__u32 length;      /* of that prefix */
	__u32 realm;       /* SNAT_PREFIX: where `to` is: 0 outside, else the VPC */
};

enum snat_flag {
	SNAT_PREFIX = 1 << 0, /* NPTv6, stateless */
};

struct pool {
	__u32 first;           /* first of its addresses in `pool_addresses` */
	__u32 count;
	__u32 blocks_per_host; /* 1..FABRIC_MAX_BLOCKS_PER_HOST */
	__u32 uid;
};

struct pool_address {
	struct address address;
};

/* Ports that an inside host has: key `host_key`. One public address for all of its sessions (RFC 4787 REQ-2). */
struct nat_host {
	struct address outside;
	struct bpf_spin_lock lock;
	__u32 pool;
	__u32 count[3];                              /* blocks by protocol class: TCP, UDP, ICMP */
	__u16 blocks[3][FABRIC_MAX_BLOCKS_PER_HOST]; /* port / 64 */
	__u32 reserved;
};

struct block_key {
	struct address outside;
	__u16 block;    /* port / 64 */
	__u8 protocol;  /* class: 0 TCP, 1 UDP, 2 ICMP */
	__u8 reserved;
	__u32 reserved2;
};

/*
 * 64 ports of one public address in the hands of one inside host: which are in use, for which inside port, by how many sessions.
 * That is the endpoint-independent mapping (RFC 4787 REQ-1), asked in both directions, without an entry a mapping.
 */
struct nat_block {
	struct address inside;
	struct bpf_spin_lock lock;
	__u32 realm;   /* of `inside`; FABRIC_NO_REALM: being returned, must not be used */
	__u32 emptied; /* seconds of bpf_ktime_get_coarse_ns when the last port was given back */
	__u32 reserved;
	__u64 used;    /* bit n: port block * 64 + n */
	__u16 inside_port[FABRIC_PORTS_PER_BLOCK]; /* host order */
	__u16 sessions[FABRIC_PORTS_PER_BLOCK];
};

/* ---- sessions ------------------------------------------------------------------------------------------------------------------ */

/* Realm and protocol in one word: VPC index in the upper 24 bits. */
#define FABRIC_REALM_PROTOCOL(realm, protocol) (((realm) << 8) | (protocol))

struct session4_key {
	__u32 realm_protocol;
	__be32 source;
	__be32 destination;
	__be16 source_port; /* ICMP echo: identifier in both */
	__be16 destination_port;
};

struct session6_key {
	__u32 realm_protocol;
	__be16 source_port;
	__be16 destination_port;
	struct address source;
	struct address destination;
};

enum session_flag {
	SESSION_FORWARD = 1 << 0,     /* the direction that opened it; the other entry is the way back */
	SESSION_TRANSLATED = 1 << 1,  /* an address or port changes */
	SESSION_SYN = 1 << 2,         /* seen in this direction */
	SESSION_FIN = 1 << 3,
	SESSION_RST = 1 << 4,
	SESSION_ESTABLISHED = 1 << 5, /* both have answered */
	SESSION_SNAT = 1 << 6,        /* holds a port of a block */
	SESSION_BALANCED = 1 << 7,    /* `backend` counts it */
	SESSION_SYNCED = 1 << 8,      /* came from the partner, and no packet of it here yet */
	SESSION_PROBE = 1 << 9,       /* health check */
};

/*
 * What becomes of packets with the key, and where they go. The entry of the way back has the key that follows from it. Both families
 * begin alike: `struct session`.
 */
#define FABRIC_SESSION \
	__u32 realm;   /* where the packet goes on */ \
	__u32 policy;  /* sum of `vpc.policy` of both realms when it was judged last */ \
	__u32 seen;    /* seconds of bpf_ktime_get_coarse_ns */ \
	__u16 flags;   /* enum session_flag */ \
	__u16 delta;   /* one's complement sum of (new - old) over all that the checksum of layer 4 covers: RFC 1624 */ \
	__u32 vnet;    /* V-Net that the first packet of this direction came from; 0: none */ \
	__u32 backend; /* index into `backends`, of balanced sessions */ \
	__u32 meter;   /* of the public address: index into `meters`; 0: unlimited */ \
	__be16 source_port; \
	__be16 destination_port

struct session {
	FABRIC_SESSION;
};

struct session4 {
	FABRIC_SESSION;
	__be32 source;
	__be32 destination;
};

struct session6 {
	FABRIC_SESSION;
	struct address source;
	struct address destination;
};

/* ---- fragments ----------------------------------------------------------------------------------------------------------------- */

#define FABRIC_FRAGMENT_RANGES 8

struct fragment_key {
	struct address source;
	struct address destination;
	__u32 realm;
	__u32 id;
	__u32 protocol;
};

struct fragment {
	struct bpf_spin_lock lock;
	__u32 expires; /* seconds */
	__be16 source_port;
	__be16 destination_port;
	__u8 ranges;   /* in use */
	__u8 broken;   /* overlapped: all of the datagram is dropped */
	__u8 protocol; /* behind the extension headers */
	__u8 reserved;
	__u16 total;   /* end of the datagram as its last fragment says; 0: not seen yet */
	__u16 reserved2;
	struct {
		__u16 start; /* units of 8 octets */
		__u16 end;
	} range[FABRIC_FRAGMENT_RANGES];
};

/* ---- access lists: classes of addresses and of services, and a table over them ---------------------------------------------- */

/*
 * A list is compiled to classes: source and destination address each fall into a class (longest prefix), both together into a pair
 * class, protocol and port into a service class; `acl_cells` has the verdict for (pair, service). A changed list is written under a new
 * version beside the old one, then the version in `vnets`, `vpcs`, `public_addresses` or `services` is replaced.
 */
struct acl {
	__u64 sources4;
	__u64 sources6[3];      /* bit n: `acl_addresses` has source prefixes of length n */
	__u64 destinations4;
	__u64 destinations6[3];
	__u32 pairs;            /* first cell of the table [source class][destination class] of pair classes */
	__u32 destination_classes;
	__u32 verdicts;         /* first cell of the table [pair class][service class] of verdicts */
	__u32 service_classes;
	__u32 protocols[8];     /* bit p: `acl_services` has entries for protocol p; otherwise service class 0 */
	__u32 uid;
	__u32 first_counter;    /* rule n counts in `acl_counters` at first_counter + n; 0 is the default rule */
};

struct acl_address_key {
	__u32 version;
	__u16 side;   /* 0: source, 1: destination */
	__u16 length; /* 0..128 */
	struct address address;
};

/* Class of an address. Absent: class 0 (no prefix of the list covers it). */
struct acl_class {
	__u32 class_;
};

/* Ports as prefixes of 16 bits, longest first; ICMP: type << 8 | code. */
struct acl_service_key {
	__u32 version;
	__u16 port;
	__u8 length;
	__u8 protocol;
};

struct acl_service {
	__u32 class_;
	__u32 lengths; /* in the entry of length 0, which each protocol named in the list has: lengths in use, bit n */
};

/* Cells: pair classes, or verdicts. */
#define ACL_PERMIT (1u << 31)
#define ACL_LOG (1u << 30)
#define ACL_RULE(cell) ((cell) & 0xffff) /* 0: the default of the list */

struct acl_counter {
	__u64 packets; /* packets that were judged: first packets of sessions, and denied ones */
	__u64 octets;
};

/* ---- bounds on what hostile packets make us do: a second's worth, per CPU ------------------------------------------------------ */

#define FABRIC_LIMITS 8192

struct limit {
	__u32 second;
	__u32 count;
	__u64 tag; /* what was let through last, of cells that tell one from another */
};

/* ---- meters -------------------------------------------------------------------------------------------------------------------- */

/* In units of time, so that a packet costs no division. Zero all but `used` and the meter lets everything pass. */
struct meter {
	__u64 octet_time; /* 2^-20 ns that an octet takes; at most 2^47; 0: unlimited */
	__u64 depth;      /* 2^-4 ns of that which may be used at once */
	__u64 used;       /* path: 2^-4 ns of bpf_ktime_get_coarse_ns, up to when all is used */
};

/* ---- probes --------------------------------------------------------------------------------------------------------------------- */

/* Keyed by the internal address that the health checker dials. */
struct probe {
	struct address backend;
	struct address source; /* gateway address of the back end's V-Net */
	__u32 realm;
	__u32 reserved;
};

/* ---- what is told to the agent --------------------------------------------------------------------------------------------------- */

enum event_kind {
	EVENT_SESSION_OPEN = 1,
	EVENT_SESSION_CHANGE = 2, /* established, closing */
	EVENT_SESSION_CLOSE = 3,
	EVENT_BLOCK_GIVEN = 4,    /* attribution: who has which ports of which public address from now on */
	EVENT_BLOCK_RETURNED = 5,
	EVENT_RESOLVE = 6,        /* a host of a connected prefix without an entry */
	EVENT_NEIGHBOR = 7,       /* ARP or ND to a gateway: the frame, cut to 128 octets */
	EVENT_FLOW_LOG = 8,
};

struct event_header {
	__u32 kind;  /* enum event_kind */
	__u32 vnet;
	__u64 time;  /* bpf_ktime_get_ns */
};

/* Both directions of a session; IPv4 as mapped addresses. */
struct session_event {
	struct event_header header;
	struct session6_key key; /* forward */
	struct session6 forward;
	struct session6 back;
};

struct block_event {
	struct event_header header;
	struct address outside;
	struct address inside;
	__u32 realm;
	__u16 first_port;
	__u8 protocol; /* class */
	__u8 reserved;
};

struct resolve_event {
	struct event_header header;
	struct address address;
};

struct neighbor_event {
	struct event_header header;
	struct address vtep; /* outer source */
	__u32 length;
	__u8 frame[128];
	__u32 reserved;
};

struct flow_event {
	struct event_header header;
	struct address source;
	struct address destination;
	__be16 source_port;
	__be16 destination_port; /* ICMP: type, code */
	__u8 protocol;
	__u8 permitted;
	__u16 rule;
	__u32 realm;
	__u32 acl; /* uid of the list */
};

/* ---- counters: one a reason; index into the per-CPU array `counters` ------------------------------------------------------------------- */

enum counter {
	COUNTER_FORWARDED = 0,
	COUNTER_PASSED_TO_KERNEL,
	COUNTER_MALFORMED,
	COUNTER_UNKNOWN_VNI,
	COUNTER_NOT_FOR_US,          /* VXLAN frame to another MAC */
	COUNTER_ANSWERED,            /* ARP, ND, echo to a gateway */
	COUNTER_NO_ROUTE,
	COUNTER_UNRESOLVED,          /* host not known yet */
	COUNTER_NO_ADJACENCY,
	COUNTER_TTL_EXCEEDED,
	COUNTER_TOO_BIG,
	COUNTER_DENIED,
	COUNTER_BLOCKED,             /* V-Net without rules yet */
	COUNTER_SPOOFED,
	COUNTER_NO_SESSION,          /* not the first packet of anything, and no session */
	COUNTER_SESSION_QUOTA,
	COUNTER_SESSION_TABLE_FULL,
	COUNTER_NO_NAT_PORT,
	COUNTER_NO_TRANSLATION,      /* may not leave untranslated */
	COUNTER_NO_BACKEND,
	COUNTER_FRAGMENT_EARLY,      /* later fragment before its first */
	COUNTER_FRAGMENT_OVERLAP,
	COUNTER_FRAGMENT_TABLE_FULL,
	COUNTER_METERED,
	COUNTER_EVENTS_LOST,
	COUNTER_UNSUPPORTED,
	COUNTER_TOLD,                /* ARP or ND that is for the agent only */
	COUNTER_COUNT,
};

/* Written by the agent before the first packet. */
struct settings {
	__u64 adjacency_ns;        /* how long an adjacency is believed */
	__u32 tcp_opening;         /* seconds: RFC 5382 REQ-5 */
	__u32 tcp_established;
	__u32 tcp_closing;
	__u32 udp;                 /* RFC 4787 REQ-5 */
	__u32 icmp;                /* RFC 5508 REQ-1 */
	__u32 other;
	__u32 fragment;
	__u32 block_hold;          /* an empty block is kept for its host for so long */
	__u32 sync;                /* not 0: session events are written */
	__u16 vxlan_port;          /* host order */
	__u16 underlay_mtu;        /* octets of the outer IP packet */
};
