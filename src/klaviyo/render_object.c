/*
 * Objects of events and profiles, written as text member by member: what is empty is left out, what is too
 * long is cut or left out, and what was cut is counted.
 *
 * Keeps:   a member is there whole or not at all; the buffer never holds more than bytes_max after a member.
 * Pure.
 */
#include "base/json.h"
#include "base/utf8.h"
#include "klaviyo/render_internal.h"

#include <inttypes.h>
#include <stdio.h>

/* ---- what was cut ---- */

static void add_cut(struct strbuf *out, const char *what, size_t n)
{
	if (n > 0)
		strbuf_addf(out, "%s%zu %s left out", out->len > 0 ? "; " : "", n, what);
}

struct str render_cuts_text(const struct render_cuts *cuts, struct arena *arena)
{
	struct strbuf out;

	strbuf_init(&out, 1000);
	if (cuts->email)
		strbuf_add_text(&out, "e-mail address left out: too long");
	if (cuts->time)
		strbuf_addf(&out, "%stime moved to 2000-01-01", out.len > 0 ? "; " : "");
	if (cuts->n_text > 0)
		strbuf_addf(&out, "%s%s cut at %zu bytes", out.len > 0 ? "; " : "", cuts->text,
			    cuts->text_bytes_max);
	if (cuts->n_text > 1)
		strbuf_addf(&out, ", and %zu more", cuts->n_text - 1);
	add_cut(&out, "elements of lists", cuts->n_element);
	add_cut(&out, "properties", cuts->n_property);
	add_cut(&out, "of the Items", cuts->n_item);
	return render_take(&out, arena);
}

static struct str cut_text(struct render_object *object, struct str name, struct str text)
{
	struct render_cuts *cuts = object->cuts;

	if (text.len <= object->text_bytes_max)
		return text;
	if (cuts->n_text++ == 0) {
		(void)snprintf(cuts->text, sizeof(cuts->text), "%.*s", STR_ARG(utf8_cut(name, 60)));
		cuts->text_bytes_max = object->text_bytes_max;
	}
	return utf8_cut(text, object->text_bytes_max);
}

/* ---- members ---- */

static void take_back(struct strbuf *out, size_t len)
{
	out->len = len;
	out->p[len] = '\0';
}

void render_open(struct render_object *object)
{
	strbuf_add_char(object->out, '{');
	object->n = 0;
}

void render_close(struct render_object *object)
{
	strbuf_add_char(object->out, '}');
}

/* ,"name": -- false if there is no room for another member. */
static bool put_name(struct render_object *object, struct str name)
{
	if (object->n >= object->n_max) {
		object->cuts->n_property++;
		return false;
	}
	if (object->n++ > 0)
		strbuf_add_char(object->out, ',');
	json_write_text(name, object->out);
	strbuf_add_char(object->out, ':');
	return true;
}

/* The member that began at before is written; it goes again if it is too much. */
static void end_member(struct render_object *object, size_t before)
{
	if (object->out->len <= object->bytes_max)
		return;
	take_back(object->out, before);
	object->n--;
	object->cuts->n_property++;
}

bool render_open_member(struct render_object *object, const char *name, struct render_object *member)
{
	if (!put_name(object, str_from(name)))
		return false;
	*member = *object;
	member->n_max = SIZE_MAX;
	render_open(member);
	return true;
}

void render_close_member(struct render_object *object, struct render_object *member, size_t before)
{
	if (member->n == 0) {
		take_back(object->out, before);
		object->n--;
		return;
	}
	render_close(member);
	end_member(object, before);
}

void render_named_text(struct render_object *object, struct str name, struct str text)
{
	size_t before = object->out->len;

	if (text.len == 0 || !put_name(object, name))
		return;
	json_write_text(cut_text(object, name, text), object->out);
	end_member(object, before);
}

void render_text(struct render_object *object, const char *name, struct str text)
{
	render_named_text(object, str_from(name), text);
}

void render_json(struct render_object *object, const char *name, const char *json)
{
	size_t before = object->out->len;

	if (!put_name(object, str_from(name)))
		return;
	strbuf_add_text(object->out, json);
	end_member(object, before);
}

void render_int(struct render_object *object, const char *name, int64_t value)
{
	render_json(object, name, arena_printf(object->arena, "%" PRId64, value).p);
}

void render_money(struct render_object *object, const char *name, struct money amount)
{
	render_json(object, name, money_text(amount, object->arena).p);
}

static size_t count_digits(struct str text)
{
	size_t n = 0;

	while (n < text.len && text.p[n] >= '0' && text.p[n] <= '9')
		n++;
	return n;
}

/* Is it a number of JSON without an exponent, and short enough to be exact? */
static bool is_number(struct str text)
{
	size_t whole, fraction;

	if (str_starts(text, STR("-")))
		text = str_skip(text, 1);
	whole = count_digits(text);
	if (whole == 0 || whole > 15 || (whole > 1 && text.p[0] == '0'))
		return false;
	text = str_skip(text, whole);
	if (text.len == 0)
		return true;
	fraction = count_digits(str_skip(text, 1));
	return text.p[0] == '.' && fraction > 0 && fraction <= 15 && fraction + 1 == text.len;
}

void render_number(struct render_object *object, const char *name, struct str decimal)
{
	if (is_number(decimal))
		render_json(object, name, arena_cstr(object->arena, decimal));
	else
		render_text(object, name, decimal);
}

/* ---- lists ---- */

static void put_elements(struct render_object *object, struct str name, const struct str *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t before = object->out->len;

		if (i > 0)
			strbuf_add_char(object->out, ',');
		json_write_text(cut_text(object, name, text[i]), object->out);
		if (object->out->len + 1 > object->bytes_max) {
			take_back(object->out, before);
			object->cuts->n_element += n - i;
			return;
		}
	}
}

void render_list(struct render_object *object, const char *name, const struct str *text, size_t n)
{
	size_t before = object->out->len;
	size_t n_max = n < RENDER_ELEMENTS_MAX ? n : RENDER_ELEMENTS_MAX;

	if (n == 0 || !put_name(object, str_from(name)))
		return;
	object->cuts->n_element += n - n_max;
	strbuf_add_char(object->out, '[');
	put_elements(object, str_from(name), text, n_max);
	strbuf_add_char(object->out, ']');
	end_member(object, before);
}
