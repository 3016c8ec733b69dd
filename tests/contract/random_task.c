/* Model test of the store: tasks, what they found, and the catalog walked through. */
#include "contract/random_side.h"

static struct task_row *tasks(struct side *side, size_t *n)
{
	struct task_row *task = NULL;
	struct err err = { 0 };

	*n = 0;
	if (!say_result(side, db_task_list(side->db, 0, &side->arena, &task, n, &err), &err))
		*n = 0;
	for (size_t i = 0; i < *n; i++) {
		say_line(side, "task");
		say_int(side, task[i].id);
		say_id(side, task[i].store_id);
		say_int(side, task[i].kind);
		say_int(side, task[i].state);
		say_text(side, task[i].options);
		say_text(side, task[i].place);
		say_text(side, task[i].report);
		say_text(side, task[i].reason);
		say_int(side, task[i].created_ms);
		say_int(side, task[i].changed_ms);
	}
	return task;
}

static void put(struct side *side)
{
	struct task_row task = { .store_id = choose_store(side),
				 .kind = (enum task_kind)below(side, TASK_KIND_COUNT),
				 .options = str_from(numbered(side, "options", 2)),
				 .reason = chance(side, 50) ? STR("by ann") : STR("") };
	struct err err = { 0 };
	int64_t id;

	if (say_result(side, db_task_put(side->db, side->now_ms, &task, &id, &err), &err))
		say_int(side, id);
}

static struct found_key choose_key(struct side *side)
{
	struct entity root = choose_root(side);

	if (chance(side, 30))
		return (struct found_key){ KLAVIYO_VARIANT, str_from(numbered(side, "v", 3)) };
	return (struct found_key){ root.kind == ENTITY_CATEGORY ? KLAVIYO_CATEGORY : KLAVIYO_ITEM, root.id };
}

static struct found_row choose_found(struct side *side)
{
	struct str alike = str_from(numbered(side, "alike", 3));
	struct found_row row = { .key = choose_key(side),
				 .contents = str_from(numbered(side, "contents", 3)),
				 .alike = chance(side, 70) ? digest16_of(&alike, 1)
							   : (struct digest16){ { 0 } },
				 .verdict = (enum found_verdict)below(side, FOUND_VERDICT_COUNT) };

	row.root = choose_root(side);
	return row;
}

static struct found_learn choose_learn(struct side *side)
{
	struct found_learn learn = { .key = choose_key(side),
				     .exists = chance(side, 50),
				     .as_known = chance(side, 30),
				     .due = chance(side, 50) };

	learn.root = (struct entity){ learn.key.kind == KLAVIYO_CATEGORY ? ENTITY_CATEGORY : ENTITY_PRODUCT,
				      learn.key.kind == KLAVIYO_VARIANT ? str_from(numbered(side, "p", 3))
									: learn.key.external_id };
	if (learn.key.kind == KLAVIYO_VARIANT)
		learn.parent_external_id = learn.root.id;
	return learn;
}

/* Deletes what is learned to be there, as for an orphan. */
static struct catalog_publication publication_of(struct side *side, const struct task_row *task,
						 const struct found_learn *learn)
{
	struct delivery_new *delete = ARENA_ARRAY(&side->arena, 1, struct delivery_new);
	struct config_rows rows = config(side);
	struct catalog_publication publication = {
		.store_id = task->store_id, .root = learn->root, .delivery = delete, .n_delivery = 1
	};

	*delete = (struct delivery_new){ .kind = learn->key.kind,
					 .op = DELIVERY_DELETE,
					 .external_id = learn->key.external_id,
					 .parent_external_id = learn->parent_external_id };
	for (size_t i = 0; i < rows.n_store; i++)
		if (rows.store[i].id == task->store_id)
			publication.account_id = rows.store[i].account_id;
	return publication;
}

static void step(struct side *side, const struct task_row *task)
{
	struct found_row found[3];
	struct found_link link = { choose_key(side), (int64_t)below(side, 100) };
	struct found_learn learn = choose_learn(side);
	struct catalog_publication publication = publication_of(side, task, &learn);
	struct task_step one = { .task_id = task->id,
				 .from = chance(side, 95) ? task->place : STR("elsewhere"),
				 .to = str_from(numbered(side, "place", 5)),
				 .report = str_from(numbered(side, "report", 3)),
				 .state = chance(side, 85) ? IMPORT_OPEN : IMPORT_DONE,
				 .reason = STR("end"),
				 .priority = chance(side, 50) ? PRIORITY_REPLAY : PRIORITY_BACKFILL,
				 .found = found,
				 .n_found = below(side, 4),
				 .link = &link,
				 .n_link = chance(side, 30),
				 .learn = &learn,
				 .n_learn = chance(side, 40),
				 .publication = &publication,
				 .n_publication = chance(side, 30),
				 .forget = (enum task_forget)below(side, 3),
				 .forget_max = 1 + below(side, 4) };
	int64_t again[2] = { pool_choose(side, &side->message), pool_choose(side, &side->message) };
	struct err err = { 0 };
	size_t n;

	one.again = again;
	one.n_again = chance(side, 30) ? 1 + below(side, 2) : 0;
	for (size_t i = 0; i < one.n_found; i++)
		found[i] = choose_found(side);
	(void)say_result(side, db_task_step(side->db, side->now_ms, &one, &n, &err), &err);
	say_int(side, (int64_t)n);
}

static void say_found(struct side *side, const struct found *found)
{
	say_line(side, "found");
	say_int(side, found->row.key.kind);
	say_text(side, found->row.key.external_id);
	say_int(side, found->is_there);
	say_text(side, found->row.parent_external_id);
	say_entity(side, found->row.root);
	say_text(side, found->row.contents);
	say_digest(side, found->row.alike);
	say_int(side, found->row.links);
	say_int(side, found->row.verdict);
	say_int(side, found->repeats);
	say_id(side, found->store_id);
	say_int(side, found->exists);
	say_int(side, found->wanted_deleted);
	say_int(side, found->moving);
	say_int(side, found->due);
}

static void list(struct side *side, const struct task_row *task)
{
	struct found_key key[2] = { choose_key(side), choose_key(side) };
	struct found_query query = { .task_id = task->id,
				     .key = key,
				     .n_key = chance(side, 50) ? 2 : 0,
				     .verdicts = (unsigned)below(side, 1 << FOUND_VERDICT_COUNT),
				     .by_kind = chance(side, 50),
				     .max_n = 1 + below(side, 6) };
	struct found *found = NULL;
	struct err err = { 0 };
	size_t n = 0;

	if (chance(side, 50))
		query.after = choose_key(side);
	if (!say_result(side, db_found_list(side->db, &query, &side->arena, &found, &n, &err), &err))
		return;
	for (size_t i = 0; i < n; i++)
		say_found(side, &found[i]);
}

static void replay(struct side *side)
{
	struct replay_query query = {
		.store_id = choose_store(side),
		.messages = chance(side, 50),
		.since_ms = chance(side, 30) ? side->now_ms - (int64_t)below(side, 100000) : 0,
		.until_ms = chance(side, 30) ? side->now_ms - (int64_t)below(side, 100000) : 0,
		.states = (unsigned)below(side, 64),
		.kinds = (unsigned)below(side, 128),
		.max_n = 1 + below(side, 20)
	};
	struct replay_row *row;
	struct err err = { 0 };
	size_t n;

	if (chance(side, 30))
		query.id = choose_root(side).id;
	while (query.day >= 0) {
		if (!db_replay_list(side->db, &query, &side->arena, &row, &n, &query.day, &query.after_id,
				    &err)) {
			(void)say_result(side, false, &err);
			return;
		}
		for (size_t i = 0; i < n; i++) {
			say_line(side, "replayable");
			say_id(side, row[i].id);
			say_int(side, row[i].state);
			say_text(side, row[i].topic);
			say_int(side, row[i].kind);
			say_int(side, row[i].op);
			say_text(side, row[i].external_id);
			say_entity(side, row[i].root);
		}
	}
}

void op_tasks(struct side *side)
{
	struct err err = { 0 };
	size_t n;
	const struct task_row *task = tasks(side, &n);

	if (chance(side, 30))
		replay(side);
	if (n == 0 || chance(side, 15))
		put(side);
	if (n == 0)
		return;
	task += below(side, n);
	if (chance(side, 10))
		(void)say_result(side,
				 db_task_change(side->db, side->now_ms, task->id,
						(enum import_action)below(side, 3), &err),
				 &err);
	else if (chance(side, 60))
		step(side, task);
	else
		list(side, task);
}

void op_walk(struct side *side)
{
	struct catalog_root *root = NULL;
	struct entity after = chance(side, 50) ? choose_root(side) : (struct entity){ .id = STR("") };
	struct err err = { 0 };
	size_t n = 0;

	if (!say_result(side,
			db_catalog_walk(side->db, choose_store(side), after, 1 + below(side, 5), &side->arena,
					&root, &n, &err),
			&err))
		return;
	for (size_t i = 0; i < n; i++)
		say_root(side, &root[i]);
}
