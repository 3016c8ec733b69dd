/*
 * Time zones, from the system's database.
 *
 * Doesn't: use the C library's, which knows one zone a process.
 * Source:  RFC 9636 (TZif), POSIX (the rule in its footer).
 */
#include "base/zone.h"

#include "base/clock.h"
#include "base/file.h"

#include <stdio.h>
#include <string.h>

#define FOLDER	       "/usr/share/zoneinfo/"
#define NAME_BYTES_MAX 64
#define FILE_BYTES_MAX ((size_t)256 << 10)
#define HEADER_BYTES   44
#define CHANGES_MAX    5000
#define DAY_S	       86400
#define YEAR_MIN       1970
#define YEAR_MAX       9998

/* ---- numbers of the file ---- */

struct header {
	size_t n_utc, n_std, n_leap, n_time, n_type, n_char;
};

static int64_t big_endian(const char *p, size_t bytes)
{
	uint64_t value = (unsigned char)p[0] & 0x80 ? ~UINT64_C(0) : 0;

	for (size_t i = 0; i < bytes; i++)
		value = value << 8 | (unsigned char)p[i];
	return (int64_t)value;
}

static bool read_header(struct str file, struct header *out)
{
	size_t *const count[] = { &out->n_utc,	&out->n_std,  &out->n_leap,
				  &out->n_time, &out->n_type, &out->n_char };

	if (file.len < HEADER_BYTES || !str_starts(file, STR("TZif")))
		return false;
	for (size_t i = 0; i < sizeof(count) / sizeof(count[0]); i++) {
		int64_t value = big_endian(file.p + 20 + 4 * i, 4);

		if (value < 0 || value > (int64_t)FILE_BYTES_MAX)
			return false;
		*count[i] = (size_t)value;
	}
	return true;
}

static size_t block_bytes(const struct header *header, size_t time_bytes)
{
	return header->n_time * (time_bytes + 1) + header->n_type * 6 + header->n_char +
	       header->n_leap * (time_bytes + 4) + header->n_std + header->n_utc;
}

static bool read_block(struct str data, const struct header *header, struct arena *arena, struct zone *out)
{
	const char *index = data.p + header->n_time * 8, *type = index + header->n_time;
	int64_t *at_s = ARENA_ARRAY(arena, header->n_time, int64_t);
	int32_t *offset_s = ARENA_ARRAY(arena, header->n_time, int32_t);

	if (header->n_type == 0 || header->n_time > CHANGES_MAX || data.len < block_bytes(header, 8))
		return false;
	for (size_t i = 0; i < header->n_time; i++) {
		size_t kind = (unsigned char)index[i];

		if (kind >= header->n_type)
			return false;
		at_s[i] = big_endian(data.p + 8 * i, 8);
		offset_s[i] = (int32_t)big_endian(type + 6 * kind, 4);
	}
	out->at_s = at_s;
	out->offset_s = offset_s;
	out->n = header->n_time;
	out->first_offset_s = (int32_t)big_endian(type, 4);
	return true;
}

/* ---- the rule ---- */

static bool take(struct str *text, char c)
{
	if (text->len == 0 || text->p[0] != c)
		return false;
	*text = str_skip(*text, 1);
	return true;
}

static bool take_number(struct str *text, int *out)
{
	int n = 0, value = 0;

	for (; text->len > 0 && text->p[0] >= '0' && text->p[0] <= '9' && n < 4; n++) {
		value = value * 10 + (text->p[0] - '0');
		*text = str_skip(*text, 1);
	}
	*out = value;
	return n > 0;
}

/* "[+-]hh[:mm[:ss]]" in seconds. */
static bool take_time(struct str *text, int32_t *out)
{
	bool minus = take(text, '-');
	int part[3] = { 0 };

	if (!minus)
		(void)take(text, '+');
	if (!take_number(text, &part[0]) || part[0] > 167)
		return false;
	for (int i = 1; i < 3 && take(text, ':'); i++)
		if (!take_number(text, &part[i]) || part[i] > 59)
			return false;
	*out = part[0] * 3600 + part[1] * 60 + part[2];
	*out = minus ? -*out : *out;
	return true;
}

/* A name: letters, or anything between < and >. */
static bool take_name(struct str *text)
{
	size_t n = 0;

	if (take(text, '<')) {
		n = str_find_char(*text, '>');
		if (n == text->len)
			return false;
		*text = str_skip(*text, n + 1);
		return true;
	}
	while (n < text->len && ((text->p[n] | 32) >= 'a' && (text->p[n] | 32) <= 'z'))
		n++;
	*text = str_skip(*text, n);
	return n > 0;
}

static bool take_day(struct str *text, struct zone_day *out)
{
	*out = (struct zone_day){ .form = 'N', .time_s = 2 * 3600 };
	if (!take(text, ','))
		return false;
	if (take(text, 'M')) {
		out->form = 'M';
		if (!take_number(text, &out->month) || !take(text, '.') || !take_number(text, &out->week) ||
		    !take(text, '.') || !take_number(text, &out->day) || out->month < 1 || out->month > 12 ||
		    out->week < 1 || out->week > 5 || out->day > 6)
			return false;
	} else {
		out->form = take(text, 'J') ? 'J' : 'N';
		if (!take_number(text, &out->day) || out->day > 365)
			return false;
	}
	return !take(text, '/') || take_time(text, &out->time_s);
}

/* "CET-1CEST,M3.5.0,M10.5.0/3"; offsets there are west of Greenwich. */
static bool read_rule(struct str text, struct zone *out)
{
	int32_t west;

	if (!take_name(&text) || !take_time(&text, &west))
		return false;
	out->standard_s = -west;
	out->has_rule = true;
	if (text.len == 0)
		return true;
	out->has_summer = true;
	out->summer_s = out->standard_s + 3600;
	if (!take_name(&text))
		return false;
	if (text.len > 0 && text.p[0] != ',') {
		if (!take_time(&text, &west))
			return false;
		out->summer_s = -west;
	}
	return take_day(&text, &out->begins) && take_day(&text, &out->ends) && text.len == 0;
}

/* Days from 1970 to a day of a year. */
static int64_t day_of(int year, int month, int day)
{
	char text[48];
	int64_t ms = 0;

	(void)snprintf(text, sizeof(text), "%04d-%02d-%02dT00:00:00Z", year, month, day);
	(void)time_parse_rfc3339(str_from(text), &ms);
	return ms / MS_PER_DAY;
}

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* The local second at which it begins in that year. */
static int64_t local_of(const struct zone_day *rule, int year)
{
	int64_t first = day_of(year, 1, 1), next;

	if (rule->form == 'N')
		return (first + rule->day) * DAY_S + rule->time_s;
	if (rule->form == 'J')
		return (first + rule->day - 1 + (is_leap(year) && rule->day > 59)) * DAY_S + rule->time_s;
	first = day_of(year, rule->month, 1);
	next = rule->month == 12 ? day_of(year + 1, 1, 1) : day_of(year, rule->month + 1, 1);
	first += (rule->day - (first + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */
	first += 7 * (rule->week - 1);
	while (first >= next)
		first -= 7;
	return first * DAY_S + rule->time_s;
}

static int year_of(int64_t at_s)
{
	char text[9];
	int year = 0;

	time_day_text(time_day(at_s * MS_PER_S), text);
	for (int i = 0; i < 4; i++)
		year = year * 10 + (text[i] - '0');
	return year < YEAR_MIN ? YEAR_MIN : year > YEAR_MAX ? YEAR_MAX : year;
}

static int32_t rule_offset_s(const struct zone *zone, int64_t at_s)
{
	int year = year_of(at_s + zone->standard_s);
	int64_t begins = local_of(&zone->begins, year) - zone->standard_s;
	int64_t ends = local_of(&zone->ends, year) - zone->summer_s;
	bool summer = begins < ends ? at_s >= begins && at_s < ends : at_s >= begins || at_s < ends;

	return zone->has_summer && summer ? zone->summer_s : zone->standard_s;
}

/* ---- loading ---- */

static bool fixed(struct str name, struct zone *out)
{
	int32_t seconds;
	bool sign = name.len == 6 && (name.p[0] == '+' || name.p[0] == '-') && name.p[3] == ':';

	*out = (struct zone){ .has_rule = true };
	if (str_eq(name, STR("UTC")) || str_eq(name, STR("Z")))
		return true;
	if (!sign || !take_time(&name, &seconds) || name.len > 0 || seconds > DAY_S || seconds < -DAY_S)
		return false;
	out->standard_s = seconds;
	return true;
}

static bool is_name(struct str name)
{
	if (name.len == 0 || name.len > NAME_BYTES_MAX || name.p[0] == '/')
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];
		bool letter = ((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '0' && c <= '9');

		if (!letter && (c == '\0' || !strchr("/_+-", c)))
			return false;
	}
	return true;
}

/* The second block has 64-bit times; the first is passed over. */
static bool read_file(struct str file, struct arena *arena, struct zone *out)
{
	struct header header;
	struct str rule;
	size_t bytes;

	*out = (struct zone){ 0 };
	if (!read_header(file, &header) || file.p[4] < '2')
		return false;
	bytes = HEADER_BYTES + block_bytes(&header, 4);
	if (file.len < bytes || !read_header(str_skip(file, bytes), &header))
		return false;
	file = str_skip(file, bytes + HEADER_BYTES);
	if (file.len < block_bytes(&header, 8) || !read_block(file, &header, arena, out))
		return false;
	rule = str_trim(str_skip(file, block_bytes(&header, 8)));
	return rule.len == 0 || read_rule(rule, out);
}

bool zone_load(struct str name, struct arena *arena, struct zone *out, struct err *err)
{
	struct str file;

	if (fixed(name, out))
		return true;
	if (!is_name(name) ||
	    !file_read(arena_printf(arena, FOLDER "%.*s", STR_ARG(name)).p, FILE_BYTES_MAX, arena, &file,
		       NULL) ||
	    !read_file(file, arena, out))
		return err_set(
			err, ERR_INVALID,
			"there is no time zone '%.*s' here: UTC, +01:00 or a name such as Europe/Vienna",
			STR_ARG(name));
	return true;
}

/* ---- asking ---- */

int32_t zone_offset_s(const struct zone *zone, int64_t at_s)
{
	size_t low = 0, high = zone->n; /* the first change after at_s */

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (zone->at_s[middle] <= at_s)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == zone->n && zone->has_rule)
		return rule_offset_s(zone, at_s);
	return low == 0 ? zone->first_offset_s : zone->offset_s[low - 1];
}

int64_t zone_moment_s(const struct zone *zone, int64_t local_s)
{
	int32_t before = zone_offset_s(zone, local_s - DAY_S), after = zone_offset_s(zone, local_s + DAY_S);
	int64_t first = local_s - before, second = local_s - after, low, high;

	if (zone_offset_s(zone, first) == before)
		return first;
	if (zone_offset_s(zone, second) == after)
		return second;
	/* It is leapt over: the change lies between the two. */
	low = second;
	high = first;
	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;

		if (zone_offset_s(zone, middle) == before)
			low = middle;
		else
			high = middle;
	}
	return high;
}
