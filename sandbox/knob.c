/*
 * The knobs: one table for the command line, the run-time control and the help.
 *
 * Keeps:   a change is whole or not at all.
 * Threads: on the server's thread once it runs.
 */
#include "sandbox/knob.h"

#include "base/alloc.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

enum knob_type { NUMBER, FLAG, CHOICE, TEXTS };

static const struct knob_row {
	const char *name;
	enum knob_type type;
	const char *option;
	size_t offset;
	int64_t initial, low, high;
	const char *help; /* of a choice: the words, '|' between them and ':' behind */
} rows[] = {
#define KNOB_ROW(name, type, option, initial, low, high, help) \
	{ #name, type, option, offsetof(struct knobs, name), initial, low, high, help },
	KNOBS(KNOB_ROW)
#undef KNOB_ROW
};

static int64_t *number_of(struct knobs *knobs, const struct knob_row *row)
{
	return (int64_t *)(void *)((char *)knobs + row->offset);
}

static struct texts *texts_of(struct knobs *knobs, const struct knob_row *row)
{
	return (struct texts *)(void *)((char *)knobs + row->offset);
}

static void texts_clear(struct texts *texts)
{
	for (size_t i = 0; i < texts->n; i++)
		mem_free(texts->text[i]);
	mem_free(texts->text);
	*texts = (struct texts){ 0 };
}

static void texts_add(struct texts *texts, struct str text)
{
	char *copy = mem_alloc(text.len + 1);

	if (text.len)
		memcpy(copy, text.p, text.len);
	copy[text.len] = '\0';
	texts->text = mem_resize(texts->text, (texts->n + 1) * sizeof(*texts->text));
	texts->text[texts->n++] = copy;
}

bool texts_has(const struct texts *texts, struct str text)
{
	for (size_t i = 0; i < texts->n; i++)
		if (str_eq(text, str_from(texts->text[i])))
			return true;
	return false;
}

void knobs_init(struct knobs *knobs)
{
	*knobs = (struct knobs){ 0 };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].type != TEXTS)
			*number_of(knobs, &rows[i]) = rows[i].initial;
}

void knobs_release(struct knobs *knobs)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].type == TEXTS)
			texts_clear(texts_of(knobs, &rows[i]));
}

static const struct knob_row *find_row(struct str name, bool by_option)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *row_name = by_option ? rows[i].option : rows[i].name;

		if (row_name && str_eq(name, str_from(row_name)))
			return &rows[i];
	}
	return NULL;
}

/* The words of a choice, one after the other. */
static bool next_word(struct str *words, struct str *word)
{
	return str_split(words, '|', word);
}

static struct str choice_words(const struct knob_row *row)
{
	struct str help = str_from(row->help);

	return str_of(help.p, str_find_char(help, ':'));
}

static bool find_choice(const struct knob_row *row, struct str text, int64_t *index)
{
	struct str words = choice_words(row);
	struct str word;

	for (*index = 0; next_word(&words, &word); (*index)++)
		if (str_eq(word, text))
			return true;
	return false;
}

static struct str choice_word(const struct knob_row *row, int64_t index)
{
	struct str words = choice_words(row);
	struct str word = { 0 };

	for (int64_t i = 0; i <= index && next_word(&words, &word); i++)
		continue;
	return word;
}

static bool number_in_range(const struct knob_row *row, int64_t number, struct err *err)
{
	if (number >= row->low && number <= row->high)
		return true;
	return err_set(err, ERR_INVALID, "'%s' goes from %" PRId64 " to %" PRId64, row->name, row->low,
		       row->high);
}

static bool texts_value_ok(const struct json *value)
{
	if (json_type(value) == JSON_STRING || json_type(value) == JSON_NULL)
		return true;
	if (json_type(value) != JSON_ARRAY || json_len(value) > KNOB_TEXTS_MAX)
		return false;
	for (size_t i = 0; i < json_len(value); i++)
		if (json_type(json_at(value, i)) != JSON_STRING)
			return false;
	return true;
}

static void texts_set(struct texts *texts, const struct json *value)
{
	texts_clear(texts);
	if (json_type(value) == JSON_STRING)
		texts_add(texts, json_text(value));
	for (size_t i = 0; i < json_len(value); i++)
		texts_add(texts, json_text(json_at(value, i)));
}

/* Reads the value of a number, flag or choice. */
static bool read_number(const struct knob_row *row, const struct json *value, int64_t *out, struct err *err)
{
	enum json_type type = json_type(value);

	if (row->type == FLAG && (type == JSON_TRUE || type == JSON_FALSE)) {
		*out = type == JSON_TRUE;
		return true;
	}
	if (row->type == CHOICE && type == JSON_STRING && find_choice(row, json_text(value), out))
		return true;
	if (row->type == NUMBER && type == JSON_INTEGER) {
		*out = (int64_t)json_number(value);
		return number_in_range(row, *out, err);
	}
	return err_set(err, ERR_INVALID, "'%s' is %s", row->name,
		       row->type == FLAG ? "true or false" : row->type == CHOICE ? row->help : "an integer");
}

static bool change_one(struct knobs *knobs, struct str name, const struct json *value, bool apply,
		       struct err *err)
{
	const struct knob_row *row = find_row(name, false);
	int64_t number = 0;

	if (!row)
		return err_set(err, ERR_INVALID, "there is no knob '%.*s'", STR_ARG(name));
	if (row->type == TEXTS) {
		if (!texts_value_ok(value))
			return err_set(err, ERR_INVALID,
				       "'%s' is a string, a list of at most %d strings, or null", row->name,
				       KNOB_TEXTS_MAX);
		if (apply)
			texts_set(texts_of(knobs, row), value);
		return true;
	}
	if (!read_number(row, value, &number, err))
		return false;
	if (apply)
		*number_of(knobs, row) = number;
	return true;
}

bool knobs_change(struct knobs *knobs, const struct json *object, struct err *err)
{
	if (json_type(object) != JSON_OBJECT)
		return err_set(err, ERR_INVALID, "a JSON object is expected");
	for (int apply = 0; apply <= 1; apply++)
		for (void *it = json_first(object); it; it = json_next(object, it))
			if (!change_one(knobs, json_member_name(it), json_member_value(it), apply, err))
				return false;
	return true;
}

bool knobs_option_is_flag(struct str name)
{
	const struct knob_row *row = find_row(name, true);

	return row && row->type == FLAG;
}

bool knobs_option(struct knobs *knobs, struct str name, const char *value, struct err *err)
{
	const struct knob_row *row = find_row(name, true);
	int64_t number = 1;

	if (!row)
		return err_set(err, ERR_NOT_FOUND, "there is no option '--%.*s'", STR_ARG(name));
	if (row->type == CHOICE && !find_choice(row, str_from(value), &number))
		return err_set(err, ERR_INVALID, "'--%s' is %.*s", row->option, STR_ARG(choice_words(row)));
	if (row->type == NUMBER && !str_to_int64(str_from(value), &number))
		return err_set(err, ERR_INVALID, "'--%s' takes an integer", row->option);
	if (row->type == NUMBER && !number_in_range(row, number, err))
		return false;
	*number_of(knobs, row) = number;
	return true;
}

static void render_texts(const struct texts *texts, struct strbuf *out)
{
	strbuf_add_char(out, '[');
	for (size_t i = 0; i < texts->n; i++) {
		if (i > 0)
			strbuf_add_char(out, ',');
		json_write_text(str_from(texts->text[i]), out);
	}
	strbuf_add_char(out, ']');
}

static void render_value(const struct knobs *knobs, const struct knob_row *row, struct strbuf *out)
{
	const char *at = (const char *)knobs + row->offset;
	int64_t number;

	if (row->type == TEXTS) {
		render_texts((const struct texts *)(const void *)at, out);
		return;
	}
	number = *(const int64_t *)(const void *)at;
	if (row->type == NUMBER)
		strbuf_addf(out, "%" PRId64, number);
	else if (row->type == FLAG)
		strbuf_add_text(out, number ? "true" : "false");
	else
		json_write_text(choice_word(row, number), out);
}

void knobs_render(const struct knobs *knobs, struct strbuf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		strbuf_addf(out, "%c\"%s\":", i ? ',' : '{', rows[i].name);
		render_value(knobs, &rows[i], out);
	}
	strbuf_add_char(out, '}');
}

void knobs_help(struct strbuf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct strbuf text;

		if (!rows[i].option)
			continue;
		strbuf_init(&text, 64);
		strbuf_addf(&text, "--%s%s", rows[i].option,
			    rows[i].type == FLAG ? "" : rows[i].type == NUMBER ? " N" : " WORD");
		strbuf_addf(out, "  %-24s %s\n", text.p, rows[i].help);
		strbuf_release(&text);
	}
}
