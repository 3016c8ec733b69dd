/*
 * How long an import still takes.
 *
 * Keeps:   only what Klaviyo allows counts, not how fast this machine is: an estimate, and said as one.
 */
#include "admin/import_left.h"

#include "admin/import_view.h"
#include "klaviyo/budget.h"

/* So many messages say how many deliveries one becomes; before that the table does. */
#define MAPPED_ENOUGH 1000
#define NOBODY_KNOWS  (-1)

/* What a kind of file mostly becomes, and how many of it one message makes. */
static const struct {
	const char *kind;
	enum klaviyo_kind klaviyo;
	enum delivery_op op;
	int64_t each;
} rows[] = {
	{ "customers", KLAVIYO_PROFILE, DELIVERY_UPDATE, 1 },
	{ "subscribers", KLAVIYO_CONSENT, DELIVERY_CREATE, 1 },
	{ "categories", KLAVIYO_CATEGORY, DELIVERY_CREATE, 1 },
	{ "products", KLAVIYO_VARIANT, DELIVERY_CREATE, 3 },
	{ "variants", KLAVIYO_VARIANT, DELIVERY_CREATE, 1 },
	{ "orders", KLAVIYO_EVENT, DELIVERY_CREATE, 4 },
	{ "messages", KLAVIYO_EVENT, DELIVERY_CREATE, 4 },
};

static size_t row_of(struct str kind)
{
	size_t i = 0;

	while (i < ARRAY_LEN(rows) - 1 && !str_eq(kind, str_from(rows[i].kind)))
		i++;
	return i;
}

static enum endpoint endpoint_of(struct str kind)
{
	size_t row = row_of(kind);

	return endpoint_for(rows[row].klaviyo, rows[row].op, true);
}

/* ---- what is left ---- */

/* Messages that are still to come; NOBODY_KNOWS. */
static int64_t messages_left(const struct import_job *job)
{
	int64_t done = job->n_new + job->n_duplicate, left = job->size - job->at.used;

	if (job->size <= 0 || job->at.used <= 0)
		return NOBODY_KNOWS;
	return left > 0 ? (int64_t)((double)done * (double)left / (double)job->at.used) : 0;
}

static double deliveries_each(const struct import_outlook *outlook, struct str kind)
{
	if (outlook->mapped < MAPPED_ENOUGH)
		return (double)rows[row_of(kind)].each;
	return (double)outlook->created / (double)outlook->mapped;
}

static bool is_of_account(const int64_t *store_id, size_t n_store, int64_t id)
{
	for (size_t i = 0; i < n_store; i++)
		if (store_id[i] == id)
			return true;
	return false;
}

/* A store's imports are read one after the other; those of other stores in turn with this one. */
static int64_t messages_before(const struct import_outlook *outlook, const int64_t *store_id, size_t n_store,
			       const struct import_job *job, int64_t own)
{
	int64_t sum = 0;

	for (size_t i = 0; i < outlook->n_job; i++) {
		const struct import_job *other = &outlook->job[i];
		bool same = other->store_id == job->store_id;
		bool first = other->rank < job->rank || (other->rank == job->rank && other->id < job->id);
		int64_t left = messages_left(other);

		if (other->id == job->id || other->state != IMPORT_OPEN || left <= 0 || (same && !first) ||
		    !is_of_account(store_id, n_store, other->store_id))
			continue;
		sum += same || left < own ? left : own;
	}
	return sum;
}

static int64_t deliveries_waiting(const struct import_outlook *outlook, struct str kind)
{
	enum klaviyo_kind klaviyo = rows[row_of(kind)].klaviyo;
	int64_t sum = 0;

	for (size_t i = 0; i < outlook->n_lane; i++)
		if (outlook->lane[i].kind == klaviyo)
			sum += outlook->lane[i].n_ready + outlook->lane[i].n_blocked +
			       outlook->lane[i].n_waiting + outlook->lane[i].n_sending;
	return sum;
}

int64_t import_left_ms(const struct import_outlook *outlook, const int64_t *store_id, size_t n_store,
		       const struct import_job *job, struct str kind)
{
	int64_t own = messages_left(job), by_pace = 0;
	double deliveries, per_minute;

	if (job->state != IMPORT_OPEN || own < 0 || outlook->per_minute <= 0)
		return NOBODY_KNOWS;
	deliveries = (double)(own + messages_before(outlook, store_id, n_store, job, own)) *
			     deliveries_each(outlook, kind) +
		     (double)deliveries_waiting(outlook, kind);
	per_minute = (double)outlook->per_minute * (double)endpoint_rows_max(endpoint_of(kind));
	if (job->per_minute > 0)
		by_pace = own * MS_PER_MIN / job->per_minute;
	deliveries = deliveries * (double)MS_PER_MIN / per_minute;
	return (int64_t)deliveries > by_pace ? (int64_t)deliveries : by_pace;
}

/* ---- reading ---- */

/* The limit of the endpoint as it is used now. */
static int64_t limit_now(const struct budget_row *row, size_t n, const struct settings_account *account,
			 enum endpoint endpoint, struct moment now)
{
	struct budget budget;

	budget_init(&budget, endpoint_row(endpoint),
		    (int)setting_int(account->value, SETTING_KEY_quota_percent));
	for (size_t i = 0; i < n; i++)
		if (row[i].account_id == account->id &&
		    str_eq(row[i].endpoint, str_from(endpoint_row(endpoint)->name)))
			budget_load(&budget, row[i].blob, now);
	return budget_steady_now(&budget, now.mono_ms);
}

static void add_counts(struct look *look, const struct settings_account *account,
		       const struct summary *summary, struct import_outlook *out)
{
	for (size_t i = 0; i < summary->n_account; i++)
		if (summary->account[i].account_id == account->id)
			out->created = summary->account[i].created;
	for (size_t i = 0; i < summary->n_store; i++) {
		const struct settings_store *store =
			snapshot_store(look->snapshot, summary->store[i].store_id);

		if (store && store->account == account)
			out->mapped += summary->store[i].mapped;
	}
}

static void keep_lanes(const struct settings_account *account, struct outbox_lane *lane, size_t n,
		       struct import_outlook *out)
{
	out->lane = lane;
	for (size_t i = 0; i < n; i++)
		if (lane[i].account_id == account->id)
			lane[out->n_lane++] = lane[i];
}

bool import_outlook_read(struct look *look, int64_t now_ms, const struct import_job *job,
			 struct import_outlook *out, struct err *err)
{
	const struct settings_store *store = snapshot_store(look->snapshot, job->store_id);
	struct str kind = import_option(job, "kind", look->arena);
	struct import_job *all;
	struct summary summary;
	struct outbox_lane *lane;
	struct budget_row *budget;
	size_t n_lane, n_budget;

	*out = (struct import_outlook){ 0 };
	if (!store)
		return err_set(err, ERR_NOT_FOUND, "its store is gone");
	if (!db_import_list(look->db, 0, look->arena, &all, &out->n_job, err) ||
	    !db_summary(look->db, now_ms, look->arena, &summary, err) ||
	    !db_outbox_lanes(look->db, now_ms, look->arena, &lane, &n_lane, err) ||
	    !db_budget_load(look->db, look->arena, &budget, &n_budget, err))
		return false;
	out->job = all;
	keep_lanes(store->account, lane, n_lane, out);
	add_counts(look, store->account, &summary, out);
	out->per_minute =
		limit_now(budget, n_budget, store->account, endpoint_of(kind), clock_moment(look->clock));
	return true;
}

int64_t import_left(struct look *look, int64_t now_ms, const struct import_job *job)
{
	const struct settings_store *store = snapshot_store(look->snapshot, job->store_id);
	const struct snapshot *snapshot = look->snapshot;
	struct import_outlook outlook;
	struct err ignored;
	int64_t *id;
	size_t n = 0;

	if (job->state != IMPORT_OPEN || !store ||
	    !import_outlook_read(look, now_ms, job, &outlook, &ignored))
		return NOBODY_KNOWS;
	id = ARENA_ARRAY(look->arena, snapshot->n_store + 1, int64_t);
	for (size_t i = 0; i < snapshot->n_store; i++)
		if (snapshot->store[i].account == store->account)
			id[n++] = snapshot->store[i].id;
	return import_left_ms(&outlook, id, n, job, import_option(job, "kind", look->arena));
}
