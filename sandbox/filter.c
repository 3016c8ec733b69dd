/*
 * Reads the filter parameter.
 *
 * Doesn't: know which fields and operators an endpoint allows (list.c).
 * Keeps:   recursion only through and(...), at most AND_DEPTH_MAX deep.
 * Threads: pure.
 */
#include "sandbox/filter.h"

#define AND_DEPTH_MAX 5

struct reader {
	struct str rest;
	struct arena *arena;
	struct filter *filter;
};

static void skip_space(struct reader *reader)
{
	while (reader->rest.len > 0 && reader->rest.p[0] == ' ')
		reader->rest = str_skip(reader->rest, 1);
}

static bool take_char(struct reader *reader, char c)
{
	skip_space(reader);
	if (reader->rest.len == 0 || reader->rest.p[0] != c)
		return false;
	reader->rest = str_skip(reader->rest, 1);
	return true;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '-' || c == '.' || c == ':' || c == '+' || c == '$';
}

static bool take_word(struct reader *reader, struct str *word)
{
	size_t n = 0;

	skip_space(reader);
	while (n < reader->rest.len && is_word(reader->rest.p[n]))
		n++;
	*word = str_of(reader->rest.p, n);
	reader->rest = str_skip(reader->rest, n);
	return n > 0;
}

static bool take_quoted(struct reader *reader, char quote, struct str *value)
{
	char *text = arena_alloc(reader->arena, reader->rest.len + 1);
	size_t n = 0, i = 0;

	for (; i < reader->rest.len && reader->rest.p[i] != quote; i++) {
		if (reader->rest.p[i] == '\\' && i + 1 < reader->rest.len)
			i++;
		text[n++] = reader->rest.p[i];
	}
	if (i == reader->rest.len)
		return false;
	reader->rest = str_skip(reader->rest, i + 1);
	*value = str_of(text, n);
	return true;
}

static bool take_value(struct reader *reader, struct str *value)
{
	if (take_char(reader, '\''))
		return take_quoted(reader, '\'', value);
	if (take_char(reader, '"'))
		return take_quoted(reader, '"', value);
	return take_word(reader, value);
}

static bool take_values(struct reader *reader, struct filter_term *term)
{
	term->list = take_char(reader, '[');
	term->value = ARENA_ARRAY(reader->arena, term->list ? FILTER_VALUES_MAX : 1, struct str);
	do {
		if (term->n == (term->list ? FILTER_VALUES_MAX : 1) ||
		    !take_value(reader, &term->value[term->n]))
			return false;
		term->n++;
	} while (term->list && take_char(reader, ','));
	return !term->list || take_char(reader, ']');
}

static const char *take_terms(struct reader *reader, int depth);

static const char *take_term(struct reader *reader, int depth)
{
	static const char broken[] = "Invalid filter provided.";
	struct filter_term term = { 0 };
	const char *fault;

	if (!take_word(reader, &term.op) || !take_char(reader, '('))
		return broken;
	if (str_eq(term.op, STR("and"))) {
		if (depth == AND_DEPTH_MAX)
			return broken;
		fault = take_terms(reader, depth + 1);
		return fault ? fault : take_char(reader, ')') ? NULL : broken;
	}
	if (reader->filter->n == FILTER_TERMS_MAX)
		return "Invalid filter provided: too many conditions.";
	if (!take_word(reader, &term.field) || !take_char(reader, ',') || !take_values(reader, &term) ||
	    !take_char(reader, ')'))
		return broken;
	reader->filter->term[reader->filter->n++] = term;
	return NULL;
}

static const char *take_terms(struct reader *reader, int depth)
{
	const char *fault;

	do {
		fault = take_term(reader, depth);
	} while (!fault && take_char(reader, ','));
	return fault;
}

const char *filter_parse(struct str text, struct arena *arena, struct filter *filter)
{
	struct reader reader = { .rest = text, .arena = arena, .filter = filter };
	const char *fault;

	filter->n = 0;
	if (str_trim(text).len == 0)
		return NULL;
	fault = take_terms(&reader, 0);
	skip_space(&reader);
	if (!fault && reader.rest.len > 0)
		fault = "Invalid filter provided.";
	return fault;
}
