/*
 * What happened, as lines and as a hash over them; and the first promise that was broken.
 */
#include "sim/sim.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES 400

static void hash_text(const char *text)
{
	/* FNV-1a */
	for (; *text; text++)
		sim.trace_hash = (sim.trace_hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
}

void sim_trace(const char *format, ...)
{
	char line[LINE_BYTES], stamped[LINE_BYTES + 32];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	(void)snprintf(stamped, sizeof(stamped), "%" PRId64 " %s\n", sim.now_ms, line);
	hash_text(stamped);
	sim.n_trace++;
	if (sim.verbose)
		(void)fputs(stamped, stdout);
}

void sim_fail(const char *promise, const char *format, ...)
{
	va_list args;
	int at;

	if (sim_failed())
		return;
	at = snprintf(sim.failure, sizeof(sim.failure), "%s: after %" PRId64 " ms: ", promise, sim.now_ms);
	va_start(args, format);
	(void)vsnprintf(sim.failure + at, sizeof(sim.failure) - (size_t)at, format, args);
	va_end(args);
	sim_trace("FAILED %s", sim.failure);
}

bool sim_failed(void)
{
	return sim.failure[0] != '\0';
}
