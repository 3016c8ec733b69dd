/*
 * Phone numbers as E.164.
 *
 * Doesn't: know which numbers are given out in a country; only calling codes, trunk prefixes and lengths. A
 *          number that might be another's is none.
 * Pure. Source: ITU-T E.164, list of assigned country codes, and the national numbering plans it refers to.
 */
#include "model/person.h"

#include "base/attr.h"

#include <string.h>

#define DIGITS_MIN	  7
#define DIGITS_MAX	  15
#define DIGITS_TEXT_MAX	  24
#define NORTH_AMERICA	  10 /* digits behind +1 */
#define INTERNATIONAL_MIN 11 /* digits from which on a number may begin with its calling code and no "+" */

/* clang-format off */
static const struct country {
	char name[3];    /* ISO 3166 */
	char code[5];    /* calling code; in North America with the area code, where there is one alone */
	char trunk[7];   /* dialled before a number within the country, longest first; "" = nothing */
	unsigned char n; /* digits without trunk prefix, where that could be part of the number; 0 = any */
} country_row[] = {
	{ "AC", "247", "", 0 }, { "AD", "376", "", 0 }, { "AE", "971", "0", 0 },
	{ "AF", "93", "0", 0 }, { "AG", "1268", "1", 10 }, { "AI", "1264", "1", 10 },
	{ "AL", "355", "0", 0 }, { "AM", "374", "0", 0 }, { "AO", "244", "", 0 },
	{ "AR", "54", "0", 0 }, { "AS", "1684", "1", 10 }, { "AT", "43", "0", 0 },
	{ "AU", "61", "0", 0 }, { "AW", "297", "", 0 }, { "AX", "358", "0", 0 },
	{ "AZ", "994", "0", 0 }, { "BA", "387", "0", 0 }, { "BB", "1246", "1", 10 },
	{ "BD", "880", "0", 0 }, { "BE", "32", "0", 0 }, { "BF", "226", "", 0 },
	{ "BG", "359", "0", 0 }, { "BH", "973", "", 0 }, { "BI", "257", "", 0 },
	{ "BJ", "229", "", 0 }, { "BL", "590", "0", 0 }, { "BM", "1441", "1", 10 },
	{ "BN", "673", "", 0 }, { "BO", "591", "0", 0 }, { "BQ", "599", "", 0 },
	{ "BR", "55", "0", 0 }, { "BS", "1242", "1", 10 }, { "BT", "975", "", 0 },
	{ "BW", "267", "", 0 }, { "BY", "375", "80/8/0", 9 }, { "BZ", "501", "", 0 },
	{ "CA", "1", "1", 10 }, { "CC", "61", "0", 0 }, { "CD", "243", "0", 0 },
	{ "CF", "236", "", 0 }, { "CG", "242", "", 0 }, { "CH", "41", "0", 0 }, { "CI", "225", "", 0 },
	{ "CK", "682", "", 0 }, { "CL", "56", "", 0 }, { "CM", "237", "", 0 }, { "CN", "86", "0", 0 },
	{ "CO", "57", "", 0 }, { "CR", "506", "", 0 }, { "CU", "53", "0", 0 }, { "CV", "238", "", 0 },
	{ "CW", "599", "", 0 }, { "CX", "61", "0", 0 }, { "CY", "357", "", 0 }, { "CZ", "420", "", 0 },
	{ "DE", "49", "0", 0 }, { "DJ", "253", "", 0 }, { "DK", "45", "", 0 },
	{ "DM", "1767", "1", 10 }, { "DO", "1", "1", 10 }, { "DZ", "213", "0", 0 },
	{ "EC", "593", "0", 0 }, { "EE", "372", "", 0 }, { "EG", "20", "0", 0 },
	{ "EH", "212", "0", 0 }, { "ER", "291", "0", 0 }, { "ES", "34", "", 0 },
	{ "ET", "251", "0", 0 }, { "FI", "358", "0", 0 }, { "FJ", "679", "", 0 },
	{ "FK", "500", "", 0 }, { "FM", "691", "", 0 }, { "FO", "298", "", 0 }, { "FR", "33", "0", 0 },
	{ "GA", "241", "0", 0 }, { "GB", "44", "0", 0 }, { "GD", "1473", "1", 10 },
	{ "GE", "995", "0", 0 }, { "GF", "594", "0", 0 }, { "GG", "44", "0", 0 },
	{ "GH", "233", "0", 0 }, { "GI", "350", "", 0 }, { "GL", "299", "", 0 },
	{ "GM", "220", "", 0 }, { "GN", "224", "", 0 }, { "GP", "590", "0", 0 },
	{ "GQ", "240", "", 0 }, { "GR", "30", "", 0 }, { "GT", "502", "", 0 },
	{ "GU", "1671", "1", 10 }, { "GW", "245", "", 0 }, { "GY", "592", "", 0 },
	{ "HK", "852", "", 0 }, { "HN", "504", "", 0 }, { "HR", "385", "0", 0 },
	{ "HT", "509", "", 0 }, { "HU", "36", "06", 0 }, { "ID", "62", "0", 0 },
	{ "IE", "353", "0", 0 }, { "IL", "972", "0", 0 }, { "IM", "44", "0", 0 },
	{ "IN", "91", "0", 0 }, { "IO", "246", "", 0 }, { "IQ", "964", "0", 0 },
	{ "IR", "98", "0", 0 }, { "IS", "354", "", 0 }, { "IT", "39", "", 0 }, { "JE", "44", "0", 0 },
	{ "JM", "1", "1", 10 }, { "JO", "962", "0", 0 }, { "JP", "81", "0", 0 },
	{ "KE", "254", "0", 0 }, { "KG", "996", "0", 0 }, { "KH", "855", "0", 0 },
	{ "KI", "686", "", 0 }, { "KM", "269", "", 0 }, { "KN", "1869", "1", 10 },
	{ "KP", "850", "0", 0 }, { "KR", "82", "0", 0 }, { "KW", "965", "", 0 },
	{ "KY", "1345", "1", 10 }, { "KZ", "7", "8", 10 }, { "LA", "856", "0", 0 },
	{ "LB", "961", "0", 0 }, { "LC", "1758", "1", 10 }, { "LI", "423", "", 0 },
	{ "LK", "94", "0", 0 }, { "LR", "231", "0", 0 }, { "LS", "266", "", 0 },
	{ "LT", "370", "8/0", 8 }, { "LU", "352", "", 0 }, { "LV", "371", "", 0 },
	{ "LY", "218", "0", 0 }, { "MA", "212", "0", 0 }, { "MC", "377", "0", 0 },
	{ "MD", "373", "0", 0 }, { "ME", "382", "0", 0 }, { "MF", "590", "0", 0 },
	{ "MG", "261", "0", 0 }, { "MH", "692", "", 0 }, { "MK", "389", "0", 0 },
	{ "ML", "223", "", 0 }, { "MM", "95", "0", 0 }, { "MN", "976", "0", 0 },
	{ "MO", "853", "", 0 }, { "MP", "1670", "1", 10 }, { "MQ", "596", "0", 0 },
	{ "MR", "222", "", 0 }, { "MS", "1664", "1", 10 }, { "MT", "356", "", 0 },
	{ "MU", "230", "", 0 }, { "MV", "960", "", 0 }, { "MW", "265", "0", 0 }, { "MX", "52", "", 0 },
	{ "MY", "60", "0", 0 }, { "MZ", "258", "", 0 }, { "NA", "264", "0", 0 },
	{ "NC", "687", "", 0 }, { "NE", "227", "", 0 }, { "NF", "672", "", 0 },
	{ "NG", "234", "0", 0 }, { "NI", "505", "", 0 }, { "NL", "31", "0", 0 }, { "NO", "47", "", 0 },
	{ "NP", "977", "0", 0 }, { "NR", "674", "", 0 }, { "NU", "683", "", 0 },
	{ "NZ", "64", "0", 0 }, { "OM", "968", "", 0 }, { "PA", "507", "", 0 }, { "PE", "51", "0", 0 },
	{ "PF", "689", "", 0 }, { "PG", "675", "", 0 }, { "PH", "63", "0", 0 }, { "PK", "92", "0", 0 },
	{ "PL", "48", "", 0 }, { "PM", "508", "0", 0 }, { "PR", "1", "1", 10 },
	{ "PS", "970", "0", 0 }, { "PT", "351", "", 0 }, { "PW", "680", "", 0 },
	{ "PY", "595", "0", 0 }, { "QA", "974", "", 0 }, { "RE", "262", "0", 0 },
	{ "RO", "40", "0", 0 }, { "RS", "381", "0", 0 }, { "RU", "7", "8", 10 },
	{ "RW", "250", "0", 0 }, { "SA", "966", "0", 0 }, { "SB", "677", "", 0 },
	{ "SC", "248", "", 0 }, { "SD", "249", "0", 0 }, { "SE", "46", "0", 0 }, { "SG", "65", "", 0 },
	{ "SH", "290", "", 0 }, { "SI", "386", "0", 0 }, { "SJ", "47", "", 0 },
	{ "SK", "421", "0", 0 }, { "SL", "232", "0", 0 }, { "SM", "378", "", 0 },
	{ "SN", "221", "", 0 }, { "SO", "252", "0", 0 }, { "SR", "597", "", 0 },
	{ "SS", "211", "0", 0 }, { "ST", "239", "", 0 }, { "SV", "503", "", 0 },
	{ "SX", "1721", "1", 10 }, { "SY", "963", "0", 0 }, { "SZ", "268", "", 0 },
	{ "TA", "290", "", 0 }, { "TC", "1649", "1", 10 }, { "TD", "235", "", 0 },
	{ "TG", "228", "", 0 }, { "TH", "66", "0", 0 }, { "TJ", "992", "", 0 }, { "TK", "690", "", 0 },
	{ "TL", "670", "", 0 }, { "TM", "993", "8", 8 }, { "TN", "216", "", 0 },
	{ "TO", "676", "", 0 }, { "TR", "90", "0", 0 }, { "TT", "1868", "1", 10 },
	{ "TV", "688", "", 0 }, { "TW", "886", "0", 0 }, { "TZ", "255", "0", 0 },
	{ "UA", "380", "0", 0 }, { "UG", "256", "0", 0 }, { "US", "1", "1", 10 },
	{ "UY", "598", "0", 0 }, { "UZ", "998", "", 0 }, { "VA", "39", "", 0 },
	{ "VC", "1784", "1", 10 }, { "VE", "58", "0", 0 }, { "VG", "1284", "1", 10 },
	{ "VI", "1340", "1", 10 }, { "VN", "84", "0", 0 }, { "VU", "678", "", 0 },
	{ "WF", "681", "", 0 }, { "WS", "685", "", 0 }, { "XK", "383", "0", 0 },
	{ "YE", "967", "0", 0 }, { "YT", "262", "0", 0 }, { "ZA", "27", "0", 0 },
	{ "ZM", "260", "0", 0 }, { "ZW", "263", "0", 0 },
};
/* clang-format on */

struct number {
	char digit[DIGITS_TEXT_MAX];
	size_t n;
	bool international; /* begins with its calling code */
};

static bool begins(const struct number *number, const char *text)
{
	size_t len = strlen(text);

	return number->n >= len && memcmp(number->digit, text, len) == 0;
}

static void drop_front(struct number *number, size_t n)
{
	number->n -= n;
	memmove(number->digit, number->digit + n, number->n);
}

/* ---- reading ---- */

/* Bytes of what may stand between digits: ASCII, no-break spaces (U+00A0, U+202F), dashes (U+2010 to 2015). */
static size_t separator_len(struct str text)
{
	if (str_find_char(STR(" \t.-/()[]"), text.p[0]) < 9)
		return 1;
	if (str_starts(text, STR("\xc2\xa0")))
		return 2;
	if (str_starts(text, STR("\xe2\x80\xaf")))
		return 3;
	if (str_starts(text, STR("\xe2\x80")) && text.len > 2 && (unsigned char)text.p[2] >= 0x90 &&
	    (unsigned char)text.p[2] <= 0x95)
		return 3;
	return 0;
}

/* "+49 (0) 151": the zero is for those who dial from within. Italy's is part of the number. */
static bool is_inner_zero(const struct number *number, struct str text)
{
	return number->international && str_starts(text, STR("(0)")) && !begins(number, "39") &&
	       !begins(number, "378");
}

static bool read_number(struct str text, struct number *number)
{
	*number = (struct number){ .international = str_starts(text, STR("+")) };
	text = str_skip(text, number->international ? 1 : 0);
	while (text.len > 0) {
		size_t separator = is_inner_zero(number, text) ? 3 : separator_len(text);

		if (separator == 0 && (text.p[0] < '0' || text.p[0] > '9' || number->n == DIGITS_TEXT_MAX))
			return false;
		if (separator == 0)
			number->digit[number->n++] = text.p[0];
		text = str_skip(text, separator > 0 ? separator : 1);
		if (!number->international && begins(number, "00") && number->n == 2) {
			number->international = true;
			number->n = 0;
		}
	}
	return number->n > 0;
}

/* ---- national numbers ---- */

static const struct country *find_country(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(country_row); i++)
		if (str_eq_nocase(name, str_from(country_row[i].name)))
			return &country_row[i];
	return NULL;
}

static bool drop_trunk(struct number *number, const struct country *country)
{
	struct str rest = str_from(country->trunk), trunk;

	while (str_split(&rest, '/', &trunk)) {
		bool fits = country->n == 0 || number->n == country->n + trunk.len;

		if (!fits || number->n <= trunk.len || memcmp(number->digit, trunk.p, trunk.len) != 0)
			continue;
		drop_front(number, trunk.len);
		return true;
	}
	return false;
}

/* Written with its calling code but without "+"? Brazil has numbers of its own that look like that. */
static bool has_code(const struct number *number, const struct country *country)
{
	size_t least = str_eq(str_from(country->code), STR("55")) ? INTERNATIONAL_MIN + 1 : INTERNATIONAL_MIN;

	return number->n >= least && begins(number, country->code);
}

static bool add_code(struct number *number, const char *code)
{
	size_t len = strlen(code);

	if (number->n + len > DIGITS_MAX)
		return false;
	memmove(number->digit + len, number->digit, number->n);
	memcpy(number->digit, code, len);
	number->n += len;
	return true;
}

/* Ten digits, or the seven behind the area code where the country has one alone. */
static bool add_north_american(struct number *number, const struct country *country)
{
	if (number->n == NORTH_AMERICA)
		return add_code(number, "1");
	return strlen(country->code) == 4 && number->n == NORTH_AMERICA - 3 &&
	       add_code(number, country->code);
}

static bool make_international(struct number *number, const struct country *country)
{
	if (!drop_trunk(number, country) && has_code(number, country))
		return true;
	if (country->code[0] == '1')
		return add_north_american(number, country);
	return (country->n == 0 || number->n == country->n) && add_code(number, country->code);
}

bool person_phone(struct str text, struct str country_code, struct arena *arena, struct str *out)
{
	const struct country *country = find_country(country_code);
	struct number number;

	if (!read_number(str_trim(text), &number))
		return false;
	if (!number.international && (!country || !make_international(&number, country)))
		return false;
	if (number.n < DIGITS_MIN || number.n > DIGITS_MAX || number.digit[0] == '0')
		return false;
	if (number.digit[0] == '1' && number.n != NORTH_AMERICA + 1)
		return false;
	*out = arena_printf(arena, "+%.*s", (int)number.n, number.digit);
	return true;
}
