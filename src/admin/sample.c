/*
 * Samples: what the counters said at each minute of the last day, for rates and plots.
 *
 * Does:    read the summary once a minute and keep, per store and account, how much was added in that minute.
 * Doesn't: outlive the process: a plot begins when the daemon does.
 * Keeps:   SAMPLE_MINUTES minutes of SAMPLE_ROWS_MAX stores and accounts at most.
 * Threads: written by the quick worker, read by both, under admin->lock.
 */
#include "admin/sample.h"

#include "base/alloc.h"

struct sample_row {
	bool is_account;
	int64_t id;
	int64_t received, accepted, failed; /* the counters at the last minute */
	uint32_t n[SAMPLE_MINUTES][SAMPLE_KINDS];
};

struct samples {
	struct sample_row *row[SAMPLE_ROWS_MAX];
	size_t n_row;
	int64_t minute; /* the last one that was sampled; 0 = none */
	int64_t first_minute;
};

struct samples *samples_new(void)
{
	return mem_zalloc(1, sizeof(struct samples));
}

void samples_free(struct samples *samples)
{
	for (size_t i = 0; samples && i < samples->n_row; i++)
		mem_free(samples->row[i]);
	mem_free(samples);
}

static struct sample_row *row_of(const struct samples *samples, bool is_account, int64_t id)
{
	for (size_t i = 0; i < samples->n_row; i++)
		if (samples->row[i]->is_account == is_account && samples->row[i]->id == id)
			return samples->row[i];
	return NULL;
}

static void note(uint32_t *to, int64_t now, int64_t *last)
{
	int64_t more = now - *last;

	*to = more > 0 && more < UINT32_MAX ? (uint32_t)more : 0;
	*last = now;
}

/* What the first sample finds was done before. Who appears later began since, at nothing. NULL: no room. */
static struct sample_row *row_begin(struct samples *samples, bool is_account, int64_t id,
				    const int64_t count[SAMPLE_KINDS], int64_t minute)
{
	struct sample_row *row;

	if (samples->n_row == SAMPLE_ROWS_MAX)
		return NULL;
	row = samples->row[samples->n_row++] = mem_zalloc(1, sizeof(*row));
	row->is_account = is_account;
	row->id = id;
	if (minute == samples->first_minute) {
		row->received = count[SAMPLE_RECEIVED];
		row->accepted = count[SAMPLE_ACCEPTED];
		row->failed = count[SAMPLE_FAILED];
	}
	return row;
}

static void add(struct samples *samples, bool is_account, int64_t id, const int64_t count[SAMPLE_KINDS],
		int64_t minute)
{
	struct sample_row *row = row_of(samples, is_account, id);
	uint32_t *to;

	if (!row)
		row = row_begin(samples, is_account, id, count, minute);
	if (!row)
		return;
	to = row->n[minute % SAMPLE_MINUTES];
	note(&to[SAMPLE_RECEIVED], count[SAMPLE_RECEIVED], &row->received);
	note(&to[SAMPLE_ACCEPTED], count[SAMPLE_ACCEPTED], &row->accepted);
	note(&to[SAMPLE_FAILED], count[SAMPLE_FAILED], &row->failed);
}

/* Minutes that were slept through are empty. */
static void move_on(struct samples *samples, int64_t minute)
{
	int64_t from = samples->minute + 1;

	if (minute - from >= SAMPLE_MINUTES)
		from = minute - SAMPLE_MINUTES + 1;
	for (int64_t at = from; at <= minute; at++)
		for (size_t i = 0; i < samples->n_row; i++)
			for (int kind = 0; kind < SAMPLE_KINDS; kind++)
				samples->row[i]->n[at % SAMPLE_MINUTES][kind] = 0;
	samples->minute = minute;
}

bool samples_due(const struct samples *samples, int64_t now_ms)
{
	return now_ms / MS_PER_MIN > samples->minute;
}

void samples_take(struct samples *samples, const struct summary *summary, int64_t now_ms)
{
	int64_t minute = now_ms / MS_PER_MIN;

	if (samples->minute == 0) {
		samples->minute = minute - 1;
		samples->first_minute = minute;
	}
	move_on(samples, minute);
	for (size_t i = 0; i < summary->n_store; i++)
		add(samples, false, summary->store[i].store_id,
		    (const int64_t[SAMPLE_KINDS]){ summary->store[i].received, 0, summary->store[i].failed },
		    minute);
	for (size_t i = 0; i < summary->n_account; i++)
		add(samples, true, summary->account[i].account_id,
		    (const int64_t[SAMPLE_KINDS]){ 0, summary->account[i].accepted,
						   summary->account[i].failed },
		    minute);
}

int64_t samples_from_ms(const struct samples *samples, size_t *n)
{
	int64_t first = samples->minute - SAMPLE_MINUTES + 1;

	if (first < samples->first_minute)
		first = samples->first_minute;
	*n = samples->minute > 0 ? (size_t)(samples->minute - first + 1) : 0;
	return first * MS_PER_MIN;
}

void samples_add(const struct samples *samples, bool is_account, int64_t id, size_t n,
		 int64_t (*sum)[SAMPLE_KINDS])
{
	const struct sample_row *row = row_of(samples, is_account, id);

	for (size_t i = 0; row && i < n; i++)
		for (int kind = 0; kind < SAMPLE_KINDS; kind++)
			sum[i][kind] +=
				row->n[(samples->minute - (int64_t)(n - 1 - i)) % SAMPLE_MINUTES][kind];
}

double samples_per_minute(const struct samples *samples, bool is_account, int64_t id, enum sample_kind kind)
{
	int64_t sum[SAMPLE_RATE_MINUTES][SAMPLE_KINDS] = { { 0 } }, all = 0;
	size_t n;

	(void)samples_from_ms(samples, &n);
	if (n == 0)
		return 0;
	if (n > SAMPLE_RATE_MINUTES)
		n = SAMPLE_RATE_MINUTES;
	samples_add(samples, is_account, id, n, sum);
	for (size_t i = 0; i < n; i++)
		all += sum[i][kind];
	return (double)all / (double)n;
}
