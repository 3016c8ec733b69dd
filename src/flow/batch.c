/*
 * How much a stage takes at once. A transaction that ends more work costs less for each: pages that all of it
 * touches are written once. But it holds the database's one writer, which acknowledgements wait for.
 *
 * Keeps:   the least while somebody waits to be acknowledged; doubles while there is more than was asked for
 *          and nobody waits.
 * Threads: a flow_batch belongs to its stage.
 */
#include "flow/flow_internal.h"

size_t flow_batch_size(const struct flow_batch *batch, size_t least)
{
	return batch->size < least ? least : batch->size;
}

void flow_batch_heed(struct flow_ctx *ctx, struct flow_batch *batch, size_t least, size_t most, size_t n)
{
	size_t size = flow_batch_size(batch, least);

	if (ctx->inbox && inbox_waiting(ctx->inbox) > 0)
		size = least;
	else if (n >= size)
		size = 2 * size;
	batch->size = size < most ? size : most;
}
