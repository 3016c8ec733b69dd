/*
 * What the daemon of the soak uses: samples from /proc and its data folder, and how they grow.
 */
#include "soak.h"

#include "base/str.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MB (1024.0 * 1024.0)

void soak_watch_life(struct soak_watch *watch)
{
	watch->life_us = bench_now_us();
	if (watch->start_us == 0)
		watch->start_us = watch->life_us;
	watch->life++;
}

static double rss_mb(const struct bench_child *child)
{
	char path[64];
	char *text, *line;
	double mb = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)child->worker);
	text = bench_read_file(path);
	line = text ? strstr(text, "VmRSS:") : NULL;
	if (line)
		mb = strtod(line + strlen("VmRSS:"), NULL) / 1024.0;
	free(text);
	return mb;
}

static int count_entries(const char *folder)
{
	DIR *dir = opendir(folder);
	int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		(void)closedir(dir);
	return n > 2 ? n - 2 : 0; /* . and .. */
}

static double file_mb(const struct bench_shop *shop, const char *name)
{
	char path[600];
	struct stat info;

	(void)snprintf(path, sizeof(path), "%s/%s", shop->data, name);
	return stat(path, &info) == 0 ? (double)info.st_size / MB : 0;
}

void soak_watch_sample(struct soak_watch *watch, const struct bench_shop *shop, size_t n_messages)
{
	int64_t now_us = bench_now_us();
	struct soak_sample sample = {
		.run_s = (double)(now_us - watch->start_us) / 1e6,
		.life_s = (double)(now_us - watch->life_us) / 1e6,
		.life = watch->life,
		.rss_mb = rss_mb(&shop->daemon),
		.database_mb = file_mb(shop, "pannier.db"),
		.log_mb = file_mb(shop, "pannier.db-wal"),
		.files = count_entries(shop->data),
		.n_messages = n_messages,
	};
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)shop->daemon.worker);
	sample.fds = count_entries(path);
	if (watch->n == watch->capacity) {
		watch->capacity = watch->capacity ? watch->capacity * 2 : 1024;
		watch->sample = realloc(watch->sample, watch->capacity * sizeof(*watch->sample));
		if (!watch->sample)
			bench_die("no memory for %zu samples", watch->capacity);
	}
	watch->sample[watch->n++] = sample;
}

/* Sums of a straight line y over x, around the middle of the samples from..to. */
struct line {
	double xy, xx, longest;
};

static void add_group(const struct soak_watch *watch, double warm_s, int life, struct line *line)
{
	double x = 0, y = 0, n = 0;

	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < watch->n; i++) {
			const struct soak_sample *sample = &watch->sample[i];

			if (i < watch->n / 2 || sample->life_s < warm_s || (life && sample->life != life))
				continue;
			if (pass == 0) {
				x += sample->run_s;
				y += sample->rss_mb;
				n++;
				continue;
			}
			line->xy += (sample->run_s - x / n) * (sample->rss_mb - y / n);
			line->xx += (sample->run_s - x / n) * (sample->run_s - x / n);
			line->longest =
				life && sample->life_s > line->longest ? sample->life_s : line->longest;
		}
}

void soak_watch_growth(const struct soak_watch *watch, double warm_s, double *run_mb, double *life_mb)
{
	struct line run = { 0 }, lives = { 0 };

	add_group(watch, warm_s, 0, &run);
	for (int life = 1; life <= watch->life; life++)
		add_group(watch, warm_s, life, &lives);
	*run_mb = run.xx > 0 && watch->n ? run.xy / run.xx * watch->sample[watch->n - 1].run_s / 2 : 0;
	*life_mb = lives.xx > 0 ? lives.xy / lives.xx * (lives.longest - warm_s) : 0;
}
