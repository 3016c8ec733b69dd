/*
 * Who a contact is, and addresses.
 *
 * Keeps:   an e-mail address or phone number that makes no sense is left out and noted, never sent. A phone
 *          number without its country is read as one of the address it stands beside.
 * Pure.
 */
#include "activity/fold_internal.h"

#include "model/person.h"

/* ---- addresses ---- */

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static bool is_letter(char c)
{
	return upper(c) >= 'A' && upper(c) <= 'Z';
}

struct str address_country(const struct fold *fold, const struct json *json)
{
	struct str text = fold_text(fold, json, "country_code");
	char *code = arena_cstr(fold->arena, text);

	if (text.len != 2 || !is_letter(code[0]) || !is_letter(code[1]))
		return (struct str){ 0 };
	code[0] = upper(code[0]);
	code[1] = upper(code[1]);
	return str_of(code, text.len);
}

static struct str read_phone(struct fold *fold, const struct json *json, struct str country)
{
	struct str text = fold_text(fold, json, "phone"), phone;

	if (text.len == 0)
		return text;
	if (person_phone(text, country, fold->arena, &phone))
		return phone;
	fold_note(fold, "phone number could not be read");
	return (struct str){ 0 };
}

static bool is_empty(const struct address *address)
{
	return address->first_name.len + address->last_name.len + address->company.len +
		       address->address1.len + address->address2.len + address->city.len +
		       address->region.len + address->region_code.len + address->country.len +
		       address->country_code.len + address->zip.len + address->phone.len ==
	       0;
}

bool address_read(struct fold *fold, const struct json *json, struct str country, struct address *out)
{
	*out = (struct address){
		.first_name = fold_text(fold, json, "first_name"),
		.last_name = fold_text(fold, json, "last_name"),
		.company = fold_text(fold, json, "company"),
		.address1 = fold_text(fold, json, "address1"),
		.address2 = fold_text(fold, json, "address2"),
		.city = fold_text(fold, json, "city"),
		.region = fold_text(fold, json, "region"),
		.region_code = fold_text(fold, json, "region_code"),
		.country = fold_text(fold, json, "country"),
		.country_code = address_country(fold, json),
		.zip = fold_text(fold, json, "zip"),
	};
	out->phone = read_phone(fold, json, out->country_code.len > 0 ? out->country_code : country);
	return !is_empty(out);
}

/* ---- contacts ---- */

static struct str read_email(struct fold *fold, const struct json *json)
{
	struct str text = fold_text(fold, json, "email"), email;

	if (text.len == 0)
		return text;
	if (person_email(text, fold->arena, &email))
		return email;
	fold_note(fold, "e-mail address could not be read");
	return (struct str){ 0 };
}

/* "de_de" -> "de-DE"; "" (noted) for what is no language tag. */
static struct str read_locale(struct fold *fold, const struct json *json)
{
	struct str text = fold_text(fold, json, "locale");
	char *tag = arena_cstr(fold->arena, text);
	bool fits = text.len == 0 || (text.len >= 2 && text.len <= 35 && is_letter(tag[0]));

	for (size_t i = 0; i < text.len && fits; i++) {
		if (tag[i] == '_')
			tag[i] = '-';
		fits = is_letter(tag[i]) || (tag[i] >= '0' && tag[i] <= '9') || tag[i] == '-';
	}
	for (size_t i = 0; i < 2 && fits && text.len == 5 && tag[2] == '-'; i++) {
		tag[i] = (char)(is_letter(tag[i]) ? upper(tag[i]) - 'A' + 'a' : tag[i]);
		tag[i + 3] = upper(tag[i + 3]);
	}
	if (fits)
		return str_of(tag, text.len);
	fold_note(fold, "locale could not be read");
	return (struct str){ 0 };
}

struct contact contact_read(struct fold *fold, const struct json *json, struct str country)
{
	struct contact contact = {
		.email = read_email(fold, json),
		.customer_id = fold_text(fold, json, "customer_id"),
		.exchange_id = fold_text(fold, json, "exchange_id"),
		.first_name = fold_text(fold, json, "first_name"),
		.last_name = fold_text(fold, json, "last_name"),
		.title = fold_text(fold, json, "title"),
		.organization = fold_text(fold, json, "organization"),
		.locale = read_locale(fold, json),
	};

	contact.has_address = address_read(fold, json_get(json, "address"), country, &contact.address);
	if (contact.address.country_code.len > 0)
		country = contact.address.country_code;
	contact.phone = read_phone(fold, json, country);
	return contact;
}
