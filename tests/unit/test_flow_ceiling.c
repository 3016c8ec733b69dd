#define _GNU_SOURCE /* memmem */
/*
 * Ceilings of bulk requests: whatever waits, no request holds more rows or bytes than its endpoint takes,
 * none is lost between two of them, and they are as few as can be.
 */
#include "flow/deliver_internal.h"
#include "support/rig.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MOST 2500
#define JOB	  "{\"data\":{\"type\":\"job\",\"id\":\"J1\"}}"
static const struct {
	const char *what;
	enum klaviyo_kind kind;
	enum delivery_op op;
	size_t n;
	size_t bytes; /* of the body of each, about */
	const char *path;
	size_t most_rows;   /* of one request */
	size_t want_fewest; /* requests; one more is allowed where bytes decide */
} row[] = {
	{ "items", KLAVIYO_ITEM, DELIVERY_CREATE, 250, 300, "catalog-item-bulk-create-jobs", 100, 3 },
	{ "variants", KLAVIYO_VARIANT, DELIVERY_CREATE, 300, 300, "catalog-variant-bulk-create-jobs", 100,
	  3 },
	{ "categories", KLAVIYO_CATEGORY, DELIVERY_CREATE, 199, 300, "catalog-category-bulk-create-jobs", 100,
	  2 },
	{ "large items", KLAVIYO_ITEM, DELIVERY_CREATE, 100, 95000, "catalog-item-bulk-create-jobs", 100, 3 },
	{ "large variants", KLAVIYO_VARIANT, DELIVERY_CREATE, 120, 60000, "catalog-variant-bulk-create-jobs",
	  100, 2 },
	{ "profiles", KLAVIYO_PROFILE, DELIVERY_UPDATE, 2500, 200, "profile-bulk-import-jobs",
	  DELIVER_ROWS_MAX, 3 },
	{ "large profiles", KLAVIYO_PROFILE, DELIVERY_UPDATE, 120, 85000, "profile-bulk-import-jobs",
	  DELIVER_ROWS_MAX, 3 },
};

/* "mark-N." is in each row once. */
static struct delivery_new delivery(struct rig *rig, size_t at, size_t i, const char *filling)
{
	static const char *const type[] = { [KLAVIYO_CATEGORY] = "catalog-category",
					    [KLAVIYO_ITEM] = "catalog-item",
					    [KLAVIYO_VARIANT] = "catalog-variant",
					    [KLAVIYO_PROFILE] = "profile" };
	struct delivery_new new = {
		.kind = row[at].kind,
		.op = row[at].op,
		.external_id = arena_printf(&rig->arena, "mark-%zu.", i),
	};

	new.body = arena_printf(&rig->arena,
				"{\"type\":\"%s\",\"attributes\":{\"%s\":\"mark-%zu.%s\",\"title\":\"%s\"}}",
				type[new.kind], new.kind == KLAVIYO_PROFILE ? "email" : "external_id", i,
				new.kind == KLAVIYO_PROFILE ? "@shop.test" : "", filling);
	new.hash = digest16_of(&new.body, 1);
	return new;
}

static void publish(struct rig *rig, size_t at)
{
	struct delivery_new *new = ARENA_ARRAY(&rig->arena, row[at].n, struct delivery_new);
	struct catalog_publication publication = {
		.store_id = rig_store_id(rig, "shop"),
		.account_id = rig_account_id(rig, "main"),
		.root = { ENTITY_PRODUCT, STR("root") },
		.delivery = new,
		.n_delivery = row[at].n,
	};
	char *filling = mem_zalloc(1, row[at].bytes + 1);

	memset(filling, 'x', row[at].bytes);
	for (size_t i = 0; i < row[at].n; i++)
		new[i] = delivery(rig, at, i, filling);
	mem_free(filling);
	assert_true(db_catalog_publish(rig->db, rig->clock.now_ms, &publication, 1, &rig->err));
}

/* Marks each row of the body as seen; how many there are. */
static size_t take_rows(struct str body, unsigned char *seen)
{
	static const char mark[] = "mark-";
	size_t n = 0;

	if (body.len == 0)
		return 0;
	for (const char *p = body.p;
	     (p = memmem(p, body.len - (size_t)(p - body.p), mark, sizeof(mark) - 1)); n++) {
		size_t i = strtoul(p += sizeof(mark) - 1, NULL, 10);

		assert_true(i < ROWS_MOST);
		seen[i]++;
	}
	return n;
}

static size_t rows_sent(const struct rig *rig)
{
	unsigned char *seen = mem_zalloc(ROWS_MOST, 1);
	size_t n = 0;

	for (size_t i = 0; i < fake_http_count(rig->http); i++)
		n += take_rows(fake_http_request(rig->http, i)->body, seen);
	mem_free(seen);
	return n;
}

static void check_requests(struct rig *rig, size_t at)
{
	unsigned char *seen = mem_zalloc(ROWS_MOST, 1);
	size_t n = 0;

	for (size_t i = 0; i < fake_http_count(rig->http); i++) {
		const struct fake_request *request = fake_http_request(rig->http, i);

		if (!str_eq(request->method, STR("POST")))
			continue;
		assert_true(memmem(request->path.p, request->path.len, row[at].path, strlen(row[at].path)) !=
			    NULL);
		assert_true(request->body.len <= KLAVIYO_BODY_BYTES_MAX);
		assert_true(take_rows(request->body, seen) <= row[at].most_rows);
		n++;
	}
	for (size_t i = 0; i < row[at].n; i++)
		assert_int_equal(seen[i], 1);
	assert_true(n >= row[at].want_fewest);
	assert_true(n <= row[at].want_fewest + (row[at].bytes > 1000));
	mem_free(seen);
}

static void no_request_is_over_its_ceiling(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct rig *rig = rig_new(&db_memory_ops);

		print_message("%s\n", row[i].what);
		assert_true(row[i].n <= ROWS_MOST);
		rig_account_set(rig, "main", "", (const char *const[]){ "quota_percent=90", NULL });
		fake_klaviyo_script(rig->klaviyo, "POST", "", 1000,
				    (struct fake_reply){ .status = 202, .body = STR(JOB) });
		publish(rig, i);
		/* Until all have left; what becomes of the jobs is another matter. */
		for (int step = 0; step < 200 && rows_sent(rig) < row[i].n; step++)
			rig_run(rig, 100);
		check_requests(rig, i);
		rig_conserve(rig);
		rig_free(rig);
	}
}

/* What the specification allows is in the table; what we hold in one hand is less where nothing is gained. */
static void the_table_has_klaviyos_ceilings(void **state)
{
	(void)state;
	assert_int_equal(endpoint_rows_max(ENDPOINT_item_bulk_create), 100);
	assert_int_equal(endpoint_rows_max(ENDPOINT_profile_bulk_import), 10000);
	assert_true(KLAVIYO_BODY_BYTES_MAX <= 5000000);
	assert_true(DELIVER_BULK_BYTES < KLAVIYO_BODY_BYTES_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_request_is_over_its_ceiling),
		cmocka_unit_test(the_table_has_klaviyos_ceilings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
