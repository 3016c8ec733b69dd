/*
 * Single values out of the bodies of facts: texts, times, amounts, quantities; and the ids made of them.
 *
 * Keeps:   nothing is guessed: what makes no sense is not there, and noted. Amounts never pass through a
 *          binary fraction. Notes name the member, never its contents.
 * Pure.
 */
#include "activity/fold_internal.h"

#include "base/clock.h"
#include "base/utf8.h"

#define UNIQUE_ID_BYTES_MAX   255
#define QUANTITY_DIGITS_MAX   9 /* before the point */
#define QUANTITY_DECIMALS_MAX 6

struct str fold_scalar(const struct fold *fold, const struct json *value)
{
	struct str text;

	switch (json_type(value)) {
	case JSON_STRING:
		text = str_trim(json_text(value));
		return text.len > 0 ? arena_dup(fold->arena, text) : (struct str){ 0 };
	case JSON_INTEGER:
	case JSON_REAL:
	case JSON_TRUE:
	case JSON_FALSE:
		return json_write_arena(value, false, fold->arena);
	case JSON_NULL:
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
	return (struct str){ 0 };
}

struct str fold_text(const struct fold *fold, const struct json *object, const char *name)
{
	return fold_scalar(fold, json_get(object, name));
}

const struct str *fold_texts(const struct fold *fold, const struct json *list, size_t *n)
{
	bool many = json_type(list) == JSON_ARRAY;
	size_t len = many ? json_len(list) : 1;
	struct str *text = ARENA_ARRAY(fold->arena, len, struct str);

	*n = 0;
	for (size_t i = 0; i < len; i++) {
		text[*n] = fold_scalar(fold, many ? json_at(list, i) : list);
		if (text[*n].len > 0)
			++*n;
	}
	return text;
}

bool fold_time(struct fold *fold, const struct json *object, const char *name, int64_t *at_ms)
{
	struct str text = str_trim(json_get_text(object, name));

	if (text.len == 0)
		return false;
	if (time_parse_rfc3339(text, at_ms))
		return true;
	fold_note(fold, "time \"%s\" could not be read", name);
	return false;
}

struct str fold_currency(struct fold *fold, const struct json *object)
{
	struct str text = fold_text(fold, object, "currency");
	char *code = arena_cstr(fold->arena, text);
	bool fits = text.len == 3;

	for (size_t i = 0; i < text.len && fits; i++) {
		if (code[i] >= 'a' && code[i] <= 'z')
			code[i] = (char)(code[i] - 'a' + 'A');
		fits = code[i] >= 'A' && code[i] <= 'Z';
	}
	if (fits || text.len == 0)
		return str_of(code, text.len);
	fold_note(fold, "currency could not be read");
	return (struct str){ 0 };
}

struct activity_amount fold_amount(struct fold *fold, const struct json *object, const char *name,
				   struct str currency)
{
	struct str text = fold_text(fold, object, name);
	struct activity_amount amount = { 0 };

	if (text.len == 0)
		return amount;
	amount.known = money_parse(text, currency, &amount.amount);
	if (!amount.known)
		fold_note(fold, "amount \"%s\" could not be read", name);
	return amount;
}

/* The digits before or behind the point, at most max of them that count. */
static bool read_digits(struct str text, size_t max, int64_t *value, size_t *n)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		if (*n == max && text.p[i] != '0')
			return false;
		if (*n == max)
			continue;
		*value = *value * 10 + (text.p[i] - '0');
		*n += 1;
	}
	return true;
}

bool fold_quantity(const struct fold *fold, struct str text, struct str *out, int64_t *millionths)
{
	size_t point = str_find_char(text, '.'), n = 0;
	struct str fraction = str_skip(text, point + 1);
	int64_t value = 0;

	if (point == 0 || point > QUANTITY_DIGITS_MAX || (point < text.len && fraction.len == 0))
		return false;
	if (!read_digits(str_of(text.p, point), QUANTITY_DIGITS_MAX, &value, &n))
		return false;
	n = 0;
	if (!read_digits(fraction, QUANTITY_DECIMALS_MAX, &value, &n))
		return false;
	for (; n < QUANTITY_DECIMALS_MAX; n++)
		value *= 10;
	*millionths = value;
	while (point < text.len && (text.p[text.len - 1] == '0' || text.p[text.len - 1] == '.'))
		text.len--;
	*out = arena_dup(fold->arena, text);
	return true;
}

struct str fold_unique_id(const struct fold *fold, struct str text)
{
	struct digest16 digest;
	char hex[2 * sizeof(digest.byte) + 1];
	struct str front;

	if (text.len <= UNIQUE_ID_BYTES_MAX)
		return text;
	digest = digest16_of(&text, 1);
	hex_encode(digest.byte, sizeof(digest.byte), hex);
	front = utf8_cut(text, UNIQUE_ID_BYTES_MAX - sizeof(hex));
	return arena_printf(fold->arena, "%.*s~%s", STR_ARG(front), hex);
}

struct digest16 fold_key(const struct fold *fold, enum metric metric, struct str which)
{
	const struct str part[] = { str_from(metric_row(metric)->key), fold->root->root.id, which };

	return digest16_of(part, sizeof(part) / sizeof(part[0]));
}
