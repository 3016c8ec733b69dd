/*
 * What messages come to: sums of what Klaviyo would be told.
 *
 * Pure.
 */
#include "flow/telling.h"
#include "flow/deliver_internal.h"

#include "base/clock.h"
#include "base/json.h"

static const struct {
	const char *name;
	enum endpoint endpoint, single;
} rows[] = {
#define TELLING_ROW(name, endpoint, single) { #name, ENDPOINT_##endpoint, ENDPOINT_##single },
	TELLINGS(TELLING_ROW)
#undef TELLING_ROW
};

const char *telling_text(enum telling telling)
{
	return rows[telling].name;
}

static int64_t lines_of(struct str body)
{
	struct json *json = NULL;
	struct err err;
	int64_t n = 0;

	if (json_parse(body, &json, &err)) {
		const struct json *data = json_get(json, "data");

		n = (int64_t)(json_len(json_get(data, "lines")) + json_len(json_get(data, "line_items")) +
			      json_len(json_get(data, "items")));
		json_free(json);
	}
	return n;
}

static void add_fact(struct tellings *tellings, const struct fact *fact, struct str body)
{
	int64_t *told = tellings->n;

	if (fact->op != FACT_SET)
		return;
	if (fact->entity.kind == ENTITY_ORDER && str_eq(fact->part, STR("placed")))
		told[TELLING_events] += 1 + lines_of(body);
	else if (fact->entity.kind == ENTITY_ORDER && !str_eq(fact->part, STR("base")))
		told[TELLING_events]++;
	else if (fact->entity.kind == ENTITY_VISITOR && str_starts(fact->part, STR("event.")))
		told[TELLING_events]++;
	else if (fact->entity.kind == ENTITY_PERSON && str_starts(fact->part, STR("consent.")))
		told[TELLING_consents]++;
	else if (fact->entity.kind == ENTITY_PERSON)
		told[TELLING_profiles]++;
	else if (fact->entity.kind == ENTITY_CATEGORY && str_eq(fact->part, STR("base")))
		told[TELLING_categories]++;
	else if (fact->entity.kind == ENTITY_PRODUCT && str_eq(fact->part, STR("base")))
		told[TELLING_items]++;
	else if (fact->entity.kind == ENTITY_VARIANT && str_eq(fact->part, STR("base")))
		told[TELLING_variants]++;
}

void tellings_add(struct tellings *tellings, const struct fact *fact, size_t n, struct str body)
{
	struct tellings before = *tellings;

	for (size_t i = 0; i < n; i++)
		add_fact(tellings, &fact[i], body);
	if (tellings->n[TELLING_variants] == before.n[TELLING_variants])
		tellings->n[TELLING_variants] += tellings->n[TELLING_items] - before.n[TELLING_items];
}

int64_t tellings_requests(const struct tellings *tellings, enum telling telling)
{
	int64_t n = tellings->n[telling];
	int64_t most = (int64_t)endpoint_rows_max(rows[telling].endpoint), rest;

	if (most > DELIVER_HISTORY_ROWS_MAX)
		most = DELIVER_HISTORY_ROWS_MAX;
	rest = n % most;
	if (rest > 0 && (rest >= DELIVER_SINGLE_BELOW || endpoint_takes_many(rows[telling].single)))
		rest = 1;
	return n / most + rest;
}

struct tellings_estimate tellings_estimate(const struct settings_account *account,
					   const struct tellings *tellings)
{
	int64_t percent = setting_int(account->value, SETTING_KEY_quota_percent);
	struct tellings_estimate out = { .all = 0 };

	for (int i = 0; i < TELLING_COUNT; i++) {
		const struct endpoint_row *row = endpoint_row(rows[i].endpoint);
		int64_t ms;

		out.requests[i] = tellings_requests(tellings, (enum telling)i);
		out.all += out.requests[i];
		ms = out.requests[i] * MS_PER_MIN * 100 / (row->steady_per_min * percent);
		out.ms = ms > out.ms ? ms : out.ms;
	}
	return out;
}
