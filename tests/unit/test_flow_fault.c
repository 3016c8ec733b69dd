/*
 * The store is busy at each call in turn, once before the call has done anything and once after it has done
 * everything (the answer is lost): the stages try again, and the catalog ends as it should.
 */
#include "support/rig.h"

#include "base/attr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static struct {
	const struct db_ops *good;
	size_t calls;
	size_t fail_at; /* 0 = never */
	bool after;
	const char *failed; /* name of the verb that failed */
} fault;

static bool busy(const char *verb, struct err *err)
{
	fault.failed = verb;
	return !err_set(err, ERR_BUSY, "%s is busy", verb);
}

/* A backend looks at the ops of what it is handed: it gets its own back for the time of the call. */
#define PASS_ON(verb, arguments) \
	const struct db_ops *wrapped = db->ops; \
	bool ok; \
\
	db->ops = fault.good; \
	ok = fault.good->verb arguments; \
	db->ops = wrapped

/* One wrapper: parameters with their types, and without. What the rig itself asks for is not counted. */
#define PASSED_ON(verb, parameters, arguments) \
	static bool wrap_##verb parameters \
	{ \
		PASS_ON(verb, arguments); \
		return ok; \
	}

#define COUNTED(verb, parameters, arguments) \
	static bool fail_##verb parameters \
	{ \
		PASS_ON(verb, arguments); \
		return ok && !busy(#verb, err); \
	} \
	static bool wrap_##verb parameters \
	{ \
		bool mine = ++fault.calls == fault.fail_at; \
\
		if (mine && !fault.after) \
			return !busy(#verb, err); \
		if (mine) \
			return fail_##verb arguments; \
		PASS_ON(verb, arguments); \
		return ok; \
	}

/* clang-format off */
COUNTED(config_version, (struct db *db, int64_t *version, struct err *err), (db, version, err))
PASSED_ON(config_load,
	(struct db *db, struct arena *arena, struct config_rows *out, struct err *err),
	(db, arena, out, err))
PASSED_ON(config_change,
	(struct db *db, const struct config_change *change, struct err *err),
	(db, change, err))
PASSED_ON(inbox_append,
	(struct db *db, const struct inbox_record *record, size_t n, struct inbox_receipt *receipt, struct
	 err *err),
	(db, record, n, receipt, err))
COUNTED(inbox_claim,
	(struct db *db, size_t max_n, size_t max_bytes, struct arena *arena, struct inbox_message **message,
	 size_t *n, struct err *err),
	(db, max_n, max_bytes, arena, message, n, err))
COUNTED(inbox_complete,
	(struct db *db, int64_t now_ms, const struct inbox_result *result, size_t n, struct err *err),
	(db, now_ms, result, n, err))
PASSED_ON(inbox_get,
	(struct db *db, int64_t id, struct arena *arena, struct inbox_message *out, struct err *err),
	(db, id, arena, out, err))
COUNTED(catalog_claim,
	(struct db *db, int64_t now_ms, size_t max_n, struct arena *arena, struct catalog_root **root,
	 size_t *n, int64_t *next_due_ms, struct err *err),
	(db, now_ms, max_n, arena, root, n, next_due_ms, err))
PASSED_ON(catalog_get,
	(struct db *db, int64_t store_id, struct entity root, struct arena *arena, struct catalog_root *out,
	 struct err *err),
	(db, store_id, root, arena, out, err))
COUNTED(catalog_publish,
	(struct db *db, int64_t now_ms, const struct catalog_publication *publication, size_t n, struct err
	 *err),
	(db, now_ms, publication, n, err))
COUNTED(catalog_sweep,
	(struct db *db, int64_t now_ms, size_t max_n, bool *more, struct err *err),
	(db, now_ms, max_n, more, err))
PASSED_ON(catalog_find,
	(struct db *db, int64_t store_id, struct str text, struct arena *arena, struct catalog_match
	 **match, size_t *n, struct err *err),
	(db, store_id, text, arena, match, n, err))
COUNTED(outbox_lanes,
	(struct db *db, int64_t now_ms, struct arena *arena, struct outbox_lane **lane, size_t *n, struct
	 err *err),
	(db, now_ms, arena, lane, n, err))
COUNTED(outbox_claim,
	(struct db *db, int64_t now_ms, const struct outbox_claim *claim, struct arena *arena, struct
	 outbox_batch *batch, struct err *err),
	(db, now_ms, claim, arena, batch, err))
COUNTED(outbox_job,
	(struct db *db, int64_t now_ms, int64_t batch_id, struct str job_id, struct err *err),
	(db, now_ms, batch_id, job_id, err))
COUNTED(outbox_settle,
	(struct db *db, int64_t now_ms, const struct outbox_settlement *settlement, struct err *err),
	(db, now_ms, settlement, err))
PASSED_ON(outbox_recover,
	(struct db *db, int64_t now_ms, struct arena *arena, struct outbox_batch **batch, size_t *n, struct
	 err *err),
	(db, now_ms, arena, batch, n, err))
PASSED_ON(budget_load,
	(struct db *db, struct arena *arena, struct budget_row **row, size_t *n, struct err *err),
	(db, arena, row, n, err))
PASSED_ON(failed_list,
	(struct db *db, const struct failed_filter *filter, struct arena *arena, struct failed_row **row,
	 size_t *n, struct err *err),
	(db, filter, arena, row, n, err))
PASSED_ON(failed_change,
	(struct db *db, int64_t now_ms, const struct failed_change *change, size_t *n_changed, struct err
	 *err),
	(db, now_ms, change, n_changed, err))
PASSED_ON(audit_list,
	(struct db *db, const struct audit_filter *filter, struct arena *arena, struct audit_row **row,
	 size_t *n, struct err *err),
	(db, filter, arena, row, n, err))
COUNTED(audit_append,
	(struct db *db, const struct audit_row *row, size_t n, struct err *err),
	(db, row, n, err))
PASSED_ON(held_list,
	(struct db *db, int64_t store_id, size_t max_n, struct arena *arena, struct held_row **row, size_t
	 *n, struct err *err),
	(db, store_id, max_n, arena, row, n, err))
PASSED_ON(delivery_get,
	(struct db *db, int64_t id, struct arena *arena, struct delivery *out, struct err *err),
	(db, id, arena, out, err))
PASSED_ON(summary,
	(struct db *db, int64_t now_ms, struct arena *arena, struct summary *out, struct err *err),
	(db, now_ms, arena, out, err))
PASSED_ON(conserve,
	(struct db *db, struct arena *arena, struct conservation *out, struct err *err),
	(db, arena, out, err))
PASSED_ON(maintain,
	(struct db *db, int64_t now_ms, const struct retention *retention, bool *more, struct err *err),
	(db, now_ms, retention, more, err))
/* clang-format on */

static struct rig *open_rig(struct db_ops *wrapped)
{
	struct rig *rig = rig_new(&db_memory_ops);

	*wrapped = *rig->db->ops;
	fault.good = rig->db->ops;
	fault.calls = 0;
	fault.failed = NULL;
	wrapped->config_version = wrap_config_version;
	wrapped->config_load = wrap_config_load;
	wrapped->config_change = wrap_config_change;
	wrapped->inbox_append = wrap_inbox_append;
	wrapped->inbox_claim = wrap_inbox_claim;
	wrapped->inbox_complete = wrap_inbox_complete;
	wrapped->inbox_get = wrap_inbox_get;
	wrapped->catalog_claim = wrap_catalog_claim;
	wrapped->catalog_get = wrap_catalog_get;
	wrapped->catalog_publish = wrap_catalog_publish;
	wrapped->catalog_sweep = wrap_catalog_sweep;
	wrapped->catalog_find = wrap_catalog_find;
	wrapped->outbox_lanes = wrap_outbox_lanes;
	wrapped->outbox_claim = wrap_outbox_claim;
	wrapped->outbox_job = wrap_outbox_job;
	wrapped->outbox_settle = wrap_outbox_settle;
	wrapped->outbox_recover = wrap_outbox_recover;
	wrapped->budget_load = wrap_budget_load;
	wrapped->failed_list = wrap_failed_list;
	wrapped->failed_change = wrap_failed_change;
	wrapped->audit_list = wrap_audit_list;
	wrapped->audit_append = wrap_audit_append;
	wrapped->held_list = wrap_held_list;
	wrapped->delivery_get = wrap_delivery_get;
	wrapped->summary = wrap_summary;
	wrapped->conserve = wrap_conserve;
	wrapped->maintain = wrap_maintain;
	rig->db->ops = wrapped;
	rig->tolerant = true;
	return rig;
}

/* Time enough for everything; a batch whose claim was lost with its answer is found by the next start. */
static void let_run(struct rig *rig)
{
	rig_run(rig, 4000);
	if (fault.failed && strcmp(fault.failed, "outbox_claim") == 0)
		rig_crash(rig);
}

static struct str tell(struct arena *arena, size_t fail_at, bool after)
{
	struct db_ops wrapped;
	struct rig *rig = open_rig(&wrapped);
	struct str dump;

	fault.fail_at = fail_at;
	fault.after = after;
	rig_generic(rig, "shop", "category.upserted", "{'id':'c','name':'C'}");
	for (int i = 0; i < 12; i++)
		rig_generic(rig, "shop", "product.upserted",
			    arena_printf(&rig->arena,
					 "{'id':'p%d','title':'P','url':'https://s.example/p','price':'1.00',"
					 "'currency':'EUR','categories':['c']}",
					 i)
				    .p);
	let_run(rig);
	rig_generic(rig, "shop", "price.changed", "{'product_id':'p3','price':'2.00','currency':'EUR'}");
	rig_generic(rig, "shop", "product.deleted", "{'id':'p4'}");
	let_run(rig);
	(void)rig_settle(rig, 60000);
	assert_int_equal(rig_account_summary(rig, "main").failed, 0);
	assert_int_equal(fake_klaviyo_complaint(rig->klaviyo).len, 0);
	dump = fake_klaviyo_dump(rig->klaviyo, arena);
	assert_int_equal(rig->n_busy, fault.failed ? 1 : 0);
	rig->db->ops = fault.good;
	rig_free(rig);
	return dump;
}

static void busy_at_each_call(void **state)
{
	struct arena arena;
	struct str want;
	size_t n_calls, n_seen = 0;

	(void)state;
	arena_init(&arena);
	want = tell(&arena, 0, false);
	n_calls = fault.calls;
	assert_non_null(strstr(want.p, " item p3 "));
	print_message("%zu calls\n", n_calls);
	/* every call of the beginning, then some: the rest is waiting for the same things again */
	for (size_t i = 1; i <= n_calls; i += i < 100 ? 1 : 9) {
		for (int after = 0; after < 2; after++) {
			struct str got = tell(&arena, i, after == 1);

			n_seen += fault.failed != NULL;
			if (!str_eq(got, want))
				fail_msg("call %zu (%s, %s): another catalog", i, fault.failed,
					 after ? "after" : "before");
		}
	}
	assert_true(n_seen > 100);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(busy_at_each_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
