/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Limits of bandwidth. */
#pragma once

#include "packet.h"

/* Whether so many octets may pass now (nanoseconds): 0, or DROP(COUNTER_METERED). Index 0: always. */
__global int meter_allows(__u32 index, __u32 octets, __u64 now)
{
	return 0;
}
