/*
 * Advice about imports: those that failed, and shops that do not answer.
 */
#include "admin/advice.h"

#define SAID_MAX     10
#define ATTEMPTS_BAD 8 /* in a row: four minutes without an answer */

static const char *code_of(const struct import_job *job)
{
	if (job->state == IMPORT_FAILED)
		return "import_failed";
	return job->state == IMPORT_OPEN && job->attempts >= ATTEMPTS_BAD ? "import_waits" : NULL;
}

static struct str text_of(struct look *look, const struct settings_store *store, const struct import_job *job)
{
	const char *from = job->pull ? " from the shop" : "";

	if (job->state == IMPORT_FAILED)
		return arena_printf(look->arena,
				    "store %.*s: import %lld (%.*s%s) failed: %.*s; once that is fixed: "
				    "pannier import resume %lld",
				    STR_ARG(store->name), (long long)job->id, STR_ARG(job->path), from,
				    STR_ARG(job->reason), (long long)job->id);
	return arena_printf(look->arena, "store %.*s: import %lld (%.*s%s) gets no usable response: %.*s",
			    STR_ARG(store->name), (long long)job->id, STR_ARG(job->path), from,
			    STR_ARG(job->reason));
}

bool advice_imports(struct look *look, struct advice_list *list, struct err *err)
{
	struct import_job *job;
	size_t n, n_said = 0;

	if (!db_import_list(look->db, 0, look->arena, &job, &n, err))
		return false;
	for (size_t i = 0; i < n && n_said < SAID_MAX; i++) {
		const struct settings_store *store = snapshot_store(look->snapshot, job[i].store_id);
		const char *code = code_of(&job[i]);

		if (!store || !code)
			continue;
		advice_add_store(look, list, code, store, text_of(look, store, &job[i]));
		n_said++;
	}
	return true;
}
