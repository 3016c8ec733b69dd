/*
 * Options, place and report of a task, as they are kept with it.
 *
 * Pure.
 */
#include "flow/reconcile_internal.h"

#include "base/json.h"

#include <inttypes.h>

static const struct {
	const char *kept;
	const char *text;
} stage_row[STAGE_COUNT] = {
#define RECONCILE_STAGE_ROW(name, kept, text) { kept, text },
	RECONCILE_STAGES(RECONCILE_STAGE_ROW)
#undef RECONCILE_STAGE_ROW
};

static struct str write_text(struct json *json, struct arena *arena)
{
	struct str text = json_write_arena(json, false, arena);

	json_free(json);
	return text;
}

static int64_t number(const struct json *json, const char *name)
{
	int64_t n = 0;

	(void)json_get_int(json, name, &n);
	return n;
}

/* NULL, which reads as empty, if it is none of ours. */
static struct json *parse(struct str text)
{
	struct json *json = NULL;

	return text.len > 0 && json_parse(text, &json, NULL) ? json : NULL;
}

/* ---- options ---- */

struct str reconcile_options_text(const struct reconcile_options *options, struct arena *arena)
{
	struct json *json = json_new_object();

	json_set(json, "kinds", json_new_int(options->kinds));
	json_set(json, "fix", json_new_bool(options->fix));
	json_set(json, "confirmed", json_new_bool(options->confirmed));
	return write_text(json, arena);
}

struct reconcile_options reconcile_options_read(struct str text)
{
	struct json *json = parse(text);
	struct reconcile_options options = {
		.kinds = (unsigned)number(json, "kinds"),
		.fix = json_get_bool(json, "fix", false),
		.confirmed = json_get_bool(json, "confirmed", false),
	};

	json_free(json);
	return options;
}

/* ---- place ---- */

struct str reconcile_place_text(const struct reconcile_place *place, struct arena *arena)
{
	struct json *json = json_new_object();

	json_set_text(json, "stage", str_from(stage_row[place->stage].kept));
	json_set(json, "kind", json_new_int(place->kind));
	json_set_text(json, "after", place->after);
	json_set_text(json, "page", place->page);
	return write_text(json, arena);
}

struct reconcile_place reconcile_place_read(struct str text, struct arena *arena)
{
	struct json *json = parse(text);
	struct reconcile_place place = {
		.kind = (int)number(json, "kind"),
		.after = arena_dup(arena, json_get_text(json, "after")),
		.page = arena_dup(arena, json_get_text(json, "page")),
	};

	for (enum reconcile_stage stage = 0; stage < STAGE_COUNT; stage++)
		if (str_eq(json_get_text(json, "stage"), str_from(stage_row[stage].kept)))
			place.stage = stage;
	json_free(json);
	return place;
}

/* ---- report ---- */

/* The counts that are no verdicts, one row each. */
static const struct {
	const char *name;
	size_t at;
} count_row[] = {
	{ "there", offsetof(struct reconcile_report, n_there) },
	{ "requests", offsetof(struct reconcile_report, n_request) },
	{ "told", offsetof(struct reconcile_report, n_told) },
	{ "deleted", offsetof(struct reconcile_report, n_deleted) },
	{ "withheld", offsetof(struct reconcile_report, n_withheld) },
};

static int64_t *count_of(struct reconcile_report *report, size_t i)
{
	return (int64_t *)(void *)((char *)report + count_row[i].at);
}

struct str reconcile_report_text(const struct reconcile_report *report, struct arena *arena)
{
	struct reconcile_report copy = *report;
	struct json *json = json_new_object();

	for (enum klaviyo_kind kind = 0; kind < RECONCILE_KINDS; kind++) {
		struct json *of = json_new_object();

		for (enum found_verdict verdict = FOUND_SAME; verdict < FOUND_VERDICT_COUNT; verdict++)
			json_set(of, found_verdict_text(verdict), json_new_int(report->n[kind][verdict]));
		json_set(json, klaviyo_kind_text(kind), of);
	}
	for (size_t i = 0; i < sizeof(count_row) / sizeof(count_row[0]); i++)
		json_set(json, count_row[i].name, json_new_int(*count_of(&copy, i)));
	json_set(json, "ambiguous", json_new_bool(report->ambiguous));
	return write_text(json, arena);
}

struct reconcile_report reconcile_report_read(struct str text)
{
	struct reconcile_report report = { 0 };
	struct json *json = parse(text);

	for (enum klaviyo_kind kind = 0; kind < RECONCILE_KINDS; kind++)
		for (enum found_verdict verdict = FOUND_SAME; verdict < FOUND_VERDICT_COUNT; verdict++)
			report.n[kind][verdict] =
				number(json_get(json, klaviyo_kind_text(kind)), found_verdict_text(verdict));
	for (size_t i = 0; i < sizeof(count_row) / sizeof(count_row[0]); i++)
		*count_of(&report, i) = number(json, count_row[i].name);
	report.ambiguous = json_get_bool(json, "ambiguous", false);
	json_free(json);
	return report;
}

int64_t reconcile_count(const struct reconcile_report *report, enum found_verdict verdict)
{
	int64_t n = 0;

	for (enum klaviyo_kind kind = 0; kind < RECONCILE_KINDS; kind++)
		n += report->n[kind][verdict];
	return n;
}

int64_t reconcile_differ(const struct reconcile_report *report)
{
	int64_t n = 0;

	for (enum found_verdict verdict = FOUND_STALE; verdict < FOUND_VERDICT_COUNT; verdict++)
		n += reconcile_count(report, verdict);
	return n;
}

static void add(struct str *text, int64_t n, const char *what, struct arena *arena)
{
	if (n > 0)
		*text = arena_printf(arena, "%.*s%s%" PRId64 " %s", STR_ARG(*text), text->len > 0 ? ", " : "",
				     n, what);
}

struct str reconcile_summary(const struct reconcile_report *report, bool fix, struct arena *arena)
{
	struct str text = { 0 };

	for (enum found_verdict verdict = FOUND_STALE; verdict < FOUND_VERDICT_COUNT; verdict++)
		add(&text, reconcile_count(report, verdict), found_verdict_text(verdict), arena);
	if (text.len == 0)
		add(&text, reconcile_count(report, FOUND_SAME), "the same, none differs", arena);
	if (text.len == 0)
		text = STR("nothing to compare");
	add(&text, reconcile_count(report, FOUND_MOVING), "changing", arena);
	if (fix) {
		add(&text, report->n_told, "told again", arena);
		add(&text, report->n_deleted, "deleted", arena);
		add(&text, report->n_withheld, "not deleted: too many, confirm it", arena);
	}
	return text;
}

void reconcile_read(const struct task_row *task, struct reconcile_view *out)
{
	struct reconcile_place place;
	struct arena arena;

	arena_init(&arena);
	place = reconcile_place_read(task->place, &arena);
	*out = (struct reconcile_view){
		.options = reconcile_options_read(task->options),
		.stage = stage_row[place.stage].text,
		.report = reconcile_report_read(task->report),
	};
	arena_release(&arena);
}
