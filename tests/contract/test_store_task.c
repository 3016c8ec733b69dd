/*
 * Contract of the store: tasks, what they found, and that a piece of work is done together with the task's
 * place.
 */
#include "contract/contract.h"

#include "base/attr.h"
#include "base/clock.h"
#include "store/store_rules.h"

static struct task_row reconcile(const struct contract *contract, const char *options)
{
	return (struct task_row){ .store_id = contract->store_id,
				  .kind = TASK_RECONCILE,
				  .options = str_from(options),
				  .reason = STR("by a person") };
}

static int64_t put(struct contract *contract, const char *options)
{
	struct task_row task = reconcile(contract, options);
	int64_t id = 0;

	CONTRACT_OK(db_task_put(contract->db, contract->now_ms, &task, &id, &contract_err));
	return id;
}

static struct task_row task_of(struct contract *contract, int64_t id)
{
	struct task_row *task;
	size_t n;

	CONTRACT_OK(db_task_list(contract->db, 0, &contract->arena, &task, &n, &contract_err));
	for (size_t i = 0; i < n; i++)
		if (task[i].id == id)
			return task[i];
	fail_msg("no task %lld", (long long)id);
	return (struct task_row){ 0 };
}

/* From where it stands; the rest of the step is the test's. */
static size_t step(struct contract *contract, int64_t id, const char *to, struct task_step step)
{
	size_t n_forgotten;

	step.task_id = id;
	step.from = task_of(contract, id).place;
	step.to = str_from(to);
	CONTRACT_OK(db_task_step(contract->db, contract->now_ms, &step, &n_forgotten, &contract_err));
	return n_forgotten;
}

static void end(struct contract *contract, int64_t id)
{
	(void)step(contract, id, "end",
		   (struct task_step){ .state = IMPORT_DONE, .reason = STR("1 missing") });
}

static void test_one_of_a_kind_at_a_time(void **state)
{
	struct contract *contract = *state;
	int64_t id = put(contract, "{}"), other;
	struct task_row task = reconcile(contract, "{\"fix\":true}");
	struct audit_row *audit;
	size_t n;

	assert_int_equal(put(contract, "{}"), id);
	CONTRACT_FAILS(db_task_put(contract->db, contract->now_ms, &task, &other, &contract_err),
		       ERR_CONFLICT);
	task.kind = TASK_REPLAY;
	CONTRACT_OK(db_task_put(contract->db, contract->now_ms, &task, &other, &contract_err));
	assert_true(other != id);
	task.store_id = 99;
	CONTRACT_FAILS(db_task_put(contract->db, contract->now_ms, &task, &other, &contract_err),
		       ERR_NOT_FOUND);
	assert_false(contract_summary(contract).idle);
	end(contract, id);
	assert_int_equal(task_of(contract, id).state, IMPORT_DONE);
	assert_str(task_of(contract, id).reason, "1 missing");
	assert_true(put(contract, "{\"fix\":true}") > id);
	audit = contract_audit(contract, (struct audit_filter){ .by_code = true, .code = AUDIT_TASK_CHANGED },
			       &n);
	assert_int_equal(n, 5);
	assert_str(audit[4].reason, "reconcile: begins: by a person");
	assert_str(audit[1].reason, "reconcile: done: 1 missing");
}

static void test_place_moves_once(void **state)
{
	struct contract *contract = *state;
	int64_t id = put(contract, "{}");
	struct task_step one = { .task_id = id, .to = STR("a"), .report = STR("{}") };
	size_t n;

	CONTRACT_OK(db_task_step(contract->db, contract->now_ms, &one, &n, &contract_err));
	CONTRACT_FAILS(db_task_step(contract->db, contract->now_ms, &one, &n, &contract_err), ERR_CONFLICT);
	CONTRACT_OK(db_task_change(contract->db, contract->now_ms, id, IMPORT_PAUSE, &contract_err));
	one.from = STR("a");
	CONTRACT_FAILS(db_task_step(contract->db, contract->now_ms, &one, &n, &contract_err), ERR_CONFLICT);
	CONTRACT_OK(db_task_change(contract->db, contract->now_ms, id, IMPORT_RESUME, &contract_err));
	CONTRACT_OK(db_task_step(contract->db, contract->now_ms, &one, &n, &contract_err));
	CONTRACT_OK(db_task_change(contract->db, contract->now_ms, id, IMPORT_CANCEL, &contract_err));
	CONTRACT_FAILS(db_task_change(contract->db, contract->now_ms, id, IMPORT_RESUME, &contract_err),
		       ERR_CONFLICT);
	CONTRACT_FAILS(db_task_change(contract->db, contract->now_ms, 99, IMPORT_PAUSE, &contract_err),
		       ERR_NOT_FOUND);
	assert_str(task_of(contract, id).place, "a");
	assert_str(task_of(contract, id).report, "{}");
}

static void test_ended_ones_are_forgotten(void **state)
{
	struct contract *contract = *state;
	struct task_row *task;
	size_t n;

	for (int i = 0; i < STORE_TASKS_KEPT + 3; i++)
		end(contract, put(contract, "{}"));
	CONTRACT_OK(
		db_task_list(contract->db, contract->store_id, &contract->arena, &task, &n, &contract_err));
	assert_int_equal(n, STORE_TASKS_KEPT + 1);
	assert_int_equal(task[0].id, 3);
	contract_remove_store(contract, contract->store_id);
	CONTRACT_OK(db_task_list(contract->db, 0, &contract->arena, &task, &n, &contract_err));
	assert_int_equal(n, 0);
}

/* ---- what was found ---- */

static struct found_key key(enum klaviyo_kind kind, const char *external_id)
{
	return (struct found_key){ kind, str_from(external_id) };
}

static struct found_row row(enum klaviyo_kind kind, const char *external_id, const char *alike,
			    enum found_verdict verdict)
{
	struct str text = str_from(alike);

	return (struct found_row){ .key = key(kind, external_id),
				   .contents = str_from(external_id),
				   .alike = text.len ? digest16_of(&text, 1) : (struct digest16){ { 0 } },
				   .verdict = verdict };
}

static struct found *walk(struct contract *contract, struct found_query query, size_t *n)
{
	struct found *found;

	CONTRACT_OK(db_found_list(contract->db, &query, &contract->arena, &found, n, &contract_err));
	return found;
}

static struct found find(struct contract *contract, int64_t id, enum klaviyo_kind kind,
			 const char *external_id)
{
	struct found_key wanted = key(kind, external_id);
	size_t n;

	return walk(contract, (struct found_query){ .task_id = id, .key = &wanted, .n_key = 1 }, &n)[0];
}

static void test_rows_are_walked_in_order(void **state)
{
	struct contract *contract = *state;
	int64_t id = put(contract, "{}");
	struct found_row rows[] = {
		row(KLAVIYO_ITEM, "b", "u", FOUND_SAME),   row(KLAVIYO_ITEM, "a", "u", FOUND_ORPHAN),
		row(KLAVIYO_ITEM, "c", "", FOUND_STALE),   row(KLAVIYO_CATEGORY, "z", "u", FOUND_ORPHAN),
		row(KLAVIYO_VARIANT, "a", "", FOUND_READ),
	};
	struct found_link links[] = { { key(KLAVIYO_ITEM, "a"), 5 },
				      { key(KLAVIYO_ITEM, "a"), 7 },
				      { key(KLAVIYO_ITEM, "none"), 1 } };
	struct found_query all = { .task_id = id, .verdicts = ~0u, .max_n = 3 };
	struct found *found;
	size_t n;

	(void)step(contract, id, "1", (struct task_step){ .found = rows, .n_found = ARRAY_LEN(rows) });
	(void)step(contract, id, "2", (struct task_step){ .link = links, .n_link = ARRAY_LEN(links) });
	found = walk(contract, all, &n);
	assert_int_equal(n, 3);
	assert_str(found[0].row.key.external_id, "z");
	assert_false(found[0].repeats); /* of another kind */
	assert_str(found[1].row.key.external_id, "a");
	assert_true(found[1].repeats);
	assert_int_equal(found[1].row.links, 12);
	assert_str(found[2].row.key.external_id, "b");
	assert_false(found[2].repeats); /* the other one is not ours */
	all.after = found[2].row.key;
	found = walk(contract, all, &n);
	assert_int_equal(n, 2);
	assert_str(found[1].row.key.external_id, "a");
	assert_int_equal(found[1].row.key.kind, KLAVIYO_VARIANT);
	all = (struct found_query){
		.task_id = id, .verdicts = 1u << FOUND_ORPHAN, .by_kind = true, .max_n = 9
	};
	all.after.kind = KLAVIYO_ITEM;
	found = walk(contract, all, &n);
	assert_int_equal(n, 1);
	assert_str(found[0].row.contents, "a");
	assert_true(find(contract, id, KLAVIYO_ITEM, "c").is_there);
	assert_false(find(contract, id, KLAVIYO_VARIANT, "c").is_there);
	all.task_id = 99;
	CONTRACT_FAILS(db_found_list(contract->db, &all, &contract->arena, &found, &n, &contract_err),
		       ERR_NOT_FOUND);
}

static void test_rows_are_forgotten_in_pieces(void **state)
{
	struct contract *contract = *state;
	int64_t id = put(contract, "{}"), next;
	struct found_row rows[] = { row(KLAVIYO_ITEM, "a", "", FOUND_SAME),
				    row(KLAVIYO_ITEM, "b", "", FOUND_FOREIGN),
				    row(KLAVIYO_ITEM, "c", "", FOUND_STALE) };
	struct task_step agreed = { .forget = TASK_FORGET_AGREED, .forget_max = 2 };
	struct task_step others = { .forget = TASK_FORGET_OTHERS, .forget_max = 2 };

	(void)step(contract, id, "1", (struct task_step){ .found = rows, .n_found = ARRAY_LEN(rows) });
	assert_int_equal(step(contract, id, "2", agreed), 2);
	assert_int_equal(step(contract, id, "3", agreed), 0);
	assert_true(find(contract, id, KLAVIYO_ITEM, "c").is_there);
	end(contract, id);
	next = put(contract, "{}");
	assert_int_equal(step(contract, next, "1", others), 1);
	assert_false(find(contract, id, KLAVIYO_ITEM, "c").is_there);
}

/* ---- what was told ---- */

static void test_what_moves(void **state)
{
	struct contract *contract = *state;
	struct delivery_new mug = contract_delivery(KLAVIYO_ITEM, DELIVERY_CREATE, "mug", "1");
	struct delivery_new cup = contract_delivery(KLAVIYO_ITEM, DELIVERY_CREATE, "cup", "1");
	struct delivery_new jar = contract_delivery(KLAVIYO_ITEM, DELIVERY_CREATE, "jar", "1");
	struct outbox_batch batch;
	int64_t id;

	(void)contract_accepted(contract, "mug", mug);
	(void)contract_publish_one(contract, "cup", cup);
	batch = contract_claim_one(contract, KLAVIYO_ITEM, DELIVERY_CREATE);
	contract->now_ms += 1000;
	id = put(contract, "{}");
	assert_false(find(contract, id, KLAVIYO_ITEM, "mug").moving);
	assert_int_equal(find(contract, id, KLAVIYO_ITEM, "mug").store_id, contract->store_id);
	assert_true(find(contract, id, KLAVIYO_ITEM, "mug").exists);
	assert_int_equal(find(contract, id, KLAVIYO_ITEM, "nothing").store_id, 0);
	assert_true(find(contract, id, KLAVIYO_ITEM, "cup").moving); /* undone */
	contract->now_ms += 1000;
	contract_settle_one(contract, batch.id,
			    (struct delivery_settlement){ .delivery_id = batch.delivery[0].id,
							  .state = DELIVERY_ACCEPTED,
							  .exists = true });
	assert_true(find(contract, id, KLAVIYO_ITEM, "cup").moving); /* ended since */
	(void)contract_accepted(contract, "jar", jar);
	assert_true(find(contract, id, KLAVIYO_ITEM, "jar").moving); /* made since */
	end(contract, id);
	contract->now_ms += 1000;
	id = put(contract, "{}");
	assert_false(find(contract, id, KLAVIYO_ITEM, "cup").moving);
	(void)CONTRACT_APPLY(contract, contract_set(ENTITY_PRODUCT, "mug", "base", 1, "{}"));
	assert_true(find(contract, id, KLAVIYO_ITEM, "mug").due);
	assert_false(find(contract, id, KLAVIYO_ITEM, "mug").moving);
}

/* What ended while the clock was ahead ended before the task all the same. */
static void test_what_moves_when_the_clock_was_ahead(void **state)
{
	struct contract *contract = *state;
	struct delivery_new mug = contract_delivery(KLAVIYO_ITEM, DELIVERY_CREATE, "mug", "1");
	int64_t id;

	contract->now_ms += 3 * MS_PER_DAY;
	(void)contract_accepted(contract, "mug", mug);
	contract->now_ms -= 3 * MS_PER_DAY;
	id = put(contract, "{}");
	assert_false(find(contract, id, KLAVIYO_ITEM, "mug").moving);
	(void)contract_accepted(contract, "mug",
				contract_delivery(KLAVIYO_ITEM, DELIVERY_CREATE, "mug", "2"));
	assert_true(find(contract, id, KLAVIYO_ITEM, "mug").moving);
	end(contract, id);
}

static void publish(struct contract *contract, const struct catalog_root *due,
		    const struct delivery_new *delivery)
{
	CONTRACT_OK(db_catalog_publish(contract->db, contract->now_ms,
				       &(struct catalog_publication){ .store_id = contract->store_id,
								      .account_id = contract->account_id,
								      .root = due->root,
								      .due_seq = due->due_seq,
								      .delivery = delivery,
								      .n_delivery = 1 },
				       1, &contract_err));
}

/* What was found out makes the next publication tell it anew. */
static void test_learning(void **state)
{
	struct contract *contract = *state;
	struct delivery_new mug = contract_delivery(KLAVIYO_ITEM, DELIVERY_CREATE, "mug", "1");
	struct found_learn gone = { .key = key(KLAVIYO_ITEM, "mug"),
				    .root = contract_entity(ENTITY_PRODUCT, "mug"),
				    .due = true };
	const struct root_sent *sent;
	struct catalog_root root, *due;
	int64_t id;
	size_t n;

	(void)contract_accepted(contract, "mug", mug);
	id = put(contract, "{}");
	(void)step(contract, id, "1",
		   (struct task_step){ .learn = &gone, .n_learn = 1, .priority = PRIORITY_REPLAY });
	due = contract_due(contract, 10, &n);
	assert_int_equal(n, 1);
	sent = contract_sent(&due[0], KLAVIYO_ITEM, "mug");
	assert_false(sent->exists);
	assert_true(digest16_is_zero(sent->wanted));
	mug.op = DELIVERY_CREATE;
	publish(contract, &due[0], &mug);
	assert_int_equal(contract_lane(contract, KLAVIYO_ITEM, DELIVERY_CREATE, PRIORITY_REPLAY).n_ready, 1);
	/* It is on its way: what is found now counts no more. */
	gone.exists = true;
	(void)step(contract, id, "2", (struct task_step){ .learn = &gone, .n_learn = 1 });
	root = contract_root(contract, ENTITY_PRODUCT, "mug");
	assert_false(contract_sent(&root, KLAVIYO_ITEM, "mug")->exists);
	assert_false(contract_is_due(contract, ENTITY_PRODUCT, "mug"));
}

/* Tells what is due of the product, and Klaviyo accepts it. */
static void tell_due(struct contract *contract, struct delivery_new mug)
{
	struct outbox_batch batch;
	struct catalog_root *due;
	size_t n;

	due = contract_due(contract, 10, &n);
	assert_int_equal(n, 1);
	publish(contract, &due[0], &mug);
	batch = contract_claim(contract, KLAVIYO_ITEM, DELIVERY_UPDATE, PRIORITY_REPLAY, 10);
	assert_int_equal(batch.n, 1);
	contract_settle_one(contract, batch.id, contract_settlement(batch.delivery[0].id, DELIVERY_ACCEPTED));
}

/* A task comes to the deliveries of an entity one by one, also to those that an earlier one made. */
static void test_what_is_told_again_is_told_once(void **state)
{
	struct contract *contract = *state;
	struct delivery_new mug = contract_delivery(KLAVIYO_ITEM, DELIVERY_CREATE, "mug", "1");
	struct found_learn learn = { .key = key(KLAVIYO_ITEM, "mug"),
				     .root = contract_entity(ENTITY_PRODUCT, "mug"),
				     .as_known = true,
				     .due = true };
	struct task_step again = { .learn = &learn, .n_learn = 1, .priority = PRIORITY_REPLAY };

	(void)contract_accepted(contract, "mug", mug);
	for (int i = 0; i < 2; i++) {
		int64_t id = put(contract, "{}");

		(void)step(contract, id, "1", again);
		assert_true(contract_is_due(contract, ENTITY_PRODUCT, "mug"));
		tell_due(contract, mug);
		(void)step(contract, id, "2", again);
		assert_false(contract_is_due(contract, ENTITY_PRODUCT, "mug"));
		end(contract, id);
	}
}

/* What the store that is gone told is as if it had not been, whether or not its rows were removed yet. */
static void test_learning_of_what_a_store_that_is_gone_had_told(void **state)
{
	struct contract *contract = *state;
	int64_t gone = contract->store_id, id;
	struct found_learn learn = { .key = key(KLAVIYO_ITEM, "mug"),
				     .root = contract_entity(ENTITY_PRODUCT, "mug"),
				     .as_known = true };

	contract->store_id = contract_store(contract, "another", contract->account_id);
	id = put(contract, "{}");
	contract->store_id = gone;
	(void)contract_accepted(contract, "mug",
				contract_delivery(KLAVIYO_ITEM, DELIVERY_CREATE, "mug", "1"));
	contract_remove_store(contract, gone);
	(void)step(contract, id, "1", (struct task_step){ .learn = &learn, .n_learn = 1 });
	assert_false(find(contract, id, KLAVIYO_ITEM, "mug").exists);
	assert_false(find(contract, id, KLAVIYO_ITEM, "mug").moving);
}

/* An orphan is learned and deleted in one step, though nobody ever told Klaviyo of it. */
static void test_deleting_an_orphan(void **state)
{
	struct contract *contract = *state;
	struct delivery_new delete = { .kind = KLAVIYO_VARIANT,
				       .op = DELIVERY_DELETE,
				       .external_id = STR("x"),
				       .parent_external_id = STR("mug") };
	struct found_learn there = { .key = key(KLAVIYO_VARIANT, "x"),
				     .parent_external_id = STR("mug"),
				     .root = contract_entity(ENTITY_PRODUCT, "mug"),
				     .exists = true };
	struct catalog_publication publication = { .store_id = contract->store_id,
						   .account_id = contract->account_id,
						   .root = there.root,
						   .delivery = &delete,
						   .n_delivery = 1,
						   .note = STR("not in the shop") };
	int64_t id = put(contract, "{}");
	struct outbox_batch batch;

	(void)step(contract, id, "1",
		   (struct task_step){ .learn = &there,
				       .n_learn = 1,
				       .publication = &publication,
				       .n_publication = 1,
				       .priority = PRIORITY_REPLAY });
	batch = contract_claim(contract, KLAVIYO_VARIANT, DELIVERY_DELETE, PRIORITY_REPLAY, 10);
	assert_int_equal(batch.n, 1);
	assert_str(batch.delivery[0].external_id, "x");
}

static void test_walking_the_catalog(void **state)
{
	struct contract *contract = *state;
	struct entity after = { .id = STR("") };
	struct catalog_root *root;
	int64_t other = contract_store(contract, "other", contract->account_id);
	size_t n;

	(void)CONTRACT_APPLY(contract, contract_set(ENTITY_CATEGORY, "c", "base", 1, "{}"),
			     contract_set(ENTITY_PRODUCT, "b", "base", 1, "{}"),
			     contract_set(ENTITY_PRODUCT, "a", "base", 1, "{\"x\":1}"),
			     contract_set(ENTITY_ORDER, "o", "base", 1, "{}"));
	CONTRACT_OK(db_catalog_walk(contract->db, contract->store_id, after, 2, &contract->arena, &root, &n,
				    &contract_err));
	assert_int_equal(n, 2);
	assert_str(root[0].root.id, "a");
	assert_non_null(contract_fact(&root[0], ENTITY_PRODUCT, "a", "base"));
	assert_str(root[1].root.id, "b");
	assert_true(root[1].due_seq != 0);
	CONTRACT_OK(db_catalog_walk(contract->db, contract->store_id, root[1].root, 2, &contract->arena,
				    &root, &n, &contract_err));
	assert_int_equal(n, 1);
	assert_int_equal(root[0].root.kind, ENTITY_CATEGORY);
	CONTRACT_OK(db_catalog_walk(contract->db, contract->store_id, root[0].root, 2, &contract->arena,
				    &root, &n, &contract_err));
	assert_int_equal(n, 0);
	CONTRACT_OK(
		db_catalog_walk(contract->db, other, after, 2, &contract->arena, &root, &n, &contract_err));
	assert_int_equal(n, 0);
}

/* ---- replay ---- */

static struct replay_row *replayable(struct contract *contract, struct replay_query query, size_t *n)
{
	struct replay_row *row;

	query.store_id = contract->store_id;
	query.max_n = query.max_n ? query.max_n : 100;
	CONTRACT_OK(db_replay_list(contract->db, &query, &contract->arena, &row, n, &query.day,
				   &query.after_id, &contract_err));
	return row;
}

static int64_t mapped(struct contract *contract, const char *body, enum message_state state)
{
	int64_t id = contract_append(contract, contract->store_id, body);
	struct inbox_result result = contract_result(contract, id, state);

	contract_complete(contract, &result, 1);
	return id;
}

static void test_messages_are_mapped_again(void **state)
{
	struct contract *contract = *state;
	int64_t one = mapped(contract, "{1}", MESSAGE_MAPPED), two = mapped(contract, "{2}", MESSAGE_IGNORED),
		three = mapped(contract, "{3}", MESSAGE_FAILED), task = put(contract, "{}");
	int64_t again[] = { one, two, three, 99, one };
	struct inbox_message *message;
	struct store_summary count;
	struct replay_row *row;
	size_t n;

	row = replayable(contract,
			 (struct replay_query){ .messages = true,
						.states = 1u << MESSAGE_MAPPED | 1u << MESSAGE_FAILED },
			 &n);
	assert_int_equal(n, 2);
	assert_int_equal(row[0].id, one);
	assert_int_equal(row[1].state, MESSAGE_FAILED);
	(void)replayable(
		contract,
		(struct replay_query){ .messages = true, .states = ~0u, .since_ms = contract->now_ms + 1 },
		&n);
	assert_int_equal(n, 0);
	(void)step(contract, task, "1",
		   (struct task_step){
			   .again = again, .n_again = ARRAY_LEN(again), .priority = PRIORITY_REPLAY });
	count = contract_store_summary(contract, contract->store_id);
	assert_int_equal(count.pending, 3);
	assert_int_equal(count.mapped + count.ignored + count.failed, 0);
	contract_conserves(contract->db);
	message = contract_pending(contract, 10, &n);
	assert_int_equal(n, 3);
	assert_int_equal(message[0].priority, PRIORITY_REPLAY);
	for (size_t i = 0; i < n; i++) {
		struct inbox_result result = contract_result(contract, message[i].id, MESSAGE_MAPPED);

		contract_complete(contract, &result, 1);
	}
	assert_int_equal(contract_store_summary(contract, contract->store_id).mapped, 3);
	contract_conserves(contract->db);
}

static void test_deliveries_that_ended(void **state)
{
	struct contract *contract = *state;
	int64_t mug = contract_accepted(contract, "mug",
					contract_delivery(KLAVIYO_ITEM, DELIVERY_CREATE, "k-mug", "1"));
	struct replay_query query = { .states = 1u << DELIVERY_ACCEPTED, .kinds = 1u << KLAVIYO_ITEM };
	struct replay_row *row;
	size_t n;

	(void)contract_accepted(contract, "cup",
				contract_delivery(KLAVIYO_ITEM, DELIVERY_CREATE, "k-cup", "1"));
	(void)contract_publish_one(contract, "jar",
				   contract_delivery(KLAVIYO_ITEM, DELIVERY_CREATE, "k-jar", "1"));
	row = replayable(contract, query, &n);
	assert_int_equal(n, 2);
	assert_int_equal(row[0].id, mug);
	assert_str(row[0].root.id, "mug");
	assert_false(row[0].gone);
	query.id = STR("cup");
	row = replayable(contract, query, &n);
	assert_int_equal(n, 1);
	assert_str(row[0].external_id, "k-cup");
	query.id = STR("k-cup");
	(void)replayable(contract, query, &n);
	assert_int_equal(n, 1);
	query.kinds = 1u << KLAVIYO_EVENT;
	(void)replayable(contract, query, &n);
	assert_int_equal(n, 0);
}

/* A replay tells the event again; the copy is accepted, too. */
static int64_t tell_again(struct contract *contract, int64_t original)
{
	struct delivery event = contract_get(contract, original);
	struct delivery_new new = contract_delivery(KLAVIYO_EVENT, DELIVERY_CREATE, "paid", "1");
	struct catalog_publication publication = { .store_id = contract->store_id,
						   .account_id = contract->account_id,
						   .root = event.root,
						   .delivery = &new,
						   .n_delivery = 1 };
	struct outbox_batch batch;

	new.copy_of = original;
	(void)step(contract, put(contract, "{}"), "again",
		   (struct task_step){
			   .publication = &publication, .n_publication = 1, .priority = PRIORITY_REPLAY });
	batch = contract_claim(contract, KLAVIYO_EVENT, DELIVERY_CREATE, PRIORITY_REPLAY, 10);
	assert_int_equal(batch.n, 1);
	assert_int_equal(batch.delivery[0].copy_of, original);
	contract_settle_one(contract, batch.id, contract_settlement(batch.delivery[0].id, DELIVERY_ACCEPTED));
	return batch.delivery[0].id;
}

static void test_copies_are_passed_over(void **state)
{
	struct contract *contract = *state;
	int64_t original = contract_accepted(contract, "o1",
					     contract_delivery(KLAVIYO_EVENT, DELIVERY_CREATE, "paid", "1"));
	int64_t copy = tell_again(contract, original);
	struct replay_query query = { .states = 1u << DELIVERY_ACCEPTED, .kinds = 1u << KLAVIYO_EVENT };
	struct audit_row *audit;
	struct replay_row *row;
	size_t n;

	assert_true(copy != original);
	assert_int_equal(contract_get(contract, original).copy_of, 0);
	assert_int_equal(contract_get(contract, copy).copy_of, original);
	row = replayable(contract, query, &n);
	assert_int_equal(n, 1);
	assert_int_equal(row[0].id, original);
	audit = contract_audit(
		contract,
		(struct audit_filter){
			.delivery_id = copy, .by_code = true, .code = AUDIT_DELIVERY_CREATED, .max_n = 10 },
		&n);
	assert_int_equal(n, 1);
	assert_str(audit[0].reason, store_text_copy(&contract->arena, original).p);
	contract_conserves(contract->db);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_one_of_a_kind_at_a_time),
	cmocka_unit_test(test_place_moves_once),
	cmocka_unit_test(test_ended_ones_are_forgotten),
	cmocka_unit_test(test_rows_are_walked_in_order),
	cmocka_unit_test(test_rows_are_forgotten_in_pieces),
	cmocka_unit_test(test_what_moves),
	cmocka_unit_test(test_what_moves_when_the_clock_was_ahead),
	cmocka_unit_test(test_learning),
	cmocka_unit_test(test_what_is_told_again_is_told_once),
	cmocka_unit_test(test_learning_of_what_a_store_that_is_gone_had_told),
	cmocka_unit_test(test_deleting_an_orphan),
	cmocka_unit_test(test_walking_the_catalog),
	cmocka_unit_test(test_messages_are_mapped_again),
	cmocka_unit_test(test_deliveries_that_ended),
	cmocka_unit_test(test_copies_are_passed_over),
};

CONTRACT_MAIN(tests)
