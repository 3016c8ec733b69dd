/*
 * What this process lets others see of itself.
 *
 * Threads: called once, before there are others.
 */
#include "base/process.h"

#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

void process_keep_secrets(void)
{
	const struct rlimit none = { 0, 0 };

	if (getenv("PANNIER_DEBUGGABLE"))
		return;
	/* Both can only fail where they are not known; then there is nothing to be had. */
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
