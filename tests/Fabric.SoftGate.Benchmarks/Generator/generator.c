// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/*
 * What stands around the SoftGate while it is measured: makes frames, sends them on without looking (the limit), counts what comes out.
 * The kernel hands the generator pages that still hold what became of the last frame, so each is written whole.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define PLAIN_OCTETS 64
#define VXLAN_OCTETS 112
#define SEEN_OCTETS 128
#define PLAIN_SUMMED 24 /* from the checksum of an IP header on */
#define VXLAN_SUMMED 74 /* the same of the inner one */
#define SUMMED_OCTETS 16

#ifndef NULL
#define NULL ((void *)0)
#endif

struct frame {
	__u64 words[VXLAN_OCTETS / 8];
};

/* One after the other, and again from the beginning. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct frame);
	__uint(max_entries, 1);
} frames SEC(".maps");

struct generator {
	__u32 next;    /* index into `frames` */
	__u32 first;
	__u32 end;     /* behind the last */
	__u32 ifindex; /* where frames go in */
	__u32 onwards; /* where `pass_on` sends them */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct generator);
	__uint(max_entries, 1);
} generator SEC(".maps");

struct seen {
	__u32 length;
	__u32 reserved;
	__u8 octets[SEEN_OCTETS];
};

/* What came out, while it is kept. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct seen);
	__uint(max_entries, 1);
} seen SEC(".maps");

struct sink {
	__u64 packets;
	__u64 digest; /* sum over addresses, ports and checksums of all packets */
	__u64 keep;   /* not 0: into `seen` */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct sink);
	__uint(max_entries, 1);
} sink SEC(".maps");

static __always_inline int generate(struct xdp_md *ctx, const int octets)
{
	__u64 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct generator *g;
	struct frame *frame;
	__u32 zero = 0;

	g = bpf_map_lookup_elem(&generator, &zero);
	if (!g || (void *)data + octets > (void *)end) {
		return XDP_ABORTED;
	}
	frame = bpf_map_lookup_elem(&frames, &g->next);
	if (!frame) {
		return XDP_ABORTED;
	}
#pragma unroll
	for (int i = 0; i < octets / 8; i++) {
		data[i] = frame->words[i];
	}
	g->next = g->next + 1 < g->end ? g->next + 1 : g->first;
	return bpf_redirect(g->ifindex, 0);
}

SEC("xdp.frags")
int generate_plain(struct xdp_md *ctx)
{
	return generate(ctx, PLAIN_OCTETS);
}

SEC("xdp.frags")
int generate_vxlan(struct xdp_md *ctx)
{
	return generate(ctx, VXLAN_OCTETS);
}

/* The limit: what the kernel itself takes to get a frame from one port to another. */
SEC("xdp.frags")
int pass_on(struct xdp_md *ctx)
{
	struct generator *g;
	__u32 zero = 0;

	g = bpf_map_lookup_elem(&generator, &zero);
	return g ? bpf_redirect(g->onwards, 0) : XDP_ABORTED;
}

SEC("xdp.frags")
int take(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct sink *s;
	__u32 zero = 0;
	__u64 *words;

	s = bpf_map_lookup_elem(&sink, &zero);
	if (!s || data + PLAIN_SUMMED + SUMMED_OCTETS > end) {
		return XDP_DROP;
	}
	if (s->keep) {
		__u32 index = s->packets;
		struct seen *kept = bpf_map_lookup_elem(&seen, &index);

		if (kept) {
			__u64 length = bpf_xdp_get_buff_len(ctx);

			kept->length = length;
			if (length <= SEEN_OCTETS && length > 0) {
				bpf_xdp_load_bytes(ctx, 0, kept->octets, length);
			}
		}
	}
	s->packets++;
	words = data + PLAIN_SUMMED;
	s->digest += words[0] + words[1];
	if (data + VXLAN_SUMMED + SUMMED_OCTETS <= end) {
		words = data + VXLAN_SUMMED;
		s->digest += words[0] + words[1];
	}
	return XDP_DROP;
}

/* Some kernel helpers are for programs that may be had under the GPL. */
char generator_license[] SEC("license") = "GPL";
