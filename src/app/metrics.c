/*
 * Metrics: counters of this process, and what the database counts, in the Prometheus text format.
 *
 * Keeps:   labels are names of accounts and stores only, escaped; nothing that a shop or Klaviyo sent is a
 *          label.
 * Threads: the report role's.
 */
#include "app/app_internal.h"

#include "base/counter.h"
#include "flow/health.h"
#include "flow/silence.h"

#include <inttypes.h>

static void add_label(struct strbuf *out, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '\n') {
			strbuf_add_text(out, "\\n");
			continue;
		}
		if (text.p[i] == '"' || text.p[i] == '\\')
			strbuf_add_char(out, '\\');
		strbuf_add_char(out, text.p[i]);
	}
}

static void add_head(struct strbuf *out, const char *name, const char *type, const char *help)
{
	strbuf_addf(out, "# HELP pannier_%s %s\n# TYPE pannier_%s %s\n", name, help, name, type);
}

static void add_row(struct strbuf *out, const char *name, const char *label, struct str value,
		    const char *state, int64_t number)
{
	strbuf_addf(out, "pannier_%s{%s=\"", name, label);
	add_label(out, value);
	strbuf_add_char(out, '"');
	if (state)
		strbuf_addf(out, ",state=\"%s\"", state);
	strbuf_addf(out, "} %" PRId64 "\n", number);
}

static void add_single(struct strbuf *out, const char *name, const char *help, int64_t number)
{
	add_head(out, name, "gauge", help);
	strbuf_addf(out, "pannier_%s %" PRId64 "\n", name, number);
}

/* ---- stores ---- */

static struct str store_name(const struct snapshot *settings, int64_t id)
{
	const struct settings_store *store = snapshot_store(settings, id);

	return store ? store->name : (struct str){ 0 };
}

static void add_stores(struct strbuf *out, const struct snapshot *settings, const struct summary *summary)
{
	add_head(out, "store_messages_total", "counter", "messages of a store by what became of them");
	for (size_t i = 0; i < summary->n_store; i++) {
		const struct store_summary *row = &summary->store[i];
		struct str name = store_name(settings, row->store_id);

		if (name.len == 0)
			continue;
		add_row(out, "store_messages_total", "store", name, "received", row->received);
		add_row(out, "store_messages_total", "store", name, "mapped", row->mapped);
		add_row(out, "store_messages_total", "store", name, "ignored", row->ignored);
		add_row(out, "store_messages_total", "store", name, "duplicate", row->duplicate);
		add_row(out, "store_messages_total", "store", name, "discarded", row->discarded);
	}
	add_head(out, "store_open", "gauge", "messages, products and categories of a store that wait");
	for (size_t i = 0; i < summary->n_store; i++) {
		const struct store_summary *row = &summary->store[i];
		struct str name = store_name(settings, row->store_id);

		if (name.len == 0)
			continue;
		add_row(out, "store_open", "store", name, "pending", row->pending);
		add_row(out, "store_open", "store", name, "failed", row->failed);
		add_row(out, "store_open", "store", name, "due", row->due);
		add_row(out, "store_open", "store", name, "held", row->held);
	}
}

/* ---- accounts ---- */

static struct str account_name(const struct snapshot *settings, int64_t id)
{
	const struct settings_account *account = snapshot_account(settings, id);

	return account ? account->name : (struct str){ 0 };
}

static void add_accounts(struct strbuf *out, const struct snapshot *settings, const struct summary *summary,
			 int64_t now_ms)
{
	add_head(out, "account_deliveries_total", "counter",
		 "deliveries of an account by what became of them");
	for (size_t i = 0; i < summary->n_account; i++) {
		const struct account_summary *row = &summary->account[i];
		struct str name = account_name(settings, row->account_id);

		if (name.len == 0)
			continue;
		add_row(out, "account_deliveries_total", "account", name, "created", row->created);
		add_row(out, "account_deliveries_total", "account", name, "accepted", row->accepted);
		add_row(out, "account_deliveries_total", "account", name, "skipped", row->skipped);
	}
	add_head(out, "account_open", "gauge",
		 "deliveries of an account that wait, are under way or have failed");
	for (size_t i = 0; i < summary->n_account; i++) {
		const struct account_summary *row = &summary->account[i];
		struct str name = account_name(settings, row->account_id);

		if (name.len == 0)
			continue;
		add_row(out, "account_open", "account", name, "ready", row->ready);
		add_row(out, "account_open", "account", name, "waiting", row->waiting);
		add_row(out, "account_open", "account", name, "sending", row->sending);
		add_row(out, "account_open", "account", name, "failed", row->failed);
	}
	add_head(out, "account_oldest_seconds", "gauge", "age of the oldest delivery that is not done");
	for (size_t i = 0; i < summary->n_account; i++) {
		const struct account_summary *row = &summary->account[i];
		struct str name = account_name(settings, row->account_id);

		if (name.len > 0)
			add_row(out, "account_oldest_seconds", "account", name, NULL,
				row->oldest_ms > 0 ? (now_ms - row->oldest_ms) / MS_PER_S : 0);
	}
}

/* ---- what is stopped ---- */

static bool add_stops(struct app *app, struct strbuf *out, const struct snapshot *settings,
		      struct arena *arena, struct err *err)
{
	add_head(out, "account_stopped", "gauge",
		 "1: sending of an account, or of an API family of it, is stopped");
	for (size_t i = 0; i < settings->n_account; i++) {
		struct health_stop *stop;
		size_t n;

		if (!health_get(app->db, settings->account[i].id, arena, &stop, &n, err))
			return false;
		for (size_t k = 0; k < n; k++)
			add_row(out, "account_stopped", "account", settings->account[i].name,
				arena_cstr(arena, stop[k].what), 1);
	}
	return true;
}

/* ---- who has gone quiet ---- */

static bool add_silences(struct app *app, struct strbuf *out, const struct snapshot *settings, int64_t now_ms,
			 struct err *err)
{
	add_head(out, "store_silent_seconds", "gauge",
		 "how long a shop has been quiet that usually sends at this time; 0: it is not");
	for (size_t i = 0; i < settings->n_store; i++) {
		const struct settings_store *store = &settings->store[i];
		int64_t since_ms;

		if (!silence_since(app->db, store->account->id, store->id, &since_ms, err))
			return false;
		add_row(out, "store_silent_seconds", "store", store->name, NULL,
			since_ms > 0 ? (now_ms - since_ms) / MS_PER_S : 0);
	}
	return true;
}

bool metrics_write(struct app *app, struct strbuf *out, struct err *err)
{
	struct arena arena;
	struct summary summary = { 0 };
	const struct snapshot *settings;
	int64_t now_ms = clock_wall_ms(app->ctx.clock);
	bool ok;

	arena_init(&arena);
	if (!db_summary(app->db, now_ms, &arena, &summary, err)) {
		arena_release(&arena);
		return false;
	}
	settings = settings_take(app->settings);
	add_head(out, "build_info", "gauge", "the version that runs");
	strbuf_add_text(out, "pannier_build_info{version=\"" PANNIER_VERSION "\"} 1\n");
	counter_write_prometheus(out);
	add_single(out, "conservation_error", "1: the books do not balance; -1: not checked yet",
		   retain_conservation());
	add_single(out, "inbox_waiting", "messages received but not committed yet",
		   (int64_t)inbox_waiting(app->inbox));
	add_single(out, "database_bytes", "size of the database on disk", summary.bytes);
	add_single(out, "idle", "1: nothing is due", summary.idle);
	add_stores(out, settings, &summary);
	add_accounts(out, settings, &summary, now_ms);
	ok = add_stops(app, out, settings, &arena, err) && add_silences(app, out, settings, now_ms, err);
	settings_release(app->settings, settings);
	arena_release(&arena);
	return ok;
}
