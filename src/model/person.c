/*
 * E-mail addresses and phone numbers in one form; the id of a person.
 *
 * Pure.
 */
#include "model/person.h"

static bool is_email(struct str text)
{
	size_t at = str_find_char(text, '@'), dot = 0;

	if (text.len == 0 || text.len > PERSON_EMAIL_BYTES_MAX || at == 0 || at + 1 >= text.len)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c <= ' ' || c == 0x7f || c == '"' || c == '<' || c == '>' || c == ',' || c == ';')
			return false;
		if (c == '@' && i != at)
			return false;
		if (c == '.' && (i == 0 || i + 1 == text.len || text.p[i + 1] == '.' || i == at + 1))
			return false;
		if (c == '.' && i > at)
			dot = i;
	}
	return dot > at;
}

static struct str lower(struct str text, struct arena *arena)
{
	char *copy = ARENA_ARRAY(arena, text.len + 1, char);

	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i];

		copy[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	return str_of(copy, text.len);
}

bool person_email(struct str text, struct arena *arena, struct str *out)
{
	text = str_trim(text);
	if (!is_email(text))
		return false;
	*out = lower(text, arena);
	return true;
}

struct str person_id(struct str email, struct str phone, struct str country_code, struct str customer_id,
		     struct arena *arena)
{
	struct str id;

	if (person_email(email, arena, &id) || person_phone(phone, country_code, arena, &id))
		return id;
	if (customer_id.len > 0)
		return arena_printf(arena, "customer:%.*s", STR_ARG(customer_id));
	return STR("");
}
