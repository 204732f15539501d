/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Fragments: the first one says what ports the later ones belong to. Keys are what p->t, p->realm and p->fragment_id say. */
#pragma once

#include "packet.h"

/* The first fragment of a datagram, ports known: remembers them. 0 or DROP. */
__global int fragment_first(struct packet *p)
{
	return 0;
}

/* A later one: puts the ports into p->t. 0 or DROP(COUNTER_FRAGMENT_EARLY, COUNTER_FRAGMENT_OVERLAP). */
__global int fragment_later(struct packet *p)
{
	return DROP(COUNTER_FRAGMENT_EARLY);
}
