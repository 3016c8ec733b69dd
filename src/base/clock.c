/*
 * Time: the machine's clock, a manual one, and the calendar (proleptic Gregorian, UTC only).
 *
 * Doesn't: know time zones or leap seconds beyond what RFC 3339 text forces.
 * Threads: clock_system from any thread; a manual clock belongs to the thread that moves it.
 */
#include "base/clock.h"

#include <string.h>
#include <time.h>

/* 9999-12-31T23:59:59.999Z: the last instant with a four-digit year. */
#define WALL_MS_MAX INT64_C(253402300799999)

static int64_t read_ms(clockid_t id)
{
	struct timespec now = { 0 };

	(void)clock_gettime(id, &now); /* cannot fail: the ids are fixed and always there on Linux */
	return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / 1000000;
}

static int64_t system_wall_ms(struct clock *clock)
{
	(void)clock;
	return read_ms(CLOCK_REALTIME);
}

static int64_t system_mono_ms(struct clock *clock)
{
	(void)clock;
	return read_ms(CLOCK_BOOTTIME);
}

struct clock *clock_system(void)
{
	static struct clock system = { .wall_ms = system_wall_ms, .mono_ms = system_mono_ms };

	return &system;
}

static int64_t manual_mono_ms(struct clock *clock)
{
	return ((struct clock_manual *)clock)->now_ms;
}

static int64_t manual_wall_ms(struct clock *clock)
{
	const struct clock_manual *manual = (struct clock_manual *)clock;

	return manual->now_ms + manual->step_ms;
}

void clock_manual_init(struct clock_manual *manual, int64_t now_ms)
{
	*manual = (struct clock_manual){
		.clock = { .wall_ms = manual_wall_ms, .mono_ms = manual_mono_ms },
		.now_ms = now_ms,
	};
}

int64_t clock_wall_ms(struct clock *clock)
{
	return clock->wall_ms(clock);
}

int64_t clock_mono_ms(struct clock *clock)
{
	return clock->mono_ms(clock);
}

struct moment clock_moment(struct clock *clock)
{
	return (struct moment){ .wall_ms = clock->wall_ms(clock), .mono_ms = clock->mono_ms(clock) };
}

int64_t moment_since(struct moment then, struct moment now)
{
	return now.mono_ms >= then.mono_ms ? now.mono_ms - then.mono_ms : now.mono_ms;
}

struct date {
	int64_t year;
	int month; /* 1 .. 12 */
	int day;   /* 1 .. 31 */
};

/*
 * Days between 1970-01-01 and a date. Years begin in March here, so that the leap day is the last day of a
 * year.
 */
static int64_t days_of_date(struct date date)
{
	int64_t year = date.month <= 2 ? date.year - 1 : date.year;
	int64_t month = date.month <= 2 ? date.month + 9 : date.month - 3;
	int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;

	return year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719468;
}

/* Inverse of days_of_date for days >= 0 (see H. Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
static struct date date_of_days(int64_t days)
{
	int64_t shifted = days + 719468;
	int64_t era = shifted / 146097; /* 400 years */
	int64_t day_of_era = shifted % 146097;
	int64_t year = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * day_of_year + 2) / 153;

	return (struct date){
		.year = era * 400 + year + (month >= 10),
		.month = (int)(month < 10 ? month + 3 : month - 9),
		.day = (int)(day_of_year - (153 * month + 2) / 5 + 1),
	};
}

static int64_t clamp_wall_ms(int64_t wall_ms)
{
	return wall_ms < 0 ? 0 : wall_ms > WALL_MS_MAX ? WALL_MS_MAX : wall_ms;
}

int64_t time_day(int64_t wall_ms)
{
	int64_t day = wall_ms / MS_PER_DAY;

	return wall_ms % MS_PER_DAY < 0 ? day - 1 : day;
}

/* Writes value as n decimal digits, leading zeros included. */
static void put_digits(char *out, int n, int64_t value)
{
	while (n-- > 0) {
		out[n] = (char)('0' + value % 10);
		value /= 10;
	}
}

void time_day_text(int64_t day, char out[static 9])
{
	int64_t last = WALL_MS_MAX / MS_PER_DAY;
	struct date date = date_of_days(day < 0 ? 0 : day > last ? last : day);

	put_digits(out, 4, date.year);
	put_digits(out + 4, 2, date.month);
	put_digits(out + 6, 2, date.day);
	out[8] = '\0';
}

void time_format_rfc3339(int64_t wall_ms, struct strbuf *out)
{
	int64_t ms = clamp_wall_ms(wall_ms);
	struct date date = date_of_days(time_day(ms));
	char text[] = "0000-00-00T00:00:00.000Z";

	ms %= MS_PER_DAY;
	put_digits(text, 4, date.year);
	put_digits(text + 5, 2, date.month);
	put_digits(text + 8, 2, date.day);
	put_digits(text + 11, 2, ms / MS_PER_HOUR);
	put_digits(text + 14, 2, ms / MS_PER_MIN % 60);
	put_digits(text + 17, 2, ms / MS_PER_S % 60);
	put_digits(text + 20, 3, ms % MS_PER_S);
	strbuf_add(out, text, sizeof(text) - 1);
}

/* Takes n digits from the front of *text; false if they are not there. */
static bool take_digits(struct str *text, size_t n, int *out)
{
	int value = 0;

	if (text->len < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (text->p[i] < '0' || text->p[i] > '9')
			return false;
		value = value * 10 + (text->p[i] - '0');
	}
	*text = str_skip(*text, n);
	*out = value;
	return true;
}

/* Takes one byte that is among set (a C string); *out may be NULL. */
static bool take_one_of(struct str *text, const char *set, char *out)
{
	if (text->len == 0 || text->p[0] == '\0' || !strchr(set, text->p[0]))
		return false;
	if (out)
		*out = text->p[0];
	*text = str_skip(*text, 1);
	return true;
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static bool take_date(struct str *text, int64_t *days)
{
	int year, month, day;

	if (!take_digits(text, 4, &year) || !take_one_of(text, "-", NULL) || !take_digits(text, 2, &month) ||
	    !take_one_of(text, "-", NULL) || !take_digits(text, 2, &day))
		return false;
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
		return false;
	*days = days_of_date((struct date){ .year = year, .month = month, .day = day });
	return true;
}

/* Second 60 is a leap second; it counts as the first second of the next minute. */
static bool take_time(struct str *text, int64_t *ms)
{
	int hour, minute, second;

	if (!take_digits(text, 2, &hour) || !take_one_of(text, ":", NULL) || !take_digits(text, 2, &minute) ||
	    !take_one_of(text, ":", NULL) || !take_digits(text, 2, &second))
		return false;
	if (hour > 23 || minute > 59 || second > 60)
		return false;
	*ms = hour * MS_PER_HOUR + minute * MS_PER_MIN + second * MS_PER_S;
	return true;
}

/* Optional fraction: any number of digits, of which three count. */
static bool take_fraction(struct str *text, int64_t *ms)
{
	int64_t unit = 100;
	int digit;

	*ms = 0;
	if (!take_one_of(text, ".", NULL))
		return true;
	if (!take_digits(text, 1, &digit))
		return false;
	do {
		*ms += digit * unit;
		unit /= 10;
	} while (take_digits(text, 1, &digit));
	return true;
}

static bool take_offset(struct str *text, int64_t *ms)
{
	int hour, minute;
	char sign;

	*ms = 0;
	if (take_one_of(text, "Zz", NULL))
		return true;
	if (!take_one_of(text, "+-", &sign) || !take_digits(text, 2, &hour) ||
	    !take_one_of(text, ":", NULL) || !take_digits(text, 2, &minute) || hour > 23 || minute > 59)
		return false;
	*ms = (hour * MS_PER_HOUR + minute * MS_PER_MIN) * (sign == '-' ? -1 : 1);
	return true;
}

bool time_parse_rfc3339(struct str text, int64_t *wall_ms)
{
	int64_t days, time_ms, fraction_ms, offset_ms, result;

	if (!take_date(&text, &days) || !take_one_of(&text, "Tt ", NULL) || !take_time(&text, &time_ms) ||
	    !take_fraction(&text, &fraction_ms) || !take_offset(&text, &offset_ms) || text.len)
		return false;
	result = days * MS_PER_DAY + time_ms + fraction_ms - offset_ms;
	if (result < 0 || result > WALL_MS_MAX)
		return false;
	*wall_ms = result;
	return true;
}
