// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/* The object file: all programs, with every feature compiled in. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "maps.h"

SEC("xdp.frags")
int fabric_xdp(struct xdp_md *ctx)
{
	return XDP_PASS;
}

/* Some kernel helpers are for programs that may be had under the GPL; these files may (see README). */
char fabric_license[] SEC("license") = "GPL";
