/*
 * What is seen of the store's verbs: faults of the database, the trace, batches under way, and the checks
 * that need nothing else.
 */
#include "sim/watch_internal.h"

#include "base/alloc.h"
#include "sim/check.h"
#include "sim/klaviyo.h"
#include "sim/node.h"
#include "sim/sim.h"
#include "sim/timetable.h"

#include <string.h>

/* A batch that some process claimed and none has settled. */
struct open_batch {
	struct open_batch *next;
	int64_t id;
	int64_t account_id;
	int life;
	bool has_job;
	size_t n;
	int64_t delivery[];
};

static struct open_batch *first_batch;

void watch_reset(void)
{
	while (first_batch) {
		struct open_batch *batch = first_batch;

		first_batch = batch->next;
		mem_free(batch);
	}
}

/* ---- faults ---- */

bool watch_is_busy(const char *verb, struct err *err)
{
	return sim_fault(OPTION_busy) && !err_set(err, ERR_BUSY, "%s finds it busy", verb);
}

/* What was claimed without anybody knowing is found by the next start only. */
bool watch_is_lost(const char *verb, struct err *err)
{
	if (strcmp(verb, "outbox_claim") == 0 || strcmp(verb, "outbox_recover") == 0)
		return false;
	return sim_fault(OPTION_lost_commits) && !err_set(err, ERR_BUSY, "%s was not heard of", verb);
}

/* ---- batches ---- */

static struct open_batch **find(int64_t id)
{
	struct open_batch **at = &first_batch;

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	return at;
}

static void drop(struct open_batch **at)
{
	struct open_batch *batch = *at;

	if (!batch)
		return;
	*at = batch->next;
	mem_free(batch);
}

static void keep(const struct outbox_batch *batch)
{
	struct open_batch *kept = mem_zalloc(1, sizeof(*kept) + batch->n * sizeof(int64_t));

	kept->id = batch->id;
	kept->account_id = batch->account_id;
	kept->life = node_life();
	kept->n = batch->n;
	for (size_t i = 0; i < batch->n; i++)
		kept->delivery[i] = batch->delivery[i].id;
	kept->next = first_batch;
	first_batch = kept;
}

/* A batch that an earlier process had claimed is settled by its ghost, as failed. */
static void settle_stale(void *arg)
{
	struct open_batch *batch = *find(*(int64_t *)arg);
	struct db *db = node_db();
	struct delivery_settlement *row;
	struct outbox_settlement settlement;
	struct err err;

	mem_free(arg);
	if (!batch || !db || sim.healed)
		return;
	row = mem_zalloc(batch->n, sizeof(*row));
	for (size_t i = 0; i < batch->n; i++)
		row[i] = (struct delivery_settlement){
			.delivery_id = batch->delivery[i],
			.state = DELIVERY_FAILED,
			.reason = STR("said by a ghost"),
		};
	settlement = (struct outbox_settlement){ .batch_id = batch->id, .delivery = row, .n = batch->n };
	sim_trace("a ghost settles a batch of %zu", batch->n);
	(void)!db_outbox_settle(db, clock_wall_ms(&sim.clock), &settlement, &err);
	mem_free(row);
	drop(find(batch->id));
	node_look_after();
}

static bool shares(const struct open_batch *stale, const struct outbox_batch *batch)
{
	for (size_t i = 0; i < stale->n; i++)
		for (size_t k = 0; k < batch->n; k++)
			if (stale->delivery[i] == batch->delivery[k].id)
				return true;
	return false;
}

/* Who claims what a dead process was sending may meet its ghost. */
static void call_ghosts(const struct outbox_batch *batch)
{
	for (const struct open_batch *stale = first_batch; stale; stale = stale->next) {
		int64_t *id;

		if (stale->life == node_life() || stale->has_job || !shares(stale, batch) ||
		    !sim_fault(OPTION_stale_owner))
			continue;
		id = mem_alloc(sizeof(*id));
		*id = stale->id;
		sim_at(sim.now_ms + sim_draw(OPTION_stale_owner, 0, 20), settle_stale, id);
	}
}

/* ---- verbs ---- */

void watch_saw_work(const char *verb, size_t n)
{
	sim_trace("store: %s %zu", verb, n);
	sim.busy_at_ms = sim.now_ms;
}

void watch_saw_append(const struct inbox_record *record, const struct inbox_receipt *receipt, size_t n)
{
	watch_saw_work("inbox_append", n);
	check_committed(record, receipt, n);
}

void watch_saw_step(const struct import_step *step, const struct inbox_receipt *receipt)
{
	watch_saw_work("import_step", step->n);
	check_committed(step->record, receipt, step->n);
	check_pull_step(step);
}

void watch_saw_complete(int64_t now_ms, const struct inbox_result *result, size_t n)
{
	watch_saw_work("inbox_complete", n);
	timetable_saw_facts(now_ms, result, n);
}

void watch_saw_import(int64_t now_ms, const struct import_job *job)
{
	watch_saw_work("import_put", 1);
	timetable_saw_pull(now_ms, job);
}

void watch_saw_task(int64_t now_ms, const struct task_row *task)
{
	watch_saw_work("task_put", 1);
	timetable_saw_task(now_ms, task);
}

void watch_saw_publish(int64_t now_ms, const struct catalog_publication *publication, size_t n)
{
	size_t n_delivery = 0;

	for (size_t i = 0; i < n; i++)
		n_delivery += publication[i].n_delivery;
	sim_trace("store: catalog_publish %zu with %zu", n, n_delivery);
	timetable_saw_publish(now_ms, publication, n);
	sim.busy_at_ms = sim.now_ms;
}

void watch_saw_claim(const struct outbox_batch *batch)
{
	if (batch->n == 0)
		return;
	watch_saw_work("outbox_claim", batch->n);
	check_claimed(batch);
	call_ghosts(batch);
	keep(batch);
}

void watch_saw_job(int64_t batch_id)
{
	struct open_batch *batch = *find(batch_id);

	watch_saw_work("outbox_job", 1);
	if (batch)
		batch->has_job = true;
}

void watch_saw_freeze(int64_t account_id, struct str endpoint)
{
	for (int i = 0; i < sim_option(OPTION_accounts); i++)
		if (node_account_id(i) == account_id)
			klaviyo_freeze_saved(i, endpoint);
}

void watch_saw_settle(const struct outbox_settlement *settlement)
{
	struct open_batch **at = find(settlement->batch_id);

	sim_trace("store: outbox_settle %zu http=%d", settlement->n, settlement->http_status);
	sim.busy_at_ms = sim.now_ms;
	check_settled(settlement);
	if (settlement->http_status == 429 && settlement->budget.endpoint.len > 0)
		watch_saw_freeze(settlement->budget.account_id, settlement->budget.endpoint);
	drop(at);
}
