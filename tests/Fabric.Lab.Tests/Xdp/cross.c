// SPDX-License-Identifier: Apache-2.0
// Sends every frame of a port out of another, as a wire between the two would. FAR: index of that port. LONGEST: octets of the
// longest frame that a wire of this MTU can carry; what is longer was never cut into segments, and goes nowhere.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp.frags")
int cross(struct xdp_md *frame)
{
	return bpf_xdp_get_buff_len(frame) > LONGEST ? XDP_DROP : bpf_redirect(FAR, 0);
}

char _license[] SEC("license") = "Apache-2.0";
