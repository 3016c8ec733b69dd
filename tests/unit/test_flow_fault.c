/*
 * The store is busy at each call in turn, once before the call has done anything and once after it has done
 * everything (the answer is lost): the stages try again, and the catalog ends as it should. Argument: "long"
 * for all of them, otherwise a third.
 */
#include "support/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

struct telling {
	int64_t n_calls;
	char failed[40]; /* the verb, "" = none */
	struct str catalog;
};

/* Time enough for everything; a batch whose claim was lost with its answer is found by the next start. */
static void let_run(struct rig *rig)
{
	rig_run(rig, 4000);
	if (strcmp(db_fault_failed(rig->db), "outbox_claim") == 0)
		rig_crash(rig);
}

static void tell(struct arena *arena, int64_t fail_at, enum db_fault_when when, struct telling *out)
{
	struct rig *rig = rig_new_faulty(&db_memory_ops);

	rig->fault_at = fail_at;
	rig->fault_when = when;
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
	assert_true(rig->n_busy <= 1);
	*out = (struct telling){ .n_calls = rig->n_calls, .catalog = fake_klaviyo_dump(rig->klaviyo, arena) };
	(void)strncat(out->failed, db_fault_failed(rig->db), sizeof(out->failed) - 1);
	rig_free(rig);
}

static bool is_long;

static void busy_at_each_call(void **state)
{
	struct arena arena;
	struct telling want, got;
	size_t n_failed = 0;

	(void)state;
	arena_init(&arena);
	tell(&arena, 0, DB_FAULT_BEFORE, &want);
	assert_non_null(strstr(want.catalog.p, " item p3 "));
	/* calls of the beginning, then some: the rest is waiting for the same things again */
	for (int64_t i = 1; i <= want.n_calls; i += i < 100 ? 1 : 9) {
		for (enum db_fault_when when = DB_FAULT_BEFORE; when <= DB_FAULT_AFTER; when++) {
			if (!is_long && (i + when) % 3 != 0)
				continue;
			tell(&arena, i, when, &got);
			n_failed += got.failed[0] != '\0';
			if (!str_eq(got.catalog, want.catalog))
				fail_msg("call %lld (%s, %s): another catalog", (long long)i, got.failed,
					 when == DB_FAULT_AFTER ? "after" : "before");
		}
	}
	print_message("%zu calls failed\n", n_failed);
	assert_true(n_failed > (is_long ? 200 : 60));
	arena_release(&arena);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(busy_at_each_call),
	};

	is_long = argc > 1 && strcmp(argv[1], "long") == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
