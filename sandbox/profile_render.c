/*
 * Profiles and lists as JSON:API, with the links Klaviyo gives.
 *
 * Keeps:   attributes come in the order of the specification; subscriptions only when they are asked for.
 * Threads: the server's thread.
 */
#include "sandbox/profile_render.h"

#include "sandbox/render.h"

static void separate(struct strbuf *out)
{
	if (out->len > 0 && out->p[out->len - 1] != '{' && out->p[out->len - 1] != '[')
		strbuf_add_char(out, ',');
}

static void add_name(const char *name, struct strbuf *out)
{
	separate(out);
	strbuf_addf(out, "\"%s\":", name);
}

static void add_text(const char *name, struct str text, struct strbuf *out)
{
	add_name(name, out);
	if (text.len > 0)
		json_write_text(text, out);
	else
		strbuf_add_text(out, "null");
}

void render_time_or_null(const char *name, int64_t wall_ms, struct strbuf *out)
{
	if (wall_ms != 0) {
		render_time(name, wall_ms, out);
		return;
	}
	add_name(name, out);
	strbuf_add_text(out, "null");
}

/* ---- subscriptions ---- */

static void add_suppressions(const struct consent *consent, struct strbuf *out)
{
	strbuf_add_text(out, ",\"suppression\":[");
	for (int i = 0; consent && i < SUPPRESSION_COUNT; i++) {
		if (!consent->suppressed_ms[i])
			continue;
		separate(out);
		strbuf_addf(out, "{\"reason\":\"%s\"", suppression_text((enum suppression)i));
		render_time("timestamp", consent->suppressed_ms[i], out);
		strbuf_add_char(out, '}');
	}
	strbuf_add_text(out, "],\"list_suppressions\":[");
	for (size_t i = 0; consent && i < consent->n_lists; i++) {
		separate(out);
		strbuf_addf(out, "{\"list_id\":\"%s\",\"reason\":\"UNSUBSCRIBE\"", consent->list[i].list->id);
		render_time("timestamp", consent->list[i].at_ms, out);
		strbuf_add_char(out, '}');
	}
	strbuf_add_char(out, ']');
}

/* E-mail may go to whoever is not suppressed; all else to who agreed. */
static bool can_receive(const struct consent *consent, enum channel channel)
{
	if (channel == CHANNEL_EMAIL_MARKETING)
		return !consent_is_suppressed(consent);
	return consent && consent->channel[channel].state == CONSENT_SUBSCRIBED;
}

static void add_channel(const struct consent *consent, enum channel channel, struct strbuf *out)
{
	static const struct channel_state never;
	const struct channel_state *state = consent ? &consent->channel[channel] : &never;
	struct str source = str_from(state->source);

	strbuf_addf(out, "\"%s\":{\"%s\":%s,\"consent\":\"%s\"", channel_row(channel)->name,
		    channel_row(channel)->can_receive, can_receive(consent, channel) ? "true" : "false",
		    consent_state_text(state->state));
	render_time_or_null("consent_timestamp", state->at_ms, out);
	if (channel != CHANNEL_PUSH_MARKETING)
		render_time_or_null("last_updated", state->updated_ms, out);
	if (channel == CHANNEL_EMAIL_MARKETING || channel == CHANNEL_SMS_MARKETING ||
	    channel == CHANNEL_SMS_TRANSACTIONAL) {
		add_text("method", state->updated_ms ? STR("API") : STR(""), out);
		add_text("method_detail", source, out);
	}
	if (channel == CHANNEL_EMAIL_MARKETING) {
		add_text("custom_method_detail", source, out);
		strbuf_addf(out, ",\"double_optin\":%s",
			    consent && consent->pending & (1u << channel) ? "true" : "false");
		add_suppressions(consent, out);
	}
	strbuf_add_char(out, '}');
}

void render_subscriptions(const struct consent *consent, struct strbuf *out)
{
	struct str group = { 0 };

	strbuf_add_char(out, '{');
	for (int i = 0; i < CHANNEL_COUNT; i++) {
		struct str own = str_from(channel_row((enum channel)i)->group);

		if (!str_eq(own, group)) {
			strbuf_add_text(out, i ? "}," : "");
			strbuf_addf(out, "\"%s%.*s\":{", str_eq(own, STR("push")) ? "mobile_" : "",
				    STR_ARG(own));
			group = own;
		} else {
			strbuf_add_char(out, ',');
		}
		add_channel(consent, (enum channel)i, out);
	}
	strbuf_add_text(out, "}}");
}

/* ---- profiles ---- */

static void add_value(const struct profile *profile, const char *name, struct str fields, struct strbuf *out)
{
	if (!fields_want(fields, name))
		return;
	add_name(name, out);
	json_write(json_get(profile->values, name), false, out);
}

static void add_object(const struct profile *profile, const char *name, struct str fields, struct strbuf *out)
{
	if (!fields_want(fields, name))
		return;
	add_name(name, out);
	if (json_get(profile->values, name))
		json_write(json_get(profile->values, name), false, out);
	else
		strbuf_add_text(out, "{}");
}

static void add_times(const struct profile *profile, struct str fields, struct strbuf *out)
{
	if (fields_want(fields, "created"))
		render_time("created", profile->created_ms, out);
	if (fields_want(fields, "updated"))
		render_time("updated", profile->updated_ms, out);
	if (fields_want(fields, "last_event_date"))
		render_time_or_null("last_event_date", profile->last_event_ms, out);
}

void render_profile_attributes(const struct profile *profile, struct str fields, bool subscriptions,
			       const struct member *member, struct strbuf *out)
{
	static const char *const value[] = { "first_name", "last_name", "organization",
					     "locale",	   "title",	"image" };

	for (int i = 0; i < IDENTIFIER_STRONG_COUNT; i++) {
		enum identifier kind = (enum identifier)i;

		if (fields_want(fields, identifier_name(kind)))
			add_text(identifier_name(kind), profile_key_text(profile, kind), out);
	}
	for (size_t i = 0; i < ARRAY_LEN(value); i++)
		add_value(profile, value[i], fields, out);
	add_times(profile, fields, out);
	add_object(profile, "location", fields, out);
	add_object(profile, "properties", fields, out);
	if (member && fields_want(fields, "joined_group_at"))
		render_time("joined_group_at", member->joined_ms, out);
	if (subscriptions && fields_want(fields, "subscriptions")) {
		add_name("subscriptions", out);
		render_subscriptions(profile->consent, out);
	}
}

static void add_relation(struct call *call, const char *path, const char *id, const char *name,
			 struct strbuf *out)
{
	struct str base = query_base(call);

	strbuf_addf(out,
		    "\"%s\":{\"links\":{\"self\":\"%.*s/api/%s/%s/relationships/%s\","
		    "\"related\":\"%.*s/api/%s/%s/%s\"}}",
		    name, STR_ARG(base), path, id, name, STR_ARG(base), path, id, name);
}

void render_profile(struct call *call, const struct profile *profile, const struct query *query,
		    const struct member *member, struct strbuf *out)
{
	struct str base = query_base(call);

	strbuf_addf(out, "{\"type\":\"profile\",\"id\":\"%s\",\"attributes\":{", profile->id);
	render_profile_attributes(profile, query->fields_of[FIELDS_PROFILE], query->subscriptions, member,
				  out);
	strbuf_add_text(out, "},\"relationships\":{");
	add_relation(call, "profiles", profile->id, "lists", out);
	strbuf_add_char(out, ',');
	add_relation(call, "profiles", profile->id, "segments", out);
	strbuf_addf(out, "},\"links\":{\"self\":\"%.*s/api/profiles/%s\"}}", STR_ARG(base), profile->id);
}

void reply_profile(struct call *call, int status, const struct profile *profile, const struct query *query)
{
	struct str base = query_base(call);
	struct strbuf out;

	strbuf_init(&out, REPLY_BYTES_MAX);
	strbuf_add_text(&out, "{\"data\":");
	render_profile(call, profile, query, NULL, &out);
	strbuf_addf(&out, ",\"links\":{\"self\":\"%.*s/api/profiles/%s\"}}", STR_ARG(base), profile->id);
	reply_take(call, status, &out);
}

/* ---- lists ---- */

void render_list(struct call *call, const struct profile_list *list, const struct query *query,
		 struct strbuf *out)
{
	struct str fields = query->fields_of[FIELDS_LIST];
	struct str base = query_base(call);

	strbuf_addf(out, "{\"type\":\"list\",\"id\":\"%s\",\"attributes\":{", list->id);
	if (fields_want(fields, "name"))
		add_text("name", list->name, out);
	if (fields_want(fields, "created"))
		render_time("created", list->created_ms, out);
	if (fields_want(fields, "updated"))
		render_time("updated", list->updated_ms, out);
	if (fields_want(fields, "opt_in_process"))
		add_text("opt_in_process", list->double_opt_in ? STR("double_opt_in") : STR("single_opt_in"),
			 out);
	if (query->profile_count) {
		add_name("profile_count", out);
		strbuf_addf(out, "%zu", list->n);
	}
	strbuf_add_text(out, "},\"relationships\":{");
	add_relation(call, "lists", list->id, "profiles", out);
	strbuf_add_char(out, ',');
	add_relation(call, "lists", list->id, "tags", out);
	strbuf_add_char(out, ',');
	add_relation(call, "lists", list->id, "flow-triggers", out);
	strbuf_addf(out, "},\"links\":{\"self\":\"%.*s/api/lists/%s\"}}", STR_ARG(base), list->id);
}
