/* Model test of the store: ops of people, settings and upkeep. */
#include "contract/random_side.h"

#include "base/attr.h"
#include "base/clock.h"
#include "store/memory/memory_internal.h"

#include <string.h>

/* ---- ops: people ---- */

static struct failed_row *list_failed(struct side *side, size_t *n)
{
	struct failed_filter filter = { .store_id = chance(side, 50) ? 0 : choose_store(side),
					.max_n = 1 + below(side, 8) };
	struct failed_row *row = NULL;
	struct err err = { 0 };

	*n = 0;
	if (!say_result(side, db_failed_list(side->db, &filter, &side->arena, &row, n, &err), &err))
		return NULL;
	for (size_t i = 0; i < *n; i++) {
		say_line(side, row[i].is_message ? "failed message" : "failed delivery");
		say_id(side, row[i].id);
		say_id(side, row[i].store_id);
		say_int(side, row[i].failed_ms);
		say_text(side, row[i].what);
		say_text(side, row[i].reason);
	}
	return row;
}

void op_failed(struct side *side)
{
	struct failed_change change = {
		.action = chance(side, 70) ? FAILED_RETRY : FAILED_DISCARD,
		.store_id = chance(side, 50) ? 0 : choose_store(side),
		.reason = STR("because"),
	};
	struct err err = { 0 };
	size_t n, n_changed = 0;
	struct failed_row *row = list_failed(side, &n);
	int64_t *id = ARENA_ARRAY(&side->arena, n + 1, int64_t);

	for (size_t i = 0; i < n; i++)
		if (chance(side, 50))
			id[change.n++] = row[i].id;
	if (chance(side, 5))
		id[change.n++] = pool_choose(side, &side->message);
	change.id = id;
	if (change.n == 0 && chance(side, 70))
		return;
	(void)say_result(side, db_failed_change(side->db, side->now_ms, &change, &n_changed, &err), &err);
	say_int(side, (int64_t)n_changed);
}

static void say_audit(struct side *side, const struct audit_row *row)
{
	say_line(side, audit_code_name(row->code));
	say_int(side, row->at_ms);
	say_id(side, row->store_id);
	say_id(side, row->account_id);
	say_id(side, row->message_id);
	say_id(side, row->delivery_id);
	say_entity(side, row->root);
	say_text(side, row->reason);
}

void op_audit(struct side *side)
{
	struct audit_filter filter = { .max_n = 1 + below(side, 30) };
	struct audit_row *row;
	struct err err = { 0 };
	size_t n;

	if (chance(side, 30))
		filter.store_id = choose_store(side);
	if (chance(side, 20))
		filter.message_id = pool_choose(side, &side->message);
	if (chance(side, 20))
		filter.delivery_id = pool_choose(side, &side->delivery);
	if (chance(side, 30))
		filter.root = choose_root(side);
	if (chance(side, 20)) {
		filter.by_code = true;
		filter.code = (enum audit_code)below(side, AUDIT_CODE_COUNT);
	}
	if (chance(side, 20))
		filter.since_ms = side->now_ms - (int64_t)below(side, 3 * MS_PER_DAY);
	if (chance(side, 20))
		filter.until_ms = side->now_ms - (int64_t)below(side, 3 * MS_PER_DAY);
	for (int page = 0; page < 3; page++) {
		if (!say_result(side, db_audit_list(side->db, &filter, &side->arena, &row, &n, &err), &err))
			return;
		for (size_t i = 0; i < n; i++)
			say_audit(side, &row[i]);
		if (n == 0)
			return;
		filter.before_id = row[n - 1].id;
	}
}

void op_audit_append(struct side *side)
{
	struct audit_row row = { .at_ms = side->now_ms,
				 .code = AUDIT_MESSAGE_REFUSED,
				 .store_id = choose_store(side),
				 .reason = str_from(numbered(side, "refused", 5)) };
	struct err err = { 0 };

	(void)say_result(side, db_audit_append(side->db, &row, 1, &err), &err);
}

void op_held(struct side *side)
{
	struct held_row *row;
	struct err err = { 0 };
	size_t n;

	if (!say_result(side,
			db_held_list(side->db, chance(side, 50) ? 0 : choose_store(side), 1 + below(side, 9),
				     &side->arena, &row, &n, &err),
			&err))
		return;
	for (size_t i = 0; i < n; i++) {
		say_line(side, "held");
		say_id(side, row[i].store_id);
		say_entity(side, row[i].root);
		say_int(side, row[i].since_ms);
		say_text(side, row[i].reason);
	}
}

/* ---- ops: settings, upkeep ---- */

static struct config_change choose_change(struct side *side, const struct config_rows *rows)
{
	struct config_change change = {
		.expected_version = rows->version,
		.kind = (enum config_change_kind)below(side, CONFIG_DEFAULTS_PUT + 1),
		.sweep = chance(side, 50),
		.reason = STR("changed"),
		.now_ms = side->now_ms,
		.actor = chance(side, 50) ? STR("ada") : STR(""),
		.values = STR("[]"),
	};

	/* Removals are rare, and some account and store is always there. */
	if (change.kind == CONFIG_STORE_REMOVE && (rows->n_store < 2 || chance(side, 60)))
		change.kind = CONFIG_STORE_PUT;
	if (change.kind == CONFIG_ACCOUNT_REMOVE && chance(side, 50))
		change.kind = CONFIG_ACCOUNT_PUT;
	if (rows->n_account > 0 && chance(side, 70))
		change.account = rows->account[below(side, rows->n_account)];
	else
		change.account.name = str_from(numbered(side, "account", 4));
	if (rows->n_store > 0 && chance(side, 70))
		change.store = rows->store[below(side, rows->n_store)];
	else
		change.store.name = str_from(numbered(side, "store", 5));
	if (change.kind == CONFIG_DEFAULTS_PUT) {
		change.defaults = str_from(numbered(side, "defaults", 3));
		change.n_sweep_store = rows->n_store > 0 && chance(side, 50);
		change.sweep_store = change.n_sweep_store > 0 ? &rows->store[0].id : NULL;
	}
	change.store.platform = STR("generic");
	change.store.account_id = 1 + (int64_t)below(side, 3);
	return change;
}

static void say_history(struct side *side, const struct config_rows *rows)
{
	struct config_history_filter filter = {
		.store_id = chance(side, 30) && rows->n_store > 0 ? rows->store[0].id : 0,
		.account_id = chance(side, 30) && rows->n_account > 0 ? rows->account[0].id : 0,
		.defaults = chance(side, 20),
		.before_version = chance(side, 30) ? rows->version : 0,
		.max_n = 1 + below(side, 9),
	};
	struct config_history_row *row;
	size_t n;

	CONTRACT_OK(db_config_history(side->db, &filter, &side->arena, &row, &n, &contract_err));
	for (size_t i = 0; i < n; i++) {
		say_line(side, "history");
		say_int(side, rows->version - row[i].version);
		say_int(side, row[i].at_ms);
		say_int(side, row[i].kind);
		say_int(side, row[i].added);
		say_id(side, row[i].account_id);
		say_id(side, row[i].store_id);
		say_text(side, row[i].name);
		say_text(side, row[i].actor);
		say_text(side, row[i].values);
	}
}

void op_config(struct side *side)
{
	struct config_rows rows = config(side);
	struct config_change change = choose_change(side, &rows);
	struct err err = { 0 };
	int64_t version = 0;

	if (chance(side, 5))
		change.expected_version--;
	(void)say_result(side, db_config_change(side->db, &change, &err), &err);
	CONTRACT_OK(db_config_version(side->db, &version, &contract_err));
	say_int(side, version - rows.version);
	rows = config(side);
	for (size_t i = 0; i < rows.n_account; i++) {
		say_line(side, "account");
		say_id(side, rows.account[i].id);
		say_text(side, rows.account[i].name);
	}
	for (size_t i = 0; i < rows.n_store; i++) {
		say_line(side, "store");
		say_id(side, rows.store[i].id);
		say_id(side, rows.store[i].account_id);
		say_text(side, rows.store[i].name);
	}
	say_text(side, rows.defaults);
	say_history(side, &rows);
}

void op_maintain(struct side *side)
{
	struct retention retention = { 5, 5, 5, 5, 5 };
	struct err err = { 0 };
	bool ok = true, more = true;

	/* How often, is a backend's own affair. */
	for (int i = 0; i < 1000 && ok && more; i++)
		ok = db_maintain(side->db, side->now_ms, &retention, &more, &err);
	(void)say_result(side, ok, &err);
}

void op_reopen(struct side *side)
{
	const struct db_ops *ops = side->db->ops;

	if (ops == &db_memory_ops) {
		struct memory *memory = (struct memory *)side->db;

		/* Whose turn it is, is not kept. */
		memory->turn_store_id = 0;
		memset(memory->due_turn, 0, sizeof(memory->due_turn));
		return;
	}
	db_close(side->db);
	side_connect(side, ops);
}

void op_time(struct side *side)
{
	uint64_t kind = below(side, 100);

	if (kind < 80)
		side->now_ms += (int64_t)below(side, 4000);
	else if (kind < 92)
		side->now_ms += (int64_t)below(side, 4 * MS_PER_HOUR);
	else if (kind < 97)
		side->now_ms += (int64_t)below(side, 3 * MS_PER_DAY);
	else
		side->now_ms -= (int64_t)below(side, MS_PER_DAY);
}

/* What the clocks say may be anything. */
void op_clock(struct side *side)
{
	struct moment now = { .wall_ms = side->now_ms, .mono_ms = (int64_t)below(side, 10 * MS_PER_DAY) };
	struct err err = { 0 };
	int64_t back_ms = 0;

	if (say_result(side, db_clock_note(side->db, now, &back_ms, &err), &err))
		say_int(side, back_ms);
}

/* ---- ops: erasing ---- */

/* A message that asks for it, mapped at once if it is next. */
void op_erased(struct side *side)
{
	struct inbox_record record = { .store_id = choose_store(side),
				       .received_ms = side->now_ms,
				       .topic = STR("person.erased"),
				       .source_id = str_from(numbered(side, "erased", 1000)),
				       .body = STR("{}") };
	struct fact fact = { .entity = choose_person(side),
			     .part = STR("erased"),
			     .op = FACT_SET,
			     .version = chance(side, 50) ? 0 : side->now_ms,
			     .body = STR("{}") };
	struct inbox_message *message;
	struct inbox_receipt receipt;
	struct err err = { 0 };
	size_t n = 0;

	record.key.byte[1] = (unsigned char)below(side, 200);
	record.slot.byte[1] = (unsigned char)below(side, 200);
	if (!say_result(side, db_inbox_append(side->db, &record, 1, &receipt, &err), &err) ||
	    !say_result(side, db_inbox_claim(side->db, 1, 1, &side->arena, &message, &n, &err), &err))
		return;
	for (size_t i = 0; i < n; i++) {
		struct inbox_result result = { .message_id = message[i].id,
					       .store_id = message[i].store_id,
					       .state = MESSAGE_MAPPED,
					       .priority = message[i].priority,
					       .fact = &fact,
					       .n_fact = 1 };

		say_id(side, message[i].id);
		say_entity(side, fact.entity);
		(void)say_result(side, db_inbox_complete(side->db, side->now_ms, &result, 1, &err), &err);
	}
}

/* All that could be somebody's, as it is now. */
static void say_people(struct side *side, int64_t store_id)
{
	static const struct entity all[] = {
		{ ENTITY_PERSON, STR_INIT("n0@s.x") }, { ENTITY_PERSON, STR_INIT("n1@s.x") },
		{ ENTITY_PERSON, STR_INIT("n2@s.x") }, { ENTITY_ORDER, STR_INIT("o0") },
		{ ENTITY_ORDER, STR_INIT("o1") },      { ENTITY_ORDER, STR_INIT("o2") },
		{ ENTITY_ORDER, STR_INIT("o3") },      { ENTITY_VISITOR, STR_INIT("w0") },
		{ ENTITY_VISITOR, STR_INIT("w1") },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct catalog_root root;

		if (db_catalog_get(side->db, store_id, all[i], &side->arena, &root, NULL))
			say_root(side, &root);
	}
}

static void say_deliveries(struct side *side)
{
	for (size_t i = 0; i < side->delivery.n; i++) {
		struct delivery delivery;

		if (db_delivery_get(side->db, side->delivery.id[i], &side->arena, &delivery, NULL))
			say_delivery(side, &delivery);
	}
}

void op_purge(struct side *side)
{
	struct config_rows rows = config(side);
	struct err err = { 0 };
	size_t max_n = 1 + below(side, 40);
	bool more = true;

	for (int i = 0; i < 10000 && more; i++)
		if (!say_result(side, db_person_purge(side->db, side->now_ms, max_n, &more, &err), &err))
			return;
	for (size_t i = 0; i < rows.n_store; i++)
		say_people(side, rows.store[i].id);
	say_deliveries(side);
}
