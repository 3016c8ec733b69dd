/*
 * What the sandbox holds and has counted, as JSON for tests.
 *
 * Threads: the server's thread.
 */
#include "sandbox/control.h"

#include "sandbox/render.h"

#include <inttypes.h>

/* ["external id", ...] of what an entity is linked with */
static void add_linked(const struct entity *entity, enum relation relation, struct strbuf *out)
{
	int side = link_side(entity);

	strbuf_add_char(out, '[');
	for (const struct link *link = entity->links[relation].first; link; link = link->next[side]) {
		if (link->prev[side])
			strbuf_add_char(out, ',');
		json_write_text(link->end[!side]->external_id, out);
	}
	strbuf_add_char(out, ']');
}

static void add_entity(const struct entity *entity, struct strbuf *out)
{
	struct str all = { 0 };

	strbuf_add_char(out, '{');
	render_attributes(entity, all, out);
	switch (entity->kind) {
	case KIND_ITEM:
		strbuf_add_text(out, ",\"categories\":");
		add_linked(entity, RELATION_CATEGORIES, out);
		strbuf_add_text(out, ",\"variants\":");
		add_linked(entity, RELATION_VARIANTS, out);
		break;
	case KIND_VARIANT:
		strbuf_add_text(out, ",\"item\":");
		json_write_text(variant_item(entity)->external_id, out);
		break;
	case KIND_CATEGORY:
		strbuf_add_text(out, ",\"items\":");
		add_linked(entity, RELATION_CATEGORIES, out);
		break;
	case KIND_COUNT:
		break;
	}
	strbuf_add_char(out, '}');
}

static void add_collection(const struct account *account, enum kind kind, struct strbuf *out)
{
	const struct collection *collection = &account->catalog.collection[kind];
	bool first = true;

	strbuf_addf(out, ",\"%s\":[", kind_row(kind)->plural);
	for (size_t i = 0; i < collection->n; i++) {
		if (!collection->slot[i].entity)
			continue;
		if (!first)
			strbuf_add_char(out, ',');
		first = false;
		add_entity(collection->slot[i].entity, out);
	}
	strbuf_add_char(out, ']');
}

static void add_job(const struct sandbox *sandbox, const struct job *job, struct strbuf *out)
{
	strbuf_addf(
		out,
		"{\"id\":\"%s\",\"type\":\"%s\",\"kind\":\"%s\",\"op\":\"%s\",\"status\":\"%s\","
		"\"applied\":%s,\"rows\":%zu,\"failed_count\":%zu,\"request_number\":%" PRId64 ",\"errors\":",
		job->id, kind_row(job->kind)->job_type[job->op], kind_row(job->kind)->name, op_name(job->op),
		job_status(job, sandbox_time_ms(sandbox)), job->state == JOB_WAITING ? "false" : "true",
		job->n_rows, job->n_failed, job->request_number);
	json_write(job->errors, false, out);
	strbuf_add_char(out, '}');
}

static void add_jobs(const struct sandbox *sandbox, const struct account *account, struct strbuf *out)
{
	bool first = true;

	strbuf_add_text(out, ",\"jobs\":[");
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		for (int op = 0; op < OP_COUNT; op++) {
			const struct job_list *list = &account->jobs.list[kind][op];

			for (size_t i = 0; i < list->n; i++) {
				if (!first)
					strbuf_add_char(out, ',');
				first = false;
				add_job(sandbox, list->job[i], out);
			}
		}
	}
	strbuf_add_char(out, ']');
}

void state_render_account(const struct sandbox *sandbox, const struct account *account, struct strbuf *out)
{
	strbuf_addf(out, "{\"key_last4\":\"%s\",\"id\":\"%s\"", account->last4, account->id);
	for (int kind = 0; kind < KIND_COUNT; kind++)
		add_collection(account, (enum kind)kind, out);
	add_jobs(sandbox, account, out);
	strbuf_add_text(out, ",\"people\":");
	people_render(sandbox, account, out);
	people_render_held(account, out);
	strbuf_add_char(out, '}');
}

static void add_effects(const struct journal *journal, struct strbuf *out)
{
	for (int kind = 0; kind < KIND_COUNT; kind++)
		strbuf_addf(
			out,
			"%s\"%s\":{\"created\":%" PRId64 ",\"updated\":%" PRId64 ",\"deleted\":%" PRId64 "}",
			kind ? "," : "", kind_row((enum kind)kind)->plural, journal->effect[kind][OP_CREATE],
			journal->effect[kind][OP_UPDATE], journal->effect[kind][OP_DELETE]);
}

void state_render_counts(const struct sandbox *sandbox, struct strbuf *out)
{
	const struct journal *journal = &sandbox->journal;
	int64_t requests = 0, rows = 0;
	bool first = true;

	for (size_t i = 0; i <= journal->n_routes; i++) {
		requests += journal->route[i].requests;
		rows += journal->route[i].rows;
	}
	strbuf_addf(out, "{\"requests\":%" PRId64 ",\"rows\":%" PRId64 ",\"throttled\":{\"total\":%" PRId64
		    ",\"caused_by_us\":%" PRId64 "},\"by_status\":", requests, rows, journal->throttled,
		    journal->throttled_by_us);
	journal_render_status(journal->route, journal->n_routes + 1, out);
	strbuf_add_text(out, ",\"effects\":{");
	add_effects(journal, out);
	strbuf_add_text(out, "},\"people\":");
	people_render_totals(sandbox, out);
	strbuf_add_text(out, ",\"routes\":[");
	for (size_t i = 0; i <= journal->n_routes; i++) {
		bool known = i < journal->n_routes;

		if (journal->route[i].requests == 0)
			continue;
		if (!first)
			strbuf_add_char(out, ',');
		first = false;
		journal_render_route(&journal->route[i], known ? route_at(i)->method : "",
				     known ? route_at(i)->pattern : "", out);
	}
	strbuf_add_text(out, "]}");
}
