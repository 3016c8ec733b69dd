/* Contract of the store: publishing roots, what is wanted, replaced and held. */
#include "contract/contract.h"

#include "base/attr.h"
#include "base/clock.h"
#include "model/id_text.h"

#define P    ENTITY_PRODUCT
#define ITEM KLAVIYO_ITEM

static struct catalog_publication publication_of(const struct contract *contract,
						 const struct catalog_root *root)
{
	return (struct catalog_publication){
		.store_id = contract->store_id,
		.account_id = contract->account_id,
		.root = root->root,
		.due_seq = root->due_seq,
		.message_id = root->message_id,
	};
}

static void publish(struct contract *contract, const struct catalog_publication *publication)
{
	CONTRACT_OK(db_catalog_publish(contract->db, contract->now_ms, publication, 1, &contract_err));
}

/* Product p1 with a fact, due and read. */
static struct catalog_root due_product(struct contract *contract)
{
	(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "base", 0, "{}"));
	return contract_root(contract, P, "p1");
}

static void test_a_publication_makes_deliveries(void **state)
{
	struct contract *contract = *state;
	struct catalog_root root = due_product(contract);
	struct catalog_publication publication = publication_of(contract, &root);
	struct delivery_new new[] = { contract_delivery(ITEM, DELIVERY_CREATE, "i1", "content"),
				      contract_variant(DELIVERY_CREATE, "v1", "i1", "other") };
	struct audit_row *row;
	struct delivery delivery;
	size_t n;

	publication.delivery = new;
	publication.n_delivery = 2;
	publication.note = STR("a note");
	publish(contract, &publication);
	row = contract_audit(contract, (struct audit_filter){ .max_n = 3 }, &n);
	assert_int_equal(row[2].code, AUDIT_ROOT_PUBLISHED);
	assert_str(row[2].reason, "a note");
	assert_int_equal(row[2].message_id, root.message_id);
	assert_int_equal(row[1].code, AUDIT_DELIVERY_CREATED);
	assert_int_equal(row[0].code, AUDIT_DELIVERY_CREATED);
	assert_str(row[0].root.id, "p1");
	delivery = contract_get(contract, row[1].delivery_id);
	assert_int_equal(delivery.account_id, contract->account_id);
	assert_int_equal(delivery.store_id, contract->store_id);
	assert_int_equal(delivery.kind, ITEM);
	assert_int_equal(delivery.op, DELIVERY_CREATE);
	assert_int_equal(delivery.priority, PRIORITY_REALTIME);
	assert_int_equal(delivery.state, DELIVERY_READY);
	assert_str(delivery.external_id, "i1");
	assert_str(delivery.parent_external_id, "");
	assert_str(delivery.body, "content");
	assert_true(digest16_eq(delivery.hash, contract_hash("content")));
	assert_str(delivery.root.id, "p1");
	assert_int_equal(delivery.message_id, root.message_id);
	assert_int_equal(delivery.created_ms, contract->now_ms);
	assert_int_equal(delivery.attempts, 0);
	assert_int_equal(delivery.batch_max, 0);
	assert_str(contract_get(contract, row[0].delivery_id).parent_external_id, "i1");
	assert_false(contract_is_due(contract, P, "p1"));
	assert_int_equal(contract_account_summary(contract, contract->account_id).created, 2);
}

static void test_a_repeated_publication_does_nothing(void **state)
{
	struct contract *contract = *state;
	struct catalog_root root = due_product(contract);
	struct catalog_publication publication = publication_of(contract, &root);
	struct delivery_new new = contract_delivery(ITEM, DELIVERY_CREATE, "p1", "a");
	size_t n, again;

	publication.delivery = &new;
	publication.n_delivery = 1;
	publish(contract, &publication);
	(void)contract_audit(contract, (struct audit_filter){ 0 }, &n);
	publish(contract, &publication);
	(void)contract_audit(contract, (struct audit_filter){ 0 }, &again);
	assert_int_equal(n, again);
	assert_int_equal(contract_account_summary(contract, contract->account_id).created, 1);
}

static void test_a_root_that_changed_meanwhile_stays_due(void **state)
{
	struct contract *contract = *state;
	struct catalog_root root = due_product(contract);
	struct catalog_publication publication = publication_of(contract, &root);

	(void)CONTRACT_APPLY(contract, contract_set(P, "p1", "stock.", 0, "{}"));
	publish(contract, &publication);
	assert_true(contract_is_due(contract, P, "p1"));
}

static void test_nothing_new_is_audited_as_unchanged(void **state)
{
	struct contract *contract = *state;
	struct catalog_root root = due_product(contract);
	struct catalog_publication publication = publication_of(contract, &root);
	struct audit_row *row;
	size_t n;

	publish(contract, &publication);
	row = contract_audit(contract, (struct audit_filter){ .max_n = 1 }, &n);
	assert_int_equal(row[0].code, AUDIT_ROOT_UNCHANGED);
	assert_str(row[0].root.id, "p1");
}

/* ---- held ---- */

static enum audit_code hold(struct contract *contract, const char *why)
{
	struct catalog_root root = due_product(contract);
	struct catalog_publication publication = publication_of(contract, &root);
	size_t n;

	publication.held = str_from(why);
	publish(contract, &publication);
	return contract_audit(contract, (struct audit_filter){ .max_n = 1 }, &n)[0].code;
}

static void test_held_and_released(void **state)
{
	struct contract *contract = *state;
	int64_t since_ms = contract->now_ms;
	struct held_row *row;
	size_t n;

	assert_int_equal(hold(contract, "no price"), AUDIT_ROOT_HELD);
	contract->now_ms += 5000;
	assert_int_equal(hold(contract, "no price"), AUDIT_ROOT_UNCHANGED);
	assert_int_equal(hold(contract, "no title"), AUDIT_ROOT_HELD);
	CONTRACT_OK(db_held_list(contract->db, contract->store_id, 10, &contract->arena, &row, &n,
				 &contract_err));
	assert_int_equal(n, 1);
	assert_str(row[0].root.id, "p1");
	assert_str(row[0].reason, "no title");
	assert_int_equal(row[0].since_ms, since_ms);
	assert_int_equal(contract_store_summary(contract, contract->store_id).held, 1);
	assert_int_equal(hold(contract, ""), AUDIT_ROOT_RELEASED);
	assert_int_equal(hold(contract, ""), AUDIT_ROOT_UNCHANGED);
	assert_int_equal(contract_store_summary(contract, contract->store_id).held, 0);
}

static void test_held_in_part_and_published(void **state)
{
	struct contract *contract = *state;
	struct catalog_root root = due_product(contract);
	struct catalog_publication publication = publication_of(contract, &root);
	struct delivery_new new = contract_delivery(ITEM, DELIVERY_CREATE, "p1", "a");
	struct audit_row *row;
	size_t n;

	publication.held = STR("variant v1 has no price");
	publication.delivery = &new;
	publication.n_delivery = 1;
	publish(contract, &publication);
	row = contract_audit(contract, (struct audit_filter){ .max_n = 3 }, &n);
	assert_int_equal(row[2].code, AUDIT_ROOT_HELD);
	assert_str(row[2].reason, "variant v1 has no price");
	assert_int_equal(row[1].code, AUDIT_ROOT_PUBLISHED);
	assert_int_equal(row[0].code, AUDIT_DELIVERY_CREATED);
}

/* ---- replaced ---- */

static void test_a_queued_delivery_is_replaced(void **state)
{
	struct contract *contract = *state;
	int64_t old =
		contract_publish_one(contract, "p1", contract_delivery(ITEM, DELIVERY_CREATE, "p1", "a"));
	int64_t new =
		contract_publish_one(contract, "p1", contract_delivery(ITEM, DELIVERY_CREATE, "p1", "b"));
	struct audit_row *row;
	char id[ID_TEXT_BYTES];
	size_t n;

	id_text(ID_DELIVERY, new, id);
	assert_int_equal(contract_get(contract, old).state, DELIVERY_SKIPPED);
	assert_str(contract_get(contract, old).reason,
		   arena_printf(&contract->arena, "replaced by %s", id).p);
	assert_int_equal(contract_get(contract, new).state, DELIVERY_READY);
	row = contract_audit(contract, (struct audit_filter){ .delivery_id = old }, &n);
	assert_int_equal(row[0].code, AUDIT_DELIVERY_SKIPPED);
	assert_int_equal(contract_lane(contract, ITEM, DELIVERY_CREATE, 0).n_ready, 1);
	assert_int_equal(contract_account_summary(contract, contract->account_id).skipped, 1);
	assert_true(digest16_eq(contract_root(contract, P, "p1").sent[0].wanted, contract_hash("b")));
}

static void test_a_waiting_delivery_is_replaced(void **state)
{
	struct contract *contract = *state;
	int64_t old =
		contract_publish_one(contract, "p1", contract_delivery(ITEM, DELIVERY_CREATE, "p1", "a"));
	struct outbox_batch batch = contract_claim_one(contract, ITEM, DELIVERY_CREATE);
	struct delivery_settlement later = contract_settlement(old, DELIVERY_WAITING);
	int64_t new;

	later.due_ms = contract->now_ms + MS_PER_HOUR;
	contract_settle_one(contract, batch.id, later);
	new = contract_publish_one(contract, "p1", contract_delivery(ITEM, DELIVERY_CREATE, "p1", "b"));
	assert_int_equal(contract_get(contract, old).state, DELIVERY_SKIPPED);
	assert_int_equal(contract_claim_one(contract, ITEM, DELIVERY_CREATE).delivery[0].id, new);
}

static void test_a_sending_delivery_is_not_replaced(void **state)
{
	struct contract *contract = *state;
	int64_t old =
		contract_publish_one(contract, "p1", contract_delivery(ITEM, DELIVERY_CREATE, "p1", "a"));

	(void)contract_claim_one(contract, ITEM, DELIVERY_CREATE);
	(void)contract_publish_one(contract, "p1", contract_delivery(ITEM, DELIVERY_CREATE, "p1", "b"));
	assert_int_equal(contract_get(contract, old).state, DELIVERY_SENDING);
	assert_int_equal(contract_claim(contract, ITEM, DELIVERY_CREATE, 0, 10).n, 0);
	assert_int_equal(contract_lane(contract, ITEM, DELIVERY_CREATE, 0).n_blocked, 1);
}

static void test_other_entities_are_not_replaced(void **state)
{
	struct contract *contract = *state;
	struct delivery_new new[] = { contract_delivery(ITEM, DELIVERY_CREATE, "x", "a"),
				      contract_delivery(KLAVIYO_CATEGORY, DELIVERY_CREATE, "x", "a"),
				      contract_variant(DELIVERY_CREATE, "x", "i", "a") };
	int64_t id[3];

	contract_publish(contract, "p1", new, 3, id);
	for (int i = 0; i < 3; i++)
		assert_int_equal(contract_get(contract, id[i]).state, DELIVERY_READY);
}

static void test_create_or_update_is_decided_by_what_is_there(void **state)
{
	struct contract *contract = *state;
	struct delivery_new create = contract_delivery(ITEM, DELIVERY_CREATE, "p1", "a");
	struct delivery_new update = contract_delivery(ITEM, DELIVERY_UPDATE, "p2", "a");

	(void)contract_accepted(contract, "p1", create);
	assert_int_equal(contract_get(contract, contract_publish_one(contract, "p1", create)).op,
			 DELIVERY_UPDATE);
	assert_int_equal(contract_get(contract, contract_publish_one(contract, "p2", update)).op,
			 DELIVERY_CREATE);
}

static void test_a_delete_of_what_never_left_is_not_sent(void **state)
{
	struct contract *contract = *state;
	int64_t create =
		contract_publish_one(contract, "p1", contract_delivery(ITEM, DELIVERY_CREATE, "p1", "a"));
	int64_t delete =
		contract_publish_one(contract, "p1", contract_delivery(ITEM, DELIVERY_DELETE, "p1", ""));
	struct catalog_root root = contract_root(contract, P, "p1");

	assert_int_equal(contract_get(contract, create).state, DELIVERY_SKIPPED);
	assert_int_equal(contract_get(contract, delete).state, DELIVERY_SKIPPED);
	assert_str(contract_get(contract, delete).reason, "never reached Klaviyo");
	assert_false(root.sent[0].exists);
	assert_true(digest16_is_zero(root.sent[0].wanted));
	assert_int_equal(contract_account_summary(contract, contract->account_id).skipped, 2);
	assert_true(contract_summary(contract).idle);
}

static void test_a_delete_of_what_may_have_arrived_is_sent(void **state)
{
	struct contract *contract = *state;
	int64_t create =
		contract_publish_one(contract, "p1", contract_delivery(ITEM, DELIVERY_CREATE, "p1", "a"));
	struct outbox_batch batch = contract_claim_one(contract, ITEM, DELIVERY_CREATE);
	int64_t delete;

	contract_settle_one(contract, batch.id, contract_settlement(create, DELIVERY_WAITING));
	delete = contract_publish_one(contract, "p1", contract_delivery(ITEM, DELIVERY_DELETE, "p1", ""));
	assert_int_equal(contract_get(contract, create).state, DELIVERY_SKIPPED);
	assert_int_equal(contract_get(contract, delete).state, DELIVERY_READY);
}

/* ---- a variant under another item: delete, then create ---- */

static void move_variant(struct contract *contract, const char *content, int64_t id[static 2])
{
	struct delivery_new move[] = { contract_variant(DELIVERY_DELETE, "v1", "i1", ""),
				       contract_variant(DELIVERY_CREATE, "v1", "i2", content) };

	contract_publish(contract, "p1", move, 2, id);
}

static void test_a_variant_is_moved_by_delete_and_create(void **state)
{
	struct contract *contract = *state;
	struct outbox_batch batch;
	struct delivery_settlement gone;
	int64_t id[2];

	(void)contract_accepted(contract, "p1", contract_variant(DELIVERY_CREATE, "v1", "i1", "a"));
	move_variant(contract, "a", id);
	assert_int_equal(contract_get(contract, id[0]).op, DELIVERY_DELETE);
	assert_int_equal(contract_get(contract, id[1]).op, DELIVERY_CREATE);
	assert_int_equal(contract_claim(contract, KLAVIYO_VARIANT, DELIVERY_CREATE, 0, 10).n, 0);
	batch = contract_claim_one(contract, KLAVIYO_VARIANT, DELIVERY_DELETE);
	gone = contract_settlement(id[0], DELIVERY_ACCEPTED);
	gone.exists = false;
	contract_settle_one(contract, batch.id, gone);
	batch = contract_claim_one(contract, KLAVIYO_VARIANT, DELIVERY_CREATE);
	assert_int_equal(batch.delivery[0].id, id[1]);
}

static void test_news_of_a_moving_variant_keep_the_delete(void **state)
{
	struct contract *contract = *state;
	int64_t id[2];
	int64_t news;

	(void)contract_accepted(contract, "p1", contract_variant(DELIVERY_CREATE, "v1", "i1", "a"));
	move_variant(contract, "a", id);
	news = contract_publish_one(contract, "p1", contract_variant(DELIVERY_UPDATE, "v1", "i2", "b"));
	assert_int_equal(contract_get(contract, id[0]).state, DELIVERY_READY);
	assert_int_equal(contract_get(contract, id[1]).state, DELIVERY_SKIPPED);
	assert_int_equal(contract_get(contract, news).op, DELIVERY_CREATE);
}

static void test_a_failed_attempt_does_not_drop_the_delete_of_a_move(void **state)
{
	struct contract *contract = *state;
	struct outbox_batch batch;
	int64_t id[2];

	(void)contract_accepted(contract, "p1", contract_variant(DELIVERY_CREATE, "v1", "i1", "a"));
	move_variant(contract, "a", id);
	batch = contract_claim_one(contract, KLAVIYO_VARIANT, DELIVERY_DELETE);
	contract_settle_one(contract, batch.id, contract_settlement(id[0], DELIVERY_WAITING));
	assert_int_equal(contract_get(contract, id[0]).state, DELIVERY_WAITING);
	assert_int_equal(contract_claim(contract, KLAVIYO_VARIANT, DELIVERY_CREATE, 0, 10).n, 0);
}

static void test_a_revived_entity_replaces_its_delete(void **state)
{
	struct contract *contract = *state;
	int64_t delete, update;

	(void)contract_accepted(contract, "p1", contract_delivery(ITEM, DELIVERY_CREATE, "p1", "a"));
	delete = contract_publish_one(contract, "p1", contract_delivery(ITEM, DELIVERY_DELETE, "p1", ""));
	update = contract_publish_one(contract, "p1", contract_delivery(ITEM, DELIVERY_UPDATE, "p1", "b"));
	assert_int_equal(contract_get(contract, delete).state, DELIVERY_SKIPPED);
	assert_int_equal(contract_get(contract, update).op, DELIVERY_UPDATE);
}

/* ---- priority, accounts, dependants ---- */

static void test_what_only_a_sweep_made_due_is_backfill(void **state)
{
	struct contract *contract = *state;
	struct delivery_new new = contract_delivery(ITEM, DELIVERY_CREATE, "p1", "a");
	struct catalog_publication publication;
	struct catalog_root root;
	struct outbox_batch batch;
	bool more;

	(void)due_product(contract);
	contract_settle_down(contract);
	contract_sweep_store(contract, contract->store_id, contract->account_id);
	CONTRACT_OK(db_catalog_sweep(contract->db, contract->now_ms, 10, &more, &contract_err));
	root = contract_root(contract, P, "p1");
	publication = publication_of(contract, &root);
	publication.delivery = &new;
	publication.n_delivery = 1;
	publish(contract, &publication);
	assert_int_equal(contract_lane(contract, ITEM, DELIVERY_CREATE, PRIORITY_BACKFILL).n_ready, 1);
	batch = contract_claim(contract, ITEM, DELIVERY_CREATE, PRIORITY_BACKFILL, 10);
	assert_int_equal(batch.n, 1);
}

static void test_a_replacement_is_as_urgent_as_what_it_replaces(void **state)
{
	struct contract *contract = *state;
	struct delivery_new new = contract_delivery(ITEM, DELIVERY_CREATE, "p1", "b");
	struct catalog_publication publication;
	struct catalog_root root;
	bool more;

	(void)due_product(contract);
	contract_settle_down(contract);
	(void)contract_publish_one(contract, "p1", contract_delivery(ITEM, DELIVERY_CREATE, "p1", "a"));
	contract_sweep_store(contract, contract->store_id, contract->account_id);
	CONTRACT_OK(db_catalog_sweep(contract->db, contract->now_ms, 10, &more, &contract_err));
	root = contract_root(contract, P, "p1");
	publication = publication_of(contract, &root);
	publication.delivery = &new;
	publication.n_delivery = 1;
	publish(contract, &publication);
	assert_int_equal(contract_lane(contract, ITEM, DELIVERY_CREATE, PRIORITY_REALTIME).n_ready, 1);
	assert_int_equal(contract_lane(contract, ITEM, DELIVERY_CREATE, PRIORITY_BACKFILL).n_ready, 0);
}

/* A message of history, or a live one, that says something of the product. */
static void touch(struct contract *contract, const char *id, enum priority priority)
{
	struct fact fact = contract_set(P, id, "base", 0, "{}");
	struct inbox_result result = contract_result(
		contract, contract_append(contract, contract->store_id, "{}"), MESSAGE_MAPPED);

	result.fact = &fact;
	result.n_fact = 1;
	result.priority = priority;
	contract_complete(contract, &result, 1);
}

static enum priority priority_of_publication(struct contract *contract, const char *id)
{
	struct delivery_new new = contract_delivery(ITEM, DELIVERY_CREATE, id, "a");
	struct catalog_root root = contract_root(contract, P, id);
	struct catalog_publication publication = publication_of(contract, &root);
	struct audit_row *row;
	size_t n;

	publication.delivery = &new;
	publication.n_delivery = 1;
	publish(contract, &publication);
	row = contract_audit(contract, (struct audit_filter){ .max_n = 1 }, &n);
	return contract_get(contract, row[0].delivery_id).priority;
}

static void test_what_history_brings_is_backfill(void **state)
{
	struct contract *contract = *state;

	touch(contract, "old", PRIORITY_BACKFILL);
	assert_int_equal(priority_of_publication(contract, "old"), PRIORITY_BACKFILL);
	touch(contract, "old then live", PRIORITY_BACKFILL);
	touch(contract, "old then live", PRIORITY_REALTIME);
	assert_int_equal(priority_of_publication(contract, "old then live"), PRIORITY_REALTIME);
	touch(contract, "live then old", PRIORITY_REALTIME);
	touch(contract, "live then old", PRIORITY_BACKFILL);
	assert_int_equal(priority_of_publication(contract, "live then old"), PRIORITY_REALTIME);
}

/* Its file has it: an import takes no more disk for what it holds. A catalog's size is that of the shop. */
static void test_history_gives_up_its_body(void **state)
{
	static const struct {
		enum klaviyo_kind kind;
		const char *id, *kept;
	} row[] = { { KLAVIYO_EVENT, "placed_order|1", "" },
		    { KLAVIYO_PROFILE, "email:a@b.test", "" },
		    { KLAVIYO_ITEM, "1", "body" } };
	struct contract *contract = *state;

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		enum delivery_op op = row[i].kind == KLAVIYO_PROFILE ? DELIVERY_UPDATE : DELIVERY_CREATE;
		struct delivery_new new = contract_delivery(row[i].kind, op, row[i].id, "body");
		struct catalog_publication publication;
		struct catalog_root root;
		struct outbox_batch batch;

		touch(contract, row[i].id, PRIORITY_BACKFILL);
		root = contract_root(contract, P, row[i].id);
		publication = publication_of(contract, &root);
		publication.delivery = &new;
		publication.n_delivery = 1;
		publish(contract, &publication);
		batch = contract_claim(contract, row[i].kind, op, PRIORITY_BACKFILL, 10);
		assert_int_equal(batch.n, 1);
		assert_str(batch.delivery[0].body, "body");
		contract_settle_one(contract, batch.id,
				    contract_settlement(batch.delivery[0].id, DELIVERY_ACCEPTED));
		assert_int_equal(contract_get(contract, batch.delivery[0].id).state, DELIVERY_ACCEPTED);
		assert_str(contract_get(contract, batch.delivery[0].id).body, row[i].kept);
	}
}

static size_t n_of(const struct catalog_root *root, size_t n, char first)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		found += root[i].root.id.p[0] == first;
	return found;
}

static void test_live_roots_come_first_and_history_is_never_starved(void **state)
{
	struct contract *contract = *state;
	struct catalog_root *root;
	size_t n;

	for (int i = 0; i < 40; i++)
		touch(contract, arena_cstr(&contract->arena, arena_printf(&contract->arena, "h%d", i)),
		      PRIORITY_BACKFILL);
	contract->now_ms++;
	for (int i = 0; i < 40; i++)
		touch(contract, arena_cstr(&contract->arena, arena_printf(&contract->arena, "l%d", i)),
		      PRIORITY_REALTIME);
	contract->now_ms += 20 * MS_PER_S;
	root = contract_due(contract, 32, &n);
	assert_int_equal(n, 32);
	assert_int_equal(n_of(root, n, 'l'), 30);
	assert_int_equal(root[0].root.id.p[0], 'l');
	root = contract_due(contract, 64, &n);
	assert_int_equal(n_of(root, n, 'l'), 40);
	assert_int_equal(n_of(root, n, 'h'), 24);
}

static void test_what_stands_before_becomes_as_urgent(void **state)
{
	struct contract *contract = *state;
	struct delivery_new subscribe =
		contract_delivery(KLAVIYO_CONSENT, DELIVERY_CREATE, "email:a@example.com", "in");
	struct delivery_new unsubscribe = subscribe;
	struct catalog_root root;
	struct catalog_publication publication;

	touch(contract, "p1", PRIORITY_BACKFILL);
	root = contract_root(contract, P, "p1");
	publication = publication_of(contract, &root);
	publication.delivery = &subscribe;
	publication.n_delivery = 1;
	publish(contract, &publication);
	assert_int_equal(contract_lane(contract, KLAVIYO_CONSENT, DELIVERY_CREATE, PRIORITY_BACKFILL).n_ready,
			 1);
	unsubscribe.op = DELIVERY_DELETE;
	(void)contract_publish_one(contract, "p1", unsubscribe);
	assert_int_equal(contract_lane(contract, KLAVIYO_CONSENT, DELIVERY_CREATE, PRIORITY_BACKFILL).n_ready,
			 0);
	assert_int_equal(contract_claim(contract, KLAVIYO_CONSENT, DELIVERY_CREATE, PRIORITY_REALTIME, 10).n,
			 1);
	assert_int_equal(
		contract_lane(contract, KLAVIYO_CONSENT, DELIVERY_DELETE, PRIORITY_REALTIME).n_blocked, 1);
}

static void test_not_for_an_account_that_is_no_longer_the_stores(void **state)
{
	struct contract *contract = *state;
	struct catalog_root root = due_product(contract);
	struct catalog_publication publication = publication_of(contract, &root);
	struct delivery_new new = contract_delivery(ITEM, DELIVERY_CREATE, "p1", "a");

	publication.delivery = &new;
	publication.n_delivery = 1;
	contract_sweep_store(contract, contract->store_id, contract_account(contract, "second"));
	publish(contract, &publication);
	assert_int_equal(contract_account_summary(contract, contract->account_id).created, 0);
	assert_true(contract_is_due(contract, P, "p1"));
}

static void test_not_for_a_store_that_is_gone(void **state)
{
	struct contract *contract = *state;
	struct catalog_root root = due_product(contract);
	struct catalog_publication publication = publication_of(contract, &root);
	struct delivery_new new = contract_delivery(ITEM, DELIVERY_CREATE, "p1", "a");

	publication.delivery = &new;
	publication.n_delivery = 1;
	contract_remove_store(contract, contract->store_id);
	publish(contract, &publication);
	publication.due_seq = 0;
	publish(contract, &publication);
	assert_int_equal(contract_account_summary(contract, contract->account_id).created, 0);
}

static void test_dependants_are_touched(void **state)
{
	struct contract *contract = *state;
	struct entity parent = contract_entity(ENTITY_CATEGORY, "top");
	struct fact sub = contract_set(ENTITY_CATEGORY, "sub", "base", 0, "{}");
	struct catalog_publication publication = {
		.store_id = contract->store_id,
		.account_id = contract->account_id,
		.root = parent,
	};
	size_t n;

	sub.ref = &parent;
	sub.n_ref = 1;
	(void)CONTRACT_APPLY(contract, sub, contract_set(ENTITY_CATEGORY, "top", "base", 0, "{}"));
	contract_settle_down(contract);
	publish(contract, &publication);
	assert_false(contract_is_due(contract, ENTITY_CATEGORY, "sub"));
	publication.touch_dependants = true;
	publish(contract, &publication);
	assert_true(contract_is_due(contract, ENTITY_CATEGORY, "sub"));
	assert_false(contract_is_due(contract, ENTITY_CATEGORY, "top"));
	(void)contract_due(contract, 10, &n);
	assert_int_equal(n, 1); /* at once */
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_a_publication_makes_deliveries),
	cmocka_unit_test(test_a_repeated_publication_does_nothing),
	cmocka_unit_test(test_a_root_that_changed_meanwhile_stays_due),
	cmocka_unit_test(test_nothing_new_is_audited_as_unchanged),
	cmocka_unit_test(test_held_and_released),
	cmocka_unit_test(test_held_in_part_and_published),
	cmocka_unit_test(test_a_queued_delivery_is_replaced),
	cmocka_unit_test(test_a_waiting_delivery_is_replaced),
	cmocka_unit_test(test_a_sending_delivery_is_not_replaced),
	cmocka_unit_test(test_other_entities_are_not_replaced),
	cmocka_unit_test(test_create_or_update_is_decided_by_what_is_there),
	cmocka_unit_test(test_a_delete_of_what_never_left_is_not_sent),
	cmocka_unit_test(test_a_delete_of_what_may_have_arrived_is_sent),
	cmocka_unit_test(test_a_variant_is_moved_by_delete_and_create),
	cmocka_unit_test(test_news_of_a_moving_variant_keep_the_delete),
	cmocka_unit_test(test_a_failed_attempt_does_not_drop_the_delete_of_a_move),
	cmocka_unit_test(test_a_revived_entity_replaces_its_delete),
	cmocka_unit_test(test_what_only_a_sweep_made_due_is_backfill),
	cmocka_unit_test(test_a_replacement_is_as_urgent_as_what_it_replaces),
	cmocka_unit_test(test_what_history_brings_is_backfill),
	cmocka_unit_test(test_history_gives_up_its_body),
	cmocka_unit_test(test_live_roots_come_first_and_history_is_never_starved),
	cmocka_unit_test(test_what_stands_before_becomes_as_urgent),
	cmocka_unit_test(test_not_for_an_account_that_is_no_longer_the_stores),
	cmocka_unit_test(test_not_for_a_store_that_is_gone),
	cmocka_unit_test(test_dependants_are_touched),
};

CONTRACT_MAIN(tests)
