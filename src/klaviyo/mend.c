/*
 * Mending what Klaviyo refuses: a phone number is the one part of a person that is wrong often enough, and
 * that the rest can do without. And the id of a profile, once it was looked for and as long as it is of use;
 * and who the person of an event is now.
 *
 * The number is cut out of the stored text, so that all else stays byte by byte what it was.
 * Pure.
 */
#include "klaviyo/render_internal.h"

static struct str member_of(struct str object, const char *name)
{
	struct json_member member[RENDER_MEMBERS_MAX];
	size_t n;

	if (!json_scan(object, member, RENDER_MEMBERS_MAX, &n, NULL, NULL))
		return (struct str){ 0 };
	return render_find_member(member, n, name);
}

/* The attributes of the person, a part of the body. */
static struct str person_of(const struct delivery *delivery)
{
	struct str attributes = member_of(delivery->body, "attributes");

	if (delivery->kind == KLAVIYO_PROFILE)
		return attributes;
	if (delivery->kind != KLAVIYO_EVENT)
		return (struct str){ 0 }; /* a consent is about its address */
	return member_of(member_of(member_of(attributes, "profile"), "data"), "attributes");
}

static bool has_other_id(const struct json_member *member, size_t n)
{
	return render_find_member(member, n, "email").len > 0 ||
	       render_find_member(member, n, "external_id").len > 0 ||
	       render_find_member(member, n, "_kx").len > 0;
}

/* The body without member i, and without one of the commas beside it. */
static struct str without(struct str body, const struct json_member *member, size_t n, size_t i,
			  struct arena *arena)
{
	const char *from = member[i].name.p - 1;
	const char *to = member[i].value.p + member[i].value.len;

	if (i + 1 < n)
		to = member[i + 1].name.p - 1;
	else if (i > 0)
		from = member[i - 1].value.p + member[i - 1].value.len;
	return arena_printf(arena, "%.*s%.*s", (int)(from - body.p), body.p, (int)(body.p + body.len - to),
			    to);
}

bool mend_phone(const struct delivery *delivery, struct arena *arena, struct str *out)
{
	struct json_member member[RENDER_MEMBERS_MAX];
	struct str person = person_of(delivery);
	size_t n;

	if (person.len == 0 || !json_scan(person, member, RENDER_MEMBERS_MAX, &n, NULL, NULL) ||
	    n == RENDER_MEMBERS_MAX || !has_other_id(member, n))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (str_eq(member[i].name, STR("phone_number"))) {
			*out = without(delivery->body, member, n, i, arena);
			return true;
		}
	}
	return false;
}

/* Does the member tell the person by the address that the profile has no more, or has another one of? */
static bool is_former(const struct json_member *member, bool former_is_phone, bool now_is_phone)
{
	if (str_eq(member->name, STR("phone_number")))
		return former_is_phone || now_is_phone;
	return str_eq(member->name, STR("email"));
}

struct str klaviyo_event_now(const struct delivery *event, struct arena *arena)
{
	bool former_is_phone = str_starts(event->parent_external_id, STR("+"));
	bool now_is_phone = str_starts(event->person_now, STR("+"));
	struct json_member member[RENDER_MEMBERS_MAX];
	struct str body = event->body, person;
	struct strbuf out;
	size_t n;

	if (event->person_now.len == 0)
		return body;
	person = person_of(event);
	if (person.len == 0 || !json_scan(person, member, RENDER_MEMBERS_MAX, &n, NULL, NULL) ||
	    n == RENDER_MEMBERS_MAX)
		return body;
	strbuf_init(&out, RENDER_OUT_BYTES_MAX);
	strbuf_add(&out, body.p, (size_t)(person.p - body.p));
	strbuf_add_text(&out, now_is_phone ? "{\"phone_number\":" : "{\"email\":");
	json_write_text(event->person_now, &out);
	for (size_t i = 0; i < n; i++) {
		if (is_former(&member[i], former_is_phone, now_is_phone))
			continue;
		strbuf_addf(&out, ",\"%.*s\":", STR_ARG(member[i].name));
		strbuf_add_str(&out, member[i].value);
	}
	strbuf_add_char(&out, '}');
	strbuf_add_str(&out, str_skip(body, (size_t)(person.p - body.p) + person.len));
	return render_take(&out, arena);
}

struct str mend_with_id(struct str profile, struct str id, struct arena *arena)
{
	struct str attributes = member_of(profile, "attributes");
	struct strbuf out;

	strbuf_init(&out, RENDER_OUT_BYTES_MAX);
	strbuf_add_text(&out, "{\"type\":\"profile\"");
	render_put_text(&out, "id", id);
	strbuf_add_text(&out, ",\"attributes\":");
	strbuf_add_str(&out, attributes);
	strbuf_add_char(&out, '}');
	return render_take(&out, arena);
}

bool mend_id(const struct delivery *delivery, struct arena *arena, struct str *out)
{
	struct json_member member[RENDER_MEMBERS_MAX];
	size_t n;

	if (delivery->kind != KLAVIYO_PROFILE ||
	    !json_scan(delivery->body, member, RENDER_MEMBERS_MAX, &n, NULL, NULL))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (str_eq(member[i].name, STR("id"))) {
			*out = without(delivery->body, member, n, i, arena);
			return true;
		}
	}
	return false;
}
