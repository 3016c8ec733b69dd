#include "option.h"

#include "bench_proc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct bench_option *find(const struct bench_option *option, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(option[i].name, name) == 0)
			return &option[i];
	bench_die("unknown option '%s'", name);
}

static void take_number(const struct bench_option *option, const char *word)
{
	char *end;

	errno = 0;
	*option->number = strtoul(word, &end, 10);
	if (errno != 0 || end == word || *end != '\0' || *word == '-')
		bench_die("%s: '%s' is not a whole number", option->name, word);
}

static void take_word(const struct bench_option *option, const char *word)
{
	if (!word)
		bench_die("%s: what?", option->name);
	if (option->text)
		*option->text = word;
	else if (option->number)
		take_number(option, word);
	else if (strcmp(word, "on") == 0 || strcmp(word, "off") == 0)
		*option->on = word[1] == 'n';
	else
		bench_die("%s: on or off", option->name);
}

/* Defaults too: so that a benchmark may rely on it. */
static void check_range(const struct bench_option *option)
{
	if (!option->number)
		return;
	if (*option->number < option->least || (option->most && *option->number > option->most))
		bench_die("%s: %zu to %zu", option->name, option->least, option->most);
}

void bench_options(const struct bench_option *option, size_t n, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const struct bench_option *one = find(option, n, argv[i]);

		if (one->flag)
			*one->flag = true;
		else
			take_word(one, argv[++i]);
	}
	for (size_t i = 0; i < n; i++)
		check_range(&option[i]);
}
