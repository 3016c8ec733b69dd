/*
 * The audit of deliveries that go their way together: each has its own rows, by whatever they are asked for.
 */
#include "contract/contract.h"

#include "base/clock.h"
#include "store/store_rules.h"

#define ROOTS	 3
#define EVENTS	 4
#define ROWS_MAX 200

static const char *const root_id[ROOTS] = { "p1", "p2", "p3" };

/* Some events of each root, one message each. */
static void publish_all(struct contract *contract)
{
	for (int i = 0; i < ROOTS; i++) {
		struct delivery_new event[EVENTS];
		struct catalog_publication publication = {
			.store_id = contract->store_id,
			.account_id = contract->account_id,
			.root = contract_entity(ENTITY_PRODUCT, root_id[i]),
			.message_id = 1001 + i,
			.delivery = event,
			.n_delivery = EVENTS,
		};

		for (int k = 0; k < EVENTS; k++)
			event[k] = contract_delivery(KLAVIYO_EVENT, DELIVERY_CREATE,
						     arena_printf(&contract->arena, "%s:%d", root_id[i], k).p,
						     "{}");
		CONTRACT_OK(
			db_catalog_publish(contract->db, contract->now_ms, &publication, 1, &contract_err));
	}
}

/* They leave in one batch and are accepted; but one is to be sent again. */
static int64_t send_all(struct contract *contract)
{
	struct delivery_settlement settlement[ROOTS * EVENTS];
	struct outbox_batch batch;

	publish_all(contract);
	batch = contract_claim(contract, KLAVIYO_EVENT, DELIVERY_CREATE, PRIORITY_REALTIME, 100);
	assert_int_equal(batch.n, ROOTS * EVENTS);
	CONTRACT_OK(db_outbox_job(contract->db, contract->now_ms, batch.id, STR("job"), &contract_err));
	for (size_t i = 0; i < batch.n; i++)
		settlement[i] = contract_settlement(batch.delivery[i].id,
						    i == 5 ? DELIVERY_READY : DELIVERY_ACCEPTED);
	contract_settle(contract, batch.id, settlement, batch.n);
	return batch.delivery[5].id;
}

static bool same_row(const struct audit_row *a, const struct audit_row *b)
{
	return a->id == b->id && a->at_ms == b->at_ms && a->code == b->code && a->store_id == b->store_id &&
	       a->account_id == b->account_id && a->message_id == b->message_id &&
	       a->delivery_id == b->delivery_id && entity_eq(a->root, b->root) &&
	       str_eq(a->reason, b->reason);
}

static bool is_meant(const struct audit_filter *filter, const struct audit_row *row)
{
	return (filter->message_id == 0 || row->message_id == filter->message_id) &&
	       (filter->delivery_id == 0 || row->delivery_id == filter->delivery_id) &&
	       (filter->root.id.len == 0 || entity_eq(row->root, filter->root)) &&
	       (!filter->by_code || row->code == filter->code);
}

/* All rows of the filter, page by page. */
static size_t read_pages(struct contract *contract, struct audit_filter filter, struct audit_row *row)
{
	size_t n = 0, n_page;

	do {
		const struct audit_row *page = contract_audit(contract, filter, &n_page);

		assert_true(n + n_page <= ROWS_MAX);
		for (size_t i = 0; i < n_page; i++)
			row[n++] = page[i];
		filter.before_id = n > 0 ? row[n - 1].id : 0;
	} while (n_page > 0);
	return n;
}

/* The filter gives, in pages of any size, exactly what is meant of all rows. */
static size_t check(struct contract *contract, struct audit_filter filter)
{
	static struct audit_row all[ROWS_MAX], got[ROWS_MAX];
	size_t n_all = read_pages(contract, (struct audit_filter){ .max_n = 1000 }, all), n_want = 0, n_got;

	for (size_t i = 0; i < n_all; i++)
		if (is_meant(&filter, &all[i]))
			all[n_want++] = all[i];
	for (filter.max_n = 1; filter.max_n < 50; filter.max_n += 6) {
		n_got = read_pages(contract, filter, got);
		assert_int_equal(n_got, n_want);
		for (size_t i = 0; i < n_got; i++)
			assert_true(same_row(&got[i], &all[i]));
	}
	return n_want;
}

static void test_each_delivery_of_a_batch_has_its_rows(void **state)
{
	struct contract *contract = *state;
	int64_t again = send_all(contract);

	/* created, sent, job, accepted or to be sent again */
	assert_int_equal(
		check(contract, (struct audit_filter){ .by_code = true, .code = AUDIT_DELIVERY_CREATED }),
		ROOTS * EVENTS);
	assert_int_equal(
		check(contract, (struct audit_filter){ .by_code = true, .code = AUDIT_DELIVERY_JOB }),
		ROOTS * EVENTS);
	assert_int_equal(check(contract, (struct audit_filter){ .delivery_id = again }), 4);
	assert_int_equal(check(contract, (struct audit_filter){ .delivery_id = again - 1 }), 0);
	for (int i = 0; i < ROOTS; i++) {
		struct audit_filter by_root = { .root = contract_entity(ENTITY_PRODUCT, root_id[i]) };

		/* and that the root was published */
		assert_int_equal(check(contract, (struct audit_filter){ .message_id = 1001 + i }),
				 1 + 4 * EVENTS);
		assert_int_equal(check(contract, by_root), 1 + 4 * EVENTS);
	}
	(void)check(contract, (struct audit_filter){ 0 });
}

static void test_a_batch_of_the_next_day(void **state)
{
	struct contract *contract = *state;
	int64_t again = send_all(contract);
	struct outbox_batch batch;

	contract->now_ms += MS_PER_DAY;
	batch = contract_claim_one(contract, KLAVIYO_EVENT, DELIVERY_CREATE);
	assert_int_equal(batch.delivery[0].id, again);
	contract_settle_one(contract, batch.id, contract_settlement(again, DELIVERY_ACCEPTED));
	assert_int_equal(check(contract, (struct audit_filter){ .delivery_id = again }), 6);
	assert_int_equal(check(contract, (struct audit_filter){ .message_id = 1002 }), 1 + 4 * EVENTS + 2);
}

/* ---- a little at a time ---- */

/* The same rows as without a limit, in as many calls as it takes, none of which looks at more than it may. */
static size_t read_looks(struct contract *contract, struct audit_filter filter, size_t max,
			 struct audit_row *row)
{
	struct audit_look look = { .max = max };
	size_t n = 0, n_page, n_call = 0;

	filter.look = &look;
	do {
		struct audit_row *page;

		CONTRACT_OK(db_audit_list(contract->db, &filter, &contract->arena, &page, &n_page,
					  &contract_err));
		assert_true(n + n_page <= ROWS_MAX && n_call++ < 10000);
		assert_true(look.n <= max || filter.message_id || filter.delivery_id || filter.root.id.len);
		for (size_t i = 0; i < n_page; i++)
			row[n++] = page[i];
		assert_true(look.next_id < filter.before_id || filter.before_id == 0);
		filter.before_id = look.next_id;
	} while (filter.before_id != 0);
	return n;
}

static void check_looks(struct contract *contract, struct audit_filter filter)
{
	static struct audit_row want[ROWS_MAX], got[ROWS_MAX];
	size_t n_want, n_got;

	filter.max_n = 1000;
	n_want = read_pages(contract, filter, want);
	for (size_t max = 1; max < 40; max = 2 * max + 1) {
		for (filter.max_n = 1; filter.max_n < 20; filter.max_n += 4) {
			n_got = read_looks(contract, filter, max, got);
			assert_int_equal(n_got, n_want);
			for (size_t i = 0; i < n_got; i++)
				assert_true(same_row(&got[i], &want[i]));
		}
	}
}

static void test_a_look_ends_and_goes_on(void **state)
{
	struct contract *contract = *state;
	int64_t again = send_all(contract), before_ms = contract->now_ms;
	struct audit_row refused = { .code = AUDIT_MESSAGE_REFUSED, .reason = STR("seldom") };

	contract->now_ms += MS_PER_DAY;
	refused.at_ms = contract->now_ms;
	CONTRACT_OK(db_audit_append(contract->db, &refused, 1, &contract_err));
	publish_all(contract);
	check_looks(contract, (struct audit_filter){ 0 });
	check_looks(contract, (struct audit_filter){ .by_code = true, .code = AUDIT_MESSAGE_REFUSED });
	check_looks(contract, (struct audit_filter){ .by_code = true, .code = AUDIT_DELIVERY_JOB });
	check_looks(contract, (struct audit_filter){ .store_id = contract->store_id });
	check_looks(contract, (struct audit_filter){ .account_id = contract->account_id });
	check_looks(contract, (struct audit_filter){ .since_ms = contract->now_ms });
	check_looks(contract, (struct audit_filter){ .until_ms = before_ms });
	check_looks(contract, (struct audit_filter){ .message_id = 1002 });
	check_looks(contract, (struct audit_filter){ .delivery_id = again });
	check_looks(contract, (struct audit_filter){ .root = contract_entity(ENTITY_PRODUCT, "p1") });
}

static void test_until_leaves_out_what_came_later(void **state)
{
	struct contract *contract = *state;
	static struct audit_row row[ROWS_MAX];
	int64_t first_ms = contract->now_ms;
	size_t n_first, n;

	(void)send_all(contract);
	n_first = read_pages(contract, (struct audit_filter){ .max_n = 1000 }, row);
	contract->now_ms += 1;
	publish_all(contract);
	n = read_pages(contract, (struct audit_filter){ .max_n = 1000, .until_ms = first_ms }, row);
	assert_int_equal(n, n_first);
	n = read_pages(contract, (struct audit_filter){ .max_n = 1000, .until_ms = contract->now_ms }, row);
	assert_true(n > n_first);
	n = read_pages(contract, (struct audit_filter){ .max_n = 1000, .until_ms = 1 }, row);
	assert_int_equal(n, 0);
	for (size_t i = 0; i < n_first; i++)
		assert_true(row[i].at_ms <= contract->now_ms);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_a_look_ends_and_goes_on),
	cmocka_unit_test(test_until_leaves_out_what_came_later),
	cmocka_unit_test(test_each_delivery_of_a_batch_has_its_rows),
	cmocka_unit_test(test_a_batch_of_the_next_day),
};

int main(void)
{
	return contract_main(tests, sizeof(tests) / sizeof(tests[0]));
}
