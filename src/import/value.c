/*
 * Values of cells: amounts, times, yes and no.
 *
 * Keeps:   nothing is guessed where two readings differ: a date such as 5/1/2023 is refused unless somebody
 *          says which it is.
 * Pure.
 */
#include "import/value.h"

#include "base/attr.h"
#include "base/clock.h"

#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* ---- amounts ---- */

/* What may stand around the digits: signs of currencies, their letters, blanks (also no-break ones). */
static struct str without_currency(struct str text)
{
	while (text.len && !is_digit(text.p[0]) && text.p[0] != '-' && text.p[0] != '+' && text.p[0] != '.' &&
	       text.p[0] != ',')
		text = str_skip(text, 1);
	while (text.len && !is_digit(text.p[text.len - 1]))
		text.len--;
	return text;
}

/* Where the decimal sign stands, or len: none. */
static size_t decimal_at(struct str text, bool comma_decimal)
{
	size_t point = text.len, comma = text.len, points = 0, commas = 0, at;

	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '.') {
			point = i;
			points++;
		} else if (text.p[i] == ',') {
			comma = i;
			commas++;
		}
	}
	if (points && commas)
		return point > comma ? point : comma;
	if (points + commas != 1)
		return text.len;
	at = points ? point : comma;
	if (commas && text.len - at == 4 && at > 0 && !comma_decimal)
		return text.len;
	return at;
}

bool value_amount(struct str text, bool comma_decimal, struct arena *arena, struct str *out)
{
	struct str number = without_currency(text);
	char *to = arena_alloc(arena, number.len + 2);
	size_t decimal, n = 0, digits = 0;

	if (number.len && number.p[0] == '+')
		number = str_skip(number, 1);
	decimal = decimal_at(number, comma_decimal);
	for (size_t i = 0; i < number.len; i++) {
		char c = number.p[i];

		if (is_digit(c)) {
			to[n++] = c;
			digits++;
		} else if (c == '-' && i == 0) {
			to[n++] = c;
		} else if (i == decimal) {
			if (digits == 0)
				to[n++] = '0';
			to[n++] = '.';
		} else if (c != '.' && c != ',' && c != '\'' && c != ' ' && c != '\xa0' && c != '\xc2') {
			return false;
		}
	}
	*out = str_of(to, n);
	return digits > 0 && digits <= 18;
}

/* ---- times ---- */

struct civil_time {
	int64_t year, month, day, hour, minute, second, ms;
};

struct reader {
	struct str rest;
};

static bool take_number(struct reader *reader, size_t max_digits, int64_t *out)
{
	size_t n = 0;

	for (*out = 0; n < reader->rest.len && n < max_digits && is_digit(reader->rest.p[n]); n++)
		*out = *out * 10 + (reader->rest.p[n] - '0');
	reader->rest = str_skip(reader->rest, n);
	return n > 0;
}

static bool take_char(struct reader *reader, const char *any, char *c)
{
	if (reader->rest.len == 0 || !strchr(any, reader->rest.p[0]) || reader->rest.p[0] == '\0')
		return false;
	if (c)
		*c = reader->rest.p[0];
	reader->rest = str_skip(reader->rest, 1);
	return true;
}

static bool take_word(struct reader *reader, struct str word)
{
	if (reader->rest.len < word.len || !str_eq_nocase(str_of(reader->rest.p, word.len), word))
		return false;
	reader->rest = str_skip(reader->rest, word.len);
	return true;
}

/* Which of two numbers is the day? */
static bool order_days(int64_t first, int64_t second, char separator, enum value_days days,
		       struct civil_time *civil)
{
	bool day_first = separator == '.' || days == VALUE_DAY_FIRST || first > 12;

	if (separator != '.' && days == VALUE_DAYS_UNKNOWN && first <= 12 && second <= 12 && first != second)
		return false;
	civil->day = day_first ? first : second;
	civil->month = day_first ? second : first;
	return true;
}

static bool take_date(struct reader *reader, enum value_days days, struct civil_time *civil)
{
	int64_t first, second, third;
	char separator, again;

	if (!take_number(reader, 4, &first) || !take_char(reader, "-./", &separator) ||
	    !take_number(reader, 2, &second) || !take_char(reader, "-./", &again) || again != separator ||
	    !take_number(reader, 4, &third))
		return false;
	if (first > 31 || (first == 0 && second == 0)) {
		civil->year = first;
		civil->month = second;
		civil->day = third;
		return true;
	}
	civil->year = third < 100 ? third + 2000 : third;
	return order_days(first, second, separator, days, civil);
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static struct str take_letters(struct reader *reader)
{
	struct str text = reader->rest;
	size_t n = 0;

	while (n < text.len && is_letter(text.p[n]))
		n++;
	reader->rest = str_skip(text, n);
	return str_of(text.p, n);
}

/* One of the names, or its beginning of three letters or more; 0: none, else counted from 1. */
static int64_t place_of(struct str word, const char *names)
{
	struct str rest = str_from(names), name;

	for (int64_t i = 1; str_split(&rest, '|', &name); i++)
		if (word.len >= 3 && word.len <= name.len && str_eq_nocase(str_of(name.p, word.len), word))
			return i;
	return 0;
}

static void skip_signs(struct reader *reader)
{
	while (take_char(reader, " ,.-", NULL))
		;
}

/* "Jan 5, 2023", "5 January 2023", "Thu, 05 Jan 2023": in English, as programs write it wherever they run. */
static bool take_named_date(struct reader *reader, struct civil_time *civil)
{
	static const char months[] = "january|february|march|april|may|june|july|august|september|october|"
				     "november|december";
	struct str word = take_letters(reader);
	bool month_first;

	if (place_of(word, "monday|tuesday|wednesday|thursday|friday|saturday|sunday") > 0) {
		skip_signs(reader);
		word = take_letters(reader);
	}
	month_first = word.len > 0;
	skip_signs(reader);
	if (!take_number(reader, 2, &civil->day))
		return false;
	skip_signs(reader);
	if (!month_first) {
		word = take_letters(reader);
		skip_signs(reader);
	}
	civil->month = place_of(word, months);
	return civil->month > 0 && take_number(reader, 4, &civil->year) && civil->year >= 1000;
}

static bool take_time(struct reader *reader, struct civil_time *civil)
{
	int64_t digits;

	reader->rest = str_trim(reader->rest);
	if (reader->rest.len == 0)
		return true;
	if (!take_number(reader, 2, &civil->hour) || !take_char(reader, ":", NULL) ||
	    !take_number(reader, 2, &civil->minute))
		return false;
	if (take_char(reader, ":", NULL) && !take_number(reader, 2, &civil->second))
		return false;
	if (take_char(reader, ".,", NULL)) {
		if (!take_number(reader, 3, &digits))
			return false;
		civil->ms = digits;
		while (take_number(reader, 9, &digits))
			;
	}
	reader->rest = str_trim(reader->rest);
	if (take_word(reader, STR("pm")))
		civil->hour = civil->hour < 12 ? civil->hour + 12 : civil->hour;
	else if (take_word(reader, STR("am")))
		civil->hour %= 12;
	return true;
}

/* What the time is ahead of UTC. */
static bool take_zone(struct reader *reader, int64_t *zone_ms)
{
	int64_t hours, minutes = 0;
	char sign;

	reader->rest = str_trim(reader->rest);
	if (reader->rest.len == 0)
		return true;
	if (take_word(reader, STR("Z")) || take_word(reader, STR("UTC")) || take_word(reader, STR("GMT"))) {
		*zone_ms = 0;
		return reader->rest.len == 0;
	}
	if (!take_char(reader, "+-", &sign) || !take_number(reader, 2, &hours))
		return false;
	(void)take_char(reader, ":", NULL);
	if (reader->rest.len && !take_number(reader, 2, &minutes))
		return false;
	*zone_ms = (hours * MS_PER_HOUR + minutes * MS_PER_MIN) * (sign == '-' ? -1 : 1);
	return reader->rest.len == 0 && hours <= 14 && minutes < 60;
}

static bool since_1970(struct str text, int64_t *out)
{
	if ((text.len != 10 && text.len != 13) || !str_to_int64(text, out) || *out < 0)
		return false;
	if (text.len == 10)
		*out *= MS_PER_S;
	return true;
}

bool value_time(struct str text, int64_t zone_ms, enum value_days days, int64_t *out)
{
	struct reader reader = { str_trim(text) }, named = reader;
	struct civil_time civil = { 0 };
	struct arena arena;
	bool ok;

	*out = 0;
	if (reader.rest.len == 0)
		return true;
	if (since_1970(reader.rest, out) || time_parse_rfc3339(reader.rest, out))
		return true;
	if (!take_date(&reader, days, &civil)) {
		reader = named;
		if (!take_named_date(&reader, &civil))
			return false;
	}
	(void)take_char(&reader, "T,", NULL);
	if (!take_time(&reader, &civil) || !take_zone(&reader, &zone_ms))
		return false;
	if (civil.year == 0 && civil.month == 0 && civil.day == 0)
		return true;
	arena_init(&arena);
	ok = time_parse_rfc3339(arena_printf(&arena, "%04lld-%02lld-%02lldT%02lld:%02lld:%02lldZ",
					     (long long)civil.year, (long long)civil.month,
					     (long long)civil.day, (long long)civil.hour,
					     (long long)civil.minute, (long long)civil.second),
				out);
	arena_release(&arena);
	*out += civil.ms - zone_ms;
	return ok && *out > 0;
}

/* ---- yes and no ---- */

bool value_bool(struct str text, bool *out)
{
	static const char *const yes[] = { "1", "yes", "y",   "true", "t",  "on",
					   "x", "ja",  "oui", "si",   "sí", "active" };
	static const char *const no[] = {
		"0", "no", "n", "false", "f", "off", "", "nein", "non", "inactive"
	};
	struct str word = str_trim(text);

	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		if (str_eq_nocase(word, str_from(yes[i])))
			return *out = true;
	*out = false;
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		if (str_eq_nocase(word, str_from(no[i])))
			return true;
	return false;
}
